"""What each order of an offer would have cost with the couriers who came into question."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0006"
down_revision = "dispatch_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE offer ADD COLUMN candidates jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE offer DROP COLUMN candidates")
