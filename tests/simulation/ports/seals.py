"""The seals and totals of commission's ledger, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.commission.domain.chain import NOTHING_SEALED, Head, Seal, Written, WrittenEntry
from services.commission.domain.ledger import Posting
from services.commission.domain.totals import Total, TotalKey
from tests.simulation.database import MemoryConnection


class MemorySeals:
    """:class:`services.commission.application.ports.Seals`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def claim(self) -> bool:
        # A transaction in memory runs without a break, so nobody else is sealing.
        return True

    def head(self) -> Head:
        seals = self._connection.rows("ledger_seal")
        last = max(seals, default=0)
        return Head(position=last, hash=seals[last].hash) if last else NOTHING_SEALED

    def waiting(self, limit: int) -> list[Written]:
        waiting = self._connection.rows("ledger_unsealed").values()
        return sorted(waiting, key=lambda written: written.entries[0].entry_id)[:limit]

    def add(self, seals: Sequence[Seal], totals: Mapping[TotalKey, Total], at: datetime) -> None:
        for seal in seals:
            self._connection.put("ledger_seal", seal.position, seal)
            self._connection.drop("ledger_unsealed", seal.transaction_id)
        for key, total in totals.items():
            kept = self._connection.rows("ledger_total").get(key)
            self._connection.put("ledger_total", key, total if kept is None else kept.with_all_of(total))


def note_unsealed(connection: MemoryConnection, posting: Posting) -> None:
    """What a trigger does in PostgreSQL: note that the transaction is not sealed yet."""
    entries = tuple(
        WrittenEntry(
            entry_id=connection.database.next_of("entry_id"),
            amount=entry.amount,
            currency=posting.currency,
            order_id=posting.order_id,
            base=entry.base,
            note=entry.note,
            reverses=entry.reverses,
            posted_at=posting.posted_at,
            **entry.heading._asdict(),
        )
        for entry in posting.entries
    )
    written = Written(
        transaction_id=posting.transaction_id,
        natural_key=posting.natural_key,
        event_type=posting.cause.type,
        order_id=posting.order_id,
        currency=posting.currency,
        rate_plan=posting.rate_plan,
        occurred_at=posting.cause.occurred_at,
        posted_at=posting.posted_at,
        entries=entries,
    )
    connection.put("ledger_unsealed", posting.transaction_id, written)
