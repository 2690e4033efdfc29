"""The service on a real database, fed with events as its inbox would feed it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.commission.adapters.sandbox_bank import SandboxBank
from services.commission.entrypoints.service import CommissionService
from services.commission.settings import settings_from_environment
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume, retry_due
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.commission.builders import NOON, operator
from tests.commission.street import FIRST_PLAN, Street
from tests.simulation.database import MemoryDatabase
from tests.simulation.platform import on_memory
from tests.simulation.scheduler import Faults, Scheduler


class Platform:
    """Commission, with the events of other services taken in on the spot."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StoppedClock(NOON + timedelta(hours=1))
        self.service = CommissionService()
        self.service.database = database
        self.service.clock = self.clock
        self.service.settings = settings_from_environment(self.clock)
        self.service.bank = SandboxBank(database, self.clock)

    def hears(self, *events: Event) -> None:
        """Take ``events`` in, one transaction each, in this order."""
        for event in events:
            self.hears_at_once(event)
        assert self.rows("SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked") == []

    def hears_at_once(self, *events: Event) -> None:
        """Take ``events`` of one publisher in, in one transaction."""
        source = events[0].source
        handler = getattr(CommissionService, f"on_{source}").handle
        consume(
            self.database,
            f"commission.from.{source}",
            lambda tx, event: handler(self.service, tx, event),
            events,
        )

    def retry_until_nothing_is_left(self) -> None:
        """Try again whatever lost a race, as the subscription would."""
        for _ in range(50):
            for source in ("ordering", "dispatch"):
                handler = getattr(CommissionService, f"on_{source}").handle
                retry_due(
                    self.database,
                    f"commission.from.{source}",
                    lambda tx, event, handler=handler: handler(self.service, tx, event),  # type: ignore[misc]
                )
            if not self.rows("SELECT 1 FROM inbox_retry"):
                return
            time.sleep(0.1)
        raise AssertionError(self.rows("SELECT reason FROM inbox_retry"))

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(statement), parameters)]

    def sums(self, order_id: str | None = None) -> dict[str, int]:
        """The balance of every account that is not zero; of one order if it is named."""
        rows = self.rows(
            "SELECT account, sum(amount)::bigint FROM ledger_entry"
            " WHERE CAST(:order_id AS text) IS NULL OR order_id = :order_id"
            " GROUP BY account HAVING sum(amount) <> 0 ORDER BY account",
            order_id=order_id,
        )
        return {str(account): int(amount) for account, amount in rows}

    def published(self, type: str) -> list[dict[str, Any]]:
        return [
            row[0]
            for row in self.rows(
                "SELECT data::jsonb FROM outbox WHERE type = :type ORDER BY position", type=type
            )
        ]

    def is_sound(self) -> bool:
        return bool(self.service.check(actor=operator())["sound"])


@pytest.fixture
def platform(service_database: Callable[[str], Database]) -> Platform:
    return Platform(service_database("commission"))


@pytest.fixture(params=["memory", "postgresql"])
def street(request: pytest.FixtureRequest) -> Iterator[Street]:
    if request.param == "postgresql":
        service_database: Callable[[str], Database] = request.getfixturevalue("service_database")
        yield Street(service_database("commission"))
        return
    with on_memory():
        made = Street(MemoryDatabase("commission", Scheduler(0, Faults())))
        made.clock = made.service.clock = StoppedClock(NOON - timedelta(days=9999))
        made.service.set_rate_plan(actor=operator(), **FIRST_PLAN)
        made.clock = made.service.clock = StoppedClock(NOON)
        yield made
