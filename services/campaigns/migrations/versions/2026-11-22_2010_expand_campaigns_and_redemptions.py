"""Campaigns, what orders took of them, and the messaging tables."""

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "campaigns_0001"
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
        CREATE TABLE campaigns (
            campaign_id text PRIMARY KEY,
            shop_id text,
            kind text NOT NULL,
            funder text NOT NULL,
            name text NOT NULL,
            currency text NOT NULL,
            threshold bigint NOT NULL,
            off bigint NOT NULL,
            budget bigint NOT NULL,
            spent bigint NOT NULL DEFAULT 0,
            per_customer_limit integer,
            total_limit integer,
            uses integer NOT NULL DEFAULT 0,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            ended_at timestamptz,
            code text,
            launched_at timestamptz NOT NULL,
            CONSTRAINT campaigns_counters_not_negative CHECK (spent >= 0 AND uses >= 0)
        ) WITH (fillfactor = 50)""")
    op.execute(
        "CREATE UNIQUE INDEX campaigns_code ON campaigns (coalesce(shop_id, ''), code) WHERE code IS NOT NULL"
    )
    op.execute("CREATE INDEX campaigns_by_shop ON campaigns (shop_id, campaign_id)")
    op.execute("""
        CREATE TABLE customer_uses (
            campaign_id text NOT NULL,
            customer_id text NOT NULL,
            uses integer NOT NULL,
            PRIMARY KEY (campaign_id, customer_id),
            CONSTRAINT customer_uses_not_negative CHECK (uses >= 0)
        )""")
    op.execute("""
        CREATE TABLE orders (
            order_id text PRIMARY KEY,
            customer_id text,
            expires_at timestamptz,
            paid_at timestamptz,
            closed_at timestamptz,
            closed_because text,
            lapsed_at timestamptz
        )""")
    op.execute(
        "CREATE INDEX orders_held ON orders (expires_at)"
        " WHERE paid_at IS NULL AND closed_at IS NULL AND lapsed_at IS NULL"
    )
    op.execute("""
        CREATE TABLE taken (
            order_id text NOT NULL,
            campaign_id text NOT NULL,
            amount bigint NOT NULL,
            currency text NOT NULL,
            counted bigint NOT NULL,
            uses integer NOT NULL,
            told_redeemed boolean NOT NULL DEFAULT false,
            told_returned boolean NOT NULL DEFAULT false,
            PRIMARY KEY (order_id, campaign_id),
            CONSTRAINT taken_counts_no_more_than_taken CHECK (amount > 0 AND counted BETWEEN 0 AND amount)
        )""")
    op.execute("CREATE INDEX taken_by_campaign ON taken (campaign_id)")
    op.execute("""
        CREATE TABLE refunds (
            order_id text NOT NULL,
            refund_key text NOT NULL,
            campaign_id text NOT NULL,
            amount bigint NOT NULL,
            PRIMARY KEY (order_id, refund_key, campaign_id)
        )""")
