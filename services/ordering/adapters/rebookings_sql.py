"""Moves of orders to other slots, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.adapters.rows import slot_document, slot_from
from services.ordering.domain.places import Window
from services.ordering.domain.rebooking import Rebooking, RebookingState

_ADD = """
INSERT INTO rebooking (rebooking_id, order_id, number, slot_id, starts_at, ends_at, asked_by, role, asked_at,
                       before, state, touched_at)
VALUES (%(rebooking_id)s, %(order_id)s, %(number)s, %(slot_id)s, %(starts_at)s, %(ends_at)s, %(asked_by)s,
        %(role)s, %(asked_at)s, CAST(%(before)s AS jsonb), 'moving', clock_timestamp())
"""
_FIND = "SELECT * FROM rebooking WHERE rebooking_id = %(rebooking_id)s"
_OF = "SELECT * FROM rebooking WHERE order_id = %(order_id)s ORDER BY number"
_SETTLE = """
WITH moved AS (
    UPDATE orders SET slot = CAST(%(after)s AS jsonb)
    WHERE order_id = %(order_id)s AND CAST(%(after)s AS jsonb) IS NOT NULL
)
UPDATE rebooking SET state = %(state)s, decided_at = %(decided_at)s, after = CAST(%(after)s AS jsonb),
                     refusal = CAST(%(refusal)s AS jsonb), touched_at = clock_timestamp()
WHERE rebooking_id = %(rebooking_id)s
"""
_RELEASED = """
UPDATE rebooking SET state = 'released' WHERE rebooking_id = %(rebooking_id)s AND state = 'refused'
"""
_ABANDONED = """
UPDATE rebooking SET touched_at = clock_timestamp()
WHERE rebooking_id IN (
    SELECT rebooking_id FROM rebooking
    WHERE state IN ('moving', 'refused') AND touched_at < clock_timestamp() - CAST(%(patience)s AS interval)
    ORDER BY touched_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING *
"""


class RebookingsSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rebooking: Rebooking) -> None:
        window = rebooking.window
        self._connection.exec_driver_sql(
            _ADD,
            {
                "rebooking_id": rebooking.rebooking_id,
                "order_id": rebooking.order_id,
                "number": rebooking.number,
                "slot_id": rebooking.slot_id,
                "starts_at": None if window is None else window.starts_at,
                "ends_at": None if window is None else window.ends_at,
                "asked_by": rebooking.asked_by,
                "role": rebooking.role,
                "asked_at": rebooking.asked_at,
                "before": _json(slot_document(rebooking.before)),
            },
        )

    def find(self, rebooking_id: str) -> Rebooking | None:
        return self._one(_FIND, rebooking_id)

    def lock(self, rebooking_id: str) -> Rebooking | None:
        return self._one(f"{_FIND} FOR UPDATE", rebooking_id)

    def of(self, order_id: str) -> Sequence[Rebooking]:
        found = self._connection.exec_driver_sql(_OF, {"order_id": order_id})
        return [_rebooking(row) for row in found.mappings()]

    def settle(self, rebooking: Rebooking) -> None:
        self._connection.exec_driver_sql(
            _SETTLE,
            {
                "rebooking_id": rebooking.rebooking_id,
                "order_id": rebooking.order_id,
                "state": str(rebooking.state),
                "decided_at": rebooking.decided_at,
                "after": None if rebooking.after is None else _json(slot_document(rebooking.after)),
                "refusal": None if rebooking.refusal is None else _json(dict(rebooking.refusal)),
            },
        )

    def released(self, rebooking_id: str) -> None:
        self._connection.exec_driver_sql(_RELEASED, {"rebooking_id": rebooking_id})

    def abandoned(self, patience: timedelta, limit: int) -> Sequence[Rebooking]:
        found = self._connection.exec_driver_sql(_ABANDONED, {"patience": patience, "limit": limit})
        return [_rebooking(row) for row in found.mappings()]

    def _one(self, statement: str, rebooking_id: str) -> Rebooking | None:
        found = self._connection.exec_driver_sql(statement, {"rebooking_id": rebooking_id})
        row = found.mappings().one_or_none()
        return None if row is None else _rebooking(row)


def _rebooking(row: Any) -> Rebooking:
    return Rebooking(
        rebooking_id=row["rebooking_id"],
        order_id=row["order_id"],
        number=row["number"],
        slot_id=row["slot_id"],
        window=_window(row["starts_at"], row["ends_at"]),
        asked_by=row["asked_by"],
        role=row["role"],
        asked_at=row["asked_at"],
        before=slot_from(row["before"]),
        state=RebookingState(row["state"]),
        decided_at=row["decided_at"],
        after=None if row["after"] is None else slot_from(row["after"]),
        refusal=row["refusal"],
    )


def _window(starts_at: datetime | None, ends_at: datetime | None) -> Window | None:
    return None if starts_at is None or ends_at is None else Window(starts_at=starts_at, ends_at=ends_at)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
