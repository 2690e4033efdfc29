"""The chain over the ledger as a verification reads it, on one snapshot."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.commission.adapters.seals_sql import TRANSACTION, with_entries, written_of
from services.commission.application.verification import Link, Unsealed
from services.commission.domain.chain import Seal

_SEALS = text(
    f"SELECT s.position, s.form, s.hash, s.first_entry, s.last_entry, s.entries, {TRANSACTION},"
    " s.transaction_id AS sealed, t.transaction_id IS NOT NULL AS is_there FROM ("
    "SELECT * FROM ledger_seal WHERE position > :after ORDER BY position LIMIT :limit) AS s"
    " LEFT JOIN ledger_transaction AS t ON t.transaction_id = s.transaction_id ORDER BY s.position"
)
_UNSEALED = text("SELECT count(*), COALESCE(sum(entries), 0) FROM ledger_unsealed")
_WRITTEN = text(
    "SELECT (SELECT count(*) FROM ledger_transaction), (SELECT count(*) FROM ledger_entry) AS entries"
)
_STRANGERS = (
    text(
        "SELECT u.transaction_id, 'it waits to be sealed and is not whole' FROM ledger_unsealed AS u"
        " LEFT JOIN ledger_transaction AS t ON t.transaction_id = u.transaction_id"
        " WHERE t.transaction_id IS NULL OR u.entries <> (SELECT count(*) FROM ledger_entry AS e"
        " WHERE e.entry_id BETWEEN u.first_entry AND u.last_entry AND e.transaction_id = u.transaction_id)"
        " ORDER BY u.first_entry LIMIT :limit"
    ),
    text(
        "SELECT t.transaction_id, 'it is neither sealed nor waits for it' FROM ledger_transaction AS t"
        " WHERE NOT EXISTS (SELECT FROM ledger_seal AS s WHERE s.transaction_id = t.transaction_id)"
        " AND NOT EXISTS (SELECT FROM ledger_unsealed AS u WHERE u.transaction_id = t.transaction_id)"
        " ORDER BY t.posted_at, t.transaction_id LIMIT :limit"
    ),
    text(
        "SELECT e.transaction_id, 'entry ' || e.entry_id || ' was added to it' FROM ledger_entry AS e"
        " WHERE NOT EXISTS (SELECT FROM ledger_seal AS s WHERE s.transaction_id = e.transaction_id"
        " AND e.entry_id BETWEEN s.first_entry AND s.last_entry)"
        " AND NOT EXISTS (SELECT FROM ledger_unsealed AS u WHERE u.transaction_id = e.transaction_id"
        " AND e.entry_id BETWEEN u.first_entry AND u.last_entry) ORDER BY e.entry_id LIMIT :limit"
    ),
)


class SqlChain:
    """Implements the Chain port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def links(self, after: int, limit: int) -> list[Link]:
        rows = self._connection.execute(_SEALS, {"after": after, "limit": limit}).all()
        there = [row for row in rows if row.is_there]
        written = {
            row.sealed: written_of(row, entries) for row, entries in with_entries(self._connection, there)
        }
        return [
            Link(
                seal=Seal(
                    position=row.position,
                    transaction_id=row.sealed,
                    first_entry=row.first_entry,
                    last_entry=row.last_entry,
                    entries=row.entries,
                    hash=bytes(row.hash),
                    form=row.form,
                ),
                written=written.get(row.sealed),
            )
            for row in rows
        ]

    def unsealed(self) -> Unsealed:
        transactions, entries = self._connection.execute(_UNSEALED).one()
        return Unsealed(transactions=transactions, entries=int(entries))

    def written(self) -> Unsealed:
        transactions, entries = self._connection.execute(_WRITTEN).one()
        return Unsealed(transactions=transactions, entries=entries)

    def strangers(self, limit: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for statement in _STRANGERS:
            found += [(row[0], row[1]) for row in self._connection.execute(statement, {"limit": limit})]
        return found[:limit]
