"""Listings that are sold by weight, and how long a shop may take to accept an order."""

from __future__ import annotations

from alembic import op

revision = "storefront_0003"
down_revision = "storefront_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE listing ADD COLUMN unit_grams integer CHECK (unit_grams > 0)")
    op.execute("ALTER TABLE shop ADD COLUMN accept_minutes integer CHECK (accept_minutes > 0)")


def downgrade() -> None:
    raise NotImplementedError("go forward with another revision")
