"""Facts in PostgreSQL: a natural key each, and tallies that move only with a fact that is new.

A transaction may take in the events of many orders: its facts are written together just before it commits,
one statement a kind, rows in the order of their keys, so that consumers side by side never deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, assert_never
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, text

from services.crm.domain.facts import Bought, Cancelled, Delivered, Fact, OrderPlaced, Refunded, ShopOpened
from shared.persistence import Transaction

# What is known of an order comes in any order, so each fact fills its own columns of one row.
_PLACED = text("""
INSERT INTO orders AS o (order_id, placed_at)
SELECT DISTINCT ON (order_id) order_id, at
FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (order_id text, at timestamptz)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET placed_at = excluded.placed_at WHERE o.placed_at IS NULL
""")
_DELIVERED = text("""
INSERT INTO orders AS o (order_id, delivered_at, delivered_parts)
SELECT DISTINCT ON (order_id) order_id, at, store_order_ids
FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (order_id text, at timestamptz, store_order_ids text[])
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE
SET delivered_at = excluded.delivered_at, delivered_parts = excluded.delivered_parts
WHERE o.delivered_at IS NULL
""")
_CANCELLED = text("""
INSERT INTO orders AS o (order_id, cancelled_at)
SELECT DISTINCT ON (order_id) order_id, at
FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (order_id text, at timestamptz)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET cancelled_at = excluded.cancelled_at WHERE o.cancelled_at IS NULL
""")
_BOUGHT = text("""
WITH fresh AS (
    INSERT INTO store_orders (store_order_id, order_id, shop_id, customer_id, currency, paid, paid_at)
    SELECT store_order_id, order_id, shop_id, customer_id, currency, amount, at
    FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (store_order_id text, order_id text, shop_id text,
        customer_id text, currency text, amount bigint, at timestamptz)
    ORDER BY store_order_id
    ON CONFLICT (store_order_id) DO NOTHING
    RETURNING shop_id, customer_id, currency, paid, paid_at
)
INSERT INTO tallies AS t (shop_id, customer_id, currency, order_count, paid, first_seen, last_seen)
SELECT shop_id, customer_id, currency, count(*), sum(paid), min(paid_at), max(paid_at) FROM fresh
GROUP BY shop_id, customer_id, currency ORDER BY shop_id, customer_id, currency
ON CONFLICT (shop_id, customer_id, currency) DO UPDATE
SET order_count = t.order_count + excluded.order_count, paid = t.paid + excluded.paid,
    first_seen = least(t.first_seen, excluded.first_seen),
    last_seen = greatest(t.last_seen, excluded.last_seen)
""")
_REFUNDED = text("""
WITH fresh AS (
    INSERT INTO refunds (refund_key, refund_id, order_id, store_order_id, shop_id, customer_id, currency,
                         amount, issued_at)
    SELECT refund_key, refund_id, order_id, store_order_id, shop_id, customer_id, currency, amount, at
    FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (refund_key text, refund_id text, order_id text,
        store_order_id text, shop_id text, customer_id text, currency text, amount bigint, at timestamptz)
    ORDER BY refund_key
    ON CONFLICT (refund_key) DO NOTHING
    RETURNING shop_id, customer_id, currency, amount
)
INSERT INTO tallies AS t (shop_id, customer_id, currency, refund_count, refunded)
SELECT shop_id, customer_id, currency, count(*), sum(amount) FROM fresh
GROUP BY shop_id, customer_id, currency ORDER BY shop_id, customer_id, currency
ON CONFLICT (shop_id, customer_id, currency) DO UPDATE
SET refund_count = t.refund_count + excluded.refund_count, refunded = t.refunded + excluded.refunded
""")
# Whatever order two messages about one shop arrive in, the later one stays.
_OPENED = text("""
INSERT INTO shops AS s (shop_id, owner_id, opened_at)
SELECT DISTINCT ON (shop_id) shop_id, owner_id, at
FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (shop_id text, owner_id text, at timestamptz)
ORDER BY shop_id, at DESC, owner_id DESC
ON CONFLICT (shop_id) DO UPDATE SET owner_id = excluded.owner_id, opened_at = excluded.opened_at
WHERE (s.opened_at, s.owner_id) < (excluded.opened_at, excluded.owner_id)
""")
_STATEMENTS = {
    ShopOpened: _OPENED,
    OrderPlaced: _PLACED,
    Delivered: _DELIVERED,
    Cancelled: _CANCELLED,
    Bought: _BOUGHT,
    Refunded: _REFUNDED,
}

_gathered: WeakKeyDictionary[Transaction, list[Fact]] = WeakKeyDictionary()


class LedgerSql:
    """:class:`services.crm.application.ports.Ledger` over one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def record(self, fact: Fact) -> None:
        facts = _gathered.get(self._transaction)
        if facts is None:
            facts = _gathered[self._transaction] = []
            self._transaction.before_commit(partial(_write, self._transaction.connection, facts))
        facts.append(fact)


def _write(connection: Connection, facts: Sequence[Fact]) -> None:
    for kind, statement in _STATEMENTS.items():
        rows = [_row(fact) for fact in facts if isinstance(fact, kind)]
        if rows:
            connection.execute(statement, {"facts": orjson.dumps(rows).decode()})


def _row(fact: Fact) -> dict[str, Any]:
    match fact:
        case Bought():
            return vars(fact) | {"amount": fact.paid.amount, "currency": fact.paid.currency}
        case Refunded():
            return vars(fact) | {"amount": fact.amount.amount, "currency": fact.amount.currency}
        case OrderPlaced() | Delivered() | Cancelled() | ShopOpened():
            return vars(fact)
        case _:
            assert_never(fact)
