"""Reading the books: balances, statements, entries. Amounts shown to a party are positive in its favour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.commission.application.ports import Catalogue, EntryRow, Ledger
from services.commission.application.rights import (
    accounts_of,
    check_party,
    owner_of,
    readers_of_all_books_only,
)
from services.commission.domain.commands import AskAccounts, AskBalance, AskEntries, AskStatement, Party
from shared.kernel.clock import Clock

LONGEST_TRANSACTION_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What is payable to a party now, and what is frozen until its orders are completed."""

    party: Party
    owner_id: str
    currency: str
    payable: int
    frozen: int
    by_account: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """``opening`` plus every line of the period is ``closing``; ``more`` is true when lines were left off.

    ``final`` once the period is over and nothing can be posted into it any more.
    """

    ask: AskStatement
    opening: int
    closing: int
    total_by_kind: dict[str, int]
    lines: list[EntryRow]
    more: bool
    final: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountBalance:
    account: str
    currency: str
    amount: int


def balance(ask: AskBalance, *, catalogue: Catalogue, ledger: Ledger) -> Balance:
    check_party(ask.actor, ask.party, ask.owner_id, catalogue)
    payable, frozen = accounts_of(ask.party, ask.owner_id)
    by_account = dict.fromkeys([*payable, *frozen], 0)
    for (account, _), amount in ledger.sums([*payable, *frozen], ask.currency).items():
        by_account[account] -= amount
    return Balance(
        party=ask.party,
        owner_id=ask.owner_id,
        currency=ask.currency,
        payable=sum(by_account[account] for account in payable),
        frozen=sum(by_account[account] for account in frozen),
        by_account=by_account,
    )


def statement(ask: AskStatement, *, catalogue: Catalogue, ledger: Ledger, clock: Clock) -> Statement:
    """Every movement of what is payable to a party, line by line, with the order and the rate behind it.

    Entries never change, so a statement that is final always reads the same.
    """
    check_party(ask.actor, ask.party, ask.owner_id, catalogue)
    payable, _ = accounts_of(ask.party, ask.owner_id)
    opening = 0
    if ask.since is not None:
        opening = -sum(ledger.sums(payable, ask.currency, until=ask.since).values())
    totals: dict[str, int] = {}
    for (_, kind), amount in ledger.sums(payable, ask.currency, ask.since, ask.until).items():
        totals[kind] = totals.get(kind, 0) - amount
    lines = ledger.entries(
        accounts=payable,
        currency=ask.currency,
        since=ask.since,
        until=ask.until,
        after=ask.after,
        limit=ask.limit + 1,
    )
    return Statement(
        ask=ask,
        opening=opening,
        closing=opening + sum(totals.values()),
        total_by_kind=totals,
        lines=lines[: ask.limit],
        more=len(lines) > ask.limit,
        final=ask.until is not None and _is_over(ask.until, clock),
    )


def _is_over(until: datetime, clock: Clock) -> bool:
    # A transaction that was dated before `until` may still be on its way to its commit.
    return clock.wall_seconds(clock.now() - until) > LONGEST_TRANSACTION_SECONDS


def entries(ask: AskEntries, *, catalogue: Catalogue, ledger: Ledger) -> list[EntryRow]:
    """Entries as they were written, one more than asked for; a party sees its own accounts alone."""
    if ask.account is None:
        readers_of_all_books_only(ask.actor)
    else:
        check_party(ask.actor, *owner_of(ask.account), catalogue)
    accounts = None if ask.account is None else [ask.account]
    return ledger.entries(accounts=accounts, order_id=ask.order_id, after=ask.after, limit=ask.limit + 1)


def account_balances(ask: AskAccounts, *, ledger: Ledger) -> list[AccountBalance]:
    """Every account with its signed sum, by name, one more than asked for; all of them sum to zero."""
    readers_of_all_books_only(ask.actor)
    rows = [
        AccountBalance(account=account, currency=currency, amount=amount)
        for account, currency, amount in ledger.balances(ask.prefix)
        if ask.after is None or (account, currency) > ask.after
    ]
    return rows[: ask.limit + 1]


def payable_now(ask: AskStatement, *, catalogue: Catalogue, ledger: Ledger) -> int:
    """What is payable to the party of a statement, whatever its period."""
    question = AskBalance(actor=ask.actor, party=ask.party, owner_id=ask.owner_id, currency=ask.currency)
    return balance(question, catalogue=catalogue, ledger=ledger).payable
