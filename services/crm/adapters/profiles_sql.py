"""The read side in PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from services.crm.domain.profile import Happening, Moment, ShopSummary, Tally, Turnover
from services.crm.domain.queries import AfterMoment, AfterTally
from shared.kernel.money import Money

_OWNER = text("SELECT owner_id FROM shops WHERE shop_id = :shop_id")
_TALLY = "shop_id, customer_id, currency, order_count, refund_count, paid, refunded, first_seen, last_seen"
_TALLIES = text(f"""
SELECT {_TALLY} FROM tallies
WHERE shop_id = :shop_id AND customer_id = :customer_id AND order_count > 0
ORDER BY order_count DESC, currency
""")
_CUSTOMERS = text(f"""
SELECT {_TALLY} FROM tallies
WHERE shop_id = :shop_id AND order_count > 0 AND starts_with(customer_id, :prefix)
  AND (CAST(:last_seen AS timestamptz) IS NULL
       OR (last_seen, customer_id, currency) < (CAST(:last_seen AS timestamptz), :customer_id, :currency))
ORDER BY last_seen DESC, customer_id DESC, currency DESC LIMIT :limit
""")
_ENDINGS = text("""
SELECT count(*) FILTER (WHERE s.store_order_id = ANY(o.delivered_parts)) AS delivered,
       count(*) FILTER (WHERE o.cancelled_at IS NOT NULL) AS cancelled
FROM store_orders s JOIN orders o USING (order_id)
WHERE s.shop_id = :shop_id AND s.customer_id = :customer_id
""")
# An order's own facts appear for a shop once its part of it was paid for.
_TIMELINE = text("""
WITH parts AS (
    SELECT * FROM store_orders WHERE shop_id = :shop_id AND customer_id = :customer_id
), moments AS (
    SELECT 'paid' AS kind, paid_at AS at, order_id, store_order_id, '' AS refund_id, paid AS amount, currency
    FROM parts
    UNION ALL
    SELECT 'placed', o.placed_at, p.order_id, p.store_order_id, '', NULL, NULL
    FROM parts p JOIN orders o USING (order_id) WHERE o.placed_at IS NOT NULL
    UNION ALL
    SELECT 'delivered', o.delivered_at, p.order_id, p.store_order_id, '', NULL, NULL
    FROM parts p JOIN orders o USING (order_id) WHERE p.store_order_id = ANY(o.delivered_parts)
    UNION ALL
    SELECT 'cancelled', o.cancelled_at, p.order_id, p.store_order_id, '', NULL, NULL
    FROM parts p JOIN orders o USING (order_id) WHERE o.cancelled_at IS NOT NULL
    UNION ALL
    SELECT 'refunded', issued_at, order_id, store_order_id, refund_id, amount, currency
    FROM refunds WHERE shop_id = :shop_id AND customer_id = :customer_id
), keyed AS (
    SELECT *, concat(store_order_id, '/', kind, '/', refund_id) AS key FROM moments
)
SELECT * FROM keyed
WHERE CAST(:at AS timestamptz) IS NULL OR (at, key) < (CAST(:at AS timestamptz), :key)
ORDER BY at DESC, key DESC LIMIT :limit
""")
_CUSTOMER_COUNTS = text("""
SELECT count(*) AS customers, count(*) FILTER (WHERE orders > 1) AS returning,
       min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM (SELECT sum(order_count) AS orders, min(first_seen) AS first_seen, max(last_seen) AS last_seen
      FROM tallies WHERE shop_id = :shop_id AND order_count > 0 GROUP BY customer_id) AS each_customer
""")
_TURNOVER = text("""
SELECT currency, sum(order_count)::bigint AS order_count, sum(refund_count)::bigint AS refund_count,
       sum(paid)::bigint AS paid, sum(refunded)::bigint AS refunded
FROM tallies WHERE shop_id = :shop_id AND order_count > 0
GROUP BY currency ORDER BY 2 DESC, 1
""")


class ProfilesSql:
    """:class:`services.crm.application.ports.Profiles` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owner_of(self, shop_id: str) -> str | None:
        owner: str | None = self._connection.scalar(_OWNER, {"shop_id": shop_id})
        return owner

    def tallies(self, shop_id: str, customer_id: str) -> list[Tally]:
        rows = self._connection.execute(_TALLIES, {"shop_id": shop_id, "customer_id": customer_id})
        return [_tally(row) for row in rows]

    def endings(self, shop_id: str, customer_id: str) -> tuple[int, int]:
        row = self._connection.execute(_ENDINGS, {"shop_id": shop_id, "customer_id": customer_id}).one()
        return row.delivered, row.cancelled

    def timeline(self, shop_id: str, customer_id: str, limit: int, after: AfterMoment | None) -> list[Moment]:
        asked = {
            "shop_id": shop_id,
            "customer_id": customer_id,
            "limit": limit,
            "at": after.at if after else None,
            "key": after.key if after else "",
        }
        return [_moment(row) for row in self._connection.execute(_TIMELINE, asked)]

    def customers(self, shop_id: str, prefix: str, limit: int, after: AfterTally | None) -> list[Tally]:
        asked = {
            "shop_id": shop_id,
            "prefix": prefix,
            "limit": limit,
            "last_seen": after.last_seen if after else None,
            "customer_id": after.customer_id if after else "",
            "currency": after.currency if after else "",
        }
        return [_tally(row) for row in self._connection.execute(_CUSTOMERS, asked)]

    def summary(self, shop_id: str) -> ShopSummary:
        counts = self._connection.execute(_CUSTOMER_COUNTS, {"shop_id": shop_id}).one()
        turnover = self._connection.execute(_TURNOVER, {"shop_id": shop_id})
        return ShopSummary(
            shop_id=shop_id,
            customer_count=counts.customers,
            returning_count=counts.returning,
            first_seen=counts.first_seen,
            last_seen=counts.last_seen,
            turnover=[
                Turnover(
                    order_count=row.order_count,
                    refund_count=row.refund_count,
                    spend=Money(row.paid - row.refunded, row.currency),
                    refunded=Money(row.refunded, row.currency),
                )
                for row in turnover
            ],
        )


def _tally(row: Any) -> Tally:
    return Tally(
        shop_id=row.shop_id,
        customer_id=row.customer_id,
        order_count=row.order_count,
        refund_count=row.refund_count,
        spend=Money(row.paid - row.refunded, row.currency),
        refunded=Money(row.refunded, row.currency),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _moment(row: Any) -> Moment:
    return Moment(
        kind=Happening(row.kind),
        at=row.at,
        order_id=row.order_id,
        store_order_id=row.store_order_id,
        refund_id=row.refund_id or None,
        amount=None if row.amount is None else Money(row.amount, row.currency),
    )
