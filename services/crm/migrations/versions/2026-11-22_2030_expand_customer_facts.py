"""What customers and shops did, the tallies of it, and the messaging tables."""

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "crm_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables(op)
    op.execute("""
        CREATE TABLE shops (
            shop_id text PRIMARY KEY,
            owner_id text NOT NULL,
            opened_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE TABLE orders (
            order_id text PRIMARY KEY,
            placed_at timestamptz,
            delivered_at timestamptz,
            delivered_parts text[] NOT NULL DEFAULT '{}',
            cancelled_at timestamptz
        )""")
    op.execute("""
        CREATE TABLE store_orders (
            store_order_id text PRIMARY KEY,
            order_id text NOT NULL,
            shop_id text NOT NULL,
            customer_id text NOT NULL,
            currency text NOT NULL,
            paid bigint NOT NULL CHECK (paid >= 0),
            paid_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX store_orders_of_customer ON store_orders (shop_id, customer_id)")
    op.execute("""
        CREATE TABLE refunds (
            refund_key text PRIMARY KEY,
            refund_id text NOT NULL,
            order_id text NOT NULL,
            store_order_id text NOT NULL,
            shop_id text NOT NULL,
            customer_id text NOT NULL,
            currency text NOT NULL,
            amount bigint NOT NULL CHECK (amount >= 0),
            issued_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX refunds_of_customer ON refunds (shop_id, customer_id)")
    op.execute("""
        CREATE TABLE tallies (
            shop_id text NOT NULL,
            customer_id text NOT NULL,
            currency text NOT NULL,
            order_count integer NOT NULL DEFAULT 0,
            refund_count integer NOT NULL DEFAULT 0,
            paid bigint NOT NULL DEFAULT 0,
            refunded bigint NOT NULL DEFAULT 0,
            first_seen timestamptz,
            last_seen timestamptz,
            PRIMARY KEY (shop_id, customer_id, currency)
        )""")
    op.execute("""
        CREATE INDEX tallies_last_seen ON tallies (shop_id, last_seen DESC, customer_id DESC, currency DESC)
        WHERE order_count > 0""")
