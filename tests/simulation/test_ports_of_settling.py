"""What settles, pays and reconciles, in memory and on PostgreSQL: one suite for both (rules 22 to 29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.commission.application import settling
from services.commission.domain.ledger import Move
from services.commission.domain.payee import Cycle, Maturity, Payee
from services.commission.domain.payout import BANK, PayoutStatus, PayoutTerms
from services.commission.domain.settling_commands import PayeeAction
from services.commission.domain.statement import Document
from shared.kernel.clock import to_wire
from tests.commission.desk import (
    BAKERY,
    COURIER,
    FRUIT,
    RULES,
    Desk,
)
from tests.simulation.settled import delivered, refund_of_bread

P = PayoutStatus


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
    ] == "Take rate: goods after the shop's discounts: 58.00 x 5 % = 2.90 CNY (rate plan 1)"
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


def test_who_cannot_be_settled_keeps_nobody_else_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    earned(desk, BAKERY, 500, "one")
    earned(desk, FRUIT, 700, "two")
    real = settling.statement_of

    def broken(*given: Any, payee: Payee, **named: Any) -> Any:
        if payee == BAKERY:
            raise RuntimeError("something is odd about the bakery")
        return real(*given, payee=payee, **named)

    with monkeypatch.context() as patched:
        patched.setattr(settling, "statement_of", broken)
        assert desk.next_day() == 1
    assert [each.statement.payee for each in desk.statements()] == [FRUIT]
    assert desk.settles() == 1
    assert desk.last(BAKERY).closing == 500
