"""What the books must say of an order, and that no money is made or lost on the way there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.contracts.consumed import order_facts
from services.commission.domain.facts import LinkTerms, OrderFacts
from services.commission.domain.ledger import CASH, ORDERS, Figure, Sheet, difference
from services.commission.domain.promotion import AccrualStatus
from services.commission.domain.rates import TakeRateBase
from services.commission.domain.settlement import Goal, goal_of
from shared.kernel.money import share_of_part
from shared.messaging.envelope import Event
from tests.commission.builders import Line, Order, Part, a_plan, a_promoted_order, an_order

FLORIST = LinkTerms(
    link_id="link-1",
    promoter_shop_id="florist",
    promoter_owner_id="owner-of-florist",
    listing_id="rare-fruit",
    rate_bp=None,
)


def facts_of(*events: Event, links: tuple[LinkTerms, ...] = ()) -> OrderFacts:
    facts = OrderFacts(order_id=events[0].data["order_id"])
    for event in events:
        heard = order_facts(event.type, event.data)
        changes: dict[str, Any] = {
            name: value
            for name in ("currency", "paid", "delivered", "trip", "completed_at", "cancelled_at")
            if (value := getattr(heard, name)) is not None
        }
        facts = replace(
            facts,
            **changes,
            refunds=facts.refunds | heard.refunds,
            handed_back=facts.handed_back | heard.handed_back,
            earlier_trips=facts.earlier_trips | heard.earlier_trips,
        )
    if facts.paid is not None:
        facts = replace(facts, paid=replace(facts.paid, links=links))
    return facts


def sums(*events: Event, links: tuple[LinkTerms, ...] = (), **plan: Any) -> dict[str, int]:
    return goal_of(facts_of(*events, links=links), a_plan(**plan)).sheet.by_account()


def test_a_paid_order_is_owed_to_those_who_will_fulfil_it() -> None:
    order = an_order()
    assert sums(order.paid()) == {CASH: 8000, ORDERS: -8000}


def test_a_delivered_order_is_settled_to_the_cent() -> None:
    order = an_order()
    assert sums(order.paid(), order.delivered(), order.trip()) == {
        CASH: 8000,
        # 55.00 paid, and 3.00 from the platform; 5 % of the 58.00 that the shop sold for.
        "payable:shop:fruit": -(5500 + 300 - 290),
        "payable:shop:bakery": -(1800 - 90),
        "revenue:take_rate": -380,
        "revenue:delivery_fee": -700,
        "expense:platform_discount": 300,
        # 3.00 for the drop-off, 1.00 for the second pickup, 0.80 for each of 3.14 km.
        "expense:courier_pay": 651,
        "payable:courier:courier-1": -651,
    }


def test_a_shop_that_was_not_delivered_is_not_settled() -> None:
    order = an_order()
    found = sums(order.paid(), order.delivered(order.parts[0]))
    assert "payable:shop:bakery" not in found
    assert found[ORDERS] == -1800


def test_a_shop_that_rejects_is_refunded_and_the_other_is_settled() -> None:
    order = an_order()
    found = sums(order.paid(), order.refund(order.parts[1]), order.delivered(order.parts[0]))
    assert found[CASH] == 6200
    assert ORDERS not in found
    assert "payable:shop:bakery" not in found


def test_a_refund_after_the_delivery_takes_the_take_rate_back_too() -> None:
    order = an_order()
    bread = order.parts[1].lines[0]
    found = sums(order.paid(), order.delivered(), order.refund(order.parts[1], {bread.line_id: (600, 0)}))
    assert found["payable:shop:bakery"] == -(1200 - 60)
    assert found["revenue:take_rate"] == -(290 + 60)
    assert ORDERS not in found


def test_a_cancelled_order_that_is_refunded_in_full_leaves_nothing() -> None:
    order = an_order()
    refunds = [order.refund(order.parts[0], delivery_fee=700), order.refund(order.parts[1])]
    assert sums(order.paid(), *refunds, order.cancelled()) == {}


def test_a_delivery_fee_that_is_not_given_back_is_the_platforms() -> None:
    order = an_order()
    refunds = [order.refund(part) for part in order.parts]
    assert sums(order.paid(), *refunds, order.cancelled()) == {CASH: 700, "revenue:delivery_fee": -700}


def test_nothing_is_posted_before_the_payment_is_known() -> None:
    order = an_order()
    assert sums(order.delivered(), order.trip(), order.refund(order.parts[0])) == {}


@pytest.mark.parametrize(
    ("plan", "take"),
    [
        ({"take_rate_by_category": {"bakery": 1000}}, 290 + 180),
        ({"take_rate_by_category": {"fruit": 1000}, "take_rate_by_shop": {"fruit": 0}}, 90),
        ({"take_rate_base": TakeRateBase.CUSTOMER_PAID}, 275 + 90),
    ],
)
def test_the_take_rate_follows_the_shop_then_its_category(plan: dict[str, Any], take: int) -> None:
    order = an_order()
    assert sums(order.paid(), order.delivered(), **plan)["revenue:take_rate"] == -take


def test_a_rate_is_rounded_once_for_a_store_order() -> None:
    lines = [Line(goods=109), Line(goods=109), Line(goods=109)]
    order = Order(parts=[Part(shop_id="fruit", lines=lines)])
    # 5 % of 3.27 is 0.1635; line by line it would be three times 0.05.
    assert sums(order.paid(), order.delivered())["revenue:take_rate"] == -16


def promoted(*what: str, links: tuple[LinkTerms, ...] = (FLORIST,), **changes: Any) -> Goal:
    order = a_promoted_order("link-1", **changes)
    events = {
        "delivered": order.delivered,
        "completed": order.completed,
        "third": lambda: order.refund(order.parts[0], {order.parts[0].lines[0].line_id: (800, 0)}),
        "all": lambda: order.refund(order.parts[0]),
    }
    return goal_of(facts_of(order.paid(), *(events[name]() for name in what), links=links), a_plan())


@pytest.mark.parametrize(
    ("what", "status", "amount", "frozen", "payable"),
    [
        ([], AccrualStatus.PENDING, 240, 0, 0),
        (["delivered"], AccrualStatus.ACCRUED, 240, -240, 0),
        (["third"], AccrualStatus.PENDING, 160, 0, 0),
        (["delivered", "third"], AccrualStatus.ACCRUED, 160, -160, 0),
        (["delivered", "third", "third", "third"], AccrualStatus.REVERSED, 0, 0, 0),
        (["delivered", "all"], AccrualStatus.REVERSED, 0, 0, 0),
        (["delivered", "completed"], AccrualStatus.RELEASED, 240, 0, -240),
        (["delivered", "completed", "third"], AccrualStatus.RELEASED, 160, 0, -160),
    ],
)
def test_a_commission_is_pending_then_frozen_then_payable_and_shrinks_with_refunds(
    what: list[str], status: AccrualStatus, amount: int, frozen: int, payable: int
) -> None:
    goal = promoted(*what)
    (accrual,) = goal.accruals
    assert (accrual.status, accrual.full, accrual.amount) == (status, 240, amount)
    found = goal.sheet.by_account()
    assert found.get("frozen:promoter:florist", 0) == frozen
    assert found.get("payable:promoter:florist", 0) == payable


def test_the_selling_shop_pays_the_commission() -> None:
    assert promoted("delivered").sheet.by_account()["payable:shop:sourced"] == -(2400 - 120 - 240)


@pytest.mark.parametrize(
    ("terms", "changes", "reason"),
    [
        ({"promoter_shop_id": "sourced"}, {}, "own-goods"),
        ({"promoter_owner_id": "owner-of-sourced"}, {}, "own-goods"),
        ({}, {"customer_id": "owner-of-florist"}, "self-purchase"),
        ({"listing_id": "other"}, {}, "other-listing"),
    ],
)
def test_nobody_earns_by_promoting_to_oneself(
    terms: dict[str, str], changes: dict[str, str], reason: str
) -> None:
    goal = promoted("delivered", links=(replace(FLORIST, **terms),), **changes)
    (accrual,) = goal.accruals
    assert (accrual.status, accrual.amount, accrual.reason) == (AccrualStatus.DENIED, 0, reason)
    assert not any("promoter" in account for account in goal.sheet.by_account())


def test_a_link_never_earns_more_than_the_plan_allows() -> None:
    goal = promoted("delivered", links=(replace(FLORIST, rate_bp=9000),))
    assert goal.accruals[0].amount == 480


@st.composite
def orders(draw: st.DrawFn) -> Order:
    parts = []
    for number in range(draw(st.integers(1, 3))):
        lines = []
        for _ in range(draw(st.integers(1, 3))):
            goods = draw(st.integers(0, 5000))
            shop = draw(st.integers(0, goods))
            platform = draw(st.integers(0, goods - shop))
            lines.append(
                Line(
                    goods=goods,
                    shop_discount=shop,
                    platform_discount=platform,
                    category=draw(st.sampled_from(["fruit", "bakery"])),
                    listing_id="rare-fruit",
                    link_id=draw(st.sampled_from([None, "link-1"])),
                )
            )
        parts.append(Part(shop_id=f"shop-{number}", lines=lines))
    return Order(parts=parts, delivery_fee=draw(st.integers(0, 1000)))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Order, list[Event]]:
    """An order, and refunds of it that never give back more than was paid, in some number of steps."""
    order = draw(orders())
    events = [order.paid()]
    steps = draw(st.integers(0, 3))
    for part in order.parts:
        whole = max(steps, 1)
        for step in range(steps):
            lines = {
                line.line_id: (
                    share_of_part(line.paid, whole, step, 1),
                    share_of_part(line.platform_discount, whole, step, 1),
                    share_of_part(line.shop_discount, whole, step, 1),
                )
                for line in part.lines
                if draw(st.booleans())
            }
            if lines:
                events.append(order.refund(part, lines))
    if draw(st.booleans()):
        events.append(order.refund(delivery_fee=order.delivery_fee))
    optional = [order.delivered(), order.trip(), order.completed(), order.cancelled()]
    events += [event for event in optional if draw(st.booleans())]
    return order, events


RATES = st.fixed_dictionaries(
    {
        "take_rate_bp": st.integers(0, 5000),
        "take_rate_by_category": st.dictionaries(st.just("bakery"), st.integers(0, 5000)),
        "distribution_bp": st.integers(0, 5000),
        "distribution_max_bp": st.just(5000),
        "take_rate_base": st.sampled_from(TakeRateBase),
        "take_rate_on_delivery_fee": st.booleans(),
    }
)


@given(histories(), RATES)
def test_money_is_conserved_whatever_is_refunded(
    history: tuple[Order, list[Event]], plan: dict[str, Any]
) -> None:
    order, events = history
    facts = facts_of(*events, links=(FLORIST,))
    found = goal_of(facts, a_plan(**plan)).sheet
    assert found.total() == 0
    by_account = found.by_account()
    assert by_account.get(CASH, 0) == order.total - facts.refunded
    for account, amount in by_account.items():
        if account.startswith(("payable:", "frozen:", "revenue:", "liability:")):
            assert amount <= 0, f"{account} is owed the wrong way round"


@given(orders(), st.integers(1, 5), RATES, st.booleans())
def test_refunds_in_steps_end_where_one_refund_ends(
    order: Order, steps: int, plan: dict[str, Any], delivered: bool
) -> None:
    before = [order.paid(), *([order.delivered(), order.completed()] if delivered else [])]
    at_once = [order.refund(part) for part in order.parts]
    in_steps = [
        order.refund(
            part,
            {
                line.line_id: (
                    share_of_part(line.paid, steps, step, 1),
                    share_of_part(line.platform_discount, steps, step, 1),
                    share_of_part(line.shop_discount, steps, step, 1),
                )
                for line in part.lines
            },
        )
        for part in order.parts
        for step in range(steps)
    ]
    assert sums(*before, *in_steps, links=(FLORIST,), **plan) == sums(
        *before, *at_once, links=(FLORIST,), **plan
    )


@given(histories(), st.data())
def test_posting_differences_ends_on_the_goal_and_every_posting_balances(
    history: tuple[Order, list[Event]], data: st.DataObject
) -> None:
    _, events = history
    order_of_arrival = data.draw(st.permutations(events))
    posted, plan = Sheet(), a_plan()
    for heard in range(1, len(order_of_arrival) + 1):
        goal = goal_of(facts_of(*order_of_arrival[:heard], links=(FLORIST,)), plan)
        entries = difference(goal.sheet, posted)
        assert sum(entry.amount for entry in entries) == 0
        for entry in entries:
            posted.figures.setdefault(entry.heading, Figure()).amount += entry.amount
    wanted = goal_of(facts_of(*events, links=(FLORIST,)), plan).sheet
    assert posted.by_account() == wanted.by_account()
    assert difference(wanted, posted) == []
