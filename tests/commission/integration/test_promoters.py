"""From a click to a commission, and why not; on the fakes in memory and on PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.commission.domain.errors import CircularRecruitment, OfferChanged, OperatorsOnly, ShopNotFound
from shared.kernel.clock import to_wire
from tests.commission.builders import CUSTOMER, NOON, Line, Order, Part, merchant, operator, yuan
from tests.commission.street import Street


def test_an_order_days_after_a_click_is_the_last_clicked_promoters(street: Street):
    """Rule 18."""
    street.offer(supplier_cost=yuan(600))
    street.accept("florist")
    street.accept("kiosk", rate_bp=500)
    street.click("florist")
    street.clock.advance(timedelta(days=1))
    street.click("kiosk")
    street.clock.advance(timedelta(days=5))
    order = street.buys()
    assert street.earned("kiosk") == [("accrued", 50, None, "click")]
    assert street.earned("florist") == []
    street.hears_of(order.completed())
    balance = street.service.balance(actor=merchant("kiosk"), kind="shop", owner_id="kiosk")
    assert (balance["payable"], balance["frozen"]) == (yuan(50), yuan(0))
    supplier = street.service.balance(actor=merchant("supplier"), kind="shop", owner_id="supplier")
    assert supplier["payable"] == yuan(600)
    assert street.is_sound()


def test_a_visitors_click_counts_once_the_visitor_signs_in(street: Street):
    street.offer()
    street.accept("florist")
    street.click("florist", customer=None, visitor="somebody")
    street.buys()
    street.clock.advance(timedelta(days=1))
    actor = {"account_id": CUSTOMER, "role": "customer"}
    assert street.service.join_clicks(actor=actor, visitor="somebody") == {"joined": 1}
    assert street.service.join_clicks(actor=actor, visitor="somebody") == {"joined": 0}
    street.buys()
    assert street.earned("florist") == [("accrued", 150, None, "click")]


def test_a_customer_stays_bound_to_the_first_promoter_until_unbound(street: Street):
    street.offer()
    street.accept("florist")
    street.buys(link="link-florist")
    street.clock.advance(timedelta(days=60))
    street.buys()
    asked = {"actor": operator(), "customer_id": CUSTOMER}
    assert street.service.promoter_binding(**asked)["shop_id"] == "florist"
    street.service.unbind_promoter(**asked)
    street.clock.advance(timedelta(minutes=1))
    assert street.service.promoter_binding(**asked)["shop_id"] is None
    street.buys()
    assert street.earned("florist") == [("accrued", 150, None, "bound"), ("accrued", 150, None, "link")]


def test_a_neighbours_link_does_not_take_a_protected_customer(street: Street):
    street.offer(protects_own_customers=True)
    street.accept("florist")
    street.accept("kiosk")
    street.buys(link="link-florist")
    street.buys(link="link-kiosk")
    assert street.earned("kiosk") == []
    assert street.earned("florist") == [("accrued", 150, None, "bound"), ("accrued", 150, None, "link")]


@pytest.mark.parametrize("relation", ["staff", "household"])
def test_staff_and_household_earn_their_shop_nothing(street: Street, relation: str):
    """Rule 23: looked into when it accrues, kept from then on."""
    street.offer()
    street.accept("florist")
    before = street.buys(link="link-florist")
    waiting = street.buys(link="link-florist", deliver=False)
    asked = {"actor": merchant("florist"), "shop_id": "florist", "account_id": CUSTOMER}
    assert street.service.relate_account(**asked, relation=relation)["items"] == [
        {"account_id": CUSTOMER, "relation": relation}
    ]
    street.hears_of(waiting.delivered(), before.completed())
    assert street.earned("florist") == [("denied", 0, relation, "link"), ("released", 150, None, "link")]
    street.service.relate_account(**asked, relation=None)
    street.hears_of(waiting.completed())
    assert ("denied", 0, relation, "link") in street.earned("florist")
    assert street.is_sound()


def test_owners_who_buy_through_each_other_promote_in_a_circle(street: Street):
    street.offer()
    street.accept("florist")
    street.accept("kiosk")
    street.buys("owner-of-kiosk", link="link-florist")
    street.buys("owner-of-florist", link="link-kiosk")
    assert street.earned("florist") == [("accrued", 150, None, "link")]
    assert street.earned("kiosk") == [("denied", 0, "circular", "link")]


@pytest.mark.parametrize(
    ("caps", "reached"),
    [
        ({"units": 3}, {"florist", "kiosk"}),
        ({"units_per_promoter": 3}, {"florist"}),
        ({"commission": yuan(450)}, {"florist", "kiosk"}),
        ({"commission_per_promoter": yuan(450)}, {"florist"}),
    ],
)
def test_past_a_cap_nothing_is_earned(street: Street, caps: dict[str, Any], reached: set[str]):
    street.offer(caps=caps)
    street.accept("florist")
    street.accept("kiosk")
    street.buys(link="link-florist", quantity=2)
    street.buys(link="link-florist", quantity=2)
    street.buys("other", link="link-florist")
    assert street.earned("florist") == [
        ("accrued", 150, None, "link"),
        ("accrued", 300, None, "link"),
        ("denied", 0, "cap-reached", "link"),
    ]
    street.buys("third", link="link-kiosk")
    expected = ("denied", 0, "cap-reached", "link") if "kiosk" in reached else ("accrued", 150, None, "link")
    assert street.earned("kiosk") == [expected]


def test_what_is_given_back_is_free_for_the_cap_again(street: Street):
    street.offer(caps={"units": 2})
    street.accept("florist")
    order = street.buys(link="link-florist", quantity=2)
    street.hears_of(order.refund(order.parts[0]))
    street.buys(link="link-florist", quantity=2)
    assert street.earned("florist") == [("accrued", 300, None, "link"), ("reversed", 0, None, "link")]


def test_an_ended_offer_earns_nothing_and_what_it_earned_stays(street: Street):
    street.offer()
    street.accept("florist")
    order = street.buys(link="link-florist", deliver=False)
    street.service.end_offer(actor=operator(), offer_id="offer")
    street.clock.advance(timedelta(minutes=1))
    street.buys(link="link-florist")
    street.hears_of(order.delivered())
    assert street.earned("florist") == [("accrued", 150, None, "link"), ("denied", 0, "offer-ended", "link")]


def test_a_changed_offer_holds_for_what_is_paid_from_then_on(street: Street):
    street.offer()
    street.accept("florist")
    before = street.buys(link="link-florist", deliver=False)
    asked = {"actor": operator(), "offer_id": "offer", "rate_max_bp": 900}
    assert street.service.change_offer(**asked, version=1)["version"] == 2
    with pytest.raises(OfferChanged):
        street.service.change_offer(**(asked | {"rate_max_bp": 800}), version=1)
    street.clock.advance(timedelta(minutes=1))
    street.buys(link="link-florist")
    street.hears_of(before.delivered())
    assert street.earned("florist") == [("accrued", 90, None, "link"), ("accrued", 150, None, "link")]


def test_a_recruiter_shares_what_the_recruited_earns_and_a_refund_takes_from_both(street: Street):
    street.offer(recruiter_bp=2000)
    street.accept("florist")
    named = {"actor": merchant("florist"), "shop_id": "florist", "recruiter_shop_id": "kiosk"}
    street.service.name_recruiter(**named)
    assert street.service.name_recruiter(**named)["recruiter_shop_id"] == "kiosk"
    street.clock.advance(timedelta(minutes=1))
    order = street.buys(link="link-florist", quantity=2)
    assert (street.earned("florist"), street.earned("kiosk")) == (
        [("accrued", 240, None, "link")],
        [("accrued", 60, None, "link")],
    )
    (line,) = order.parts[0].lines
    street.hears_of(order.refund(order.parts[0], {line.line_id: (1000, 0)}), order.completed())
    assert (street.earned("florist"), street.earned("kiosk")) == (
        [("released", 120, None, "link")],
        [("released", 30, None, "link")],
    )
    assert street.is_sound()


def test_shops_do_not_recruit_in_a_circle_and_are_recruited_once(street: Street):
    def name(shop: str, recruiter: str, **changes: Any) -> Any:
        asked = {"actor": merchant(shop), "shop_id": shop, "recruiter_shop_id": recruiter} | changes
        return street.service.name_recruiter(**asked)

    name("florist", "kiosk")
    for shop, recruiter in (("kiosk", "florist"), ("florist", "florist")):
        with pytest.raises(CircularRecruitment):
            name(shop, recruiter)
    with pytest.raises(OperatorsOnly):
        name("florist", "corner")
    street.clock.advance(timedelta(minutes=1))
    assert name("florist", "corner", actor=operator())["recruiter_shop_id"] == "corner"


def test_a_promoters_page_counts_clicks_orders_and_money(street: Street):
    street.offer()
    street.accept("florist")
    for visitor in ("a", "b", "c"):
        street.click("florist", customer=None, visitor=visitor)
    street.click("florist")
    order = street.buys()
    street.clock.advance(timedelta(days=1))
    street.buys(deliver=False)
    street.hears_of(order.completed())
    page = street.service.promoter_page(actor=merchant("florist"), shop_id="florist")
    assert page["total"] == {
        "clicks": 4,
        "orders": 2,
        "conversion": 0.5,
        "pending": yuan(150),
        "accrued": yuan(0),
        "released": yuan(150),
    }
    assert (page["payable"], page["frozen"], page["paid"]) == (yuan(150), yuan(0), yuan(0))
    assert [(day["day"], day["clicks"], day["orders"]) for day in page["days"]] == [
        ("2026-01-05", 4, 1),
        ("2026-01-06", 0, 1),
    ]
    assert [(link["level"], link["clicks"]) for link in page["links"]] == [(1, 4)]
    with pytest.raises(ShopNotFound):
        street.service.promoter_page(actor=merchant("kiosk"), shop_id="florist")


def test_who_clicked_is_forgotten_when_no_payment_looks_at_it_any_more(street: Street):
    street.offer()
    street.accept("florist")
    street.click("florist")
    street.clock.advance(timedelta(days=32))
    street.service.forget_clicks()
    page = street.service.promoter_page(
        actor=merchant("florist"), shop_id="florist", since=to_wire(NOON - timedelta(days=1))
    )
    assert page["total"]["clicks"] == 1


@pytest.mark.parametrize("turned_round", [False, True])
def test_payment_and_delivery_may_be_heard_of_in_any_order(street: Street, turned_round: bool):
    street.offer(caps={"units": 9})
    street.accept("florist")
    street.click("florist")
    order = street.buys(deliver=False)
    late = Order(parts=[Part(shop_id="supplier", lines=order.parts[0].lines)], paid_at=street.clock.now())
    events = [late.paid(), late.delivered(), late.completed()]
    street.hears_of(*(reversed(events) if turned_round else events))
    assert ("released", 150, None, "click") in street.earned("florist")
    assert street.is_sound()


@settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_an_order_ends_the_same_however_its_events_come(street: Street, data: st.DataObject):
    if not street.service.offers(actor=operator())["items"]:
        street.offer(recruiter_bp=2000, supplier_cost=yuan(700), caps={"units": 10**6})
        street.accept("florist")
        street.service.name_recruiter(actor=merchant("florist"), shop_id="florist", recruiter_shop_id="kiosk")
        street.click("florist")
        street.clock.advance(timedelta(minutes=1))
    before = street.service.balance(actor=merchant("florist"), kind="shop", owner_id="florist")["payable"]
    line = Line(goods=3000, quantity=3, listing_id="rare-fruit", sourced=True)
    order = Order(parts=[Part(shop_id="supplier", lines=[line])], paid_at=street.clock.now())
    (part,) = order.parts
    told = [
        order.paid(),
        order.delivered(),
        order.completed(),
        order.refund(part, {line.line_id: (1000, 0)}),
        order.refund(part, {line.line_id: (500, 0)}),
    ]
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=2))
    street.hears_of(*data.draw(st.permutations(repeated)))
    after = street.service.balance(actor=merchant("florist"), kind="shop", owner_id="florist")["payable"]
    # 15 % of the 15.00 that was kept, less a fifth for the recruiter.
    assert after["amount"] - before["amount"] == 225 - 45
    assert street.is_sound()
