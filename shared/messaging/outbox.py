"""Reading the outbox: rows are taken, sent, and only then marked; unsent rows are never purged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import orjson
import psycopg2
from sqlalchemy import make_url

from shared.messaging.envelope import envelope

BATCH = 200

# What a database that is away raises here: the driver's own error, for the driver is spoken to directly.
DatabaseError = psycopg2.Error

_COLUMNS = (
    "position, id, type, subject, sequence, partitionkey, version, time,"
    " correlationid, causationid, traceparent, data"
)
_BECOME_ACTIVE = "SELECT pg_try_advisory_lock(%s)"
_ANY_UNSENT = "SELECT EXISTS (SELECT 1 FROM outbox WHERE sent_at IS NULL)"
_UNSENT = f"SELECT {_COLUMNS} FROM outbox WHERE sent_at IS NULL ORDER BY position LIMIT {BATCH}"
_MARK = "UPDATE outbox SET sent_at = clock_timestamp() WHERE position = ANY(%s)"
_SENT_SINCE = (
    f"SELECT {_COLUMNS} FROM outbox WHERE sent_at >= %s AND position > %s ORDER BY position LIMIT {BATCH}"
)
_LAG = (
    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)"
    " FROM outbox WHERE sent_at IS NULL"
)
_CONSUMED_UNTIL = "SELECT consumed_until FROM relay_state WHERE name = 'embedded'"
_KEEP_CONSUMED_UNTIL = (
    "INSERT INTO relay_state (name, consumed_until) VALUES ('embedded', %s)"
    " ON CONFLICT (name) DO UPDATE SET consumed_until = excluded.consumed_until"
)


@dataclass(frozen=True, kw_only=True)
class OutboxRow:
    """One event that waits to be sent, with its body as it goes over the wire."""

    position: int
    id: str
    type: str
    subject: str
    body: bytes


class Outbox:
    """The outbox of ``service``, for one relay and one thread.

    Any number of relays may run; an advisory lock lets one of them at a time take rows, so that the
    order of ``position`` is kept. Everything goes over one connection, which holds that lock for as long
    as it lives: what is asked many times a second is one plain statement without a transaction around it.
    Every method raises :data:`DatabaseError` while the database is away.
    """

    def __init__(self, url: str, service: str) -> None:
        self.service = service
        parsed = make_url(url)
        self._connect_to, self._connect_with = parsed.get_dialect()().create_connect_args(parsed)
        self._connection: Any = None
        self._is_active = False
        self._key = crc32(f"outbox:{service}".encode())

    def has_unsent(self) -> bool:
        """Whether anything waits."""
        return bool(self._ask(_ANY_UNSENT)[0][0])

    def take(self) -> list[OutboxRow]:
        """Up to ``BATCH`` unsent rows in order; none while another relay is active.

        They are taken again until they are marked.
        """
        if not self._is_active:
            self._is_active = self._ask(_BECOME_ACTIVE, self._key)[0][0]
        return [self._row(row) for row in self._ask(_UNSENT)] if self._is_active else []

    def mark_sent(self, rows: Sequence[OutboxRow]) -> None:
        """All ``rows`` have arrived: they will not be taken again."""
        self._do(_MARK, [row.position for row in rows])

    def let_go(self) -> None:
        """Be active no longer, so that another relay may be."""
        connection, self._connection, self._is_active = self._connection, None, False
        if connection is not None:
            # The lock goes with its connection.
            connection.close()

    def sent_since(self, moment: datetime) -> Iterator[OutboxRow]:
        """Rows that were marked at or after ``moment``, in order."""
        after = 0
        while True:
            found = [self._row(row) for row in self._ask(_SENT_SINCE, moment, after)]
            yield from found
            if len(found) < BATCH:
                return
            after = found[-1].position

    def lag(self) -> tuple[int, float]:
        """How many rows are unsent, and the age of the oldest in seconds."""
        count, age = self._ask(_LAG)[0]
        return int(count), float(age)

    def consumed_until(self) -> datetime | None:
        kept = self._ask(_CONSUMED_UNTIL)
        return kept[0][0] if kept else None

    def keep_consumed_until(self, moment: datetime) -> None:
        self._do(_KEEP_CONSUMED_UNTIL, moment)

    def close(self) -> None:
        self.let_go()

    def _ask(self, statement: str, *parameters: Any) -> list[Any]:
        cursor = self._do(statement, *parameters)
        found: list[Any] = cursor.fetchall()
        return found

    def _do(self, statement: str, *parameters: Any) -> Any:
        try:
            if self._connection is None:
                self._connection = self._connected()
            cursor = self._connection.cursor()
            cursor.execute(statement, parameters)
        except BaseException:
            # Interrupted or refused, it is not asked again: a new connection starts from a known state.
            self.let_go()
            raise
        return cursor

    def _connected(self) -> Any:
        connection = psycopg2.connect(
            *self._connect_to,
            **self._connect_with,
            application_name=f"{self.service}-relay",
            # A mark that a crash of PostgreSQL forgets means sending again, which inboxes expect.
            options="-c synchronous_commit=off",
        )
        connection.autocommit = True
        return connection

    def _row(self, row: Any) -> OutboxRow:
        position, event_id, type_, subject, sequence, partitionkey, version, time = row[:8]
        correlationid, causationid, traceparent, data = row[8:]
        body = envelope(
            event_id=event_id,
            type=type_,
            source=self.service,
            subject=subject,
            time=time,
            version=version,
            sequence=sequence,
            correlationid=correlationid,
            causationid=causationid,
            traceparent=traceparent,
            partitionkey=partitionkey,
            data=orjson.Fragment(data),
        )
        return OutboxRow(position=position, id=event_id, type=type_, subject=subject, body=body)
