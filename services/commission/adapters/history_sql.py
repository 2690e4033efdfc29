"""Past orders and shifts, read page by page; the caller sees to it that all pages show one moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters.facts_json import facts_from_row, trip_from_json
from services.commission.adapters.plan_json import plan_from_json
from services.commission.adapters.shifts_sql import TRIPS, shift_of
from services.commission.domain.facts import OrderFacts, Trip
from services.commission.domain.guarantee import Shift
from services.commission.domain.rates import RatePlan

PAGE = 1000

_PAID_THEN = (
    " FROM order_book WHERE paid IS NOT NULL AND currency = :currency"
    " AND CAST(paid->>'paid_at' AS timestamptz) >= :since"
    " AND CAST(paid->>'paid_at' AS timestamptz) < :until AND rate_plan IS NOT NULL"
)
_COUNT = text("SELECT count(*)" + _PAID_THEN)
_ORDERS = text("SELECT *" + _PAID_THEN + " AND order_id > :after ORDER BY order_id LIMIT :page")
_PLANS = text("SELECT version, plan_id, currency, effective_from, terms FROM rate_plan")
_WITHDRAWN = text("SELECT version FROM rate_plan_withdrawal")
_SHIFTS = text(
    "SELECT shift_id, courier_id, started_at, ended_at FROM courier_shift"
    " WHERE started_at >= :since AND started_at < :until AND ended_at IS NOT NULL ORDER BY shift_id"
)
_TRIPS = text(f"""
SELECT CASE WHEN t.delivery_id IS NULL THEN b.trip ELSE b.earlier_trips->t.delivery_id END AS trip,
    b.rate_plan
FROM courier_shift AS s
JOIN {TRIPS} AS t ON t.courier_id = s.courier_id AND t.completed_at >= s.started_at
    AND t.completed_at < COALESCE(
        (SELECT n.started_at FROM courier_shift AS n WHERE n.courier_id = s.courier_id
         AND (n.started_at, n.shift_id) > (s.started_at, s.shift_id)
         ORDER BY n.started_at, n.shift_id LIMIT 1), 'infinity')
JOIN order_book AS b ON b.order_id = t.order_id
WHERE s.shift_id = :shift_id AND t.currency = :currency ORDER BY t.order_id, t.completed_at
""")


class SqlHistory:
    """Implements the History port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._plans = {row.version: _plan(row) for row in connection.execute(_PLANS)}
        self._withdrawn = set(connection.scalars(_WITHDRAWN))

    def count(self, since: datetime, until: datetime, currency: str) -> int:
        found = self._connection.scalar(_COUNT, {"since": since, "until": until, "currency": currency})
        return int(found or 0)

    def orders(
        self, since: datetime, until: datetime, currency: str
    ) -> Iterator[tuple[OrderFacts, RatePlan]]:
        asked = {"since": since, "until": until, "currency": currency, "page": PAGE}
        after = ""
        while rows := self._connection.execute(_ORDERS, {**asked, "after": after}).all():
            for row in rows:
                yield facts_from_row(row), self._plans[row.rate_plan]
            after = rows[-1].order_id

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        return [shift_of(row) for row in self._connection.execute(_SHIFTS, {"since": since, "until": until})]

    def trips(self, shift_id: str, currency: str) -> list[tuple[Trip, RatePlan]]:
        rows = self._connection.execute(_TRIPS, {"shift_id": shift_id, "currency": currency})
        return [(trip_from_json(row.trip), self._plans[row.rate_plan]) for row in rows]

    def plan_at(self, currency: str, at: datetime) -> RatePlan | None:
        in_force = [
            (plan.effective_from, version)
            for version, plan in self._plans.items()
            if plan.currency == currency and plan.effective_from <= at and version not in self._withdrawn
        ]
        return self._plans[max(in_force)[1]] if in_force else None


def _plan(row: Any) -> RatePlan:
    return plan_from_json(row.plan_id, row.currency, row.effective_from, row.terms)
