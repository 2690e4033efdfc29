"""Margins and commissions: two levels that add up, within the margin, and back to the cent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.contracts.consumed import order_facts
from services.commission.domain.commissions import Share
from services.commission.domain.facts import LinkTerms, OrderFacts, PaidLine, Sourcing
from services.commission.domain.ledger import CASH, ORDERS
from services.commission.domain.promotion import AccrualStatus
from services.commission.domain.settlement import Goal, goal_of
from shared.kernel.money import share_of_part
from shared.messaging.envelope import Event
from tests.commission.builders import Line, Order, Part, a_plan, a_promoted_order

FLORIST = LinkTerms(
    link_id="link-1",
    promoter_shop_id="florist",
    promoter_owner_id="owner-of-florist",
    listing_id="rare-fruit",
    rate_bp=1000,
    offer_id="offer",
    offer_version=1,
)
RECRUITED = replace(
    FLORIST, recruiter_shop_id="kiosk", recruiter_owner_id="owner-of-kiosk", recruiter_bp=2500
)


def facts_of(
    *events: Event, terms: LinkTerms = FLORIST, cost: int | None = None, verdicts: Any = None
) -> OrderFacts:
    """What is known when every line cost its supplier ``cost`` a unit."""
    facts = OrderFacts(order_id=events[0].data["order_id"])
    for event in events:
        heard = order_facts(event.type, event.data)
        changes = {
            name: value
            for name in ("currency", "paid", "delivered", "completed_at")
            if (value := getattr(heard, name)) is not None
        }
        facts = replace(facts, **changes, refunds=facts.refunds | heard.refunds)
    assert facts.paid is not None
    sourcing = tuple(
        replace(
            each, by="link" if each.link_id else None, cost=None if cost is None else cost * each.quantity
        )
        for each in facts.paid.sourcing
    )
    return replace(facts, paid=replace(facts.paid, links=(terms,), sourcing=sourcing), verdicts=verdicts)


def goal(*what: str, plan: dict[str, Any] | None = None, **given: Any) -> Goal:
    order = a_promoted_order("link-1")
    line = order.parts[0].lines[0]
    events = {
        "delivered": order.delivered,
        "completed": order.completed,
        "third": lambda: order.refund(order.parts[0], {line.line_id: (800, 0)}),
    }
    return goal_of(
        facts_of(order.paid(), *(events[name]() for name in what), **given), a_plan(**(plan or {}))
    )


def test_goods_at_the_platforms_account_pay_their_supplier_and_leave_a_margin():
    """Rule 26: 24.00 sold, 15.00 of it the supplier's, 2.40 the promoter's; bread owes its take rate."""
    assert goal("delivered", cost=500).sheet.by_account() == {
        CASH: 4900,
        "payable:shop:sourced": -1500,
        "revenue:distribution_margin": -(900 - 240),
        "frozen:promoter:florist": -240,
        "payable:shop:bakery": -(1800 - 90),
        "revenue:take_rate": -90,
        "revenue:delivery_fee": -700,
    }


def test_a_refund_takes_back_cost_margin_and_commission_in_proportion():
    found = goal("delivered", "third", cost=500).sheet.by_account()
    assert found["payable:shop:sourced"] == -1000
    assert found["revenue:distribution_margin"] == -(600 - 160)
    assert found["frozen:promoter:florist"] == -160
    assert ORDERS not in found


def test_a_commission_never_exceeds_the_margin():
    """Rule 20: 0.60 of margin is all there is, whatever the rate."""
    (accrual,) = goal("delivered", cost=780).accruals
    assert accrual.amount == 60
    (none,) = goal("delivered", cost=900).accruals
    assert (none.amount, none.status) == (0, AccrualStatus.REVERSED)


def test_the_suppliers_own_discount_is_the_suppliers():
    line = Line(goods=2400, quantity=3, shop_discount=300, link_id="link-1", listing_id="rare-fruit")
    order = Order(parts=[Part(shop_id="sourced", lines=[line])])
    found = goal_of(facts_of(order.paid(), order.delivered(), cost=500), a_plan()).sheet.by_account()
    assert found["payable:shop:sourced"] == -1200
    assert found["revenue:distribution_margin"] == -(900 - 210)


def test_a_recruiter_gets_its_part_of_the_commission_and_the_promoter_the_rest():
    first, second = goal("delivered", "completed", terms=RECRUITED).accruals
    assert (first.level, first.promoter_shop_id, first.amount) == (1, "florist", 180)
    assert (second.level, second.promoter_shop_id, second.amount) == (2, "kiosk", 60)
    found = goal("delivered", "completed", terms=RECRUITED).sheet.by_account()
    assert (found["payable:promoter:florist"], found["payable:promoter:kiosk"]) == (-180, -60)
    assert not any(account.startswith("frozen:") for account in found)


@pytest.mark.parametrize(
    ("changes", "verdicts", "reason"),
    [
        ({"recruiter_owner_id": "owner-of-florist"}, None, "circular"),
        ({"recruiter_shop_id": "sourced"}, None, "own-goods"),
        ({"recruiter_owner_id": "customer-1"}, None, "self-purchase"),
        ({}, {("link-1", 2): "staff"}, "staff"),
    ],
)
def test_what_a_recruiter_is_denied_stays_with_the_promoter(
    changes: dict[str, str], verdicts: Any, reason: str
):
    first, second = goal("delivered", terms=replace(RECRUITED, **changes), verdicts=verdicts).accruals
    assert (first.status, first.amount) == (AccrualStatus.ACCRUED, 240)
    assert (second.status, second.amount, second.reason) == (AccrualStatus.DENIED, 0, reason)


def test_a_verdict_against_the_promoter_is_one_against_both_levels():
    accruals = goal("delivered", terms=RECRUITED, verdicts={("link-1", 1): "household"}).accruals
    assert [(each.status, each.amount, each.reason) for each in accruals] == [
        (AccrualStatus.DENIED, 0, "household")
    ] * 2


def test_goods_that_return_to_their_own_seller_were_promoted_to_nobody():
    """Rule 23: A promotes B's goods to B's owner."""
    order = a_promoted_order("link-1", customer_id="owner-of-sourced")
    (accrual,) = goal_of(facts_of(order.paid(), order.delivered()), a_plan()).accruals
    assert (accrual.status, accrual.reason) == (AccrualStatus.DENIED, "circular")


@st.composite
def orders(draw: st.DrawFn) -> Order:
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        quantity = draw(st.integers(1, 5))
        goods = quantity * draw(st.integers(0, 3000))
        shop = draw(st.integers(0, goods))
        lines.append(
            Line(
                goods=goods,
                quantity=quantity,
                shop_discount=shop,
                platform_discount=draw(st.integers(0, goods - shop)),
                listing_id="rare-fruit",
                link_id=draw(st.sampled_from([None, "link-1"])),
                sourced=True,
            )
        )
    return Order(parts=[Part(shop_id="sourced", lines=lines)])


TERMS = st.builds(
    lambda rate, second, has: replace(RECRUITED if has else FLORIST, rate_bp=rate, recruiter_bp=second),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.booleans(),
)
COSTS = st.none() | st.integers(0, 3000)


def in_steps(order: Order, steps: int) -> list[Event]:
    (part,) = order.parts
    return [
        order.refund(
            part,
            {
                line.line_id: (
                    share_of_part(line.paid, 7, step, 1),
                    share_of_part(line.platform_discount, 7, step, 1),
                )
                for line in part.lines
            },
        )
        for step in range(steps)
    ]


def at_once(order: Order, steps: int) -> list[Event]:
    (part,) = order.parts
    lines = {
        line.line_id: (
            share_of_part(line.paid, 7, 0, steps),
            share_of_part(line.platform_discount, 7, 0, steps),
        )
        for line in part.lines
    }
    return [order.refund(part, lines)]


@given(orders(), st.integers(1, 7), TERMS, COSTS, st.booleans())
def test_refunds_in_parts_claw_back_what_one_refund_gives_on_both_levels(
    order: Order, steps: int, terms: LinkTerms, cost: int | None, completed: bool
):
    """Rule 22."""
    plan = a_plan(distribution_max_bp=9500)
    before = [order.paid(), order.delivered(), *([order.completed()] if completed else [])]
    parts = goal_of(facts_of(*before, *in_steps(order, steps), terms=terms, cost=cost), plan)
    whole = goal_of(facts_of(*before, *at_once(order, steps), terms=terms, cost=cost), plan)
    assert parts.sheet.by_account() == whole.sheet.by_account()
    assert parts.accruals == whole.accruals
    single = replace(terms, recruiter_shop_id=None, recruiter_owner_id=None, recruiter_bp=0)
    alone = goal_of(facts_of(*before, *in_steps(order, steps), terms=single, cost=cost), plan)
    assert sum(each.amount for each in parts.accruals) == sum(each.amount for each in alone.accruals)


@given(orders(), st.integers(0, 7), TERMS, COSTS)
def test_money_is_conserved_and_commissions_stay_within_the_margin(
    order: Order, steps: int, terms: LinkTerms, cost: int | None
):
    facts = facts_of(order.paid(), order.delivered(), *in_steps(order, steps), terms=terms, cost=cost)
    found = goal_of(facts, a_plan(distribution_max_bp=9500))
    assert found.sheet.total() == 0
    by_account = found.sheet.by_account()
    assert by_account.get(CASH, 0) == order.total - facts.refunded
    assert ORDERS not in by_account
    assert by_account.get("payable:shop:sourced", 0) <= 0
    assert all(each.amount >= 0 for each in found.accruals)
    assert all(each.amount <= each.full for each in found.accruals)
    if cost is not None:
        margins = [_margin(line, facts, cost) for line in order.parts[0].lines]
        commission = sum(each.amount for each in found.accruals)
        assert commission <= sum(max(margin, 0) for margin in margins)
        assert by_account.get("revenue:distribution_margin", 0) == commission - sum(margins)


def _margin(line: Line, facts: OrderFacts, cost: int) -> int:
    assert facts.paid is not None
    (paid,) = [each for part in facts.paid.parts for each in part.lines if each.line_id == line.line_id]
    taken = [
        each for refund in facts.refunds.values() for each in refund.lines if each.line_id == line.line_id
    ]
    share = Share(
        paid,
        paid.paid - sum(each.amount for each in taken),
        paid.platform_discount - sum(each.platform_discount for each in taken),
        Sourcing(line_id=line.line_id, quantity=line.quantity, cost=cost * line.quantity),
    )
    return share.margin


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_a_line_whose_goods_all_came_back_costs_nothing(paid: int, discount: int, cost: int):
    line = PaidLine(
        line_id="line",
        listing_id="rare-fruit",
        category="",
        paid=paid,
        goods=paid + discount,
        platform_discount=discount,
    )
    share = Share(line, 0, 0, Sourcing(line_id="line", quantity=1, cost=cost))
    assert (share.cost, share.margin) == (0, 0)
