"""The chart of accounts, and a ledger that takes nothing in on accounts outside it.

A transaction is now also held together: of one currency and one order, its entries written with it, and what
it reverses must exist.
"""

from __future__ import annotations

from alembic import op

revision = "commission_0003"
down_revision = "commission_0002"
branch_labels = None
depends_on = None

# An account that starts to matter later is added by an INSERT into chart_account: it is open at once in every
# currency that has a rate plan. A currency is open from its first rate plan on.
_TABLES = """
CREATE TABLE chart_account (
    code        text PRIMARY KEY CHECK (code ~ '^[a-z_]+:[a-z_]+(:[*])?$'),
    name        text NOT NULL,
    type        text NOT NULL CHECK (type IN ('asset', 'liability', 'revenue', 'credit', 'expense')),
    normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    owner       text NOT NULL,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((type IN ('asset', 'debit', 'expense')) = (normal_side = 'debit'))
);

CREATE TABLE chart_opening (
    code      text NOT NULL REFERENCES chart_account,
    currency  text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    opened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (code, currency)
);

CREATE FUNCTION chart_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chart_opening (code, currency)
    SELECT a.code, p.currency FROM chart_account AS a, (SELECT DISTINCT currency FROM rate_plan) AS p
    ORDER BY a.code, p.currency ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER chart_account_opens AFTER INSERT ON chart_account
    FOR EACH STATEMENT EXECUTE FUNCTION chart_open();
CREATE TRIGGER rate_plan_opens_currency AFTER INSERT ON rate_plan
    FOR EACH STATEMENT EXECUTE FUNCTION chart_open();

CREATE TRIGGER chart_account_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON chart_account
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
CREATE TRIGGER chart_opening_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON chart_opening
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
REVOKE DELETE, TRUNCATE ON chart_account, chart_opening FROM PUBLIC, CURRENT_USER;
"""

_CHART = """
INSERT INTO chart_account (code, name, type, normal_side, owner) VALUES
    ('cash:provider', 'Payment provider', 'asset', 'debit', 'platform'),
    ('cash:bank', 'Bank', 'asset', 'debit', 'platform'),
    ('cash:courier:*', 'Cash with a courier', 'asset', 'debit', 'courier'),
    ('cash:platform', 'Cash of the platform', 'asset', 'debit', 'platform'),
    ('receivable:cash_on_delivery', 'Cash on delivery', 'asset', 'debit', 'platform'),
    ('receivable:provider', 'Claims on the provider', 'asset', 'debit', 'platform'),
    ('receivable:shop:*', 'Debt of a shop', 'asset', 'debit', 'shop'),
    ('receivable:courier:*', 'Debt of a courier', 'asset', 'debit', 'courier'),
    ('receivable:promoter:*', 'Debt of a promoter', 'asset', 'debit', 'promoter'),
    ('liability:orders', 'Orders under way', 'liability', 'credit', 'customer'),
    ('liability:cash_refunds', 'Cash refunds', 'liability', 'credit', 'customer'),
    ('liability:payouts', 'Payouts on their way', 'liability', 'credit', 'platform'),
    ('payable:shop:*', 'Due to a shop', 'liability', 'credit', 'shop'),
    ('payable:courier:*', 'Due to a courier', 'liability', 'credit', 'courier'),
    ('payable:promoter:*', 'Due to a promoter', 'liability', 'credit', 'promoter'),
    ('frozen:promoter:*', 'Frozen for a promoter', 'liability', 'credit', 'promoter'),
    ('payable:supplier:*', 'Due to a supplier', 'liability', 'credit', 'supplier'),
    ('payable:customer:*', 'Due to a customer', 'liability', 'credit', 'customer'),
    ('revenue:take_rate', 'Take rate', 'revenue', 'credit', 'platform'),
    ('revenue:distribution_margin', 'Distribution margin', 'revenue', 'credit', 'platform'),
    ('revenue:advertising', 'Advertising', 'revenue', 'credit', 'platform'),
    ('revenue:subscription', 'Subscriptions', 'revenue', 'credit', 'platform'),
    ('revenue:delivery_fee', 'Delivery fees', 'revenue', 'credit', 'platform'),
    ('revenue:payout_fee', 'Payout fees', 'revenue', 'credit', 'platform'),
    ('expense:courier_pay', 'Courier pay', 'expense', 'debit', 'platform'),
    ('expense:courier_guarantee', 'Courier guarantees', 'expense', 'debit', 'platform'),
    ('expense:platform_discount', 'Discounts', 'expense', 'debit', 'platform'),
    ('expense:goodwill', 'Goodwill', 'expense', 'debit', 'platform'),
    ('expense:provider_fee', 'Provider''s fees', 'expense', 'debit', 'platform'),
    ('expense:write_off', 'Write-offs', 'expense', 'debit', 'platform')
"""

# The default of a new column would be computed for every old row, so it comes after the column. What was
# written before has none, and takes in nothing more either.
_TOGETHER = """
ALTER TABLE ledger_transaction ADD COLUMN written_in xid8;
ALTER TABLE ledger_transaction ALTER COLUMN written_in SET DEFAULT pg_current_xact_id();

ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_reverses
    FOREIGN KEY (reverses) REFERENCES ledger_transaction (transaction_id) NOT VALID;
ALTER TABLE ledger_entry VALIDATE CONSTRAINT ledger_entry_reverses;
CREATE INDEX ledger_entry_of_reversal ON ledger_entry (reverses) WHERE reverses IS NOT NULL;

CREATE FUNCTION chart_code(account text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(account, '^([^:]+:[^:]+:).+$', '\\1*')
$$;

CREATE OR REPLACE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY transaction_id, currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.account || ' in ' || a.currency INTO wrong
    FROM (SELECT DISTINCT account, currency FROM added) AS a
    WHERE NOT EXISTS (
        SELECT FROM chart_opening AS o WHERE o.code = chart_code(a.account) AND o.currency = a.currency
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the chart of accounts has no %', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.transaction_id INTO wrong
    FROM (SELECT DISTINCT transaction_id, currency, order_id FROM added) AS a
    JOIN ledger_transaction AS t ON t.transaction_id = a.transaction_id
    WHERE t.currency <> a.currency OR t.order_id IS DISTINCT FROM a.order_id
        OR t.written_in IS DISTINCT FROM pg_current_xact_id() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction %: an entry of another currency or order, or a later one', wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    for statements in (_TABLES, _CHART, _TOGETHER):
        op.execute(statements.replace(":", "\\:"))
