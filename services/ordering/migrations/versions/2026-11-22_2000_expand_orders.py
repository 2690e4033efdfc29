"""Quotes, orders, payments, refunds, and the books of the sandbox provider."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "ordering_0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE quote (
    quote_id    text PRIMARY KEY,
    customer_id text NOT NULL,
    expires_at  timestamptz NOT NULL,
    body        jsonb NOT NULL,
    order_id    text UNIQUE,
    placement   text CHECK (placement IN ('placing', 'placed', 'refused', 'released')),
    claimed_at  timestamptz,
    refusal     jsonb
);
CREATE INDEX quote_to_settle ON quote (claimed_at) WHERE placement IN ('placing', 'refused');
CREATE INDEX quote_to_forget ON quote (expires_at) WHERE placement IS NULL;

CREATE TABLE orders (
    order_id              text PRIMARY KEY,
    quote_id              text NOT NULL UNIQUE,
    customer_id           text NOT NULL,
    status                text NOT NULL,
    currency              text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    goods                 bigint NOT NULL CHECK (goods >= 0),
    discount              bigint NOT NULL CHECK (discount BETWEEN 0 AND goods),
    delivery_fee          bigint NOT NULL CHECK (delivery_fee >= 0),
    total                 bigint NOT NULL CHECK (total = goods - discount + delivery_fee),
    refunded              bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND total),
    delivery_fee_refunded bigint NOT NULL DEFAULT 0 CHECK (delivery_fee_refunded BETWEEN 0 AND delivery_fee),
    zone_id               text NOT NULL,
    slot                  jsonb NOT NULL,
    drop_off              jsonb NOT NULL,
    placed_at             timestamptz NOT NULL,
    expires_at            timestamptz NOT NULL,
    paid_at               timestamptz,
    payment_id            text,
    charge_id             text,
    payment_status        text,
    delivered_at          timestamptz,
    completes_at          timestamptz,
    reason                text,
    delivery              jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 80);
CREATE INDEX orders_of_customer ON orders (customer_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_unpaid ON orders (expires_at) WHERE status = 'pending_payment';
CREATE INDEX orders_to_complete ON orders (completes_at) WHERE status = 'delivered';

CREATE TABLE store_order (
    store_order_id text PRIMARY KEY,
    order_id       text NOT NULL REFERENCES orders (order_id),
    position       integer NOT NULL,
    shop_id        text NOT NULL,
    shop_name      text NOT NULL,
    merchant_id    text NOT NULL,
    status         text NOT NULL,
    currency       text NOT NULL,
    goods          bigint NOT NULL CHECK (goods >= 0),
    discount       bigint NOT NULL CHECK (discount BETWEEN 0 AND goods),
    paid           bigint NOT NULL CHECK (paid = goods - discount),
    refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND paid),
    lines          jsonb NOT NULL,
    placed_at      timestamptz NOT NULL,
    paid_at        timestamptz,
    ready_at       timestamptz,
    picked_up_at   timestamptz,
    reason         text,
    UNIQUE (order_id, position)
) WITH (fillfactor = 80);
CREATE INDEX store_order_of_shop ON store_order (shop_id, placed_at DESC, store_order_id DESC);

CREATE TABLE payment (
    payment_id text PRIMARY KEY,
    order_id   text NOT NULL REFERENCES orders (order_id),
    method     text NOT NULL,
    scenario   text NOT NULL,
    amount     bigint NOT NULL CHECK (amount >= 0),
    currency   text NOT NULL,
    status     text NOT NULL,
    started_at timestamptz NOT NULL
);
CREATE INDEX payment_of_order ON payment (order_id);

CREATE TABLE charge (
    charge_id   text PRIMARY KEY,
    payment_id  text NOT NULL REFERENCES payment (payment_id),
    order_id    text NOT NULL,
    amount      bigint NOT NULL CHECK (amount >= 0),
    captured    boolean NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX charge_captured_once ON charge (order_id) WHERE captured;

CREATE TABLE refund (
    refund_id      text PRIMARY KEY,
    command_id     text NOT NULL,
    order_id       text NOT NULL REFERENCES orders (order_id),
    store_order_id text,
    shop_id        text,
    issued_at      timestamptz NOT NULL,
    reason         text NOT NULL,
    goods          bigint NOT NULL CHECK (goods >= 0),
    delivery_fee   bigint NOT NULL CHECK (delivery_fee >= 0),
    restock        boolean NOT NULL,
    lines          jsonb NOT NULL
);
CREATE INDEX refund_of_command ON refund (command_id);
CREATE INDEX refund_of_order ON refund (order_id);

CREATE TABLE provider_refund (
    provider_refund_id text PRIMARY KEY,
    charge_id          text NOT NULL REFERENCES charge (charge_id),
    method             text NOT NULL,
    amount             bigint NOT NULL CHECK (amount > 0),
    currency           text NOT NULL,
    reason             text NOT NULL,
    attempt            integer NOT NULL DEFAULT 0,
    next_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at            timestamptz
);
CREATE INDEX provider_refund_to_send ON provider_refund (next_at) WHERE sent_at IS NULL;

CREATE TABLE campaign (
    campaign_id text PRIMARY KEY,
    shop_id     text,
    kind        text,
    starts_at   timestamptz,
    ends_at     timestamptz,
    ended       boolean NOT NULL DEFAULT false
);
CREATE INDEX campaign_running ON campaign (kind, ends_at) WHERE NOT ended;

CREATE TABLE sandbox_attempt (
    payment_id text PRIMARY KEY,
    amount     bigint NOT NULL,
    currency   text NOT NULL,
    scenario   text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at  timestamptz
);

CREATE TABLE sandbox_charge (
    charge_id  text PRIMARY KEY,
    payment_id text NOT NULL REFERENCES sandbox_attempt (payment_id),
    amount     bigint NOT NULL,
    currency   text NOT NULL,
    charged_at timestamptz NOT NULL
);
CREATE INDEX sandbox_charge_of_attempt ON sandbox_charge (payment_id);

CREATE TABLE sandbox_refund (
    refund_id   text PRIMARY KEY,
    charge_id   text NOT NULL REFERENCES sandbox_charge (charge_id),
    amount      bigint NOT NULL CHECK (amount > 0),
    refunded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sandbox_refund_of_charge ON sandbox_refund (charge_id);

CREATE TABLE sandbox_notification (
    notification_id text PRIMARY KEY,
    payment_id      text NOT NULL REFERENCES sandbox_attempt (payment_id),
    body            text NOT NULL,
    due_at          timestamptz NOT NULL,
    attempt         integer NOT NULL DEFAULT 0,
    delivered_at    timestamptz
);
CREATE INDEX sandbox_notification_due ON sandbox_notification (due_at) WHERE delivered_at IS NULL;
"""


def upgrade() -> None:
    create_messaging_tables(op)
    op.execute(_TABLES)
