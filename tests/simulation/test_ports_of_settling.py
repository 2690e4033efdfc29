"""What settles, pays and reconciles, in memory and on PostgreSQL: one suite for both (rules 22 to 29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.commission.domain.commands import Actor
from services.commission.domain.errors import FileRefused, OperatorsOnly, ReconciliationExists
from services.commission.domain.ledger import Move
from services.commission.domain.payee import Cycle, Maturity, Payee
from services.commission.domain.payout import BANK, Payout, PayoutStatus, PayoutTerms
from services.commission.domain.reconciliation import Problem, Source
from services.commission.domain.settling_commands import PayeeAction
from services.commission.domain.statement import Document
from shared.kernel.clock import to_wire
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.commission.builders import Order, an_order
from tests.commission.desk import (
    BAKERY,
    COURIER,
    FRUIT,
    RULES,
    Desk,
    afternoon,
    in_memory,
    on_postgresql,
)

P = PayoutStatus


@pytest.fixture(params=["memory", "postgresql"])
def desk(request: pytest.FixtureRequest) -> Desk:
    clock = StoppedClock(afternoon())
    if request.param == "memory":
        return Desk(ports=in_memory(clock), clock=clock)
    real: Database = request.getfixturevalue("service_database")("commission")
    return Desk(ports=on_postgresql(real), clock=clock)


def delivered(desk: Desk, **changes: Any) -> Order:
    order = an_order(**changes)
    desk.hears(order.paid(), order.delivered(), order.trip())
    return order


def refund_of_bread(order: Order) -> Any:
    """A third of the bread: 6.00, and 0.30 of the take rate."""
    bread = order.parts[1]
    return order.refund(bread, {bread.lines[0].line_id: (600, 0)})


def entries_of(documents: Sequence[Document]) -> list[int]:
    return [line.movement.entry_id for document in documents for line in document.lines]


def test_when_the_day_ends_everybody_gets_a_statement_that_adds_up(desk: Desk) -> None:
    order = delivered(desk)
    assert desk.settles() == 0
    assert desk.next_day() == 3
    documents = desk.statements()
    assert {each.statement.payee for each in documents} == {FRUIT, BAKERY, COURIER}
    assert all(each.adds_up for each in documents)
    fruit = next(each for each in documents if each.statement.payee == FRUIT)
    assert fruit.statement.sums == {"platform_discount": 300, "sale": 5500, "take_rate": -290}
    assert (fruit.statement.opening, fruit.statement.closing) == (0, 5510)
    assert [line.formula for line in fruit.lines][
        -1
    ] == "Take rate: 5.00 % x 58.00 CNY = 2.90 CNY (rate plan 1)"
    (summary,) = fruit.orders
    assert (summary.order_id, summary.goods, summary.shop_discount) == (order.order_id, 6000, 200)
    assert (summary.platform_discount, summary.paid, summary.refunded) == (300, 5500, 0)
    begin, end = fruit.statement.since, fruit.statement.until
    assert (to_wire(begin), to_wire(end)) == ("2026-01-04T16:00:00.000Z", "2026-01-05T16:00:00.000Z")


def test_settling_again_issues_nothing(desk: Desk) -> None:
    delivered(desk)
    desk.next_day()
    assert desk.settles() == 0
    assert desk.next_day() == 0
    assert len(desk.statements()) == 3


def test_each_statement_opens_on_what_the_one_before_closed_on(desk: Desk) -> None:
    order = delivered(desk)
    desk.next_day()
    desk.hears(refund_of_bread(order))
    delivered(desk)
    desk.next_day()
    first, second = [each.statement for each in desk.statements(BAKERY)]
    assert (first.number, second.number) == (1, 2)
    assert (second.opening, second.earned, second.closing) == (1710, 1710 - 570, 2850)
    (bread,) = [each for each in desk.statements(BAKERY)[1].orders if each.order_id == order.order_id]
    assert bread.refunded == 600


def test_an_entry_is_in_one_statement_and_none_is_left_out(desk: Desk) -> None:
    orders = [delivered(desk) for _ in range(3)]
    desk.next_day()
    for order in orders:
        desk.hears(refund_of_bread(order))
    desk.next_day()
    stated = entries_of(desk.statements())
    assert len(stated) == len(set(stated))
    for payee in (FRUIT, BAKERY, COURIER):
        assert desk.last(payee).closing == desk.position(payee)


def test_the_statements_of_a_day_are_the_payable_movements_of_that_day(desk: Desk) -> None:
    """Rule 28, and what accountants ask: no cent moved on a payable account that is in no statement."""
    before: dict[str, int] = {}
    first = delivered(desk)
    for day in range(3):
        delivered(desk, delivery_fee=100 * day)
        if day == 1:
            desk.hears(refund_of_bread(first))
        desk.next_day()
        after = {name: amount for name, amount in desk.balances().items() if name.startswith("payable:")}
        moved = -sum(after.values()) + sum(before.values())
        until = max(each.statement.until for each in desk.statements())
        of_day = [each.statement for each in desk.statements() if each.statement.until == until]
        assert sum(each.earned - each.paid_out for each in of_day) == moved
        before = after


def test_what_waits_for_the_after_sale_window_is_settled_when_the_order_is_completed(desk: Desk) -> None:
    desk.rules = replace(RULES, maturity=Maturity.AFTER_SALE)
    done, waiting = delivered(desk), delivered(desk)
    assert desk.next_day() == 1
    assert {each.statement.payee for each in desk.statements()} == {COURIER}
    desk.hears(refund_of_bread(done), done.completed())
    assert desk.next_day(8) == 2
    assert desk.last(BAKERY).closing == 1140
    assert {line.movement.order_id for line in desk.statements(BAKERY)[0].lines} == {done.order_id}
    desk.hears(waiting.completed())
    desk.next_day()
    assert desk.last(BAKERY).closing == 1140 + 1710 == desk.position(BAKERY)


def test_who_missed_days_gets_a_statement_for_each(desk: Desk) -> None:
    delivered(desk)
    desk.clock.advance(timedelta(days=1))
    delivered(desk)
    desk.clock.advance(timedelta(days=2))
    desk.settles()
    periods = [each.statement for each in desk.statements(BAKERY)]
    assert [(each.number, each.closing) for each in periods] == [(1, 1710), (2, 3420)]
    assert periods[0].until == periods[1].since


def test_a_weekly_payee_is_settled_on_mondays_in_shanghai(desk: Desk) -> None:
    delivered(desk)
    desk.changes(BAKERY, PayeeAction.CYCLE, "weekly")
    desk.next_day()
    assert desk.statements(BAKERY) == []
    desk.next_day(6)
    (document,) = desk.statements(BAKERY)
    assert document.statement.cycle is Cycle.WEEKLY
    # 2026-01-12 is a Monday.
    assert to_wire(document.statement.until) == "2026-01-11T16:00:00.000Z"


def test_a_payee_known_before_anything_was_earned_loses_nothing(desk: Desk) -> None:
    desk.has_account(BAKERY)
    delivered(desk)
    desk.next_day()
    desk.has_account(FRUIT)
    assert desk.last(BAKERY).closing == 1710
    assert desk.last(FRUIT).closing == 5510


def test_a_payee_known_late_has_everything_of_before(desk: Desk) -> None:
    delivered(desk)
    desk.clock.advance(timedelta(days=2))
    desk.has_account(BAKERY)
    desk.settles()
    assert desk.last(BAKERY).closing == 1710


def test_a_refund_after_the_payout_is_a_debt_that_later_earnings_fill(desk: Desk) -> None:
    """Rule 22, to the cent: nothing negative is paid out, and the debt is shown."""
    desk.has_account(BAKERY)
    order = delivered(desk)
    desk.next_day()
    (payout,) = desk.pays()
    desk.bank_says(payout, P.CONFIRMED)
    bread = order.parts[1]
    desk.hears(order.refund(bread))
    desk.next_day()
    second = desk.last(BAKERY)
    assert (second.opening, second.earned, second.paid_out, second.closing) == (1710, -1710, 1710, -1710)
    assert second.debt == 1710
    assert desk.pays() == []
    delivered(desk)
    delivered(desk)
    desk.next_day()
    third = desk.last(BAKERY)
    assert (third.opening, third.closing, third.debt) == (-1710, 1710, 0)
    (payout,) = desk.pays()
    assert payout.amount == 1710
    desk.bank_says(payout, P.CONFIRMED)
    assert desk.position(BAKERY) == 0
    assert desk.audit().is_sound


@pytest.mark.parametrize("answers", [(P.CONFIRMED,), (P.CONFIRMED, P.CONFIRMED), (P.FAILED, P.CONFIRMED)])
def test_a_payout_is_booked_once_however_often_the_bank_answers(
    desk: Desk, answers: tuple[PayoutStatus, ...]
) -> None:
    desk.terms = PayoutTerms(fee=10)
    desk.has_account(BAKERY)
    delivered(desk)
    desk.next_day()
    (payout,) = desk.pays()
    for answer in answers:
        desk.bank_says(payout, answer)
    assert desk.position(BAKERY) == desk.available(BAKERY) == 0
    assert (desk.balances()[BANK], desk.balances()["revenue:payout_fee"]) == (-1700, -10)


def test_a_returned_payout_names_what_it_takes_back(desk: Desk) -> None:
    desk.has_account(BAKERY)
    delivered(desk)
    desk.next_day()
    (payout,) = desk.pays()
    desk.bank_says(payout, P.CONFIRMED)
    desk.bank_says(payout, P.RETURNED, "account-closed")
    desk.next_day()
    lines = desk.statements(BAKERY)[-1].lines
    assert [(line.movement.kind, line.amount) for line in lines] == [("payout", -1710), ("payout", 1710)]
    assert lines[1].movement.reverses == lines[0].movement.transaction_id
    assert desk.last(BAKERY).closing == desk.available(BAKERY) == 1710
    with desk.books() as books:
        terms = books.settlements.terms(BAKERY)
        changes = books.settlements.changes(BAKERY, 10)
    assert terms is not None
    assert terms.held
    assert [(each.change, each.reason, each.made_by) for each in changes] == [
        ("hold", "returned-by-bank", "commission"),
        ("bank_account", "because a test says so", "operator-1"),
    ]


def test_there_is_one_open_payout_of_a_payee(desk: Desk) -> None:
    desk.has_account(BAKERY)
    delivered(desk)
    desk.next_day()
    (payout,) = desk.pays()
    with pytest.raises(Exception, match="payout"), desk.books() as books:
        books.payouts.add(replace(payout, payout_id="another"))
    assert len(desk.payouts()) == 1


def test_lists_come_in_pages_newest_first(desk: Desk) -> None:
    for _ in range(3):
        delivered(desk)
        desk.next_day()
    seen, after = [], None
    while True:
        with desk.books() as books:
            page = books.settlements.statements(None, None, after, 2)
        if not page:
            break
        seen += page
        after = page[-1].until, page[-1].statement_id
    assert [each.statement_id for each in seen] == [
        each.statement.statement_id for each in desk.statements()[::-1]
    ]
    with desk.books() as books:
        assert len(books.settlements.statements(BAKERY, seen[1].since, None, 10)) == 1
        assert [each.payee for each in books.settlements.payees(BAKERY, 10)] == [FRUIT]


# -- reconciliation ----------------------------------------------------------------------------------------

HEADING = "kind,provider_id,payment_id,refund_id,amount,currency,at"


def charge(order: Order, amount: int | None = None, provider_id: str = "", currency: str = "CNY") -> str:
    payment_id, at = f"payment-of-{order.order_id}", to_wire(order.paid_at)
    shown = order.total if amount is None else amount
    return f"charge,{provider_id or 'charge-of-' + order.order_id},{payment_id},,{shown},{currency},{at}"


def back(order: Order, event: Any, provider_id: str = "") -> str:
    data = event.data
    refund_id, amount = data["refund_id"], data["amount"]["amount"]
    shown = f"{provider_id or 'back-' + refund_id},payment-of-{order.order_id},{refund_id}"
    return f"refund,{shown},{amount},CNY,{data['issued_at']}"


def a_file(*rows: str, heading: str = HEADING) -> str:
    return "\n".join((heading, *rows)) + "\n"


def test_a_file_that_says_what_the_books_say_is_clean(desk: Desk) -> None:
    order = delivered(desk)
    refund = refund_of_bread(order)
    desk.hears(refund)
    found = desk.reconciles(a_file(charge(order), back(order, refund)))
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
    payment_id, at = f"payment-of-{order.order_id}", to_wire(order.paid_at)
    surplus = f"refund,back-1,{payment_id},surplus-1,{order.total},CNY,{at}"
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
    heading, at = "kind,provider_id,payout_id,amount,currency,at", to_wire(desk.clock.now())

    def row(kind: str, payout: Payout, amount: int) -> str:
        return f"{kind},{kind}-{payout.payout_id},{payout.payout_id},{amount},CNY,{at}"

    rows = [row("payout", bakery, 1710), row("return", bakery, 1710), row("payout", fruit, 5510)]
    assert desk.reconciles(a_file(*rows, heading=heading), Source.BANK).comparison.is_clean
    wrong = a_file(row("payout", bakery, 1700), row("payout", fruit, 5510), heading=heading)
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
        "gift,1,p,,5,CNY,2026-01-05T04:00:00Z",
        "charge,1",
    ]
    with pytest.raises(FileRefused) as refusal:
        desk.reconciles(a_file(*rows))
    assert [error["field"] for error in refusal.value.errors] == ["line 3", "line 4", "line 5", "line 6"]


def earned(desk: Desk, payee: Payee, amount: int, key: str) -> None:
    desk.posts(key, Move(amount=amount, debit=BANK, credit=payee.payable, kind="sale"))


def test_payees_are_paid_side_by_side(desk: Desk) -> None:
    desk.has_account(BAKERY, FRUIT)
    earned(desk, BAKERY, 500, "one")
    earned(desk, FRUIT, 700, "two")
    desk.next_day()
    told = desk.pays()
    assert {each.payee for each in told} == {BAKERY, FRUIT}
    for payout in told:
        desk.bank_says(payout, P.CONFIRMED)
    assert desk.position(BAKERY) == desk.position(FRUIT) == 0
