"""Promotion links and rate plans: who may make them, and what they change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.commission.domain.errors import (
    InvalidRatePlan,
    LinkExists,
    LinkNotFound,
    ListingNotFound,
    ListingNotSourced,
    OperatorsOnly,
    OtherCategory,
    OwnGoods,
    RateOutOfBounds,
    RatePlanExists,
    RatePlanInThePast,
    ShopNotFound,
)
from shared.kernel.clock import to_wire
from shared.kernel.ids import derived_id
from tests.commission.builders import (
    a_listing_published,
    a_promoted_order,
    a_shop_opened,
    an_order,
    merchant,
    operator,
    yuan,
)
from tests.commission.integration.conftest import Platform


@pytest.fixture
def town(platform: Platform) -> Platform:
    platform.hears(
        a_shop_opened("florist"),
        a_shop_opened("sourced"),
        a_shop_opened("bakery", category="bakery"),
        a_listing_published("rare-fruit", "sourced"),
        a_listing_published("apple", "sourced", sourced=False),
        a_listing_published("own", "florist"),
    )
    return platform


def link(town: Platform, shop: str = "florist", **changes: Any) -> dict[str, Any]:
    asked = {"actor": merchant(shop), "link_id": "link-1", "shop_id": shop, "listing_id": "rare-fruit"}
    return town.service.create_promotion_link(**(asked | changes))


def test_a_link_is_found_by_its_code(town: Platform) -> None:
    made = link(town)
    assert made["rate_bp"] == 1000
    assert town.service.promotion_link(code=made["code"].upper()) == made
    with pytest.raises(LinkNotFound):
        town.service.promotion_link(code="nothing")


def test_a_shop_has_one_link_per_listing(town: Platform) -> None:
    made = link(town)
    assert link(town) == made
    assert link(town, link_id="link-2") == made


def test_a_links_id_names_one_link(town: Platform) -> None:
    link(town)
    town.hears(a_shop_opened("kiosk"))
    with pytest.raises(LinkExists):
        link(town, "kiosk")


@pytest.mark.parametrize(
    ("shop", "changes", "refusal"),
    [
        ("florist", {"actor": merchant("bakery")}, ShopNotFound),
        ("florist", {"actor": {"account_id": "owner-of-florist", "role": "customer"}}, ShopNotFound),
        ("unknown", {}, ShopNotFound),
        ("florist", {"listing_id": "unknown"}, ListingNotFound),
        ("florist", {"listing_id": "apple"}, ListingNotSourced),
        ("florist", {"listing_id": "own"}, OwnGoods),
        ("bakery", {}, OtherCategory),
        ("florist", {"rate_bp": 1001}, RateOutOfBounds),
        ("florist", {"actor": operator(), "rate_bp": 2001}, RateOutOfBounds),
    ],
)
def test_not_everybody_promotes_everything(
    town: Platform, shop: str, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        link(town, shop, **changes)


def test_a_later_state_of_a_listing_is_not_replaced_by_an_earlier_one(town: Platform) -> None:
    later = a_listing_published("pear", "sourced", sourced=False, sequence=2)
    town.hears(later, a_listing_published("pear", "sourced", sequence=1))
    with pytest.raises(ListingNotSourced):
        link(town, listing_id="pear")


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_shops_and_listings_end_the_same_however_they_are_heard_of(
    platform: Platform, data: st.DataObject
) -> None:
    mark = derived_id(repr(data.draw(st.integers(0, 2**60), label="a listing of its own")))
    told = [
        a_shop_opened(f"shop-{mark}", owner_id="owner"),
        a_listing_published(mark, f"shop-{mark}", sequence=1),
        a_listing_published(mark, f"shop-{mark}", category="rare", sequence=2),
        a_listing_published(mark, f"shop-{mark}", category="rarer", sourced=False, sequence=3),
    ]
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=3))
    for event in data.draw(st.permutations(repeated)):
        platform.hears(event)
    assert platform.rows("SELECT owner_id FROM shop WHERE shop_id = :id", id=f"shop-{mark}") == [("owner",)]
    assert platform.rows("SELECT category, sourced FROM listing WHERE listing_id = :id", id=mark) == [
        ("rarer", False)
    ]


def test_a_promoter_sees_what_its_links_earn(town: Platform) -> None:
    order = a_promoted_order(link(town)["link_id"])
    town.hears(order.paid(), order.delivered())
    (accrual,) = town.service.accruals(actor=merchant("florist"), shop_id="florist")["items"]
    assert (accrual["status"], accrual["amount"]) == ("accrued", yuan(240))
    balance = town.service.balance(actor=merchant("florist"), kind="shop", owner_id="florist")
    assert (balance["payable"], balance["frozen"]) == (yuan(0), yuan(240))


def test_a_denied_commission_says_why(town: Platform) -> None:
    order = a_promoted_order(link(town)["link_id"], customer_id="owner-of-florist")
    town.hears(order.paid(), order.delivered())
    (accrual,) = town.service.accruals(actor=operator(), shop_id="florist")["items"]
    assert (accrual["status"], accrual["reason"], accrual["amount"]) == ("denied", "self-purchase", yuan(0))
    assert town.published("CommissionAccrued") == []


def test_a_new_plan_holds_for_what_is_paid_from_then_on(town: Platform) -> None:
    before = an_order(paid_at=town.clock.now())
    town.clock.advance(timedelta(minutes=1))
    plan = town.service.set_rate_plan(actor=operator(), plan_id="plan-2", take_rate_bp=1000)
    after = an_order(paid_at=town.clock.now())
    town.clock.advance(timedelta(minutes=1))
    # Both payments are heard of after the change, the later one first.
    town.hears(after.paid(), before.paid(), after.delivered(), before.delivered())
    assert (plan["version"], plan["distribution_bp"]) == (2, 1000)
    assert town.sums(before.order_id)["revenue:take_rate"] == -380
    assert town.sums(after.order_id)["revenue:take_rate"] == -760


def test_the_plan_of_the_payment_holds_for_what_comes_later(town: Platform) -> None:
    order = an_order(paid_at=town.clock.now())
    town.hears(order.paid())
    town.clock.advance(timedelta(minutes=1))
    town.service.set_rate_plan(actor=operator(), plan_id="plan-2", take_rate_bp=1000)
    town.hears(order.delivered())
    assert town.sums(order.order_id)["revenue:take_rate"] == -380


def test_setting_a_plan_twice_is_setting_it_once(town: Platform) -> None:
    asked = {"actor": operator(), "plan_id": "plan-2", "take_rate_bp": 700}
    made = town.service.set_rate_plan(**asked)
    town.clock.advance(timedelta(minutes=1))
    assert town.service.set_rate_plan(**asked) == made
    with pytest.raises(RatePlanExists):
        town.service.set_rate_plan(**(asked | {"take_rate_bp": 800}))
    assert [plan["plan_id"] for plan in town.service.rate_plans(actor=operator())["items"]] == [
        "plan-2",
        "first",
    ]


def test_a_plan_is_set_by_operators_for_the_future_and_makes_sense(town: Platform) -> None:
    with pytest.raises(OperatorsOnly):
        town.service.set_rate_plan(actor=merchant("florist"), plan_id="plan-2", take_rate_bp=0)
    yesterday = to_wire(town.clock.now() - timedelta(days=1))
    with pytest.raises(RatePlanInThePast):
        town.service.set_rate_plan(actor=operator(), plan_id="plan-2", effective_from=yesterday)
    with pytest.raises(InvalidRatePlan, match="exceed"):
        town.service.set_rate_plan(actor=operator(), plan_id="plan-2", take_rate_bp=9000)
    with pytest.raises(InvalidRatePlan, match="first plan of a currency"):
        town.service.set_rate_plan(actor=operator(), plan_id="plan-2", currency="EUR", take_rate_bp=900)
