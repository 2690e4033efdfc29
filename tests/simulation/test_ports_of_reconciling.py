"""The books beside others' files, in memory and on PostgreSQL: one suite for both (rule 29)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.commission.domain.commands import Actor
from services.commission.domain.errors import FileRefused, OperatorsOnly, ReconciliationExists
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.reconciliation import Problem, Source, surplus_refund
from shared.kernel.clock import to_wire
from tests.commission.builders import Order, an_order
from tests.commission.desk import BAKERY, FRUIT, Desk
from tests.simulation.settled import delivered, refund_of_bread

P = PayoutStatus

HEADING = "kind,provider_id,reference_id,amount,currency,at"


def charge(order: Order, amount: int | None = None, provider_id: str = "", currency: str = "CNY") -> str:
    payment_id, at = f"payment-of-{order.order_id}", to_wire(order.paid_at)
    shown = order.total if amount is None else amount
    return f"charge,{provider_id or 'charge-of-' + order.order_id},{payment_id},{shown},{currency},{at}"


def back(event: Any, provider_id: str = "") -> str:
    data = event.data
    refund_id, amount = data["refund_id"], data["amount"]["amount"]
    shown = f"{provider_id or 'back-' + refund_id},{refund_id}"
    return f"refund,{shown},{amount},CNY,{data['issued_at']}"


def a_file(*rows: str) -> str:
    return "\n".join((HEADING, *rows)) + "\n"


def test_a_file_that_says_what_the_books_say_is_clean(desk: Desk) -> None:
    order = delivered(desk)
    refund = refund_of_bread(order)
    desk.hears(refund)
    found = desk.reconciles(a_file(charge(order), back(refund)))
    assert found.comparison.is_clean
    assert (found.comparison.rows, found.comparison.matched) == (2, 2)
    assert (found.made_by, found.made_at) == ("operator-1", desk.clock.now())


def test_what_is_missing_on_either_side_and_what_differs_is_named(desk: Desk) -> None:
    """Rule 29."""
    known, missing, differing, doubled = [delivered(desk) for _ in range(4)]
    stranger = an_order()
    content = a_file(
        charge(known),
        charge(differing, differing.total + 1),
        charge(stranger),
        charge(doubled),
        charge(doubled, provider_id="another"),
    )
    found = desk.reconciles(content).comparison
    assert [
        (each.problem, each.subject_id, each.books, each.file, each.line) for each in found.differences
    ] == [
        (Problem.DIFFERENT_AMOUNT, f"payment-of-{differing.order_id}", 8000, 8001, 3),
        (Problem.MISSING_IN_BOOKS, f"payment-of-{stranger.order_id}", None, 8000, 4),
        (Problem.DUPLICATE, f"payment-of-{doubled.order_id}", 8000, 8000, 6),
        (Problem.MISSING_IN_FILE, f"payment-of-{missing.order_id}", 8000, None, None),
    ]
    assert found.matched == 2


def test_a_charge_that_the_provider_gave_back_itself_is_no_difference(desk: Desk) -> None:
    order = delivered(desk)
    surplus = f"refund,back-1,{surplus_refund('second')},{order.total},CNY,{to_wire(order.paid_at)}"
    found = desk.reconciles(a_file(charge(order), charge(order, provider_id="second"), surplus)).comparison
    assert found.is_clean
    assert (found.matched, found.given_back) == (1, 2)


def test_nothing_is_missing_in_a_file_outside_its_period(desk: Desk) -> None:
    order = delivered(desk)
    later = delivered(desk, paid_at=order.paid_at + timedelta(days=1))
    assert desk.reconciles(a_file(charge(order))).comparison.is_clean
    found = desk.reconciles(
        a_file(charge(order)),
        reconciliation_id="wider",
        since=order.paid_at,
        until=later.paid_at + timedelta(seconds=1),
    )
    assert [each.subject_id for each in found.comparison.differences] == [f"payment-of-{later.order_id}"]


def test_the_banks_file_is_compared_with_the_payouts(desk: Desk) -> None:
    desk.has_account(BAKERY, FRUIT)
    delivered(desk)
    desk.next_day()
    bakery, fruit = sorted(desk.pays(), key=lambda each: each.amount)
    desk.bank_says(bakery, P.CONFIRMED)
    desk.bank_says(bakery, P.RETURNED, "account-closed")
    desk.bank_says(fruit, P.CONFIRMED)
    at = to_wire(desk.clock.now())

    def row(kind: str, payout: Payout, amount: int) -> str:
        return f"{kind},{kind}-{payout.payout_id},{payout.payout_id},{amount},CNY,{at}"

    rows = [row("payout", bakery, 1710), row("return", bakery, 1710), row("payout", fruit, 5510)]
    assert desk.reconciles(a_file(*rows), Source.BANK).comparison.is_clean
    wrong = a_file(row("payout", bakery, 1700), row("payout", fruit, 5510))
    found = desk.reconciles(wrong, Source.BANK, reconciliation_id="wrong").comparison
    assert [(each.problem, each.kind) for each in found.differences] == [
        (Problem.DIFFERENT_AMOUNT, "payout"),
        (Problem.MISSING_IN_FILE, "return"),
    ]


def test_what_was_found_is_kept_and_an_id_names_one_file(desk: Desk) -> None:
    order = delivered(desk)
    first = desk.reconciles(a_file(charge(order)), reconciliation_id="day-1")
    desk.clock.advance(timedelta(hours=1))
    assert desk.reconciles(a_file(charge(order)), reconciliation_id="day-1") == first
    with pytest.raises(ReconciliationExists):
        desk.reconciles(a_file(charge(order, 1)), reconciliation_id="day-1")


def test_only_operators_reconcile(desk: Desk) -> None:
    with pytest.raises(OperatorsOnly):
        desk.reconciles(a_file(), actor=Actor(account_id="analyst-1", role="analyst"))


def test_a_file_that_cannot_be_read_is_refused_by_line(desk: Desk) -> None:
    order = delivered(desk)
    rows = [
        charge(order),
        charge(order, -5),
        charge(order, currency="yuan"),
        "gift,1,p,5,CNY,2026-01-05T04:00:00Z",
        "charge,1",
    ]
    with pytest.raises(FileRefused) as refusal:
        desk.reconciles(a_file(*rows))
    assert [error["field"] for error in refusal.value.errors] == ["line 3", "line 4", "line 5", "line 6"]


def test_each_provider_has_a_file_of_its_own(desk: Desk) -> None:
    order = delivered(desk)
    whole = {"since": order.paid_at, "until": order.paid_at + timedelta(days=1)}
    found = desk.reconciles(a_file(), reconciliation_id="wechat", method="wechat", **whole)
    assert (found.comparison.is_clean, found.method) == (True, "wechat")
    found = desk.reconciles(a_file(), reconciliation_id="sandbox", method="sandbox", **whole)
    assert [each.problem for each in found.comparison.differences] == [Problem.MISSING_IN_FILE]
