"""Couriers' shifts, and what their deliveries paid, in PostgreSQL, on one open transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.commission.adapters.plan_json import plan_from_json
from services.commission.application.ports import CourierTrip, ShiftBook
from services.commission.domain.guarantee import Shift
from shared.kernel.clock import from_wire

PAGE = 500

# One lock for each courier, always taken in the same order.
_LOCK = text(
    "SELECT pg_advisory_xact_lock(each.key) FROM (SELECT DISTINCT hashtextextended(courier, 31) AS key"
    " FROM unnest(CAST(:couriers AS text[])) AS courier ORDER BY key OFFSET 0) AS each"
)
_KEEP_TRIPS = text("""
INSERT INTO courier_trip (order_id, courier_id, currency, completed_at, pay)
SELECT order_id, courier_id, currency, completed_at, pay
FROM jsonb_to_recordset(CAST(:trips AS jsonb)) AS t (order_id text, courier_id text, currency text,
    completed_at timestamptz, pay bigint)
ON CONFLICT (order_id) DO NOTHING
""")
_KEEP_EARLIER_TRIPS = text("""
INSERT INTO courier_earlier_trip (delivery_id, order_id, courier_id, currency, completed_at, pay)
SELECT earlier_delivery_id, order_id, courier_id, currency, completed_at, pay
FROM jsonb_to_recordset(CAST(:trips AS jsonb)) AS t (earlier_delivery_id text, order_id text,
    courier_id text, currency text, completed_at timestamptz, pay bigint)
ON CONFLICT (delivery_id) DO NOTHING
""")
# All trips once: what was told of as one of two may be told of again as all that came.
TRIPS = """(
    SELECT order_id, NULL AS delivery_id, courier_id, currency, completed_at, pay FROM courier_trip
    UNION ALL
    SELECT e.order_id, e.delivery_id, e.courier_id, e.currency, e.completed_at, e.pay
    FROM courier_earlier_trip AS e WHERE NOT EXISTS (SELECT FROM courier_trip AS l
        WHERE l.order_id = e.order_id AND l.courier_id = e.courier_id AND l.completed_at = e.completed_at)
)"""
_KEEP_SHIFT = text("""
INSERT INTO courier_shift AS s (shift_id, courier_id, started_at, ended_at)
VALUES (:shift_id, :courier_id, :started_at, :ended_at)
ON CONFLICT (shift_id) DO UPDATE SET started_at = COALESCE(s.started_at, excluded.started_at),
    ended_at = COALESCE(s.ended_at, excluded.ended_at)
RETURNING shift_id, courier_id, started_at, ended_at
""")
_BOOKS = f"""
SELECT s.shift_id, s.courier_id, s.started_at, s.ended_at, s.guaranteed, s.postings, s.last_transaction,
    (SELECT COALESCE(sum(t.pay), 0) FROM {TRIPS} AS t
     WHERE t.courier_id = s.courier_id AND t.currency = :currency AND t.completed_at >= s.started_at
     AND t.completed_at < COALESCE(
        (SELECT n.started_at FROM courier_shift AS n WHERE n.courier_id = s.courier_id
         AND (n.started_at, n.shift_id) > (s.started_at, s.shift_id)
         ORDER BY n.started_at, n.shift_id LIMIT 1), 'infinity')) AS pay,
    (SELECT to_jsonb(p) FROM rate_plan AS p
     WHERE p.currency = :currency AND p.effective_from <= s.started_at
     AND NOT EXISTS (SELECT FROM rate_plan_withdrawal AS w WHERE w.version = p.version)
     ORDER BY p.effective_from DESC, p.version DESC LIMIT 1) AS plan
FROM {{shifts}} AS s ORDER BY s.shift_id
"""
# A moment concerns the shift that was on then, and the one before it, which the other took it from.
_AROUND = text(
    """
WITH moment AS (
    SELECT DISTINCT courier_id, at
    FROM jsonb_to_recordset(CAST(:moments AS jsonb)) AS m (courier_id text, at timestamptz)
), shift AS (
    SELECT DISTINCT s.* FROM moment AS m, LATERAL (
        SELECT * FROM courier_shift AS s WHERE s.courier_id = m.courier_id AND s.started_at <= m.at
        ORDER BY s.started_at DESC, s.shift_id DESC LIMIT 2
    ) AS s
)"""
    + _BOOKS.format(shifts="shift")
)
_OVER = text(
    _BOOKS.format(
        shifts="(SELECT * FROM courier_shift WHERE ended_at IS NOT NULL AND started_at IS NOT NULL"
        " AND shift_id > :after ORDER BY shift_id LIMIT :page)"
    )
)
_POSTED = text(
    "UPDATE courier_shift SET guaranteed = :guaranteed, postings = postings + 1,"
    " last_transaction = :transaction_id WHERE shift_id = :shift_id"
)


class SqlShifts:
    """Implements the Shifts port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, courier_ids: Collection[str]) -> None:
        self._connection.execute(_LOCK, {"couriers": list(courier_ids)})

    def keep_trips(self, trips: Sequence[CourierTrip]) -> None:
        rows = [
            {
                "order_id": trip.order_id,
                "earlier_delivery_id": trip.earlier_delivery_id,
                "courier_id": trip.courier_id,
                "currency": trip.currency,
                "completed_at": trip.completed_at,
                "pay": trip.pay,
            }
            for trip in trips
        ]
        for statement, is_earlier in ((_KEEP_TRIPS, False), (_KEEP_EARLIER_TRIPS, True)):
            told = [row for row in rows if (row["earlier_delivery_id"] is not None) is is_earlier]
            if told:
                self._connection.execute(statement, {"trips": orjson.dumps(told).decode()})

    def keep_shift(self, shift: Shift) -> Shift:
        row = self._connection.execute(
            _KEEP_SHIFT,
            {
                "shift_id": shift.shift_id,
                "courier_id": shift.courier_id,
                "started_at": shift.started_at,
                "ended_at": shift.ended_at,
            },
        ).one()
        return shift_of(row)

    def around(self, moments: Collection[tuple[str, datetime]], currency: str) -> list[ShiftBook]:
        if not moments:
            return []
        told = [{"courier_id": courier_id, "at": at} for courier_id, at in moments]
        rows = self._connection.execute(
            _AROUND, {"moments": orjson.dumps(told).decode(), "currency": currency}
        )
        return [_book(row) for row in rows]

    def over(self, currency: str) -> Iterator[ShiftBook]:
        """Every shift that is over, one page after the other."""
        after = ""
        while rows := self._connection.execute(
            _OVER, {"after": after, "page": PAGE, "currency": currency}
        ).all():
            yield from map(_book, rows)
            after = rows[-1].shift_id

    def posted(self, shift_id: str, guaranteed: int, transaction_id: str) -> None:
        self._connection.execute(
            _POSTED, {"shift_id": shift_id, "guaranteed": guaranteed, "transaction_id": transaction_id}
        )


def shift_of(row: Any) -> Shift:
    return Shift(
        shift_id=row.shift_id,
        courier_id=row.courier_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _book(row: Any) -> ShiftBook:
    plan = row.plan
    return ShiftBook(
        shift=shift_of(row),
        pay=int(row.pay),
        plan=plan_from_json(
            plan["plan_id"], plan["currency"], from_wire(plan["effective_from"]), plan["terms"]
        )
        if plan
        else None,
        plan_version=plan["version"] if plan else None,
        guaranteed=row.guaranteed,
        postings=row.postings,
        last_transaction=row.last_transaction,
    )
