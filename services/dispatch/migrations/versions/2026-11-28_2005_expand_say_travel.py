"""Where the travel times of a zone's last plan came from."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0010"
down_revision = "dispatch_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE zone_plan ADD COLUMN travel text NOT NULL DEFAULT 'great_circle'")


def downgrade() -> None:
    op.execute("ALTER TABLE zone_plan DROP COLUMN travel")
