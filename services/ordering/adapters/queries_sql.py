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
from services.ordering.adapters.payments_sql import PROGRESS, progress_from
from services.ordering.domain.order import Order
from services.ordering.domain.places import Slot
from services.ordering.domain.provider_refund import ProviderRefundProgress
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


_FIND_BY_SUBSTITUTION = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = (SELECT order_id FROM order_history WHERE subject = 'substitution'
                    AND subject_id = %(substitution_id)s LIMIT 1)
ORDER BY s.position
"""
_TO_COLLECT = """
SELECT order_id, total - refunded AS amount, currency, drop_off->>'address' AS address FROM orders
WHERE payment_method = 'cash' AND delivered_at IS NULL AND status IN ('paid', 'in_fulfilment')
  AND delivery->>'courier_id' = %(courier_id)s
ORDER BY placed_at, order_id
"""
_TO_HAND_BACK = f"""
{PROGRESS} JOIN orders o ON o.order_id = c.order_id
WHERE r.state = 'to_hand_back' AND o.delivery->>'delivered_by' = %(courier_id)s
ORDER BY r.asked_at, r.provider_refund_id LIMIT 200
"""
_PROVIDER_REFUNDS = f"""
{PROGRESS}
WHERE r.state = %(state)s OR (CAST(%(state)s AS text) IS NULL AND r.state <> 'confirmed')
ORDER BY r.asked_at, r.provider_refund_id LIMIT %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class FoundStoreOrder:
    store: StoreOrder
    order_id: str
    currency: str
    placed_at: datetime
    slot: Slot


@dataclass(frozen=True, kw_only=True)
class ToCollect:
    """What a courier takes at a door; amounts are minor units."""

    order_id: str
    amount: int
    currency: str
    address: str


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

    def order_of_substitution(self, substitution_id: str) -> Order | None:
        found = self._connection.exec_driver_sql(_FIND_BY_SUBSTITUTION, {"substitution_id": substitution_id})
        parts = found.mappings().all()
        return rows.order_from_rows(parts) if parts else None

    def to_collect(self, courier_id: str) -> Sequence[ToCollect]:
        """What the courier, as the newest assignment has it, is to collect."""
        found = self._connection.exec_driver_sql(_TO_COLLECT, {"courier_id": courier_id})
        return [ToCollect(**row) for row in found.mappings()]

    def to_hand_back(self, courier_id: str) -> Sequence[ProviderRefundProgress]:
        """Refunds of what the courier has collected that nobody has handed back yet."""
        found = self._connection.exec_driver_sql(_TO_HAND_BACK, {"courier_id": courier_id})
        return [progress_from(row) for row in found.mappings()]

    def provider_refunds(self, state: str | None, limit: int) -> Sequence[ProviderRefundProgress]:
        """Those in ``state``, or all that are not confirmed; the oldest first."""
        found = self._connection.exec_driver_sql(_PROVIDER_REFUNDS, {"state": state, "limit": limit})
        return [progress_from(row) for row in found.mappings()]

    def _rows(self, statement: str, limit: int, after: Cursor | None, **parameters: Any) -> Sequence[Any]:
        at, key = after or (None, None)
        given = parameters | {"limit": limit + 1, "at": at, "key": key}
        return self._connection.exec_driver_sql(statement, given).mappings().all()
