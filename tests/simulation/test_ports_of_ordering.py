"""Ordering's unit of work in memory does what the one on PostgreSQL does, call by call.

Its use cases take several transactions each, which others come between; so every call of every
transaction of a world is recorded, and repeated in the order in which the transactions came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.ordering.adapters.unit_of_work import UnitOfWorkSql
from services.ordering.application.ports import Placement, ProviderRefund
from services.ordering.domain.rebooking import Rebooking
from services.ordering.entrypoints import couriers, slots
from services.ordering.entrypoints import service as ordering
from shared.kernel.errors import Refusal
from shared.persistence import Database, Transaction
from tests.simulation.platform import on_memory
from tests.simulation.ports.ordering import MemoryTransactions, MemoryUnitOfWork
from tests.simulation.scheduler import Faults
from tests.simulation.variants import _instead
from tests.simulation.world import SOUND, World

FAULTS = Faults(dawdle=0.3, lose=0.05, double=0.1, late=0.2, latest=60.0)
EVERYTHING = {"claim", "add", "start", "save", "save_charged", "note_courier", "refuse", "refunds_became"}
MOVES = {"settle"}
PORTS = ("quotes", "orders", "payments", "campaigns", "cases", "photos", "reviews", "lists", "rebookings")


@dataclass(frozen=True, kw_only=True)
class Call:
    port: str
    method: str
    given: tuple[tuple[Any, ...], dict[str, Any]]
    answer: Any


@dataclass(kw_only=True)
class Done:
    """The calls of one transaction; without ``is_transaction`` it is one call that stood for itself."""

    is_transaction: bool
    calls: list[Call] = field(default_factory=list)
    committed: bool = False


class _Noted:
    """A port that has its calls noted."""

    def __init__(self, name: str, port: Any, calls: Callable[[], list[Call]]) -> None:
        self._name, self._port, self._calls = name, port, calls

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._port, method)

        def call(*given: Any, **named: Any) -> Any:
            before = deepcopy((given, named))
            calls = self._calls()
            try:
                answer = real(*given, **named)
            except Refusal as refusal:
                calls.append(Call(port=self._name, method=method, given=before, answer=refusal.code))
                raise
            calls.append(Call(port=self._name, method=method, given=before, answer=deepcopy(answer)))
            return answer

        return call


class _Record:
    def __init__(self) -> None:
        self.done: list[Done] = []
        self._open: tuple[Transaction, Done] | None = None

    def over(self, transaction: Transaction) -> Any:
        """Transactions come one after another, so the newest is the one that is open."""
        if self._open is None or self._open[0] is not transaction:
            done = Done(is_transaction=True)
            self.done.append(done)
            self._open = transaction, done
            # Committed, whatever becomes of the process that did it.
            transaction.before_commit(lambda: setattr(done, "committed", True))
        calls = self._open[1].calls
        return self._noted(MemoryUnitOfWork.over(transaction), lambda: calls)

    def alone(self, work: MemoryUnitOfWork) -> Any:
        def calls() -> list[Call]:
            self.done.append(Done(is_transaction=False, committed=True))
            return self.done[-1].calls

        return self._noted(work, calls)

    def _noted(self, work: MemoryUnitOfWork, calls: Callable[[], list[Call]]) -> Any:
        noted: Any = type("Work", (), {})()
        for name in PORTS:
            setattr(noted, name, _Noted(name, getattr(work, name), calls))
        return noted

    def transactions(self) -> type:
        record = self

        class Transactions(MemoryTransactions):
            @contextmanager
            def begin(self) -> Iterator[Any]:
                with self._database.transaction() as transaction:
                    yield record.over(transaction)

            @contextmanager
            def single(self) -> Iterator[Any]:
                with super().single() as work:
                    yield record.alone(work)

            @contextmanager
            def single_kept(self) -> Iterator[Any]:
                with super().single_kept() as work:
                    yield record.alone(work)

        return Transactions

    def unit_of_work(self) -> type:
        record = self

        class Work:
            @classmethod
            def over(cls, transaction: Transaction) -> Any:
                return record.over(transaction)

        return Work


class _UndoneError(Exception):
    """The transaction was undone in memory as well."""


def _eventful(first: int, wanted: set[str]) -> tuple[World, _Record]:
    """The first world from seed ``first`` on in which ordering did a bit of everything."""
    for seed in range(first, first + 100):
        record = _Record()
        with (
            on_memory(),
            _instead(ordering, "TransactionsSql", record.transactions()),
            _instead(slots, "TransactionsSql", record.transactions()),
            _instead(ordering, "UnitOfWorkSql", record.unit_of_work()),
            _instead(couriers, "UnitOfWorkSql", record.unit_of_work()),
        ):
            world = World(seed, SOUND, faults=FAULTS)
            world.live()
            assert not world.scheduler.failures
            world.end()
        if {call.method for done in record.done for call in done.calls} >= wanted:
            return world, record
    raise AssertionError("nothing much happened in a hundred worlds")


@pytest.mark.parametrize(
    ("first", "wanted"), [(0, EVERYTHING | MOVES), (100, EVERYTHING), (200, EVERYTHING), (300, EVERYTHING)]
)
def test_a_world_of_ordering_done_again_on_postgresql_is_the_same(
    first: int, wanted: set[str], service_database: Callable[[str], Database]
) -> None:
    world, record = _eventful(first, wanted)
    database = service_database("ordering")
    database._clock = world.scheduler
    for done in record.done:
        _repeat(database, done)
    with database.read() as connection:
        there = connection.execute(text("SELECT * FROM outbox")).mappings().all()
    kept = world.platform.databases["ordering"].tables.get("outbox", {}).values()
    assert _published(there) == _published(kept)
    histories = world.platform.databases["ordering"].tables.get("order_history", {})
    assert histories
    with database.read() as connection:
        orders = UnitOfWorkSql(connection).orders
        for order_id, steps in histories.items():
            assert orders.steps_of(order_id) == list(steps)


def _repeat(database: Database, done: Done) -> None:
    if not done.is_transaction:
        with database.relaxed() as connection:
            _call(UnitOfWorkSql(connection), done.calls[0], connection)
        return
    try:
        with database.transaction() as transaction:
            work = UnitOfWorkSql.over(transaction)
            for call in done.calls:
                _call(work, call, transaction.connection)
            if not done.committed:
                raise _UndoneError
    except _UndoneError:
        pass


def _call(work: UnitOfWorkSql, call: Call, connection: Any) -> None:
    _let_the_wall_agree(call, connection)
    given, named = deepcopy(call.given)
    try:
        answer = getattr(getattr(work, call.port), call.method)(*given, **named)
    except Refusal as refusal:
        answer = refusal.code
    assert _comparable(answer) == _comparable(call.answer), f"{call.port}.{call.method}{given}"


def _let_the_wall_agree(call: Call, connection: Any) -> None:
    """PostgreSQL's own clock stands still here: what was due in memory is made due, and nothing else."""
    if call.method == "refuse_abandoned":
        connection.execute(
            text("UPDATE quote SET claimed_at = clock_timestamp() - (CASE WHEN order_id = ANY(:due)"
                 " THEN interval '1 hour' ELSE interval '0' END) WHERE claimed_at IS NOT NULL"),
            {"due": [placement.order_id for placement in call.answer]},
        )  # fmt: skip
    if call.method == "abandoned":
        connection.execute(
            text("UPDATE rebooking SET touched_at = clock_timestamp() - (CASE WHEN rebooking_id = ANY(:due)"
                 " THEN interval '1 hour' ELSE interval '0' END)"),
            {"due": [rebooking.rebooking_id for rebooking in call.answer]},
        )  # fmt: skip
    if call.method == "refunds_to_send":
        connection.execute(
            text("UPDATE provider_refund SET next_at = clock_timestamp() + (CASE WHEN provider_refund_id"
                 " = ANY(:due) THEN interval '0' ELSE interval '1 day' END)"),
            {"due": [refund.refund_id for refund in call.answer]},
        )  # fmt: skip


def _comparable(answer: Any) -> Any:
    """Claims come in no promised order."""
    if isinstance(answer, list | tuple) and answer and isinstance(answer[0], Placement):
        return sorted(answer, key=lambda placement: placement.order_id)
    if isinstance(answer, list | tuple) and answer and isinstance(answer[0], ProviderRefund):
        return sorted(answer, key=lambda refund: refund.refund_id)
    if isinstance(answer, list | tuple) and answer and isinstance(answer[0], Rebooking):
        return sorted(answer, key=lambda rebooking: rebooking.rebooking_id)
    return list(answer) if isinstance(answer, list | tuple) else answer


def _published(rows: Any) -> list[tuple[str, int, str, Any]]:
    return sorted((row["subject"], row["sequence"], row["type"], orjson.loads(row["data"])) for row in rows)
