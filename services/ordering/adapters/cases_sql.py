"""After-sale cases in PostgreSQL, and lists of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.adapters.case_rows import case_body, case_from
from services.ordering.contracts.case_messages import to_message
from services.ordering.contracts.published import Message
from services.ordering.domain.case import Case

Cursor = tuple[datetime, str]

_ADD = """
INSERT INTO after_sale_case (case_id, order_id, store_order_id, shop_id, merchant_id, customer_id, currency,
                             reason, opened_at, status, going_on, due_at, borne_by, refunded, body)
VALUES (%(case_id)s, %(order_id)s, %(store_order_id)s, %(shop_id)s, %(merchant_id)s, %(customer_id)s,
        %(currency)s, %(reason)s, %(opened_at)s, %(status)s, %(going_on)s, %(due_at)s, %(borne_by)s,
        %(refunded)s, CAST(%(body)s AS jsonb))
"""
_FIND = "SELECT * FROM after_sale_case WHERE case_id = %(case_id)s"
_OF_ORDER = "SELECT * FROM after_sale_case WHERE order_id = %(order_id)s ORDER BY opened_at, case_id"
_SAVE = """
UPDATE after_sale_case
SET status = %(status)s, going_on = %(going_on)s, due_at = %(due_at)s, borne_by = %(borne_by)s,
    refunded = %(refunded)s, body = CAST(%(body)s AS jsonb)
WHERE case_id = %(case_id)s
"""
_DUE = """
SELECT case_id FROM after_sale_case WHERE due_at <= %(now)s ORDER BY due_at, case_id LIMIT %(limit)s
"""
# Whose cases, and in which state; what is NULL does not matter.
_PAGE = """
SELECT * FROM after_sale_case
WHERE {whose} AND (CAST(%(status)s AS text) IS NULL OR status = %(status)s)
  AND (CAST(%(at)s AS timestamptz) IS NULL OR (opened_at, case_id) < (%(at)s, %(key)s))
ORDER BY opened_at DESC, case_id DESC LIMIT %(limit)s
"""
_OF_CUSTOMER = _PAGE.format(whose="customer_id = %(customer_id)s")
_OF_SHOP = _PAGE.format(
    whose="shop_id = %(shop_id)s AND (CAST(%(merchant_id)s AS text) IS NULL OR merchant_id = %(merchant_id)s)"
)
# Who has waited longest comes first.
_QUEUE = """
SELECT * FROM after_sale_case
WHERE status = 'appealed'
  AND (CAST(%(at)s AS timestamptz) IS NULL OR (opened_at, case_id) > (%(at)s, %(key)s))
ORDER BY opened_at, case_id LIMIT %(limit)s
"""


class CasesSql:
    """``publish`` is None where each statement stands for itself; then nothing is written."""

    def __init__(self, connection: Connection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def add(self, case: Case) -> None:
        self._connection.exec_driver_sql(
            _ADD,
            _changing(case)
            | {
                "order_id": case.order_id,
                "store_order_id": case.store_order_id,
                "shop_id": case.shop_id,
                "merchant_id": case.merchant_id,
                "customer_id": case.customer_id,
                "currency": case.currency,
                "reason": case.reason,
                "opened_at": case.opened_at,
            },
        )
        self._tell(case)

    def find(self, case_id: str) -> Case | None:
        row = self._connection.exec_driver_sql(_FIND, {"case_id": case_id}).mappings().one_or_none()
        return None if row is None else case_from(row)

    def of_order(self, order_id: str) -> Sequence[Case]:
        found = self._connection.exec_driver_sql(_OF_ORDER, {"order_id": order_id})
        return [case_from(row) for row in found.mappings()]

    def save(self, case: Case) -> None:
        self._connection.exec_driver_sql(_SAVE, _changing(case))
        self._tell(case)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        return self._connection.exec_driver_sql(_DUE, {"now": now, "limit": limit}).scalars().all()

    def _tell(self, case: Case) -> None:
        if case.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        for event in case.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        case.recorded.clear()


class CaseQueriesSql:
    """Pages of cases: the newest first, but for the queue of those that wait for an operator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_customer(
        self, customer_id: str, status: str | None, limit: int, after: Cursor | None
    ) -> tuple[Sequence[Case], Cursor | None]:
        return self._page(_OF_CUSTOMER, limit, after, customer_id=customer_id, status=status)

    def of_shop(
        self, shop_id: str, merchant_id: str | None, status: str | None, limit: int, after: Cursor | None
    ) -> tuple[Sequence[Case], Cursor | None]:
        """The cases that ``merchant_id`` (None: anybody) has in the shop."""
        return self._page(_OF_SHOP, limit, after, shop_id=shop_id, merchant_id=merchant_id, status=status)

    def waiting(self, limit: int, after: Cursor | None) -> tuple[Sequence[Case], Cursor | None]:
        return self._page(_QUEUE, limit, after)

    def _page(
        self, statement: str, limit: int, after: Cursor | None, **parameters: Any
    ) -> tuple[Sequence[Case], Cursor | None]:
        at, key = after or (None, None)
        given = parameters | {"limit": limit + 1, "at": at, "key": key}
        found = self._connection.exec_driver_sql(statement, given).mappings().all()
        shown = [case_from(row) for row in found[:limit]]
        return shown, (shown[-1].opened_at, shown[-1].case_id) if len(found) > limit else None


def _changing(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "status": str(case.status),
        "going_on": case.is_going_on,
        "due_at": case.due_at,
        "borne_by": case.borne_by,
        "refunded": case.refunded,
        "body": orjson.dumps(case_body(case)).decode(),
    }
