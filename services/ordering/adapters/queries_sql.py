"""Pages of orders and store orders: the read side, one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from services.ordering.adapters import rows
from services.ordering.adapters.orders_sql import COLUMNS
from services.ordering.domain.order import Order
from services.ordering.domain.places import Slot
from services.ordering.domain.store_order import StoreOrder

Cursor = tuple[datetime, str]

_ORDERS = f"""
WITH page AS (
    SELECT * FROM orders
    WHERE customer_id = %(customer_id)s AND (CAST(%(status)s AS text) IS NULL OR status = %(status)s)
      AND (CAST(%(at)s AS timestamptz) IS NULL OR (placed_at, order_id) < (%(at)s, %(key)s))
    ORDER BY placed_at DESC, order_id DESC LIMIT %(limit)s
)
SELECT {COLUMNS} FROM page o JOIN store_order s ON s.order_id = o.order_id
ORDER BY o.placed_at DESC, o.order_id DESC, s.position
"""
_STORE_ORDERS = """
SELECT *, (SELECT slot FROM orders o WHERE o.order_id = store_order.order_id) AS slot FROM store_order
WHERE shop_id = %(shop_id)s AND paid_at IS NOT NULL
  AND (CAST(%(merchant_id)s AS text) IS NULL OR merchant_id = %(merchant_id)s)
  AND (CAST(%(status)s AS text) IS NULL OR status = %(status)s)
  AND (CAST(%(at)s AS timestamptz) IS NULL OR (placed_at, store_order_id) < (%(at)s, %(key)s))
ORDER BY placed_at DESC, store_order_id DESC LIMIT %(limit)s
"""
_FIND_BY_STORE_ORDER = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = (SELECT order_id FROM store_order WHERE store_order_id = %(store_order_id)s)
ORDER BY s.position
"""


@dataclass(frozen=True, kw_only=True)
class FoundStoreOrder:
    store: StoreOrder
    order_id: str
    currency: str
    placed_at: datetime
    slot: Slot


class QueriesSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def orders_of(
        self, customer_id: str, status: str | None, limit: int, after: Cursor | None
    ) -> tuple[Sequence[Order], Cursor | None]:
        """The newest orders after ``after``, and where the next page begins if there is one."""
        found = self._rows(_ORDERS, limit, after, customer_id=customer_id, status=status)
        orders = [
            rows.order_from_rows(list(group)) for _, group in groupby(found, key=lambda row: row["order_id"])
        ]
        shown = orders[:limit]
        return shown, (shown[-1].placed_at, shown[-1].order_id) if len(orders) > limit else None

    def store_orders_of(
        self, shop_id: str, merchant_id: str | None, status: str | None, limit: int, after: Cursor | None
    ) -> tuple[Sequence[FoundStoreOrder], Cursor | None]:
        """The newest paid parts that ``merchant_id`` (None: anybody) has in the shop."""
        found = self._rows(
            _STORE_ORDERS, limit, after, shop_id=shop_id, merchant_id=merchant_id, status=status
        )
        parts = [
            FoundStoreOrder(
                store=rows.store_from(row),
                order_id=row["order_id"],
                currency=row["currency"],
                placed_at=row["placed_at"],
                slot=rows.slot_from(row["slot"]),
            )
            for row in found
        ]
        shown = parts[:limit]
        more = len(parts) > limit
        return shown, (shown[-1].placed_at, shown[-1].store.store_order_id) if more else None

    def order_with(self, store_order_id: str) -> Order | None:
        found = self._connection.exec_driver_sql(_FIND_BY_STORE_ORDER, {"store_order_id": store_order_id})
        parts = found.mappings().all()
        return rows.order_from_rows(parts) if parts else None

    def _rows(self, statement: str, limit: int, after: Cursor | None, **parameters: Any) -> Sequence[Any]:
        at, key = after or (None, None)
        given = parameters | {"limit": limit + 1, "at": at, "key": key}
        return self._connection.exec_driver_sql(statement, given).mappings().all()
