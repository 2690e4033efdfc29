"""Commissions that are taken back, to the cent, before and after they were paid out (rules 21 and 22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.commission.application.bookkeeping import Heard, record
from services.commission.contracts.consumed import order_facts
from services.commission.domain.ledger import Cause
from services.commission.domain.payout import PayoutStatus
from services.commission.domain.promotion import PromotionLink
from shared.kernel.clock import from_wire
from shared.kernel.money import rate_of, share_of_part
from shared.messaging.envelope import Event
from tests.commission.builders import NOON, Line, Order, Part, a_plan
from tests.commission.desk import FLORIST, RULES, Desk, a_desk
from tests.simulation.ports.commission import MemoryCatalogue

RATE_BP = 1000
LINK = PromotionLink(
    link_id="link-1",
    code="florist",
    shop_id="florist",
    owner_id="owner-of-florist",
    listing_id="rare-fruit",
    rate_bp=None,
)


def a_promoted_desk() -> Desk:
    desk = a_desk(rules=RULES)
    with desk.ports.begin() as tx:
        MemoryCatalogue(tx.connection).add_link(LINK, NOON - timedelta(days=1))  # type: ignore[arg-type]
    desk.has_account(FLORIST)
    return desk


def sourced(goods: int, quantity: int) -> Order:
    line = Line(goods=goods, quantity=quantity, link_id=LINK.link_id, listing_id=LINK.listing_id)
    return Order(parts=[Part(shop_id="sourced", lines=[line])])


def nth_refund(order: Order, nth: int, quantity: int) -> Event:
    """One unit more of the only line."""
    (part,) = order.parts
    (line,) = part.lines
    return order.refund(part, {line.line_id: (share_of_part(line.paid, quantity, nth, 1), 0)})


def pays_out(desk: Desk) -> None:
    desk.next_day()
    for payout in desk.pays():
        desk.bank_says(payout, PayoutStatus.CONFIRMED)


STEPS = st.lists(st.sampled_from(["refund", "complete", "pay out", "another"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(1, 6), st.integers(0, 9999))
def test_paid_out_and_payable_are_the_commission_on_what_was_kept(
    steps: list[str], quantity: int, goods: int
) -> None:
    desk, order = a_promoted_desk(), sourced(goods, quantity)
    desk.hears(order.paid(), order.delivered())
    returned, completed, kept_of_others = 0, False, 0
    for step in steps:
        match step:
            case "refund" if returned < quantity:
                desk.hears(nth_refund(order, returned, quantity))
                returned += 1
            case "complete" if not completed:
                desk.hears(order.completed())
                completed = True
            case "another":
                other = sourced(1000, 1)
                desk.hears(other.paid(), other.delivered(), other.completed())
                kept_of_others += rate_of(1000, RATE_BP)
            case "pay out":
                pays_out(desk)
        kept = goods - sum(share_of_part(goods, quantity, nth, 1) for nth in range(returned))
        earned = rate_of(kept, RATE_BP) if completed else 0
        arrived = sum(each.gross for each in desk.payouts() if each.status is PayoutStatus.CONFIRMED)
        # In parts as at once: the commission is the rate on what is kept, whatever came in between.
        assert desk.position(FLORIST) + arrived == earned + kept_of_others
        frozen = -desk.balances().get("frozen:promoter:florist", 0)
        assert frozen == (0 if completed else rate_of(kept, RATE_BP))
    desk.next_day()
    for document in desk.statements(FLORIST):
        assert document.adds_up
    if desk.statements(FLORIST):
        assert desk.last(FLORIST).closing == desk.position(FLORIST)
    assert desk.audit().is_sound


def test_what_was_paid_out_and_comes_back_is_shown_as_a_debt_and_filled() -> None:
    desk, order = a_promoted_desk(), sourced(999, 3)
    desk.hears(order.paid(), order.delivered(), order.completed())
    pays_out(desk)
    assert [each.amount for each in desk.payouts()] == [100]
    for nth in range(3):
        desk.hears(nth_refund(order, nth, 3))
    desk.next_day()
    assert desk.last(FLORIST).debt == 100
    other = sourced(1500, 1)
    desk.hears(other.paid(), other.delivered(), other.completed())
    desk.terms = replace(desk.terms, minimum=1)
    pays_out(desk)
    assert [each.amount for each in desk.payouts()] == [100, 50]
    assert desk.position(FLORIST) == 0


def test_a_plan_with_another_rate_changes_nothing_of_what_was_earned() -> None:
    desk, order = a_promoted_desk(), sourced(1000, 1)
    desk.hears(order.paid(), order.delivered())
    plan = a_plan(plan_id="second", distribution_bp=2000, effective_from=desk.clock.now())
    with desk.ports.begin() as tx:
        tx.connection.put("rate_plan", 2, plan)  # type: ignore[attr-defined]
    event = order.completed()
    heard = Heard(
        facts=order_facts(event.type, event.data),
        cause=Cause(event_id=event.id, type=event.type, occurred_at=from_wire(event.time)),
    )
    with desk.ports.begin() as tx:
        record([heard], books=desk.ports.books(tx), clock=desk.clock)
    assert desk.position(FLORIST) == 100
