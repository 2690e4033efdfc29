"""What commission promises, and what it relies on, against the samples that publishers keep."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.commission.contracts import consumed, published_settling
from services.commission.contracts.message import Message
from services.commission.contracts.published import SCHEMAS, to_message
from services.commission.contracts.published_offers import OFFER_SCHEMAS, offer_message
from services.commission.domain.announcements import (
    Announcement,
    CommissionAccrued,
    CommissionReleased,
    CommissionReversed,
    OfferAccepted,
    OfferNews,
    OfferPublished,
    OfferWithdrawn,
    SettlementPosted,
)
from services.commission.domain.offers import Offer
from services.commission.domain.payee import Cycle, Payee, PayeeKind
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.promotion import Accrual, AccrualStatus
from services.commission.domain.settling_news import PayoutChanged, SettlingNews, StatementIssued
from services.commission.domain.statement import Statement
from services.commission.entrypoints.service import CommissionService
from shared.messaging.envelope import Event
from shared.messaging.subscription import subscriptions_of

SERVICES = Path(__file__).resolve().parents[3] / "services"


def sample(service: str, type: str) -> Event:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type).lower()
    return Event.from_json((SERVICES / service / "contracts" / "samples" / f"{name}.v1.json").read_bytes())


def an_accrual(data: Any, amount: int) -> Accrual:
    return Accrual(
        accrual_id=data["accrual_id"],
        order_id=data["order_id"],
        store_order_id=data["store_order_id"],
        promotion_link_id=data["promotion_link_id"],
        promoter_shop_id=data["promoter_shop_id"],
        status=AccrualStatus.ACCRUED,
        full=240,
        amount=amount,
        rate_bp=1000,
    )


def announcement(type: str, data: Any) -> Announcement:
    """What the service would have to announce for the sample to be sent."""
    if type == "CommissionAccrued":
        at = datetime(2026, 1, 5, 3, 35, 1, tzinfo=UTC)
        return CommissionAccrued(accrual=an_accrual(data, 240), currency="CNY", at=at)
    if type == "CommissionReversed":
        return CommissionReversed(
            accrual=an_accrual(data, 160),
            amount=80,
            refund_id=data["refund_id"],
            currency="CNY",
            at=datetime(2026, 1, 5, 6, 10, tzinfo=UTC),
        )
    if type == "CommissionReleased":
        at = datetime(2026, 1, 12, 3, 35, tzinfo=UTC)
        return CommissionReleased(accrual=an_accrual(data, 160), currency="CNY", at=at)
    return SettlementPosted(
        settlement_id=data["settlement_id"],
        transaction_id=data["transaction_id"],
        order_id=data["order_id"],
        store_order_id=data["store_order_id"],
        kind="store_order",
        payee_kind="shop",
        payee_id=data["payee"]["id"],
        currency="CNY",
        amount=2135,
        parts=(
            ("sale", 2400),
            ("platform_discount", 100),
            ("take_rate", -125),
            ("distribution_commission", -240),
        ),
        correction=False,
        rate_plan=1,
        at=datetime(2026, 1, 5, 3, 35, 1, tzinfo=UTC),
    )


def offer_news(type: str, data: Any) -> OfferNews:
    """The same of offers."""
    at = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    link_id, shop_id = data.get("promotion_link_id", ""), data.get("promoter_shop_id", "")
    offer = Offer(
        offer_id=data["offer_id"],
        version=1,
        listing_id=data["listing_id"],
        currency="CNY",
        since=at,
        rate_min_bp=500,
        rate_max_bp=1500,
        supplier_cost=600,
        recruiter_bp=2000,
        ends_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    if type == "OfferPublished":
        return OfferPublished(offer=offer, at=at)
    if type == "OfferAccepted":
        return OfferAccepted(link_id=link_id, shop_id=shop_id, offer=offer, rate_bp=1000, price=780, at=at)
    return OfferWithdrawn(
        link_id=link_id, shop_id=shop_id, offer_id=offer.offer_id, listing_id=offer.listing_id, at=at
    )


def announced(type: str, data: Any) -> Message:
    if type in published_settling.SCHEMAS:
        return published_settling.to_message(news(type, data))
    if type in OFFER_SCHEMAS:
        return offer_message(offer_news(type, data))
    return to_message(announcement(type, data))


def news(type: str, data: Any) -> SettlingNews:
    """What of a shop's settlement would have to be announced for the sample to be sent."""
    payee = Payee(PayeeKind.SHOP, data["payee"]["id"], "CNY")
    if type == "StatementIssued":
        return StatementIssued(
            statement=Statement(
                statement_id=data["statement_id"],
                payee=payee,
                number=1,
                cycle=Cycle.DAILY,
                since=datetime(2026, 1, 4, 16, tzinfo=UTC),
                until=datetime(2026, 1, 5, 16, tzinfo=UTC),
                issued_at=datetime(2026, 1, 5, 16, 10, 4, tzinfo=UTC),
                opening=0,
                earned=2135,
                paid_out=0,
            )
        )
    day = 6 if type == "PayoutReturned" else 5
    at = datetime(2026, 1, day, 16, 10, 20, tzinfo=UTC)
    return PayoutChanged(
        payout=Payout(
            payout_id=data["payout_id"],
            payee=payee,
            amount=2085,
            fee=50,
            bank_account="bank-account-0001",
            status=PayoutStatus(type.removeprefix("Payout").lower()),
            created_at=at,
            changed_at=at,
            tell_at=at,
        )
    )


@pytest.mark.parametrize("type", SCHEMAS)
def test_what_is_sent_is_the_sample(type: str) -> None:
    event = sample("commission", type)
    message = announced(type, event.data)
    assert (message.type, message.subject, message.partitionkey, message.data) == (
        event.type,
        event.subject,
        event.partitionkey,
        event.data,
    )


@pytest.mark.parametrize("type", SCHEMAS)
def test_a_sample_keeps_to_its_schema(type: str) -> None:
    assert SCHEMAS[type]().validate(dict(sample("commission", type).data)) == {}


def test_every_sample_has_a_schema() -> None:
    files = (SERVICES / "commission" / "contracts" / "samples").glob("*.json")
    assert {orjson.loads(file.read_bytes())["type"] for file in files} == set(SCHEMAS)


CONSUMED = [
    (subscription.source, type)
    for subscription in subscriptions_of(CommissionService)
    for type in subscription.types
]


def test_commission_listens_to_what_moves_money() -> None:
    assert set(CONSUMED) == {
        ("ordering", "OrderPaid"),
        ("ordering", "OrderDelivered"),
        ("ordering", "OrderCompleted"),
        ("ordering", "OrderCancelled"),
        ("ordering", "RefundIssued"),
        ("ordering", "RefundHandedBack"),
        ("dispatch", "DeliveryCompleted"),
        ("dispatch", "TripCompleted"),
        ("dispatch", "CourierOnShift"),
        ("dispatch", "CourierOffShift"),
        ("storefront", "ShopOpened"),
        ("storefront", "ListingPublished"),
        ("storefront", "ListingChanged"),
    }


@pytest.mark.parametrize(("source", "type"), CONSUMED)
def test_the_publishers_sample_can_be_read(source: str, type: str) -> None:
    event = sample(source, type)
    if type == "ShopOpened":
        assert consumed.shop_opened(event.data).owner_id == event.data["owner_id"]
    elif type.startswith("Courier"):
        assert consumed.courier_shift(type, event.data).shift_id == event.data["shift_id"]
    elif type.startswith("Listing"):
        assert consumed.listing(event.data).listing_id == event.data["listing_id"]
    else:
        assert consumed.order_facts(type, event.data).order_id == event.data["order_id"]


def test_the_samples_of_a_paid_order_add_up() -> None:
    facts = consumed.order_facts("OrderPaid", sample("ordering", "OrderPaid").data)
    assert facts.paid is not None
    assert facts.paid.total == facts.paid.delivery_fee + sum(part.paid for part in facts.paid.parts)
    assert [line.platform_discount for part in facts.paid.parts for line in part.lines] == [295, 54, 152, 499]


def test_a_price_that_fell_is_booked_as_what_was_not_kept() -> None:
    """Rules 15 and 16: no unit is returned, and the money counts all the same."""
    data = sample("ordering", "RefundIssued").data
    fallen = {**data, "lines": [line | {"quantity": 0} for line in data["lines"]]}
    assert consumed.order_facts("RefundIssued", fallen) == consumed.order_facts("RefundIssued", data)
