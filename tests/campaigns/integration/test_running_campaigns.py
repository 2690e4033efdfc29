"""Launching, ending and listing campaigns, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.campaigns.domain.errors import (
    CampaignExists,
    CampaignNotFound,
    CampaignNotValid,
    CodeTaken,
    OperatorOnly,
    ShopNotFound,
)
from services.campaigns.entrypoints.service import CampaignsService
from shared.kernel.clock import to_wire
from shared.messaging.inbox import consume
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.campaigns.builders import (
    BAKERY,
    BAO,
    FRUIT,
    MERCHANT,
    NOON,
    OPERATOR,
    a_service,
    launch_request,
    shop_opened,
    wire,
)

STRANGER = {"account_id": BAO, "role": "merchant"}
OWN = {"actor": MERCHANT, "shop_id": FRUIT, "funder": "shop"}


@pytest.fixture
def service(service_database: Callable[[str], Database]) -> CampaignsService:
    service = a_service(service_database("campaigns"), StoppedClock(NOON))
    consume(
        service.database,
        "campaigns.from.storefront",
        lambda tx, event: CampaignsService.on_storefront.handle(service, tx, event),
        [shop_opened(), shop_opened(BAKERY, BAO)],
    )
    return service


def _told(service: CampaignsService) -> list[str]:
    with service.database.read() as connection:
        return list(connection.scalars(text("SELECT type FROM outbox ORDER BY position")))


def test_a_merchant_launches_for_the_own_shop_once(service: CampaignsService) -> None:
    first = service.launch(**launch_request(**OWN))
    assert service.launch(**launch_request(**OWN)) == first
    assert first["spent"] == wire(0)
    assert _told(service) == ["CampaignLaunched"]


def test_other_terms_under_the_same_id_are_a_conflict(service: CampaignsService) -> None:
    service.launch(**launch_request(**OWN))
    with pytest.raises(CampaignExists):
        service.launch(**launch_request(**OWN, name="Another name"))


def test_a_campaign_of_another_shop_is_not_there_for_a_merchant(service: CampaignsService) -> None:
    service.launch(**launch_request(**OWN))
    with pytest.raises(ShopNotFound):
        service.launch(**launch_request("other", **(OWN | {"actor": STRANGER})))
    with pytest.raises(CampaignNotFound):
        service.campaign(actor=STRANGER, campaign_id="campaign")
    with pytest.raises(CampaignNotFound):
        service.end(actor=STRANGER, campaign_id="campaign")
    with pytest.raises(ShopNotFound):
        service.campaigns_of(actor=STRANGER, shop_id=FRUIT)
    with pytest.raises(ShopNotFound):
        service.campaigns_of(actor={"account_id": "anybody", "role": "customer"}, shop_id=FRUIT)


def test_only_an_operator_spends_the_money_of_the_platform(service: CampaignsService) -> None:
    with pytest.raises(OperatorOnly):
        service.launch(**launch_request(actor=MERCHANT, shop_id=FRUIT))
    with pytest.raises(OperatorOnly):
        service.launch(**launch_request(actor=MERCHANT))
    with pytest.raises(OperatorOnly):
        service.campaigns_of(actor=MERCHANT)


def test_a_campaign_that_makes_no_sense_is_not_launched(service: CampaignsService) -> None:
    with pytest.raises(CampaignNotValid):
        service.launch(**launch_request(**OWN, ends_at=to_wire(NOON - timedelta(minutes=1))))
    assert _told(service) == []


def test_a_code_belongs_to_one_campaign_of_a_shop_and_may_be_used_by_another_shop(
    service: CampaignsService,
) -> None:
    service.launch(**launch_request("one", **OWN, code="spring"))
    with pytest.raises(CodeTaken):
        service.launch(**launch_request("two", **OWN, code="SPRING"))
    theirs = {"actor": STRANGER, "shop_id": BAKERY, "funder": "shop", "code": "spring"}
    service.launch(**launch_request("three", **theirs))
    evaluation = service.evaluate(
        customer_id="customer",
        coupon_codes=["Spring"],
        shops=[
            {"shop_id": FRUIT, "lines": [{"line_id": "a", "goods": wire(3000)}]},
            {"shop_id": BAKERY, "lines": [{"line_id": "b", "goods": wire(3000)}]},
        ],
    )
    assert [discount["shop_id"] for discount in evaluation["discounts"]] == [FRUIT, BAKERY]


def test_ending_twice_ends_once(service: CampaignsService) -> None:
    service.launch(**launch_request(**OWN))
    first = service.end(actor=MERCHANT, campaign_id="campaign")
    assert (first["ended_at"], first["status"]) == (to_wire(NOON), "ended")
    assert service.end(actor=OPERATOR, campaign_id="campaign") == first
    assert _told(service) == ["CampaignLaunched", "CampaignEnded"]


def test_campaigns_are_listed_newest_first_page_by_page(service: CampaignsService) -> None:
    for number in range(5):
        service.launch(**launch_request(f"code{number}", **OWN))
    service.launch(**launch_request("everywhere"))
    seen, cursor = [], None
    while True:
        page = service.campaigns_of(actor=MERCHANT, shop_id=FRUIT, limit=2, cursor=cursor)
        seen += [item["campaign_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["code4", "code3", "code2", "code1", "code0"]
    everywhere = service.campaigns_of(actor=OPERATOR, shop_id=None)
    assert [item["campaign_id"] for item in everywhere["items"]] == ["everywhere"]


def test_evaluating_tells_what_each_step_did(service: CampaignsService) -> None:
    service.launch(
        **launch_request("reduction", **OWN, kind="full_reduction", code=None,
                         rule={"threshold": wire(5000), "off": wire(800)})
    )  # fmt: skip
    service.launch(**launch_request("coupon", rule={"threshold": wire(9999), "off": wire(500)}))
    evaluation = service.evaluate(
        customer_id="customer",
        coupon_codes=["coupon", "nonsense"],
        shops=[{"shop_id": FRUIT, "lines": [{"line_id": "a", "goods": wire(5000)}]}],
    )
    assert [(step["step"], step["amount"]["amount"], step["reason"]) for step in evaluation["steps"]] == [
        ("shop_full_reduction", 800, None),
        ("platform_coupon", 0, "below-threshold"),
    ]
    assert evaluation["refused"] == [
        {"code": "coupon", "reason": "below-threshold"},
        {"code": "nonsense", "reason": "not-found"},
    ]
