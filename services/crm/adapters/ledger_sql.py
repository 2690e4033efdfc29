"""Facts in PostgreSQL: a natural key each, and tallies that move only with a fact that is new."""

from __future__ import annotations

from typing import Any, assert_never

from sqlalchemy import Connection, text

from services.crm.domain.facts import Bought, Cancelled, Delivered, Fact, OrderPlaced, Refunded, ShopOpened

# What is known of an order comes in any order, so each fact fills its own columns of one row.
_PLACED = text("""
INSERT INTO orders AS o (order_id, placed_at) VALUES (:order_id, :at)
ON CONFLICT (order_id) DO UPDATE SET placed_at = excluded.placed_at WHERE o.placed_at IS NULL
""")
_DELIVERED = text("""
INSERT INTO orders AS o (order_id, delivered_at, delivered_parts)
VALUES (:order_id, :at, CAST(:parts AS text[]))
ON CONFLICT (order_id) DO UPDATE
SET delivered_at = excluded.delivered_at, delivered_parts = excluded.delivered_parts
WHERE o.delivered_at IS NULL
""")
_CANCELLED = text("""
INSERT INTO orders AS o (order_id, cancelled_at) VALUES (:order_id, :at)
ON CONFLICT (order_id) DO UPDATE SET cancelled_at = excluded.cancelled_at WHERE o.cancelled_at IS NULL
""")
_BOUGHT = text("""
WITH fresh AS (
    INSERT INTO store_orders (store_order_id, order_id, shop_id, customer_id, currency, paid, paid_at)
    VALUES (:store_order_id, :order_id, :shop_id, :customer_id, :currency, :amount, :at)
    ON CONFLICT (store_order_id) DO NOTHING
    RETURNING shop_id, customer_id, currency, paid, paid_at
)
INSERT INTO tallies AS t (shop_id, customer_id, currency, order_count, paid, first_seen, last_seen)
SELECT shop_id, customer_id, currency, 1, paid, paid_at, paid_at FROM fresh
ON CONFLICT (shop_id, customer_id, currency) DO UPDATE
SET order_count = t.order_count + 1, paid = t.paid + excluded.paid,
    first_seen = least(t.first_seen, excluded.first_seen),
    last_seen = greatest(t.last_seen, excluded.last_seen)
""")
_REFUNDED = text("""
WITH fresh AS (
    INSERT INTO refunds (refund_key, refund_id, order_id, store_order_id, shop_id, customer_id, currency,
                         amount, issued_at)
    VALUES (:refund_key, :refund_id, :order_id, :store_order_id, :shop_id, :customer_id, :currency,
            :amount, :at)
    ON CONFLICT (refund_key) DO NOTHING
    RETURNING shop_id, customer_id, currency, amount
)
INSERT INTO tallies AS t (shop_id, customer_id, currency, refund_count, refunded)
SELECT shop_id, customer_id, currency, 1, amount FROM fresh
ON CONFLICT (shop_id, customer_id, currency) DO UPDATE
SET refund_count = t.refund_count + 1, refunded = t.refunded + excluded.refunded
""")
# Whatever order two messages about one shop arrive in, the later one stays.
_OPENED = text("""
INSERT INTO shops AS s (shop_id, owner_id, opened_at) VALUES (:shop_id, :owner_id, :at)
ON CONFLICT (shop_id) DO UPDATE SET owner_id = excluded.owner_id, opened_at = excluded.opened_at
WHERE (s.opened_at, s.owner_id) < (excluded.opened_at, excluded.owner_id)
""")


class LedgerSql:
    """:class:`services.crm.application.ports.Ledger` over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, fact: Fact) -> None:
        values: dict[str, Any] = dict(vars(fact))
        match fact:
            case OrderPlaced():
                statement = _PLACED
            case Bought():
                statement = _BOUGHT
                values |= {"amount": fact.paid.amount, "currency": fact.paid.currency}
                del values["paid"]
            case Refunded():
                statement = _REFUNDED
                values |= {"amount": fact.amount.amount, "currency": fact.amount.currency}
            case Delivered():
                statement = _DELIVERED
                values["parts"] = list(values.pop("store_order_ids"))
            case Cancelled():
                statement = _CANCELLED
            case ShopOpened():
                statement = _OPENED
            case _:
                assert_never(fact)
        self._connection.execute(statement, values)
