"""Taking back a transaction of the journal by hand: once, with a reason, by naming it.

What follows from facts, of an order or of anything else, is changed by them alone.
"""

from __future__ import annotations

from services.commission.application.journal import post_entries
from services.commission.application.ports import EntryRow, Journal, Transactions
from services.commission.domain.commands import ReverseTransaction
from services.commission.domain.errors import (
    AlreadyReversed,
    FollowsFromFacts,
    OperatorsOnly,
    TransactionNotFound,
)
from services.commission.domain.ledger import Entry, Heading
from services.commission.domain.shop_contract import ContractKind
from shared.kernel.clock import Clock
from shared.kernel.ids import derived_id

CAUSE = "ReversedByOperator"
# What a natural key begins with where something else calls for the transaction, and would miss it.
_FOLLOWS = {
    "payout": "a payout; what the bank says of it is booked by itself",
    "netting": "a statement, which sets cash off against pay",
    "guarantee": "a shift",
    ContractKind.SUBSCRIPTION.value: "a contract; end the contract instead",
    ContractKind.ADVERTISING.value: "a contract; end the contract instead",
}


def reverse(
    command: ReverseTransaction, *, transactions: Transactions, journal: Journal, clock: Clock
) -> str:
    """Post the opposite of a transaction; asking again for the same reason changes nothing.

    Returns the id of the transaction that reverses it.
    """
    if not command.actor.is_operator:
        raise OperatorsOnly("Only operators take back what was posted.")
    there = transactions.transaction(command.transaction_id)
    if there is None:
        raise TransactionNotFound("The ledger has no such transaction.")
    if there.order_id is not None:
        raise FollowsFromFacts("This transaction follows from an order; a refund or a correction changes it.")
    what = _FOLLOWS.get(there.natural_key.removeprefix("journal:").partition(":")[0])
    if what is not None:
        raise FollowsFromFacts(f"This transaction follows from {what}.")
    key = f"reversal:{there.transaction_id}"
    note = f"{command.reason} ({command.actor.account_id})"
    posting = post_entries(
        [_back(entry, note) for entry in transactions.entries_of(there)],
        natural_key=key,
        cause_type=CAUSE,
        occurred_at=clock.now(),
        currency=there.currency,
        rate_plan=there.rate_plan,
        journal=journal,
        clock=clock,
    )
    if posting is not None:
        return posting.transaction_id
    reversal = transactions.transaction(derived_id("journal", key))
    if reversal is None or note not in {entry.note for entry in transactions.entries_of(reversal)}:
        raise AlreadyReversed(
            "This transaction was reversed already, for another reason or by somebody else."
        )
    return reversal.transaction_id


def _back(row: EntryRow, note: str) -> Entry:
    return Entry(
        heading=Heading(row.account, row.kind, row.store_order_id, row.rate_bp, row.promotion_link_id),
        amount=-row.amount,
        base=None if row.base is None else -row.base,
        note=note,
        reverses=row.transaction_id,
    )
