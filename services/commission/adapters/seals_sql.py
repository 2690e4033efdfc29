"""Seals and totals in PostgreSQL, on one open transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.domain.chain import NOTHING_SEALED, Head, Seal, Written, WrittenEntry
from services.commission.domain.totals import Total, TotalKey

# Any constant works; it keeps two sealers of one database apart.
_SEALER = 5_463_200_231

TRANSACTION = (
    "t.transaction_id, t.natural_key, t.event_type, t.order_id, t.currency, t.rate_plan, t.occurred_at,"
    " t.posted_at"
)
ENTRY = (
    "e.transaction_id, e.entry_id, e.account, e.amount, e.currency, e.kind, e.order_id, e.store_order_id,"
    " e.promotion_link_id, e.rate_bp, e.base, e.note, e.reverses, e.posted_at"
)
# Which entries are a transaction's is known from the ends of their range. Without OFFSET the planner takes a
# range for a good part of the ledger, and would rather read all of it.
ENTRIES_OF = """
CROSS JOIN LATERAL (
    SELECT * FROM ledger_entry AS l WHERE l.entry_id BETWEEN u.first_entry AND u.last_entry
        AND l.transaction_id = u.transaction_id OFFSET 0
) AS e
"""

_CLAIM = text("SELECT pg_try_advisory_xact_lock(:key)")
_HEAD = text("SELECT position, hash FROM ledger_seal ORDER BY position DESC LIMIT 1")
_WAITING = text(
    f"SELECT {TRANSACTION}, u.first_entry, u.last_entry, u.entries FROM ("
    "SELECT * FROM ledger_unsealed ORDER BY first_entry LIMIT :limit) AS u"
    " JOIN ledger_transaction AS t USING (transaction_id) ORDER BY u.first_entry"
)
_ENTRIES = text(
    f"SELECT {ENTRY} FROM unnest(CAST(:ids AS text[]), CAST(:first AS bigint[]), CAST(:last AS bigint[]))"
    f" AS u (transaction_id, first_entry, last_entry) {ENTRIES_OF} ORDER BY e.entry_id"
)
_SEAL = text(
    "INSERT INTO ledger_seal"
    " (position, transaction_id, first_entry, last_entry, entries, form, hash, sealed_at)"
    " SELECT position, transaction_id, first_entry, last_entry, entries, form, hash, :at"
    " FROM unnest(CAST(:position AS bigint[]), CAST(:transaction_id AS text[]),"
    " CAST(:first_entry AS bigint[]), CAST(:last_entry AS bigint[]),"
    " CAST(:entries AS int[]), CAST(:form AS int[]), CAST(:hash AS bytea[]))"
    " AS s (position, transaction_id, first_entry, last_entry, entries, form, hash)"
)
_SEALED = text("DELETE FROM ledger_unsealed WHERE transaction_id = ANY(:ids)")
_COUNT = text("""
INSERT INTO ledger_total AS t
    (account, currency, span, starts, kind, debit, credit, entries, first_entry, last_entry)
SELECT * FROM unnest(CAST(:account AS text[]), CAST(:currency AS text[]), CAST(:span AS text[]),
    CAST(:starts AS timestamptz[]), CAST(:kind AS text[]), CAST(:debit AS bigint[]),
    CAST(:credit AS bigint[]), CAST(:entries AS bigint[]), CAST(:first_entry AS bigint[]),
    CAST(:last_entry AS bigint[]))
ON CONFLICT (account, currency, span, starts, kind) DO UPDATE SET
    debit = t.debit + excluded.debit, credit = t.credit + excluded.credit,
    entries = t.entries + excluded.entries,
    first_entry = least(t.first_entry, excluded.first_entry),
    last_entry = greatest(t.last_entry, excluded.last_entry)
""")


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_FORGET = text("DELETE FROM ledger_total")
_RECOUNT = text("""
INSERT INTO ledger_total
    (account, currency, span, starts, kind, debit, credit, entries, first_entry, last_entry)
SELECT e.account, e.currency, s.span, date_trunc(s.span, e.posted_at, 'UTC'), e.kind,
    COALESCE(sum(e.amount) FILTER (WHERE e.amount > 0), 0),
    COALESCE(-sum(e.amount) FILTER (WHERE e.amount < 0), 0), count(*), min(e.entry_id), max(e.entry_id)
FROM ledger_entry AS e, (VALUES ('month'), ('day')) AS s (span)
WHERE NOT EXISTS (SELECT FROM ledger_unsealed AS u WHERE u.transaction_id = e.transaction_id)
GROUP BY 1, 2, 3, 4, 5
""")


class SqlSeals:
    """Implements the Seals port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self) -> bool:
        return bool(self._connection.scalar(_CLAIM, {"key": _SEALER}))

    def head(self) -> Head:
        return head(self._connection)

    def waiting(self, limit: int) -> list[Written]:
        rows = self._connection.execute(_WAITING, {"limit": limit}).all()
        found = [(row, entries) for row, entries in with_entries(self._connection, rows)]
        # One that has lost entries since is for the verification to find, and keeps nobody waiting.
        return [written_of(row, entries) for row, entries in found if len(entries) == row.entries]

    def add(self, seals: Sequence[Seal], totals: Mapping[TotalKey, Total], at: datetime) -> None:
        names = ("position", "transaction_id", "first_entry", "last_entry", "entries", "form", "hash")
        columns: dict[str, Any] = {name: [getattr(seal, name) for seal in seals] for name in names}
        self._connection.execute(_SEAL, columns | {"at": at})
        self._connection.execute(_SEALED, {"ids": columns["transaction_id"]})
        keys = list(zip(*totals, strict=True))
        counts = ("debit", "credit", "entries", "first_entry", "last_entry")
        columns = {name: [getattr(total, name) for total in totals.values()] for name in counts}
        for name, values in zip(("account", "currency", "span", "starts", "kind"), keys, strict=True):
            columns[name] = [str(value) if name == "span" else value for value in values]
        self._connection.execute(_COUNT, columns)


def recount(connection: Connection) -> int:
    """Make the totals again from the entries that are sealed; returns how many there are.

    It waits for who is sealing, and who would seal waits for it. Postings and balances go on meanwhile.
    """
    connection.execute(_LOCK, {"key": _SEALER})
    connection.execute(_FORGET)
    return connection.execute(_RECOUNT).rowcount


def head(connection: Connection) -> Head:
    row = connection.execute(_HEAD).one_or_none()
    return NOTHING_SEALED if row is None else Head(position=row.position, hash=bytes(row.hash))


def with_entries(connection: Connection, rows: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    """Each of ``rows`` (a transaction and the range of its entries) with the rows of those entries."""
    if not rows:
        return []
    entries: dict[str, list[Any]] = {row.transaction_id: [] for row in rows}
    found = connection.execute(
        _ENTRIES,
        {
            "ids": [row.transaction_id for row in rows],
            "first": [row.first_entry for row in rows],
            "last": [row.last_entry for row in rows],
        },
    )
    for entry in found:
        entries[entry.transaction_id].append(entry)
    return [(row, entries[row.transaction_id]) for row in rows]


def written_of(row: Any, entries: Sequence[Any]) -> Written:
    """The transaction in a row of its table, with its entries."""
    return Written(
        transaction_id=row.transaction_id,
        natural_key=row.natural_key,
        event_type=row.event_type,
        order_id=row.order_id,
        currency=row.currency,
        rate_plan=row.rate_plan,
        occurred_at=row.occurred_at,
        posted_at=row.posted_at,
        entries=tuple(
            WrittenEntry(
                entry_id=entry.entry_id,
                account=entry.account,
                amount=entry.amount,
                currency=entry.currency,
                kind=entry.kind,
                order_id=entry.order_id,
                store_order_id=entry.store_order_id,
                promotion_link_id=entry.promotion_link_id,
                rate_bp=entry.rate_bp,
                base=entry.base,
                note=entry.note,
                reverses=entry.reverses,
                posted_at=entry.posted_at,
            )
            for entry in entries
        ),
    )
