"""Seals over the ledger, and totals by month and day; what is posted is noted as not sealed yet."""

from __future__ import annotations

from alembic import op

revision = "commission_0004"
down_revision = "commission_0003"
branch_labels = None
depends_on = None

# A transaction's entries are found by the ends of their range, so no index has to grow in no order.
_TABLES = """
CREATE TABLE ledger_unsealed (
    transaction_id text PRIMARY KEY,
    first_entry    bigint NOT NULL,
    last_entry     bigint NOT NULL,
    entries        integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX ledger_unsealed_in_order ON ledger_unsealed (first_entry);

CREATE TABLE ledger_seal (
    position       bigint PRIMARY KEY CHECK (position > 0),
    transaction_id text NOT NULL,
    first_entry    bigint NOT NULL UNIQUE,
    last_entry     bigint NOT NULL,
    entries        integer NOT NULL CHECK (entries > 0),
    form           smallint NOT NULL,
    hash           bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at      timestamptz NOT NULL
);
CREATE TRIGGER ledger_seal_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_seal FROM PUBLIC, CURRENT_USER;

CREATE TABLE ledger_total (
    account     text NOT NULL,
    currency    text NOT NULL,
    span        text NOT NULL CHECK (span IN ('month', 'day')),
    starts      timestamptz NOT NULL,
    kind        text NOT NULL,
    debit       bigint NOT NULL,
    credit      bigint NOT NULL,
    entries     bigint NOT NULL,
    first_entry bigint NOT NULL,
    last_entry  bigint NOT NULL,
    PRIMARY KEY (account, currency, span, starts, kind)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX ledger_entry_of_journal ON ledger_entry (transaction_id) WHERE order_id IS NULL;
CREATE INDEX ledger_entry_by_time ON ledger_entry USING brin (posted_at)
    WITH (pages_per_range = 16, autosummarize = on);
"""

# What stands in the ledger already is sealed first of all, in the order in which it was written.
_WAITING = """
INSERT INTO ledger_unsealed (transaction_id, first_entry, last_entry, entries)
SELECT transaction_id, min(entry_id), max(entry_id), count(*) FROM ledger_entry
GROUP BY transaction_id ORDER BY min(entry_id)
"""

_NOTE = """
CREATE FUNCTION ledger_note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_unsealed AS u (transaction_id, first_entry, last_entry, entries)
    SELECT transaction_id, min(entry_id), max(entry_id), count(*) FROM added
    GROUP BY transaction_id ORDER BY transaction_id
    ON CONFLICT (transaction_id) DO UPDATE SET first_entry = least(u.first_entry, excluded.first_entry),
        last_entry = greatest(u.last_entry, excluded.last_entry), entries = u.entries + excluded.entries;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_unsealed AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_note_unsealed();
"""


def upgrade() -> None:
    for statements in (_TABLES, _WAITING, _NOTE):
        op.execute(statements.replace(":", "\\:"))
