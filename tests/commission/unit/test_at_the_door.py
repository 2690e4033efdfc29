"""Money that is collected at the door, and tips: who holds what, whatever order the facts come in."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.commission.application.audit import mismatches
from services.commission.application.ports import AuditedOrder
from services.commission.domain.settlement import goal_of
from shared.messaging.envelope import Event
from tests.commission.builders import COURIER, Order, a_plan, an_order
from tests.commission.unit.test_settlement import facts_of, sums

DUE, HELD = "receivable:cash_on_delivery", f"cash:courier:{COURIER}"
OWED = "liability:cash_refunds"


def a_cash_order() -> Order:
    """80.00 to collect: fruit for 55.00, bread for 18.00, delivery 7.00."""
    return an_order(method="cash")


def money(*events: Event) -> dict[str, int]:
    """Where the order's money is, once the audit has found nothing."""
    found = sums(*events)
    audited = AuditedOrder(facts=facts_of(*events), plan=a_plan(), ledger=found)
    assert list(mismatches(audited)) == []
    accounts = (DUE, HELD, OWED, "cash:provider", "cash:platform")
    return {account: found[account] for account in accounts if account in found}


def test_a_cash_order_is_due_until_it_is_delivered() -> None:
    assert money(a_cash_order().paid()) == {DUE: 8000}


def test_what_is_collected_is_in_the_couriers_hands() -> None:
    order = a_cash_order()
    assert money(order.paid(), order.delivered(collected=8000), order.trip()) == {HELD: 8000}


def test_a_refund_before_the_delivery_lowers_what_is_collected() -> None:
    order = a_cash_order()
    refund = order.refund(order.parts[1])
    assert money(order.paid(), refund) == {DUE: 6200}
    assert money(order.paid(), refund, order.delivered(order.parts[0], collected=6200)) == {HELD: 6200}


@pytest.mark.parametrize(
    ("courier_id", "left"), [(COURIER, {HELD: 6200}), (None, {HELD: 8000, "cash:platform": -1800})]
)
def test_a_refund_after_the_delivery_is_owed_until_it_is_handed_back(
    courier_id: str | None, left: dict[str, int]
) -> None:
    order = a_cash_order()
    refund = order.refund(order.parts[1])
    heard = [order.paid(), order.delivered(collected=8000), refund]
    assert money(*heard) == {HELD: 8000, OWED: -1800}
    assert money(*heard, order.handed_back(refund, courier_id)) == left


def test_a_failed_delivery_leaves_nothing_due() -> None:
    order = a_cash_order()
    refunds = [order.refund(order.parts[0], delivery_fee=700), order.refund(order.parts[1])]
    assert sums(order.paid(), *refunds, order.cancelled()) == {}


def test_cash_comes_to_the_same_in_whatever_order_it_is_heard_of() -> None:
    order = a_cash_order()
    early, late = order.refund(order.parts[1]), order.refund(delivery_fee=700)
    events = [order.delivered(order.parts[0], collected=6200), early, late, order.handed_back(late)]
    wanted = sums(order.paid(), *events)
    assert wanted[HELD] == 5500
    assert all(sums(*turn, order.paid()) == wanted for turn in permutations(events))


def test_a_tip_is_the_couriers_who_delivers() -> None:
    order = an_order(tip=500)
    assert sums(order.paid())["liability:orders"] == -8500
    settled = sums(order.paid(), order.delivered(), order.trip())
    assert settled[f"payable:courier:{COURIER}"] == -(651 + 500)
    assert "liability:orders" not in settled


def test_a_tip_comes_back_when_nothing_is_delivered() -> None:
    order = an_order(tip=500)
    goods = [order.refund(part) for part in order.parts]
    kept_fee = [*goods, order.refund(tip=500), order.cancelled()]
    assert sums(order.paid(), *kept_fee) == {"cash:provider": 700, "revenue:delivery_fee": -700}
    assert sums(order.paid(), *kept_fee, order.refund(delivery_fee=700)) == {}


def test_a_tip_has_an_entry_of_its_own_kind() -> None:
    order = an_order(tip=500)
    sheet = goal_of(facts_of(order.paid(), order.delivered()), a_plan()).sheet
    kinds = {
        heading.kind: figure.amount
        for heading, figure in sheet.figures.items()
        if "courier" in heading.account
    }
    assert kinds == {"tip": -500}
