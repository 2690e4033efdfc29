"""Quotes and the claims on them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.ordering.adapters import rows
from services.ordering.application.ports import Placement
from services.ordering.domain.errors import OrderIdUsed
from services.ordering.domain.quote import Quote

_ADD = text("""
INSERT INTO quote (quote_id, customer_id, expires_at, body)
VALUES (:quote_id, :customer_id, :expires_at, CAST(:body AS jsonb))
ON CONFLICT (quote_id) DO NOTHING
""")
_GET = text("SELECT * FROM quote WHERE quote_id = :quote_id")
_CLAIM = text("""
UPDATE quote SET order_id = :order_id, placement = 'placing', claimed_at = clock_timestamp(), refusal = NULL
WHERE quote_id = :quote_id AND customer_id = :customer_id AND expires_at > :now
  AND (placement IS NULL
       OR placement = 'placing' AND order_id = :order_id
       OR placement IN ('refused', 'released') AND order_id <> :order_id)
RETURNING *
""")
_REFUSE = text("""
UPDATE quote SET placement = 'refused', refusal = CAST(:refusal AS jsonb)
WHERE quote_id = :quote_id AND order_id = :order_id AND placement = 'placing'
""")
# What is refused already appears again: its release was not confirmed. Its claim time is moved on, so
# that several replicas do not release the same things all the time.
_REFUSE_ABANDONED = text("""
UPDATE quote SET placement = 'refused', claimed_at = clock_timestamp()
WHERE quote_id IN (
    SELECT quote_id FROM quote
    WHERE placement IN ('placing', 'refused') AND claimed_at < clock_timestamp() - CAST(:patience AS interval)
    ORDER BY claimed_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING order_id, quote_id, placement, refusal
""")
_RELEASED = text("""
UPDATE quote SET placement = 'released' WHERE order_id = ANY(:order_ids) AND placement = 'refused'
""")
_FORGET = text("""
DELETE FROM quote WHERE quote_id IN (
    SELECT quote_id FROM quote WHERE placement IS NULL AND expires_at < :before
    LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")


class QuotesSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, quote: Quote) -> Quote:
        added = self._connection.execute(
            _ADD,
            {
                "quote_id": quote.quote_id,
                "customer_id": quote.customer_id,
                "expires_at": quote.expires_at,
                "body": orjson.dumps(rows.quote_document(quote)).decode(),
            },
        )
        if added.rowcount:
            return quote
        kept = self._connection.execute(_GET, {"quote_id": quote.quote_id}).mappings().one()
        return rows.quote_from(kept)

    def claim(self, quote_id: str, order_id: str, customer_id: str, now: datetime) -> Quote | None:
        parameters = {"quote_id": quote_id, "order_id": order_id, "customer_id": customer_id, "now": now}
        try:
            row = self._connection.execute(_CLAIM, parameters).mappings().one_or_none()
        except IntegrityError as error:
            raise OrderIdUsed from error
        return None if row is None else rows.quote_from(row)

    def get(self, quote_id: str) -> tuple[Quote, Placement | None] | None:
        row = self._connection.execute(_GET, {"quote_id": quote_id}).mappings().one_or_none()
        if row is None:
            return None
        return rows.quote_from(row), None if row["placement"] is None else _placement(row)

    def refuse(self, quote_id: str, order_id: str, refusal: Mapping[str, Any]) -> bool:
        refused = self._connection.execute(
            _REFUSE,
            {"quote_id": quote_id, "order_id": order_id, "refusal": orjson.dumps(dict(refusal)).decode()},
        )
        return refused.rowcount == 1

    def refuse_abandoned(self, patience: timedelta, limit: int) -> Sequence[Placement]:
        found = self._connection.execute(_REFUSE_ABANDONED, {"patience": patience, "limit": limit})
        return [_placement(row) for row in found.mappings()]

    def released(self, order_ids: Sequence[str]) -> None:
        self._connection.execute(_RELEASED, {"order_ids": list(order_ids)})

    def forget(self, before: datetime) -> int:
        return self._connection.execute(_FORGET, {"before": before}).rowcount


def _placement(row: Any) -> Placement:
    return Placement(
        order_id=row["order_id"], quote_id=row["quote_id"], state=row["placement"], refusal=row["refusal"]
    )
