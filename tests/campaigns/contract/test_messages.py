"""What campaigns publishes is what its samples promise; what it reads is what others' samples hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.campaigns.contracts import consumed, published
from services.campaigns.domain.campaign import Funder, Kind
from services.campaigns.domain.events import CampaignEnded, CampaignLaunched, CouponRedeemed, CouponReturned
from shared.kernel.clock import from_wire
from shared.messaging.envelope import Event
from tests.campaigns.builders import a_campaign, yuan

SERVICES = Path(__file__).resolve().parents[3] / "services"
OWN = SERVICES / "campaigns/contracts/samples"
ORDERING = SERVICES / "ordering/contracts/samples"
STOREFRONT = SERVICES / "storefront/contracts/samples"

CAMPAIGN = "019b8d30-0000-7000-8000-0000000000f1"
SHOP = "019b8d01-0000-7000-8000-0000000000e1"
ORDER = "019b8d3f-5a00-7c11-8a01-0000000000a1"
CUSTOMER = "019b8d05-0000-7000-8000-0000000000d1"


def _sample(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample


@pytest.mark.parametrize(
    ("name", "event"),
    [
        (
            "campaign_launched",
            CampaignLaunched(
                campaign=a_campaign(
                    CAMPAIGN,
                    shop_id=SHOP,
                    kind=Kind.FULL_REDUCTION,
                    funder=Funder.SHOP,
                    starts_at=from_wire("2026-01-05T00:00:00Z"),
                    ends_at=from_wire("2026-01-12T00:00:00Z"),
                )
            ),
        ),
        (
            "campaign_ended",
            CampaignEnded(campaign_id=CAMPAIGN, shop_id=SHOP, ended_at=from_wire("2026-01-08T02:00:00Z")),
        ),
        ("coupon_redeemed", CouponRedeemed(CAMPAIGN, ORDER, CUSTOMER, amount=yuan(1000))),
        ("coupon_returned", CouponReturned(CAMPAIGN, ORDER, CUSTOMER, amount=yuan(1000))),
    ],
)
def test_an_event_is_published_as_its_sample_promises(name: str, event: object) -> None:
    sample = _sample(OWN / f"{name}.v1.json")
    message = published.message(event)
    assert (message.type, message.subject, message.data) == (
        sample["type"],
        sample["subject"],
        sample["data"],
    )


def test_every_schema_has_a_sample_that_it_accepts() -> None:
    samples = [_sample(path) for path in OWN.glob("*.v1.json")]
    assert {sample["type"] for sample in samples} == set(published.SCHEMAS)
    for sample in samples:
        assert published.SCHEMAS[sample["type"]]().validate(sample["data"]) == {}
        assert Event.from_wire(sample).version == 1


def test_the_samples_of_ordering_are_understood() -> None:
    read = {
        type: reader(_sample(ORDERING / f"{name}.v1.json")["data"])
        for name, (type, reader) in zip(
            ("order_paid", "order_cancelled", "order_expired", "refund_issued"),
            consumed.FROM_ORDERING.items(),
            strict=True,
        )
    }
    assert all(fact is not None for fact in read.values())
    refund = read["RefundIssued"]
    assert isinstance(refund, consumed.RefundFact)
    assert sum(refund.returned.values()) > 0


def test_an_order_without_discounts_means_nothing_here() -> None:
    paid = _sample(ORDERING / "order_paid.v1.json")["data"]
    assert consumed.order_paid(paid | {"discount": {"amount": 0, "currency": "CNY"}}) is None


def test_the_sample_of_storefront_is_understood() -> None:
    sample = _sample(STOREFRONT / "shop_opened.v1.json")
    fact = consumed.shop_opened(sample["data"], sample["time"])
    assert (fact.shop_id, fact.owner_id) == (sample["data"]["shop_id"], sample["data"]["owner_id"])


def test_a_price_that_fell_gives_its_shares_back() -> None:
    """Rules 15 and 16: no unit is returned, and the campaigns' part of the difference is."""
    data = _sample(ORDERING / "refund_issued.v1.json")["data"]
    for line in data["lines"]:
        line["quantity"] = 0
    fact = consumed.refund_issued(data)
    assert fact is not None
    assert sum(fact.returned.values()) > 0
