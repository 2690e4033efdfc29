"""Refunds of collected cash that were handed back, among the facts of an order."""

from __future__ import annotations

from alembic import op

revision = "commission_0007"
down_revision = "commission_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE order_book ADD COLUMN handed_back jsonb NOT NULL DEFAULT '{}'")
