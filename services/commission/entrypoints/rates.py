"""Rate plans on the wire."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.history_sql import SqlHistory
from services.commission.application import rate_plans, what_if
from services.commission.contracts import rate_requests, requests
from services.commission.entrypoints import rate_answers
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.persistence import Database

_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class SetsRates:
    """Part of commission: which rates hold when, and what others would have done."""

    database: Database
    clock: Clock

    @answer
    def set_rate_plan(self, **request: Any) -> dict[str, Any]:
        command = rate_requests.set_rate_plan(request)
        with self.database.transaction() as tx:
            catalogue = SqlCatalogue(tx.connection)
            return rate_answers.rate_plan(
                rate_plans.set_rate_plan(command, catalogue=catalogue, clock=self.clock)
            )

    @answer
    def withdraw_rate_plan(self, **request: Any) -> dict[str, Any]:
        command = rate_requests.withdraw(request)
        with self.database.transaction() as tx:
            catalogue = SqlCatalogue(tx.connection)
            return rate_answers.rate_plan(rate_plans.withdraw(command, catalogue=catalogue, clock=self.clock))

    @answer
    def rate_plans(self, **request: Any) -> dict[str, Any]:
        actor = requests.actor(request)
        with self.database.read() as connection:
            found = rate_plans.rate_plans(actor, catalogue=SqlCatalogue(connection), clock=self.clock)
        return {"items": [rate_answers.rate_plan(each) for each in found], "next_cursor": None}

    @answer
    def rate_plan(self, **request: Any) -> dict[str, Any]:
        actor, version = rate_requests.rate_plan(request)
        with self.database.read() as connection:
            catalogue = SqlCatalogue(connection)
            return rate_answers.rate_plan(
                rate_plans.rate_plan(actor, version, catalogue=catalogue, clock=self.clock)
            )

    @answer
    def compare_rate_plans(self, **request: Any) -> dict[str, Any]:
        actor, version, before = rate_requests.comparison(request)
        with self.database.read() as connection:
            found = rate_plans.compare(
                actor, version, before, catalogue=SqlCatalogue(connection), clock=self.clock
            )
        return rate_answers.comparison(found)

    @answer
    def what_if(self, **request: Any) -> dict[str, Any]:
        """What a change of rates would have done to orders of the past."""
        ask = rate_requests.what_if(request)
        with self.database.transaction() as tx:
            tx.connection.execute(_ONE_MOMENT)
            return rate_answers.outcome(what_if.what_if(ask, history=SqlHistory(tx.connection)))
