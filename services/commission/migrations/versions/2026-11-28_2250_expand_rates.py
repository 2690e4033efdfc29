"""Withdrawn rate plans, couriers' shifts and their deliveries, subscriptions and placements of shops."""

from __future__ import annotations

from alembic import op

revision = "commission_0005"
down_revision = "commission_0004"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE rate_plan_withdrawal (
    version      integer PRIMARY KEY REFERENCES rate_plan (version),
    withdrawn_by text NOT NULL,
    withdrawn_at timestamptz NOT NULL
);

CREATE TABLE courier_shift (
    shift_id         text PRIMARY KEY,
    courier_id       text NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz,
    guaranteed       bigint NOT NULL DEFAULT 0 CHECK (guaranteed >= 0),
    postings         integer NOT NULL DEFAULT 0,
    last_transaction text
);
CREATE INDEX courier_shift_of_courier ON courier_shift (courier_id, started_at, shift_id);
CREATE INDEX courier_shift_by_time ON courier_shift (started_at) WHERE ended_at IS NOT NULL;

CREATE TABLE courier_trip (
    order_id     text PRIMARY KEY,
    courier_id   text NOT NULL,
    currency     text NOT NULL,
    completed_at timestamptz NOT NULL,
    pay          bigint NOT NULL CHECK (pay >= 0)
);
CREATE INDEX courier_trip_of_courier ON courier_trip (courier_id, completed_at) INCLUDE (currency, pay);

CREATE TABLE shop_contract (
    contract_id text PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('subscription', 'advertising')),
    shop_id     text NOT NULL,
    product     text NOT NULL,
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    fee         bigint NOT NULL CHECK (fee >= 0),
    per_order   bigint NOT NULL DEFAULT 0 CHECK (per_order >= 0),
    rate_plan   integer NOT NULL,
    starts_on   date NOT NULL,
    ends_on     date CHECK (ends_on >= starts_on),
    booked_by   text NOT NULL,
    booked_at   timestamptz NOT NULL
);
CREATE INDEX shop_contract_of_shop ON shop_contract (shop_id, booked_at DESC);

CREATE TABLE shop_contract_end (
    end_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract_id text NOT NULL REFERENCES shop_contract (contract_id),
    ends_before date NOT NULL,
    reason      text NOT NULL,
    ended_by    text NOT NULL,
    ended_at    timestamptz NOT NULL
);
CREATE INDEX shop_contract_end_of ON shop_contract_end (contract_id, end_id DESC);

CREATE TABLE shop_charge (
    contract_id      text NOT NULL REFERENCES shop_contract (contract_id),
    period           date NOT NULL,
    amount           bigint NOT NULL CHECK (amount >= 0),
    formula          text,
    postings         integer NOT NULL,
    last_transaction text,
    PRIMARY KEY (contract_id, period)
);

CREATE TABLE shop_contract_due (
    contract_id text PRIMARY KEY REFERENCES shop_contract (contract_id),
    next_period date,
    due_at      timestamptz
);
CREATE INDEX shop_contract_due_by_time ON shop_contract_due (due_at) WHERE due_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_TABLES.replace(":", "\\:"))
    for table in ("rate_plan_withdrawal", "shop_contract", "shop_contract_end"):
        op.execute(
            f"CREATE TRIGGER {table}_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION written_for_good()"
        )
