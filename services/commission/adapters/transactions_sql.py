"""Transactions one by one, in PostgreSQL: for explaining them, and for taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.plan_json import plan_from_json
from services.commission.adapters.seals_sql import TRANSACTION
from services.commission.application.ports import AuditedOrder, EntryRow, TransactionRow
from services.commission.domain.rates import RatePlan

_TRANSACTION = text(
    f"SELECT {TRANSACTION} FROM ledger_transaction AS t WHERE t.transaction_id = :transaction_id"
)
_REVERSALS = text(
    f"SELECT {TRANSACTION} FROM ledger_transaction AS t WHERE t.transaction_id IN ("
    "SELECT e.transaction_id FROM ledger_entry AS e WHERE e.reverses = :transaction_id)"
    " ORDER BY t.posted_at, t.transaction_id"
)
_SEAL = text(
    "SELECT position FROM ledger_seal WHERE first_entry = :entry_id AND transaction_id = :transaction_id"
)
_PLAN = text("SELECT plan_id, currency, effective_from, terms FROM rate_plan WHERE version = :version")


class SqlTransactions:
    """Implements the Transactions port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ledger = SqlLedger(connection)

    def transaction(self, transaction_id: str) -> TransactionRow | None:
        row = self._connection.execute(_TRANSACTION, {"transaction_id": transaction_id}).one_or_none()
        return None if row is None else _transaction(row)

    def entry(self, entry_id: int) -> EntryRow | None:
        found = self._ledger.entries(after=entry_id - 1, up_to=entry_id, limit=1)
        return found[0] if found else None

    def entries_of(self, transaction: TransactionRow) -> list[EntryRow]:
        return self._ledger.entries_of(transaction.transaction_id, transaction.order_id)

    def reversals_of(self, transaction_id: str) -> list[TransactionRow]:
        rows = self._connection.execute(_REVERSALS, {"transaction_id": transaction_id})
        return [_transaction(row) for row in rows]

    def seal_of(self, entries: Sequence[EntryRow]) -> int | None:
        first = min(entries, key=lambda entry: entry.entry_id)
        given = {"entry_id": first.entry_id, "transaction_id": first.transaction_id}
        position: int | None = self._connection.scalar(_SEAL, given)
        return position

    def plan(self, version: int) -> RatePlan | None:
        row = self._connection.execute(_PLAN, {"version": version}).one_or_none()
        return (
            None if row is None else plan_from_json(row.plan_id, row.currency, row.effective_from, row.terms)
        )

    def book(self, order_id: str) -> AuditedOrder | None:
        return next(self._ledger.audited(order_id), None)


def _transaction(row: Any) -> TransactionRow:
    return TransactionRow(**row._mapping)
