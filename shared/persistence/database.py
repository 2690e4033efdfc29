"""One database, opened once per process, and the transaction that holds an effect and its events."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.kernel import failpoints
from shared.kernel.clock import Clock, SystemClock, to_wire
from shared.kernel.ids import Ids, UuidV7
from shared.messaging.context import current
from shared.persistence.driver import PlanningConnection, PlanningCursor, lost_its_plan

Result = TypeVar("Result")

# SQLSTATE 40001 (serialization failure) and 40P01 (deadlock): the transaction may simply be run again.
_RUN_AGAIN = {"40001", "40P01"}
_MAY_RUN = 5

_APPEND = """
WITH counted AS (
    INSERT INTO outbox_sequence AS s (subject, last)
    SELECT subject, count(*) FROM unnest(%(subject)s::text[]) AS subject
    GROUP BY subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET last = s.last + excluded.last
    RETURNING subject, last
), given AS (
    SELECT *, row_number() OVER (PARTITION BY subject ORDER BY ordinal) AS nth,
              count(*) OVER (PARTITION BY subject) AS many
    FROM unnest(%(id)s::text[], %(type)s::text[], %(subject)s::text[], %(partitionkey)s::text[],
                %(version)s::int[], %(time)s::text[], %(correlationid)s::text[],
                %(causationid)s::text[], %(traceparent)s::text[], %(data)s::text[])
         WITH ORDINALITY AS g(id, type, subject, partitionkey, version, time, correlationid,
                              causationid, traceparent, data, ordinal)
)
INSERT INTO outbox
    (id, type, subject, sequence, partitionkey, version, time, correlationid, causationid, traceparent, data)
SELECT g.id, g.type, g.subject, c.last - g.many + g.nth, g.partitionkey, g.version, g.time,
       g.correlationid, g.causationid, g.traceparent, g.data
FROM given AS g JOIN counted AS c USING (subject) ORDER BY g.ordinal
"""


class Transaction:
    """An open transaction: the connection to work on, and the events that become true with it."""

    def __init__(self, connection: Connection, clock: Clock, ids: Ids) -> None:
        self.connection = connection
        self._clock = clock
        self._ids = ids
        self._pending: list[dict[str, Any]] = []
        self._before_commit: list[Callable[[], None]] = []
        self._after_commit: list[Callable[[], None]] = []

    def publish(
        self,
        type: str,
        subject: str,
        data: Mapping[str, Any],
        partitionkey: str | None = None,
        version: int = 1,
    ) -> str:
        """Say that ``type`` has happened to ``subject``; it is sent once the transaction commits.

        What is being worked on at this moment is named as its cause. Returns the event's id.
        """
        event_id = self._ids.new()
        context = current()
        self._pending.append(
            {
                "id": event_id,
                "type": type,
                "subject": subject,
                "partitionkey": partitionkey or subject,
                "version": version,
                "time": to_wire(self._clock.now()),
                "correlationid": context.correlation_id or event_id,
                "causationid": context.causation_id,
                "traceparent": context.traceparent,
                "data": orjson.dumps(data).decode(),
            }
        )
        return event_id

    def before_commit(self, act: Callable[[], None]) -> None:
        """Call ``act`` when all other work of the transaction is done, still within it.

        What several events of a batch do to the same rows can so be done once, in one order of locks.
        """
        self._before_commit.append(act)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Call ``act`` once the transaction has committed; a rollback forgets it."""
        self._after_commit.append(act)

    @property
    def has_events(self) -> bool:
        return bool(self._pending)

    def append_outbox(self) -> None:
        """Write the events as outbox rows, in the order in which they were published."""
        columns = {column: [event[column] for event in self._pending] for column in self._pending[0]}
        self.connection.exec_driver_sql(_APPEND, columns)

    def about_to_commit(self) -> None:
        for act in self._before_commit:
            act()

    def committed(self) -> None:
        for act in self._after_commit:
            act()


class Database:
    """The database of one service in this process.

    ``name`` is the service's; ``pool_size`` bounds the connections this process holds.
    """

    def __init__(
        self,
        url: str,
        name: str,
        pool_size: int = 10,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.url = url
        self.name = name
        self.engine = _engine(url, pool_size, application_name=name)
        # Connections are opened when they are needed, so a service that never relaxes pays nothing.
        self._relaxed_engine = _engine(
            url, max(2, pool_size // 2), application_name=name, options="-c synchronous_commit=off"
        )
        self._clock = clock or SystemClock()
        self._ids = ids or UuidV7()
        self._listeners: list[Callable[[], None]] = []

    def on_events_written(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each commit that wrote outbox rows: a relay need not wait for its poll."""
        self._listeners.append(listener)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commits when the block ends, with the events published in it; undoes both when it raises."""
        with _connected(self.engine) as connection:
            transaction = Transaction(connection, self._clock, self._ids)
            with connection.begin():
                driver: Any = connection.connection.dbapi_connection
                driver.begin()
                yield transaction
                transaction.about_to_commit()
                failpoints.reach("transaction.before-commit")
                if transaction.has_events:
                    driver.commit_with_next()
                    transaction.append_outbox()
        if transaction.has_events:
            failpoints.reach("outbox.committed")
        transaction.committed()
        if transaction.has_events:
            for listener in self._listeners:
                listener()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading, in autocommit: each statement sees what is committed."""
        with _connected(self.engine) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection for reading whose statements all see what was committed when the first one began."""
        with _connected(self.engine) as connection, connection.begin():
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def relaxed(self) -> Iterator[Connection]:
        """A connection in autocommit whose commits do not wait for the disk.

        If PostgreSQL itself crashes it may forget what was written here within the last second, never
        anything else. It is for what is told again, asked again or found again by itself.
        """
        with _connected(self._relaxed_engine) as connection:
            yield connection

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """Run ``work`` in a transaction; again, up to five times, when it only lost a race in PostgreSQL."""
        for attempt in range(1, _MAY_RUN + 1):
            try:
                with self.transaction() as transaction:
                    return work(transaction)
            except DBAPIError as error:
                may_run_again = sqlstate(error) in _RUN_AGAIN or lost_its_plan(error.orig)
                if attempt == _MAY_RUN or not may_run_again:
                    raise
                # The pause only keeps two losers from meeting again; it decides nothing.
                time.sleep(random.uniform(0, 0.01 * attempt))
        raise AssertionError("unreachable")

    def close(self) -> None:
        self.engine.dispose()
        self._relaxed_engine.dispose()


def _engine(url: str, pool_size: int, **arguments: str) -> Engine:
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,
        # Not PostgreSQL's: the driver's connections begin their transactions themselves.
        isolation_level="AUTOCOMMIT",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "connection_factory": PlanningConnection,
            "cursor_factory": PlanningCursor,
            **arguments,
        },
    )


def _connected(engine: Engine) -> Connection:
    """A connection of the pool. One that does not come free in time counts as a database that is away."""
    try:
        return engine.connect()
    except PoolTimeout as error:
        raise OperationalError("waiting for a connection", {}, error) from error


def sqlstate(error: DBAPIError) -> str | None:
    """The SQLSTATE of what PostgreSQL answered, if it answered."""
    return getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)


def is_disconnect(error: DBAPIError) -> bool:
    """True when the database could not be reached, so that the same work may succeed later."""
    state = sqlstate(error)
    return error.connection_invalidated or state is None or state[:2] in {"08", "57", "53"}
