"""Transactions that concern no order, and those that follow from no rate plan."""

from __future__ import annotations

from alembic import op

revision = "commission_0002"
down_revision = "commission_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE ledger_transaction ALTER COLUMN order_id DROP NOT NULL")
    op.execute("ALTER TABLE ledger_transaction ALTER COLUMN rate_plan DROP NOT NULL")
    op.execute("ALTER TABLE ledger_entry ALTER COLUMN order_id DROP NOT NULL")
    # An audit sums up the journal; almost all entries are of orders, so this stays small.
    op.execute(
        "CREATE INDEX ledger_entry_of_no_order ON ledger_entry (account, currency) INCLUDE (amount)"
        " WHERE order_id IS NULL"
    )
