"""Payees, statements that never change, payouts, the sandbox's bank, and what was reconciled."""

from __future__ import annotations

from alembic import op

revision = "commission_0008"
down_revision = "commission_0007"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE payee (
    payee_kind    text NOT NULL CHECK (payee_kind IN ('shop', 'courier', 'promoter')),
    payee_id      text NOT NULL,
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    cycle         text CHECK (cycle IN ('daily', 'weekly')),
    held          boolean NOT NULL DEFAULT false,
    reason        text,
    bank_account  text,
    settled_until timestamptz NOT NULL,
    looked_from   timestamptz NOT NULL,
    statements    integer NOT NULL DEFAULT 0,
    closing       bigint NOT NULL DEFAULT 0,
    available     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (payee_kind, payee_id, currency)
);
CREATE INDEX payee_settled ON payee (settled_until);
CREATE INDEX payee_available ON payee (available)
    WHERE available > 0 AND NOT held AND bank_account IS NOT NULL;

CREATE TABLE payee_change (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payee_kind text NOT NULL,
    payee_id   text NOT NULL,
    currency   text NOT NULL,
    change     text NOT NULL,
    value      text,
    reason     text NOT NULL,
    made_by    text NOT NULL,
    made_at    timestamptz NOT NULL
);
CREATE INDEX payee_change_of ON payee_change (payee_kind, payee_id, currency, position DESC);

CREATE TABLE settlement_run (
    until     timestamptz PRIMARY KEY,
    seen      bigint NOT NULL
);

CREATE TABLE statement (
    statement_id text PRIMARY KEY,
    payee_kind   text NOT NULL,
    payee_id     text NOT NULL,
    currency     text NOT NULL,
    number       integer NOT NULL CHECK (number > 0),
    cycle        text NOT NULL,
    since        timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    issued_at    timestamptz NOT NULL,
    opening      bigint NOT NULL,
    earned       bigint NOT NULL,
    paid_out     bigint NOT NULL,
    closing      bigint NOT NULL,
    sums         jsonb NOT NULL,
    line_count   integer NOT NULL CHECK (line_count > 0),
    order_count  integer NOT NULL,
    CHECK (opening + earned - paid_out = closing),
    CHECK (since < until),
    UNIQUE (payee_kind, payee_id, currency, number)
);
CREATE INDEX statement_newest ON statement (until DESC, statement_id DESC);

CREATE TABLE statement_line (
    entry_id     bigint PRIMARY KEY,
    statement_id text NOT NULL REFERENCES statement (statement_id),
    formula      text NOT NULL
);
CREATE INDEX statement_line_of ON statement_line (statement_id, entry_id);

CREATE TABLE statement_order (
    statement_id      text NOT NULL REFERENCES statement (statement_id),
    store_order_id    text NOT NULL,
    order_id          text NOT NULL,
    paid_at           timestamptz NOT NULL,
    delivered_at      timestamptz,
    goods             bigint NOT NULL,
    shop_discount     bigint NOT NULL,
    platform_discount bigint NOT NULL,
    paid              bigint NOT NULL,
    refunded          bigint NOT NULL,
    discount_returned bigint NOT NULL,
    CHECK (goods - shop_discount - platform_discount = paid),
    PRIMARY KEY (statement_id, store_order_id)
);

CREATE TABLE payout (
    payout_id    text PRIMARY KEY,
    payee_kind   text NOT NULL,
    payee_id     text NOT NULL,
    currency     text NOT NULL,
    amount       bigint NOT NULL CHECK (amount > 0),
    fee          bigint NOT NULL CHECK (fee >= 0),
    bank_account text NOT NULL,
    status       text NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    tell_at      timestamptz NOT NULL,
    nth          integer NOT NULL,
    told         integer NOT NULL,
    retries      text UNIQUE REFERENCES payout (payout_id),
    reason       text
);
CREATE UNIQUE INDEX payout_open ON payout (payee_kind, payee_id, currency)
    WHERE status IN ('created', 'sent', 'failed');
CREATE INDEX payout_to_tell ON payout (tell_at) WHERE status IN ('created', 'sent', 'failed');
CREATE INDEX payout_newest ON payout (created_at DESC, payout_id DESC);
CREATE INDEX payout_of ON payout (payee_kind, payee_id, currency, created_at DESC);

CREATE TABLE reconciliation (
    reconciliation_id text PRIMARY KEY,
    source            text NOT NULL,
    method            text,
    file              text NOT NULL,
    digest            text NOT NULL,
    since             timestamptz NOT NULL,
    until             timestamptz NOT NULL,
    made_by           text NOT NULL,
    made_at           timestamptz NOT NULL,
    rows              integer NOT NULL,
    matched           integer NOT NULL,
    given_back        integer NOT NULL,
    differences       jsonb NOT NULL
);
CREATE INDEX reconciliation_newest ON reconciliation (made_at DESC, reconciliation_id DESC);

CREATE TABLE sandbox_bank_transfer (
    payout_id    text PRIMARY KEY,
    reference    text NOT NULL,
    bank_account text NOT NULL,
    amount       bigint NOT NULL,
    currency     text NOT NULL,
    told         integer NOT NULL
);
CREATE TABLE sandbox_bank_answer (
    answer_id text PRIMARY KEY,
    payout_id text NOT NULL REFERENCES sandbox_bank_transfer (payout_id),
    status    text NOT NULL,
    reason    text,
    due_at    timestamptz NOT NULL,
    booked    boolean NOT NULL,
    heard     boolean NOT NULL DEFAULT false
);
CREATE INDEX sandbox_bank_answer_due ON sandbox_bank_answer (due_at) WHERE NOT heard;
"""

# A line belongs to the accounts of its statement's payee; all lines together are what the head says, so none
# can be added later, not even two that cancel out; and a head without its lines cannot be committed.
_GUARDS = """
CREATE FUNCTION statement_must_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    SELECT s.statement_id INTO wrong FROM statement AS s
    LEFT JOIN LATERAL (
        SELECT count(*) AS lines, COALESCE(-sum(e.amount), 0) AS amount,
            COALESCE(sum(e.amount) FILTER (WHERE e.kind = 'payout'), 0) AS paid_out,
            count(*) FILTER (WHERE e.currency <> s.currency OR NOT (
                e.account = 'payable:' || s.payee_kind || ':' || s.payee_id
                OR s.payee_kind = 'courier' AND e.account = 'cash:courier:' || s.payee_id)) AS foreigners
        FROM statement_line AS l JOIN ledger_entry AS e USING (entry_id) WHERE l.statement_id = s.statement_id
    ) AS found ON true
    LEFT JOIN statement AS before ON before.payee_kind = s.payee_kind AND before.payee_id = s.payee_id
        AND before.currency = s.currency AND before.number = s.number - 1
    WHERE s.statement_id = NEW.statement_id AND (
        found.lines <> s.line_count
        OR s.order_count <> (SELECT count(*) FROM statement_order AS o WHERE o.statement_id = s.statement_id)
        OR found.amount <> s.earned - s.paid_out
        OR found.paid_out <> s.paid_out OR found.foreigners <> 0
        OR s.opening <> COALESCE(before.closing, 0) OR (s.number > 1 AND before.statement_id IS NULL));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'statement % does not add up', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER statement_adds_up AFTER INSERT ON statement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION statement_must_add_up();

CREATE FUNCTION statement_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM statement AS s WHERE s.statement_id IN (SELECT statement_id FROM added)
        AND CASE TG_TABLE_NAME
            WHEN 'statement_line' THEN s.line_count
                <> (SELECT count(*) FROM statement_line AS l WHERE l.statement_id = s.statement_id)
            ELSE s.order_count
                <> (SELECT count(*) FROM statement_order AS o WHERE o.statement_id = s.statement_id)
        END
    ) THEN
        RAISE EXCEPTION 'a statement is issued with all that it says at once'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER statement_line_complete AFTER INSERT ON statement_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION statement_is_whole();
CREATE TRIGGER statement_order_complete AFTER INSERT ON statement_order
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION statement_is_whole();

CREATE FUNCTION issued_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never changes once issued: what comes later is in the next statement', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER statement_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON statement
    FOR EACH STATEMENT EXECUTE FUNCTION issued_for_good();
CREATE TRIGGER statement_line_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_line
    FOR EACH STATEMENT EXECUTE FUNCTION issued_for_good();
CREATE TRIGGER statement_order_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_order
    FOR EACH STATEMENT EXECUTE FUNCTION issued_for_good();
CREATE TRIGGER payee_change_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON payee_change
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
CREATE TRIGGER reconciliation_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();

REVOKE UPDATE, DELETE, TRUNCATE ON statement_line, statement_order, payee_change, reconciliation
    FROM PUBLIC, CURRENT_USER;
-- What is referred to is locked by those who refer to it, and a lock needs the right to update.
REVOKE DELETE, TRUNCATE ON statement FROM PUBLIC, CURRENT_USER;
"""


def upgrade() -> None:
    for statements in (_TABLES, _GUARDS):
        op.execute(statements.replace(":", "\\:"))
