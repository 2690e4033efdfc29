"""Explaining an order or an entry to whoever may see it."""

from __future__ import annotations

from collections.abc import Sequence

from services.commission.application.explaining_orders import explain_order
from services.commission.application.ports import Catalogue, EntryRow, Ledger, TransactionRow, Transactions
from services.commission.application.rights import check_party, owner_of
from services.commission.domain.chart import in_chart
from services.commission.domain.commands import MERCHANT, Actor, AskExplanation
from services.commission.domain.errors import AccountNotFound, BooksClosed, EntryNotFound
from services.commission.domain.explanation import Branch, Explanation
from services.commission.domain.ledger import is_debit_side
from services.commission.domain.reasons import formula, name_of

# No order comes near so many entries.
MOST_ENTRIES = 100_000


def explain(
    ask: AskExplanation, *, catalogue: Catalogue, ledger: Ledger, transactions: Transactions
) -> Explanation:
    """Raises :class:`EntryNotFound` for what is not there, or not for the caller.

    Operators and analysts see all of it; who owns a shop sees its part of an order, and its own entries.
    """
    if ask.entry_id is not None:
        return _entry(ask.actor, ask.entry_id, catalogue, transactions)
    order_id = ask.order_id or ""
    shops = _shops_of(ask.actor, catalogue)
    book = transactions.book(order_id)
    if book is None:
        raise EntryNotFound("The ledger knows no such order.")
    entries = ledger.entries(order_id=order_id, limit=MOST_ENTRIES)
    told = explain_order(book, entries, shops)
    if shops is not None and not told.branches:
        raise EntryNotFound("There is no such order among yours.")
    return told


def _shops_of(actor: Actor, catalogue: Catalogue) -> list[str] | None:
    """The shops whose part of an order ``actor`` may see; ``None`` for all of it."""
    if actor.reads_all_books:
        return None
    shops = catalogue.shops_of(actor.account_id) if actor.role == MERCHANT else []
    if not shops:
        raise EntryNotFound("There is no such order among yours.")
    return shops


def _entry(actor: Actor, entry_id: int, catalogue: Catalogue, transactions: Transactions) -> Explanation:
    entry = transactions.entry(entry_id)
    if entry is None:
        raise EntryNotFound("The ledger has no such entry.")
    if not actor.reads_all_books:
        try:
            check_party(actor, *owner_of(entry.account), catalogue)
        except (AccountNotFound, BooksClosed) as refusal:
            raise EntryNotFound("There is no such entry among yours.") from refusal
    there = transactions.transaction(entry.transaction_id)
    if there is None:
        raise EntryNotFound("The transaction of this entry is gone: verify the ledger.")
    entries = transactions.entries_of(there)
    known = in_chart(entry.account)
    side = "debit" if entry.amount > 0 else "credit"
    name = f" ({known.name})" if known else ""
    told = Explanation(
        "entry", str(entry_id), f"Entry {entry_id}: {side} on {entry.account}{name}", entry.currency
    )
    told.branches.append(_why(entry, transactions))
    told.branches.append(_transaction(there, transactions, entries))
    if actor.reads_all_books:
        told.branches.append(_whole(entries))
        told.check("the entries of the transaction sum to zero", 0, sum(each.amount for each in entries))
    told.branches += _links(entry, there, transactions)
    return told


def _why(entry: EntryRow, transactions: Transactions) -> Branch:
    normal = is_debit_side(entry.account) == (entry.amount > 0)
    branch = Branch(
        "More than before" if normal else "Less than before",
        abs(entry.amount),
        why=_formula(entry),
        account=entry.account,
        entry_id=entry.entry_id,
    )
    plan = None if entry.rate_plan is None else transactions.plan(entry.rate_plan)
    if plan is not None:
        branch.add(
            Branch(
                f"Rate plan {entry.rate_plan}, {plan.plan_id}",
                why=f"in force from {plan.effective_from:%Y-%m-%d %H:%M} UTC",
            )
        )
    return branch


def _transaction(there: TransactionRow, transactions: Transactions, entries: Sequence[EntryRow]) -> Branch:
    branch = Branch(f"Transaction {there.transaction_id}")
    branch.add(Branch(f"caused by {there.event_type}", why=f"at {there.occurred_at:%Y-%m-%d %H:%M:%S} UTC"))
    branch.add(Branch(f"known as {there.natural_key}", why="posted once under this name"))
    branch.add(Branch(f"posted at {there.posted_at:%Y-%m-%d %H:%M:%S} UTC"))
    branch.add(Branch(f"order {there.order_id}" if there.order_id else "of no order"))
    position = transactions.seal_of(entries)
    branch.add(Branch("not sealed yet" if position is None else f"sealed at position {position}"))
    return branch


def _whole(entries: Sequence[EntryRow]) -> Branch:
    branch = Branch("All its entries", sum(entry.amount for entry in entries), why="debits less credits")
    for entry in entries:
        branch.add(
            Branch(
                name_of(entry.kind),
                entry.amount,
                why=_formula(entry).removeprefix(name_of(entry.kind)).lstrip(":, ") or None,
                account=entry.account,
                entry_id=entry.entry_id,
            )
        )
    return branch


def _links(entry: EntryRow, there: TransactionRow, transactions: Transactions) -> list[Branch]:
    found = []
    if entry.reverses is not None:
        reversed_one = transactions.transaction(entry.reverses)
        cause = "which is gone" if reversed_one is None else f"caused by {reversed_one.event_type}"
        found.append(Branch(f"Takes back from transaction {entry.reverses}", why=cause))
    for reversal in transactions.reversals_of(there.transaction_id):
        found.append(
            Branch(
                f"Taken back from by transaction {reversal.transaction_id}",
                why=f"caused by {reversal.event_type} at {reversal.occurred_at:%Y-%m-%d %H:%M:%S} UTC",
            )
        )
    return found


def _formula(entry: EntryRow) -> str:
    return formula(
        entry.kind,
        rate_bp=entry.rate_bp,
        base=entry.base,
        currency=entry.currency,
        note=entry.note,
        plan=entry.rate_plan,
    )
