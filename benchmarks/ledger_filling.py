"""Filling commission's ledger fast with what orders of a hundred days would have left in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from linli.stack import databases

# Paid (2 entries), delivered for two shops (2 × 4 and 2 for the fee), carried (2).
ENTRIES_OF_ORDER = 14
_ORDERS_AT_ONCE = 20_000

_ORDERS = """
CREATE TEMP TABLE filled ON COMMIT DROP AS
SELECT n, lpad(to_hex(n), 12, '0') || '-7000-8000-000000000000' AS order_id,
    md5('paid' || n)::uuid::text AS paid, md5('delivered' || n)::uuid::text AS delivered,
    md5('carried' || n)::uuid::text AS carried,
    date_trunc('day', now()) - make_interval(days => %(days)s)
        + make_interval(secs => n::float8 / %(orders)s * %(days)s * 86400) AS at,
    500 + (n * 7919) %% 8500 AS first_price, 500 + (n * 104729) %% 8500 AS second_price,
    'payable:shop:shop-' || (n * 31) %% %(shops)s AS first_shop,
    'payable:shop:shop-' || (n * 17 + 5) %% %(shops)s AS second_shop,
    'payable:courier:courier-' || n %% %(couriers)s AS courier
FROM generate_series(%(low)s::bigint, %(high)s::bigint) AS n
"""
_TRANSACTIONS = """
INSERT INTO later SELECT v.id, v.type, f.order_id, f.at
FROM filled AS f, LATERAL (VALUES (f.paid, 'OrderPaid'), (f.delivered, 'OrderDelivered'),
    (f.carried, 'DeliveryCompleted')) AS v (id, type) ORDER BY f.n
"""
# Indexes over ids in no order are written fast when they are written once and in their order.
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'ledger_entry' AND indexname <> 'ledger_entry_pkey'
"""
_TRANSACTIONS_LATER = "CREATE TEMP TABLE later (id text, type text, order_id text, at timestamptz)"
_WRITE_TRANSACTIONS = """
INSERT INTO ledger_transaction
    (transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at)
SELECT id, 'event:' || id, type, order_id, 'CNY', 1, at, at FROM later ORDER BY id
"""
_ENTRIES = """
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, store_order_id, rate_bp,
    base, note, posted_at)
SELECT v.id, v.account, v.amount, 'CNY', v.kind, f.order_id,
    CASE v.part WHEN 0 THEN NULL ELSE f.order_id || '/' || v.part END,
    CASE v.kind WHEN 'take_rate' THEN 500 END, v.base, v.note, f.at
FROM filled AS f, LATERAL (VALUES
    (1, f.paid, 'cash:provider', first_price + second_price + 700, 'payment', 0, NULL::bigint, NULL),
    (2, f.paid, 'liability:orders', -first_price - second_price - 700, 'payment', 0, NULL, NULL),
    (3, f.delivered, 'liability:orders', first_price, 'sale', 1, NULL, NULL),
    (4, f.delivered, f.first_shop, -first_price, 'sale', 1, NULL, NULL),
    (5, f.delivered, f.first_shop, first_price / 20, 'take_rate', 1, first_price, 'of goods'),
    (6, f.delivered, 'revenue:take_rate', -(first_price / 20), 'take_rate', 1, first_price, 'of goods'),
    (7, f.delivered, 'liability:orders', second_price, 'sale', 2, NULL, NULL),
    (8, f.delivered, f.second_shop, -second_price, 'sale', 2, NULL, NULL),
    (9, f.delivered, f.second_shop, second_price / 20, 'take_rate', 2, second_price, 'of goods'),
    (10, f.delivered, 'revenue:take_rate', -(second_price / 20), 'take_rate', 2, second_price, 'of goods'),
    (11, f.delivered, 'liability:orders', 700, 'delivery_fee', 0, NULL, NULL),
    (12, f.delivered, 'revenue:delivery_fee', -700, 'delivery_fee', 0, NULL, NULL),
    (13, f.carried, 'expense:courier_pay', 640, 'courier_pay', 0, NULL, '300 per drop-off'),
    (14, f.carried, f.courier, -640, 'courier_pay', 0, NULL, '300 per drop-off')
) AS v (place, id, account, amount, kind, part, base, note) ORDER BY f.n, v.place
"""
# Seals are what they would be but for their hashes, which no question looks at.
_SEALS = """
INSERT INTO ledger_seal (position, transaction_id, first_entry, last_entry, entries, form, hash, sealed_at)
SELECT COALESCE((SELECT max(position) FROM ledger_seal), 0) + row_number() OVER (ORDER BY first_entry),
    transaction_id, first_entry, last_entry, entries, 1, sha256(transaction_id::bytea), now()
FROM ledger_unsealed
"""
_TOTALS = """
INSERT INTO ledger_total
    (account, currency, span, starts, kind, debit, credit, entries, first_entry, last_entry)
SELECT account, currency, span, date_trunc(span, posted_at, 'UTC') AS starts, kind,
    COALESCE(sum(amount) FILTER (WHERE amount > 0), 0), COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0),
    count(*), min(entry_id), max(entry_id)
FROM ledger_entry, (VALUES ('month'), ('day')) AS s (span) GROUP BY account, currency, span, starts, kind
"""


def fill(
    superuser: str,
    orders: int,
    *,
    shops: int,
    couriers: int,
    days: int,
    progress: Callable[[int], None],
) -> None:
    """Write the entries of ``orders`` orders, spread evenly over the last ``days``."""
    with closing(databases.connect(superuser)) as connection, connection.cursor() as cursor:
        # What is written is valid; checking it again would take most of the time.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'")
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(_TRANSACTIONS_LATER)
        for low in range(1, orders + 1, _ORDERS_AT_ONCE):
            high = min(low + _ORDERS_AT_ONCE - 1, orders)
            given: dict[str, Any] = {
                "low": low,
                "high": high,
                "orders": orders,
                "days": days,
                "shops": shops,
                "couriers": couriers,
            }
            cursor.execute("BEGIN")
            cursor.execute(_ORDERS, given)
            cursor.execute(_TRANSACTIONS)
            cursor.execute(_ENTRIES)
            cursor.execute("COMMIT")
            progress(high)
        cursor.execute(_WRITE_TRANSACTIONS)
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE ledger_entry, ledger_transaction")


def as_if_sealed(superuser: str) -> None:
    """Bring seals and totals to where sealing everything would have brought them."""
    with closing(databases.connect(superuser)) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
        cursor.execute(_SEALS)
        cursor.execute(_TOTALS)
        cursor.execute("TRUNCATE ledger_unsealed")
        cursor.execute("VACUUM ANALYZE ledger_seal, ledger_total, ledger_unsealed")
