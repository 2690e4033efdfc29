"""A service's database in memory: rows that commit together, and the shared inbox and outbox on them.

A transaction runs without a break, as if every row that it touches were locked; processes may die before
and after each commit. What was written relaxed may be forgotten when the power is cut, newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

from shared.messaging import inbox
from shared.persistence import database as real
from shared.persistence.database import Transaction
from tests.simulation.scheduler import Scheduler

Result = TypeVar("Result")
Undo = tuple[dict[Any, Any], Any, Any]

_ABSENT = object()
# PostgreSQL writes its log at least so often, also for those who do not wait for it.
_FORGETS_SECONDS = 0.6


class Rows:
    """What a query answered, as far as the shared code looks at it."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows


class MemoryConnection:
    """Tables by name, rows by key. Rows are never changed, only replaced."""

    def __init__(self, database: MemoryDatabase, undo: list[Undo] | None, *, relaxed: bool = False) -> None:
        self.database = database
        self.pending: dict[str, Any] = {}
        self._undo = undo
        self._relaxed = relaxed

    def rows(self, table: str) -> dict[Any, Any]:
        """The rows of ``table``, for reading."""
        return self.database.tables.setdefault(table, {})

    def put(self, table: str, key: Any, row: Any) -> None:
        rows = self.rows(table)
        watching = self.database.watching.get(table)
        if watching is not None:
            self.database.seen_wrong += watching(rows.get(key), row)
        self._remember(rows, key)
        rows[key] = row

    def drop(self, table: str, key: Any) -> None:
        rows = self.rows(table)
        self._remember(rows, key)
        rows.pop(key, None)

    def _remember(self, rows: dict[Any, Any], key: Any) -> None:
        change = (rows, key, rows.get(key, _ABSENT))
        if self._undo is not None:
            self._undo.append(change)
        elif self._relaxed:
            self.database.unwritten.append((self.database.world.seconds, change))
        else:
            self.database.unwritten.clear()

    # -- what the shared code asks -------------------------------------------------------------------

    def exec_driver_sql(self, statement: str, values: Mapping[str, Any]) -> Any:
        return self.execute(statement, values)

    def execute(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        return Rows(STATEMENTS[id(statement)](self, values or {}))

    def scalar(self, statement: Any, values: Mapping[str, Any]) -> Any:
        return next(iter(self.execute(statement, values)), None)


class MemoryDatabase:
    """What :class:`shared.persistence.Database` promises, in a world of one scheduler."""

    def __init__(self, name: str, world: Scheduler) -> None:
        self.name = name
        self.world = world
        self.tables: dict[str, dict[Any, Any]] = {}
        self.unwritten: list[tuple[float, Undo]] = []
        self.on_events: Callable[[], None] = lambda: None
        self.forgets_what_it_took_in = False
        # What is looked at as it is written, by table: the row before and after, and what is wrong with it.
        self.watching: dict[str, Callable[[Any, Any], Iterable[str]]] = {}
        self.seen_wrong: list[str] = []
        self._last: dict[str, int] = {}

    def next_of(self, sequence: str) -> int:
        """The next number; like a sequence of PostgreSQL it never goes back, whatever is undone."""
        self._last[sequence] = number = self._last.get(sequence, 0) + 1
        return number

    def new(self) -> str:
        """An id (shared.kernel.ids.Ids), never given before."""
        return f"{self.name}-{self.next_of('id'):06d}"

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.world.step("before a transaction")
        undo: list[Undo] = []
        transaction = Transaction(MemoryConnection(self, undo), self.world, self)  # type: ignore[arg-type]
        try:
            yield transaction
            transaction.about_to_commit()
            self.append(transaction)
            self.world.may_die("before commit")
        except BaseException:
            take_back(undo)
            raise
        if undo:
            self.unwritten.clear()
        self.after_commit(transaction)
        self.world.step("after commit")
        transaction.committed()

    def append(self, transaction: Transaction) -> None:
        """Events go into the outbox with what made them true."""
        if transaction.has_events:
            transaction.append_outbox()

    def after_commit(self, transaction: Transaction) -> None:
        if transaction.has_events:
            self.on_events()

    @contextmanager
    def read(self) -> Iterator[MemoryConnection]:
        self.world.step("before a statement", 0.5)
        yield MemoryConnection(self, None)
        self.world.step("after a statement", 0.5)

    @contextmanager
    def relaxed(self) -> Iterator[MemoryConnection]:
        self.world.step("before a statement", 0.5)
        yield MemoryConnection(self, None, relaxed=True)
        self.world.step("after a statement", 0.5)

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        with self.transaction() as transaction:
            return work(transaction)

    def lose_power(self) -> None:
        """Forget the newest of what nobody waited for."""
        kept_until = self.world.seconds - self.world.chance.random() * _FORGETS_SECONDS
        forgotten = 0
        while self.unwritten and self.unwritten[-1][0] > kept_until:
            take_back([self.unwritten.pop()[1]])
            forgotten += 1
        self.unwritten.clear()
        self.world.note(f"{self.name}'s database lost power, and {forgotten} relaxed writes")


def take_back(undo: list[Undo]) -> None:
    while undo:
        rows, key, before = undo.pop()
        if before is _ABSENT:
            rows.pop(key, None)
        else:
            rows[key] = before


# -- the statements of shared.messaging.inbox and shared.persistence.database ------------------------------


def _append(connection: MemoryConnection, columns: Mapping[str, Any]) -> list[Any]:
    for number, subject in enumerate(columns["subject"]):
        sequence = connection.rows("outbox_sequence").get(subject, 0) + 1
        connection.put("outbox_sequence", subject, sequence)
        row = {name: values[number] for name, values in columns.items()} | {"sequence": sequence}
        position = connection.database.next_of("position")
        connection.put("outbox", position, row)
        connection.put("unsent", position, row)
    return []


def _remember(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    fresh = []
    for event_id in sorted(values["ids"]):
        key = (values["subscription"], event_id)
        taken_in = connection.rows("inbox").get(key, 0)
        if not taken_in or connection.database.forgets_what_it_took_in:
            connection.put("inbox", key, taken_in + 1)
            fresh.append((event_id,))
        else:
            connection.database.world.count("known event")
    return fresh


def _put_aside(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    connection.database.world.count("put aside")
    key = (values["subscription"], values["event_id"])
    if key not in connection.rows("inbox_retry"):
        connection.put("inbox_retry", key, _retry(connection, values, 1, values["body"]))
    return []


def _next_attempt(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    key = (values["subscription"], values["event_id"])
    there = connection.rows("inbox_retry")[key]
    connection.put("inbox_retry", key, _retry(connection, values, there.attempt + 1, there.body))
    return []


def _retry(connection: MemoryConnection, values: Mapping[str, Any], attempt: int, body: str) -> Any:
    return SimpleNamespace(
        event_id=values["event_id"],
        attempt=attempt,
        body=body,
        reason=values["reason"],
        next_at=connection.database.world.seconds + values["delay"],
    )


def _forget(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    connection.drop("inbox_retry", (values["subscription"], values["event_id"]))
    return []


def _due(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    now = connection.database.world.seconds
    rows = connection.rows("inbox_retry").items()
    due = [row for key, row in rows if key[0] == values["subscription"] and row.next_at <= now]
    return sorted(due, key=lambda row: row.next_at)[:50]


def _lock_due(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    row = connection.rows("inbox_retry").get((values["subscription"], values["event_id"]))
    return [] if row is None else [row.attempt]


def _park(connection: MemoryConnection, values: Mapping[str, Any]) -> list[Any]:
    connection.database.world.count("parked")
    connection.put("parked", len(connection.rows("parked")), dict(values))
    return []


STATEMENTS: dict[int, Callable[[MemoryConnection, Mapping[str, Any]], list[Any]]] = {
    id(real._APPEND): _append,
    id(inbox._INSERT): _remember,
    id(inbox._PUT_ASIDE): _put_aside,
    id(inbox._NEXT_ATTEMPT): _next_attempt,
    id(inbox._FORGET): _forget,
    id(inbox._DUE): _due,
    id(inbox._LOCK_DUE): _lock_due,
    id(inbox._PARK): _park,
}
