"""Where a life is kept: ordering's and commission's own use cases over tables in memory or in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from sqlalchemy import text

from services.commission.adapters.books_sql import SqlBooks
from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.application.ports import AuditedOrder, Books
from services.commission.domain.promotion import PromotionLink
from services.commission.domain.rates import RatePlan
from services.ordering.adapters.unit_of_work import TransactionsSql
from services.ordering.application.ports import Transactions
from shared.kernel.clock import Clock
from shared.persistence import Database
from tests.laws.still_world import StillWorld
from tests.simulation.database import MemoryDatabase
from tests.simulation.ports.commission import MemoryBooks, MemoryCatalogue, MemoryLedger
from tests.simulation.ports.ordering import MemoryTransactions


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An event on its way."""

    event_id: str
    type: str
    data: Mapping[str, Any]


class Backend(Protocol):
    @property
    def ordering(self) -> Transactions: ...

    def prepare(self, plan: RatePlan, links: Sequence[PromotionLink], clock: Clock) -> None:
        """Let commission know the rates and the links of a life that begins."""

    def new_letters(self) -> Sequence[Letter]:
        """What ordering has published since this was asked last."""

    def books(self) -> AbstractContextManager[Books]: ...

    def end_pauses(self) -> None:
        """Refunds that wait for their next try by a clock that is not the world's need wait no longer."""

    def audited(self, order_id: str) -> AuditedOrder | None: ...


class InMemory:
    """A database a life: it is forgotten with it."""

    def __init__(self, world: StillWorld) -> None:
        self._ordering = MemoryDatabase("ordering", world)  # type: ignore[arg-type]
        self._commission = MemoryDatabase("commission", world)  # type: ignore[arg-type]
        self.ordering: Transactions = MemoryTransactions(self._ordering)
        self._read = 0

    def prepare(self, plan: RatePlan, links: Sequence[PromotionLink], clock: Clock) -> None:
        with self._commission.transaction() as transaction:
            catalogue = MemoryCatalogue(transaction.connection)  # type: ignore[arg-type]
            catalogue.add_plan(plan, clock.now())
            for link in links:
                catalogue.add_link(link, clock.now())

    def new_letters(self) -> Sequence[Letter]:
        outbox = self._ordering.tables.get("outbox", {})
        rows = [outbox[position] for position in range(self._read + 1, len(outbox) + 1)]
        self._read = len(outbox)
        return [Letter(event_id=row["id"], type=row["type"], data=orjson.loads(row["data"])) for row in rows]

    @contextmanager
    def books(self) -> Iterator[Books]:
        with self._commission.transaction() as transaction:
            yield MemoryBooks(transaction)

    def end_pauses(self) -> None:
        """The clock of this database is the world's."""

    def audited(self, order_id: str) -> AuditedOrder | None:
        with self._commission.read() as connection:
            return next(iter(MemoryLedger(connection).audited()), None)


class InPostgres:
    """One pair of databases for many lives, one after the other."""

    def __init__(self, ordering: Database, commission: Database) -> None:
        self._ordering, self._commission = ordering, commission
        self.ordering: Transactions = TransactionsSql(ordering)
        self._read = 0

    def prepare(self, plan: RatePlan, links: Sequence[PromotionLink], clock: Clock) -> None:
        with self._commission.transaction() as transaction:
            catalogue = SqlCatalogue(transaction.connection)
            catalogue.add_plan(plan, clock.now())
            for link in links:
                catalogue.add_link(link, clock.now())

    def new_letters(self) -> Sequence[Letter]:
        statement = text(
            "SELECT position, id, type, data FROM outbox WHERE position > :read ORDER BY position"
        )
        with self._ordering.read() as connection:
            rows = connection.execute(statement, {"read": self._read}).all()
        self._read = rows[-1].position if rows else self._read
        return [Letter(event_id=row.id, type=row.type, data=orjson.loads(row.data)) for row in rows]

    @contextmanager
    def books(self) -> Iterator[Books]:
        with self._commission.transaction() as transaction:
            yield SqlBooks(transaction)

    def end_pauses(self) -> None:
        with self._ordering.transaction() as transaction:
            transaction.connection.execute(text("UPDATE provider_refund SET next_at = clock_timestamp()"))

    def audited(self, order_id: str) -> AuditedOrder | None:
        with self._commission.read() as connection:
            found = SqlLedger(connection).audited()
            return next((each for each in found if each.facts.order_id == order_id), None)
