"""The ledger, the facts it is made from, rate plans and promotion links."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "commission_0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE rate_plan (
    version        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id        text NOT NULL UNIQUE,
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    effective_from timestamptz NOT NULL,
    terms          jsonb NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX rate_plan_in_force ON rate_plan (currency, effective_from DESC, version DESC);

CREATE TABLE order_book (
    order_id     text PRIMARY KEY,
    currency     text,
    rate_plan    integer,
    paid         jsonb,
    delivered    jsonb,
    trip         jsonb,
    refunds      jsonb NOT NULL DEFAULT '{}',
    completed_at timestamptz,
    cancelled_at timestamptz
);

CREATE TABLE ledger_transaction (
    transaction_id text PRIMARY KEY,
    natural_key    text NOT NULL UNIQUE,
    event_type     text NOT NULL,
    order_id       text NOT NULL,
    currency       text NOT NULL,
    rate_plan      integer NOT NULL,
    occurred_at    timestamptz NOT NULL,
    posted_at      timestamptz NOT NULL
);

CREATE TABLE ledger_entry (
    entry_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id    text NOT NULL REFERENCES ledger_transaction (transaction_id),
    account           text NOT NULL,
    amount            bigint NOT NULL CHECK (amount <> 0),
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    kind              text NOT NULL,
    order_id          text NOT NULL,
    store_order_id    text,
    promotion_link_id text,
    rate_bp           integer,
    base              bigint,
    note              text,
    reverses          text,
    posted_at         timestamptz NOT NULL
);
CREATE INDEX ledger_entry_of_order ON ledger_entry (order_id);
CREATE INDEX ledger_entry_of_account
    ON ledger_entry (account, posted_at, entry_id) INCLUDE (amount, currency, kind);

CREATE TABLE shop (
    shop_id  text PRIMARY KEY,
    owner_id text NOT NULL,
    category text NOT NULL
);
CREATE INDEX shop_of_owner ON shop (owner_id);

CREATE TABLE listing (
    listing_id text PRIMARY KEY,
    shop_id    text NOT NULL,
    category   text NOT NULL,
    sourced    boolean NOT NULL,
    sequence   bigint NOT NULL
);

CREATE TABLE promotion_link (
    link_id    text PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    shop_id    text NOT NULL,
    owner_id   text NOT NULL,
    listing_id text NOT NULL,
    rate_bp    integer,
    created_at timestamptz NOT NULL,
    UNIQUE (shop_id, listing_id)
);

CREATE TABLE accrual (
    accrual_id        text PRIMARY KEY,
    order_id          text NOT NULL,
    store_order_id    text NOT NULL,
    promotion_link_id text NOT NULL,
    promoter_shop_id  text NOT NULL,
    status            text NOT NULL,
    full_amount       bigint NOT NULL,
    amount            bigint NOT NULL CHECK (amount >= 0),
    currency          text NOT NULL,
    rate_bp           integer NOT NULL,
    reason            text,
    changed_at        timestamptz NOT NULL
);
CREATE INDEX accrual_of_order ON accrual (order_id);
CREATE INDEX accrual_of_promoter ON accrual (promoter_shop_id, changed_at DESC);
"""

# An INSERT that does not balance by itself is refused, so no transaction can ever be out of balance, and the
# check costs one pass over the new rows instead of one query for each.
_GUARDS = """
CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY transaction_id, currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_must_balance();

CREATE FUNCTION written_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct it by a reversal', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_entry_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
CREATE TRIGGER ledger_transaction_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
CREATE TRIGGER rate_plan_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_plan
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entry FROM PUBLIC, CURRENT_USER;
REVOKE DELETE, TRUNCATE ON ledger_transaction, rate_plan FROM PUBLIC, CURRENT_USER;
"""

_FIRST_PLAN = """
INSERT INTO rate_plan (plan_id, currency, effective_from, terms, created_at)
VALUES ('first', 'CNY', '2000-01-01T00:00:00Z', '{
    "take_rate_bp": 500,
    "take_rate_by_category": {},
    "take_rate_by_shop": {},
    "take_rate_base": "after_shop_discount",
    "distribution_bp": 1000,
    "distribution_max_bp": 2000,
    "courier_pay": {"per_drop": 300, "per_extra_pickup": 100, "per_km": 80}
}', now())
"""


def upgrade() -> None:
    create_messaging_tables(op)
    for statements in (_TABLES, _GUARDS, _FIRST_PLAN):
        op.execute(statements.replace(":", "\\:"))
