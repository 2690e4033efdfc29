"""Where idle couriers had better wait, and where the shops are at which orders are expected."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0016"
down_revision = "dispatch_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Advice that a planner gives beside the courier's version: nothing is stale for it.
    op.execute("ALTER TABLE courier ADD COLUMN waits jsonb")
    op.execute(
        "ALTER TABLE preparation ADD COLUMN shop_name text, ADD COLUMN lat double precision,"
        " ADD COLUMN lon double precision"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE preparation DROP COLUMN shop_name, DROP COLUMN lat, DROP COLUMN lon")
    op.execute("ALTER TABLE courier DROP COLUMN waits")
