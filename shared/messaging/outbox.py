"""Reading the outbox: rows are claimed, sent, and only then marked; unsent rows are never purged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import Connection, Engine, create_engine, text

from shared.messaging.envelope import envelope

BATCH = 200

_ANY_UNSENT = "SELECT EXISTS (SELECT 1 FROM outbox WHERE sent_at IS NULL)"
_COLUMNS = (
    "position, id, type, subject, sequence, partitionkey, version, time,"
    " correlationid, causationid, traceparent, data"
)
# The lock is asked for once, before the scan begins: whoever does not get it reads nothing.
_CLAIM = text(
    f"SELECT {_COLUMNS} FROM outbox"
    " WHERE (SELECT pg_try_advisory_xact_lock(:key)) AND sent_at IS NULL"
    " ORDER BY position LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_MARK = text("UPDATE outbox SET sent_at = clock_timestamp() WHERE position = ANY(:positions)")
_SENT_SINCE = text(
    f"SELECT {_COLUMNS} FROM outbox WHERE sent_at >= :since AND position > :after"
    " ORDER BY position LIMIT :limit"
)
_LAG = text(
    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)"
    " FROM outbox WHERE sent_at IS NULL"
)
_CONSUMED_UNTIL = text("SELECT consumed_until FROM relay_state WHERE name = 'embedded'")
_KEEP_CONSUMED_UNTIL = text(
    "INSERT INTO relay_state (name, consumed_until) VALUES ('embedded', :moment)"
    " ON CONFLICT (name) DO UPDATE SET consumed_until = excluded.consumed_until"
)


@dataclass(frozen=True, kw_only=True)
class OutboxRow:
    """One event that waits to be sent, with its body as it goes over the wire."""

    position: int
    id: str
    type: str
    body: bytes


class Claim:
    """Rows held by this relay until it marks them or lets go."""

    def __init__(self, connection: Connection, rows: Sequence[OutboxRow]) -> None:
        self._connection = connection
        self.rows = rows

    def mark_sent(self) -> None:
        """All rows have arrived: they will not be claimed again once the claim closes."""
        self._connection.execute(_MARK, {"positions": [row.position for row in self.rows]})


class Outbox:
    """The outbox of ``service``, for one relay.

    Any number of relays may run; an advisory lock lets one of them at a time claim rows, so that the
    order of ``position`` is kept.
    """

    def __init__(self, url: str, service: str) -> None:
        self.service = service
        self._engine: Engine = create_engine(
            url,
            pool_size=1,
            max_overflow=1,
            # A mark that a crash of PostgreSQL forgets means sending again, which inboxes expect.
            connect_args={"application_name": f"{service}-relay", "options": "-c synchronous_commit=off"},
        )
        self._reading: Engine = create_engine(
            url,
            pool_size=1,
            max_overflow=2,
            isolation_level="AUTOCOMMIT",
            connect_args={"application_name": f"{service}-relay"},
        )
        self._probe: Connection | None = None
        self._key = crc32(f"outbox:{service}".encode())

    def has_unsent(self) -> bool:
        """Whether anything waits. Asked many times a second, so it keeps its connection and asks plainly."""
        if self._probe is None:
            self._probe = self._reading.connect()
        try:
            return bool(self._probe.exec_driver_sql(_ANY_UNSENT).scalar())
        except BaseException:
            probe, self._probe = self._probe, None
            probe.invalidate()
            probe.close()
            raise

    @contextmanager
    def claim(self, limit: int = BATCH) -> Iterator[Claim]:
        """Up to ``limit`` unsent rows in order; none while another relay is active.

        Leaving the block keeps the marks; an exception in it forgets them.
        """
        with self._engine.begin() as connection:
            rows = connection.execute(_CLAIM, {"limit": limit, "key": self._key}).all()
            yield Claim(connection, [self._row(row) for row in rows])

    def sent_since(self, moment: datetime) -> Iterator[OutboxRow]:
        """Rows that were marked at or after ``moment``, in order."""
        after = 0
        while True:
            with self._engine.connect() as connection:
                found = connection.execute(
                    _SENT_SINCE, {"since": moment, "after": after, "limit": BATCH}
                ).all()
            yield from map(self._row, found)
            if len(found) < BATCH:
                return
            after = found[-1].position

    def lag(self) -> tuple[int, float]:
        """How many rows are unsent, and the age of the oldest in seconds."""
        with self._reading.connect() as connection:
            count, age = connection.execute(_LAG).one()
            return int(count), float(age)

    def consumed_until(self) -> datetime | None:
        with self._reading.connect() as connection:
            moment: datetime | None = connection.scalar(_CONSUMED_UNTIL)
            return moment

    def keep_consumed_until(self, moment: datetime) -> None:
        with self._engine.begin() as connection:
            connection.execute(_KEEP_CONSUMED_UNTIL, {"moment": moment})

    def close(self) -> None:
        if self._probe is not None:
            self._probe.close()
        self._engine.dispose()
        self._reading.dispose()

    def _row(self, row: Any) -> OutboxRow:
        body = envelope(
            event_id=row.id,
            type=row.type,
            source=self.service,
            subject=row.subject,
            time=row.time,
            version=row.version,
            sequence=row.sequence,
            correlationid=row.correlationid,
            causationid=row.causationid,
            traceparent=row.traceparent,
            partitionkey=row.partitionkey,
            data=orjson.Fragment(row.data),
        )
        return OutboxRow(position=row.position, id=row.id, type=row.type, body=body)
