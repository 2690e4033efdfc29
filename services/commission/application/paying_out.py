"""Paying out: what statements made available is sent to the bank, told again until it answers, and booked."""

from __future__ import annotations

import logging
from dataclasses import replace

from services.commission.application import journal as the_journal
from services.commission.application.settling import Books, Open
from services.commission.application.settling_ports import BankAnswer, PayeeChange, PayoutProvider
from services.commission.domain.commands import Actor
from services.commission.domain.errors import NothingToPayOut, PayoutNotFound, PayoutState
from services.commission.domain.payee import Cycle, Payee, PayeeTerms
from services.commission.domain.payout import Payout, PayoutStatus, PayoutTerms, payable_amount
from services.commission.domain.settling_news import PayoutChanged
from shared.kernel.clock import Clock
from shared.kernel.ids import derived_id

log = logging.getLogger(__name__)

_AT_ONCE = 100
# Who puts a payee on hold where the bank leaves no choice.
BY_ITSELF = "commission"


def create_due(open_books: Open, *, terms: PayoutTerms, clock: Clock) -> int:
    """Make a payout for everybody who has enough to be paid out."""
    made = 0
    while True:
        with open_books() as books:
            found = books.payouts.payable(max(terms.minimum, terms.fee + 1), _AT_ONCE)
            for payee_terms, available in found:
                _create(payee_terms, available, books, terms=terms, clock=clock)
        made += len(found)
        if len(found) < _AT_ONCE:
            return made


def request(payout_id: str, payee: Payee, books: Books, *, terms: PayoutTerms, clock: Clock) -> Payout:
    """Pay a payee now what the last statement left; asked again with the same id it is the same payout."""
    payee_terms = books.settlements.terms(payee)
    there = books.payouts.find(payout_id)
    if there is not None:
        if there.payee != payee:
            raise PayoutNotFound("This id already names the payout of somebody else.")
        return there
    if payee_terms is None or payee_terms.bank_account is None:
        raise NothingToPayOut("The bank account of this payee is not known.")
    if payee_terms.held:
        raise NothingToPayOut("Payouts of this payee are on hold.")
    if books.payouts.open_of(payee) is not None:
        raise NothingToPayOut("A payout is under way already.")
    available = books.payouts.available(payee)
    if not payable_amount(available, terms):
        there_is, least = available / 100, terms.minimum / 100
        raise NothingToPayOut(
            f"{there_is:.2f} {payee.currency} can be paid out; it takes at least {least:.2f}."
        )
    return _create(payee_terms, available, books, terms=terms, clock=clock, payout_id=payout_id)


def _create(
    payee_terms: PayeeTerms,
    available: int,
    books: Books,
    *,
    terms: PayoutTerms,
    clock: Clock,
    payout_id: str | None = None,
    instead_of: Payout | None = None,
) -> Payout:
    now, payee = clock.now(), payee_terms.payee
    nth = 1
    if instead_of is not None and instead_of.nth < terms.tries:
        nth = instead_of.nth + 1
    payout = Payout(
        payout_id=payout_id or derived_id("payout", payee.key, str(books.payouts.made(payee))),
        payee=payee,
        amount=payable_amount(available, terms),
        fee=terms.fee,
        bank_account=payee_terms.bank_account or "",
        status=PayoutStatus.CREATED,
        created_at=now,
        changed_at=now,
        tell_at=now,
        nth=nth,
        retries=instead_of.payout_id if instead_of else None,
    )
    books.payouts.add(payout)
    return payout


def tell_bank(open_books: Open, *, bank: PayoutProvider, terms: PayoutTerms, clock: Clock) -> int:
    """Tell the bank what it has to pay and has not answered for.

    That it is told is written down first: whoever dies between the two only tells it again.
    """
    with open_books() as books:
        payouts = [
            each.tell(clock.now(), terms.pause) for each in books.payouts.to_tell(clock.now(), _AT_ONCE)
        ]
        for payout in payouts:
            books.payouts.keep(payout)
    if payouts:
        bank.send(payouts)
    return len(payouts)


def hear_bank(open_books: Open, *, bank: PayoutProvider, terms: PayoutTerms, clock: Clock) -> int:
    """Take in what the bank answered, each answer in a transaction, and tell it that it was heard."""
    answers = bank.answers(_AT_ONCE)
    for answer in answers:
        with open_books() as books:
            take(answer, books, terms=terms, clock=clock)
        bank.heard([answer.answer_id])
    return len(answers)


def take(answer: BankAnswer, books: Books, *, terms: PayoutTerms, clock: Clock) -> Payout | None:
    """Follow an answer of the bank. The same answer again changes nothing, one that cannot be is left out.

    Gives the payout where it changed.
    """
    payout = books.payouts.find(answer.payout_id)
    if payout is None or answer.status is payout.status:
        return None
    was = payout.status
    try:
        payout = payout.become(answer.status, clock.now(), answer.reason)
    except PayoutState:
        log.warning("the bank says %s of payout %s, which is %s", answer.status, payout.payout_id, was)
        return None
    if payout.status is PayoutStatus.FAILED:
        payout = replace(payout, tell_at=clock.now() + terms.pause)
        if payout.nth >= terms.tries:
            _hold(payout.payee, "payouts-fail", books, clock)
    elif payout.status is PayoutStatus.CONFIRMED:
        _book(payout, answer, books, clock)
        if was is PayoutStatus.RETRIED:
            successor = books.payouts.successor_of(payout.payout_id)
            if successor is not None and successor.status is PayoutStatus.CREATED:
                books.payouts.keep(successor.become(PayoutStatus.WITHDRAWN, clock.now(), "paid-already"))
    elif payout.status is PayoutStatus.RETURNED:
        _book_back(payout, answer, books, clock)
        # The same account would only return it again.
        _hold(payout.payee, "returned-by-bank", books, clock)
    books.payouts.keep(payout)
    books.settlements.announce(PayoutChanged(payout=payout))
    return payout


def transaction_of(payout_id: str) -> str:
    """The transaction of the ledger that a confirmed payout made."""
    return derived_id("journal", f"payout:{payout_id}")


def _book(payout: Payout, answer: BankAnswer, books: Books, clock: Clock) -> None:
    the_journal.post(
        natural_key=f"payout:{payout.payout_id}",
        cause_type="PayoutConfirmed",
        occurred_at=answer.at,
        currency=payout.payee.currency,
        moves=payout.moves(),
        journal=books.journal,
        clock=clock,
    )
    books.payouts.add_available(payout.payee, -payout.gross)


def _book_back(payout: Payout, answer: BankAnswer, books: Books, clock: Clock) -> None:
    the_journal.post(
        natural_key=f"payout:{payout.payout_id}:returned",
        cause_type="PayoutReturned",
        occurred_at=answer.at,
        currency=payout.payee.currency,
        moves=payout.moves_back(),
        reverses=transaction_of(payout.payout_id),
        journal=books.journal,
        clock=clock,
    )
    books.payouts.add_available(payout.payee, payout.gross)


def retry_failed(open_books: Open, *, terms: PayoutTerms, clock: Clock) -> int:
    """Make a payout in place of each one that failed, once its pause is over."""
    with open_books() as books:
        failed = books.payouts.to_retry(clock.now(), _AT_ONCE)
        made = 0
        for payout in failed:
            payee_terms = books.settlements.terms(payout.payee)
            available = books.payouts.available(payout.payee)
            if payee_terms is None or not payable_amount(available, terms):
                # Nothing is left to pay, for now.
                books.payouts.keep(replace(payout, tell_at=clock.now() + terms.pause))
                continue
            books.payouts.keep(payout.become(PayoutStatus.RETRIED, clock.now(), payout.reason))
            _create(payee_terms, available, books, terms=terms, clock=clock, instead_of=payout)
            made += 1
    return made


def hold(actor: Actor, payee_terms: PayeeTerms, reason: str, books: Books, clock: Clock) -> PayeeTerms:
    """Pay nothing more to a payee; what the bank was not told of yet is withdrawn."""
    held = payee_terms.hold(reason)
    books.settlements.keep(held)
    _note(held.payee, "hold", None, reason, actor.account_id, books, clock)
    payout = books.payouts.open_of(held.payee)
    if payout is not None and payout.status is PayoutStatus.CREATED:
        books.payouts.keep(payout.become(PayoutStatus.WITHDRAWN, clock.now(), "held"))
    return held


def release(actor: Actor, payee_terms: PayeeTerms, reason: str, books: Books, clock: Clock) -> PayeeTerms:
    released = payee_terms.release(reason)
    books.settlements.keep(released)
    _note(released.payee, "release", None, reason, actor.account_id, books, clock)
    return released


def change_account(
    actor: Actor, payee_terms: PayeeTerms, bank_account: str, reason: str, books: Books, clock: Clock
) -> PayeeTerms:
    """Later payouts go there; one that is under way goes where it was sent."""
    changed = payee_terms.with_account(bank_account)
    books.settlements.keep(changed)
    _note(changed.payee, "bank_account", changed.masked_account, reason, actor.account_id, books, clock)
    return changed


def change_cycle(
    actor: Actor, payee_terms: PayeeTerms, cycle: Cycle | None, reason: str, books: Books, clock: Clock
) -> PayeeTerms:
    changed = replace(payee_terms, cycle=cycle)
    books.settlements.keep(changed)
    _note(changed.payee, "cycle", cycle.value if cycle else None, reason, actor.account_id, books, clock)
    return changed


def _hold(payee: Payee, reason: str, books: Books, clock: Clock) -> None:
    terms = books.settlements.terms(payee)
    if terms is not None and not terms.held:
        books.settlements.keep(terms.hold(reason))
        _note(payee, "hold", None, reason, BY_ITSELF, books, clock)


def _note(
    payee: Payee, change: str, value: str | None, reason: str, made_by: str, books: Books, clock: Clock
) -> None:
    books.settlements.note(
        PayeeChange(
            payee=payee, change=change, value=value, reason=reason, made_by=made_by, made_at=clock.now()
        )
    )
