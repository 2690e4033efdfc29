"""Zones that are no rectangle: their outline, within the rectangle that they have as before."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0005"
down_revision = "dispatch_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A ring of [longitude, latitude] pairs, the first of them not repeated; none for a rectangle.
    op.execute("ALTER TABLE zone ADD COLUMN outline jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE zone DROP COLUMN outline")
