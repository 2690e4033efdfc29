"""Quotes and the claims on them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.ordering.adapters import rows
from services.ordering.application.ports import Placement
from services.ordering.domain.errors import OrderIdUsed
from services.ordering.domain.quote import Quote

_ADD = """
INSERT INTO quote (quote_id, customer_id, expires_at, body)
VALUES (%(quote_id)s, %(customer_id)s, %(expires_at)s, CAST(%(body)s AS jsonb))
ON CONFLICT (quote_id) DO NOTHING
"""
_ADD_UNLESS_REDUCED = """
WITH campaigns AS (
    SELECT EXISTS (
        SELECT 1 FROM campaign
        WHERE NOT ended AND kind = 'full_reduction' AND starts_at <= %(at)s AND ends_at > %(at)s
          AND (shop_id IS NULL OR shop_id = ANY(%(shop_ids)s))) AS may_reduce
), added AS (
    INSERT INTO quote (quote_id, customer_id, expires_at, body)
    SELECT %(quote_id)s, %(customer_id)s, %(expires_at)s, CAST(%(body)s AS jsonb)
    FROM campaigns WHERE NOT may_reduce
    ON CONFLICT (quote_id) DO NOTHING RETURNING quote_id
)
SELECT may_reduce, EXISTS (SELECT FROM added) FROM campaigns
"""
_GET = "SELECT * FROM quote WHERE quote_id = %(quote_id)s"
# Claimed in time is in time: an attempt that is repeated is not refused while the first may yet succeed.
_CLAIM = """
UPDATE quote
SET order_id = %(order_id)s, placement = 'placing', claimed_at = clock_timestamp(), refusal = NULL
WHERE quote_id = %(quote_id)s AND customer_id = %(customer_id)s
  AND (placement = 'placing' AND order_id = %(order_id)s
       OR expires_at > %(now)s
          AND (placement IS NULL OR placement IN ('refused', 'released') AND order_id <> %(order_id)s))
RETURNING *
"""
_REFUSE = """
UPDATE quote SET placement = 'refused', refusal = CAST(%(refusal)s AS jsonb)
WHERE quote_id = %(quote_id)s AND order_id = %(order_id)s AND placement = 'placing'
"""
# What is refused already appears again: its release was not confirmed. Its claim time is moved on, so
# that several replicas do not release the same things all the time.
_REFUSE_ABANDONED = """
UPDATE quote SET placement = 'refused', claimed_at = clock_timestamp()
WHERE quote_id IN (
    SELECT quote_id FROM quote
    WHERE placement IN ('placing', 'refused')
      AND claimed_at < clock_timestamp() - CAST(%(patience)s AS interval)
    ORDER BY claimed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING order_id, quote_id, placement, refusal
"""
_RELEASED = """
UPDATE quote SET placement = 'released' WHERE order_id = ANY(%(order_ids)s) AND placement = 'refused'
"""
_FORGET = """
DELETE FROM quote WHERE quote_id IN (
    SELECT quote_id FROM quote WHERE placement IS NULL AND expires_at < %(before)s
    LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""


class QuotesSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, quote: Quote) -> Quote:
        added = self._connection.exec_driver_sql(_ADD, _columns(quote))
        return quote if added.rowcount else self._kept(quote.quote_id)

    def add_unless_reduced(self, quote: Quote, at: datetime) -> Quote | None:
        shop_ids = [quoted.shop.shop_id for quoted in quote.shops]
        may_reduce, added = self._connection.exec_driver_sql(
            _ADD_UNLESS_REDUCED, _columns(quote) | {"shop_ids": shop_ids, "at": at}
        ).one()
        if may_reduce:
            return None
        return quote if added else self._kept(quote.quote_id)

    def claim(self, quote_id: str, order_id: str, customer_id: str, now: datetime) -> Quote | None:
        parameters = {"quote_id": quote_id, "order_id": order_id, "customer_id": customer_id, "now": now}
        try:
            row = self._connection.exec_driver_sql(_CLAIM, parameters).mappings().one_or_none()
        except IntegrityError as error:
            raise OrderIdUsed from error
        return None if row is None else rows.quote_from(row)

    def get(self, quote_id: str) -> tuple[Quote, Placement | None] | None:
        row = self._connection.exec_driver_sql(_GET, {"quote_id": quote_id}).mappings().one_or_none()
        if row is None:
            return None
        return rows.quote_from(row), None if row["placement"] is None else _placement(row)

    def refuse(self, quote_id: str, order_id: str, refusal: Mapping[str, Any]) -> bool:
        refused = self._connection.exec_driver_sql(
            _REFUSE,
            {"quote_id": quote_id, "order_id": order_id, "refusal": orjson.dumps(dict(refusal)).decode()},
        )
        return refused.rowcount == 1

    def refuse_abandoned(self, patience: timedelta, limit: int) -> Sequence[Placement]:
        found = self._connection.exec_driver_sql(_REFUSE_ABANDONED, {"patience": patience, "limit": limit})
        return [_placement(row) for row in found.mappings()]

    def released(self, order_ids: Sequence[str]) -> None:
        self._connection.exec_driver_sql(_RELEASED, {"order_ids": list(order_ids)})

    def forget(self, before: datetime) -> int:
        return self._connection.exec_driver_sql(_FORGET, {"before": before}).rowcount

    def _kept(self, quote_id: str) -> Quote:
        return rows.quote_from(
            self._connection.exec_driver_sql(_GET, {"quote_id": quote_id}).mappings().one()
        )


def _columns(quote: Quote) -> dict[str, Any]:
    return {
        "quote_id": quote.quote_id,
        "customer_id": quote.customer_id,
        "expires_at": quote.expires_at,
        "body": orjson.dumps(rows.quote_document(quote)).decode(),
    }


def _placement(row: Any) -> Placement:
    return Placement(
        order_id=row["order_id"], quote_id=row["quote_id"], state=row["placement"], refusal=row["refusal"]
    )
