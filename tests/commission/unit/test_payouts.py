"""Payouts: every pair of states, every answer of a bank, and what holds whatever it says (rules 22, 26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.commission.application import paying_out
from services.commission.domain.errors import BankAccountRefused, NothingToPayOut, PayoutState
from services.commission.domain.ledger import Move
from services.commission.domain.payee import PayeeTerms
from services.commission.domain.payout import BANK, FEES, Payout, PayoutStatus, PayoutTerms, payable_amount
from services.commission.domain.settling_commands import PayeeAction
from tests.commission.builders import NOON, an_order
from tests.commission.desk import BAKERY, COURIER, Desk, a_desk

P = PayoutStatus
ALLOWED = {
    (P.CREATED, P.SENT),
    (P.CREATED, P.WITHDRAWN),
    (P.SENT, P.CONFIRMED),
    (P.SENT, P.FAILED),
    (P.FAILED, P.RETRIED),
    (P.FAILED, P.CONFIRMED),
    (P.RETRIED, P.CONFIRMED),
    (P.CONFIRMED, P.RETURNED),
}


def a_payout(status: PayoutStatus = P.CREATED) -> Payout:
    return Payout(
        payout_id="payout-1",
        payee=BAKERY,
        amount=1000,
        fee=50,
        bank_account="bank-account-0001",
        status=status,
        created_at=NOON,
        changed_at=NOON,
        tell_at=NOON,
    )


@pytest.mark.parametrize(("before", "after"), list(product(P, P)))
def test_a_payout_goes_only_where_the_table_lets_it(before: PayoutStatus, after: PayoutStatus) -> None:
    if (before, after) in ALLOWED:
        assert a_payout(before).become(after, NOON).status is after
    else:
        with pytest.raises(PayoutState):
            a_payout(before).become(after, NOON)


@pytest.mark.parametrize(
    ("available", "minimum", "fee", "amount"),
    [
        (1000, 100, 0, 1000),
        (99, 100, 0, 0),
        (-500, 1, 0, 0),
        (0, 1, 0, 0),
        (150, 100, 150, 0),
        (150, 100, 30, 120),
    ],
)
def test_what_is_paid_out_is_never_negative_nor_below_the_minimum(
    available: int, minimum: int, fee: int, amount: int
) -> None:
    assert payable_amount(available, PayoutTerms(minimum=minimum, fee=fee)) == amount


def test_a_bank_account_is_shown_masked_and_checked() -> None:
    terms = PayeeTerms(payee=BAKERY).with_account("icbc-ref-6222000011112345")
    assert terms.masked_account == "••••2345"
    with pytest.raises(BankAccountRefused):
        terms.with_account("no spaces here")


def owed(desk: Desk, amount: int = 1710, key: str = "") -> None:
    """The bakery is owed that much by a statement, and has an account."""
    desk.has_account(BAKERY)
    desk.posts(
        f"earned:{key}{desk.clock.now()}", Move(amount=amount, debit=BANK, credit=BAKERY.payable, kind="sale")
    )
    assert desk.next_day() == 1


def test_a_confirmed_payout_is_booked_with_its_fee_on_an_account_of_its_own() -> None:
    desk = a_desk(terms=PayoutTerms(fee=30))
    owed(desk)
    (payout,) = desk.pays()
    assert (payout.amount, payout.fee, payout.status) == (1680, 30, P.SENT)
    assert desk.position(BAKERY) == 1710
    desk.bank_says(payout, P.CONFIRMED)
    assert desk.position(BAKERY) == 0
    assert desk.balances()[FEES] == -30
    assert desk.available(BAKERY) == 0


@pytest.mark.parametrize("answer", [P.CONFIRMED, P.FAILED])
def test_the_same_answer_twice_changes_nothing(answer: PayoutStatus) -> None:
    desk = a_desk()
    owed(desk)
    (payout,) = desk.pays()
    desk.bank_says(payout, answer)
    before = desk.balances(), desk.payouts()
    desk.clock.advance(timedelta(minutes=1))
    desk.bank_says(payout, answer)
    assert (desk.balances(), desk.payouts()) == before


def test_a_silent_bank_is_told_again_under_the_same_id() -> None:
    desk = a_desk()
    owed(desk)
    (payout,) = desk.pays()
    assert desk.pays() == []
    desk.clock.advance(desk.terms.pause)
    (again,) = desk.pays()
    assert again.payout_id == payout.payout_id
    assert desk.bank.told == {payout.payout_id: 2}
    assert len(desk.payouts()) == 1


def test_a_failed_payout_is_tried_again_and_then_waits_for_an_operator() -> None:
    desk = a_desk(terms=PayoutTerms(tries=2))
    owed(desk)
    (first,) = desk.pays()
    desk.bank_says(first, P.FAILED, "account-refused")
    assert desk.pays() == []
    desk.clock.advance(desk.terms.pause)
    (second,) = desk.pays()
    assert (second.retries, second.nth) == (first.payout_id, 2)
    desk.bank_says(second, P.FAILED, "account-refused")
    desk.clock.advance(desk.terms.pause)
    assert desk.pays() == []
    with desk.books() as books:
        terms = books.settlements.terms(BAKERY)
    assert terms is not None
    assert (terms.held, terms.reason) == (True, "payouts-fail")
    desk.has_account(BAKERY, account="bank-account-0002")
    desk.changes(BAKERY, PayeeAction.RELEASE)
    (third,) = desk.pays()
    assert (third.bank_account, third.nth) == ("bank-account-0002", 1)
    desk.bank_says(third, P.CONFIRMED)
    assert desk.position(BAKERY) == 0
    assert [each.status for each in desk.payouts()] == [P.RETRIED, P.RETRIED, P.CONFIRMED]


def test_a_late_success_of_a_failed_payout_withdraws_the_one_in_its_place() -> None:
    desk = a_desk()
    owed(desk)
    (first,) = desk.pays()
    desk.bank_says(first, P.FAILED)
    desk.clock.advance(desk.terms.pause)
    assert paying_out.retry_failed(desk.books, terms=desk.terms, clock=desk.clock) == 1
    desk.bank_says(first, P.CONFIRMED)
    assert [each.status for each in desk.payouts()] == [P.CONFIRMED, P.WITHDRAWN]
    assert desk.pays() == []
    assert desk.position(BAKERY) == 0


def test_what_was_paid_twice_is_a_debt_that_later_earnings_fill() -> None:
    desk = a_desk()
    owed(desk)
    (first,) = desk.pays()
    desk.bank_says(first, P.FAILED)
    desk.clock.advance(desk.terms.pause)
    (second,) = desk.pays()
    desk.bank_says(second, P.CONFIRMED)
    desk.bank_says(first, P.CONFIRMED)
    assert desk.position(BAKERY) == desk.available(BAKERY) == -1710
    desk.next_day()
    assert desk.last(BAKERY).debt == 1710
    assert desk.pays() == []
    owed(desk, 2000, "more")
    (third,) = desk.pays()
    assert third.amount == 290


def test_what_the_bank_brings_back_is_payable_again_and_waits_for_another_account() -> None:
    desk = a_desk(terms=PayoutTerms(fee=10))
    owed(desk)
    (payout,) = desk.pays()
    desk.bank_says(payout, P.CONFIRMED)
    desk.bank_says(payout, P.RETURNED, "account-closed")
    assert desk.position(BAKERY) == desk.available(BAKERY) == 1710
    assert FEES not in {account for account, amount in desk.balances().items() if amount}
    assert desk.pays() == []
    desk.changes(BAKERY, PayeeAction.RELEASE)
    assert len(desk.pays()) == 1


def test_on_hold_nothing_is_paid_and_what_the_bank_does_not_know_of_is_withdrawn() -> None:
    desk = a_desk()
    owed(desk)
    paying_out.create_due(desk.books, terms=desk.terms, clock=desk.clock)
    desk.changes(BAKERY, PayeeAction.HOLD)
    assert [each.status for each in desk.payouts()] == [P.WITHDRAWN]
    assert desk.pays() == []
    desk.clock.advance(timedelta(seconds=1))
    desk.changes(BAKERY, PayeeAction.RELEASE)
    assert len(desk.pays()) == 1


def test_who_has_no_account_is_not_paid_and_told_why() -> None:
    desk = a_desk()
    desk.hears(an_order().paid())
    with desk.books() as books, pytest.raises(NothingToPayOut):
        paying_out.request("payout-1", BAKERY, books, terms=desk.terms, clock=desk.clock)


def test_a_courier_who_holds_more_cash_than_pay_owes_the_rest() -> None:
    desk = a_desk()
    desk.has_account(COURIER)
    cash = f"cash:courier:{COURIER.payee_id}"
    desk.posts(
        "pay", Move(amount=1000, debit="expense:courier_pay", credit=COURIER.payable, kind="courier_pay")
    )
    desk.posts("cash", Move(amount=2500, debit=cash, credit="liability:orders", kind="cash_collected"))
    desk.next_day()
    assert desk.last(COURIER).closing == -1500
    assert desk.pays() == []
    # What was held has become pay: 15.00 are still held, nothing is payable.
    assert {account: desk.balances().get(account, 0) for account in COURIER.accounts} == {
        COURIER.payable: 0,
        cash: 1500,
    }
    desk.posts(
        "later", Move(amount=1800, debit="expense:courier_pay", credit=COURIER.payable, kind="courier_pay")
    )
    desk.next_day()
    last = desk.last(COURIER)
    assert (last.opening, last.closing, last.sums["cash_netting"]) == (-1500, 300, 0)
    (payout,) = desk.pays()
    desk.bank_says(payout, P.CONFIRMED)
    assert payout.amount == 300
    assert desk.position(COURIER) == 0
    assert all(desk.balances().get(account, 0) == 0 for account in COURIER.accounts)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(-2000, 5000)),
        st.tuples(st.just("day"), st.integers(1, 3)),
        st.tuples(st.just("pay"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.sampled_from(["confirmed", "failed", "returned"]), st.integers(0, 30)),
        st.tuples(st.sampled_from(["hold", "release"]), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 200))
def test_payable_and_paid_out_are_what_was_earned_whatever_the_bank_says(
    steps: list[tuple[str, int]], fee: int
) -> None:
    desk = a_desk(terms=PayoutTerms(fee=fee, tries=2))
    desk.has_account(BAKERY)
    earned = 0
    for number, (what, amount) in enumerate(steps):
        known = desk.payouts()
        match what:
            case "earn":
                earned += amount
                desk.posts(f"{number}", Move(amount=amount, debit=BANK, credit=BAKERY.payable, kind="sale"))
            case "day":
                desk.next_day(amount)
            case "pay":
                desk.pays()
            case "wait":
                desk.clock.advance(timedelta(minutes=amount))
            case "hold" | "release":
                desk.changes(BAKERY, PayeeAction(what))
            case answer if known:
                desk.bank_says(known[amount % len(known)], PayoutStatus(answer))
        paid_out = sum(each.gross for each in desk.payouts() if each.status is P.CONFIRMED)
        assert desk.position(BAKERY) + paid_out == earned
        assert sum(each.is_open for each in desk.payouts()) <= 1
        assert all(each.amount > 0 for each in desk.payouts())
        assert all(document.adds_up for document in desk.statements())
    desk.next_day()
    desk.next_day()
    if desk.statements(BAKERY):
        last = desk.last(BAKERY)
        assert last.closing == desk.available(BAKERY) == desk.position(BAKERY)
        arrived = sum(document.statement.paid_out for document in desk.statements(BAKERY))
        assert arrived == sum(each.amount for each in desk.payouts() if each.status is P.CONFIRMED)


def test_the_terms_of_a_payout_are_what_it_was_made_with() -> None:
    desk = a_desk(terms=PayoutTerms(fee=30))
    owed(desk)
    (payout,) = desk.pays()
    desk.terms = replace(desk.terms, fee=500)
    desk.bank_says(payout, P.CONFIRMED)
    assert desk.balances()[FEES] == -30
