"""Shopping lists in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.contracts.message import Message
from services.ordering.contracts.shopping_messages import to_message
from services.ordering.domain.shopping_list import ListLine, Recurrence, ShoppingList

_FIND = "SELECT * FROM shopping_list WHERE list_id = %(list_id)s"
_LOCK = f"{_FIND} FOR UPDATE"
_OF_CUSTOMER = "SELECT * FROM shopping_list WHERE customer_id = %(customer_id)s ORDER BY created_at, list_id"
_SAVE = """
INSERT INTO shopping_list (list_id, customer_id, name, created_at, next_at, body)
VALUES (%(list_id)s, %(customer_id)s, %(name)s, %(created_at)s, %(next_at)s, CAST(%(body)s AS jsonb))
ON CONFLICT (list_id) DO UPDATE SET name = excluded.name, next_at = excluded.next_at, body = excluded.body
"""
_DELETE = "DELETE FROM shopping_list WHERE list_id = %(list_id)s"
_DUE = "SELECT list_id FROM shopping_list WHERE next_at <= %(now)s ORDER BY next_at, list_id LIMIT %(limit)s"


class ShoppingListsSql:
    """``publish`` is None where each statement stands for itself; then nothing is written."""

    def __init__(self, connection: Connection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def lock(self, list_id: str) -> ShoppingList | None:
        return self._one(_LOCK, list_id)

    def find(self, list_id: str) -> ShoppingList | None:
        return self._one(_FIND, list_id)

    def of_customer(self, customer_id: str) -> Sequence[ShoppingList]:
        found = self._connection.exec_driver_sql(_OF_CUSTOMER, {"customer_id": customer_id})
        return [_list(row) for row in found.mappings()]

    def save(self, wanted: ShoppingList) -> None:
        body = {
            "lines": [vars(line) for line in wanted.lines],
            "recurrence": _recurrence_document(wanted.recurrence),
            "due_at": None if wanted.due_at is None else wanted.due_at.isoformat(),
        }
        self._connection.exec_driver_sql(
            _SAVE,
            {
                "list_id": wanted.list_id,
                "customer_id": wanted.customer_id,
                "name": wanted.name,
                "created_at": wanted.created_at,
                "next_at": wanted.next_at,
                "body": orjson.dumps(body).decode(),
            },
        )
        if wanted.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        for event in wanted.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        wanted.recorded.clear()

    def delete(self, list_id: str) -> None:
        self._connection.exec_driver_sql(_DELETE, {"list_id": list_id})

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        return self._connection.exec_driver_sql(_DUE, {"now": now, "limit": limit}).scalars().all()

    def _one(self, statement: str, list_id: str) -> ShoppingList | None:
        row = self._connection.exec_driver_sql(statement, {"list_id": list_id}).mappings().one_or_none()
        return None if row is None else _list(row)


def _list(row: Mapping[Any, Any]) -> ShoppingList:
    body = row["body"]
    return ShoppingList(
        list_id=row["list_id"],
        customer_id=row["customer_id"],
        name=row["name"],
        lines=tuple(ListLine(**line) for line in body["lines"]),
        created_at=row["created_at"],
        recurrence=_recurrence(body["recurrence"]),
        next_at=row["next_at"],
        due_at=None if body["due_at"] is None else datetime.fromisoformat(body["due_at"]),
    )


def _recurrence_document(item: Recurrence | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {"days": list(item.days), "at": item.at.isoformat(), "every_weeks": item.every_weeks}


def _recurrence(body: Mapping[str, Any] | None) -> Recurrence | None:
    if body is None:
        return None
    at = time.fromisoformat(body["at"])
    return Recurrence(days=tuple(body["days"]), at=at, every_weeks=body["every_weeks"])
