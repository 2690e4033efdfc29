"""What was foreseen of doors, and what came of it."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0008"
down_revision = "dispatch_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written once a delivery is handed over; the first forecast has the window that its customer was told.
    op.execute("""
        CREATE TABLE forecast (
            order_id    text NOT NULL,
            made_at     timestamptz NOT NULL,
            zone_id     text NOT NULL,
            eta         timestamptz NOT NULL,
            door_at     timestamptz NOT NULL,
            first       boolean NOT NULL,
            window_from timestamptz,
            window_to   timestamptz CHECK (window_to >= window_from),
            PRIMARY KEY (order_id, made_at)
        )
    """)
    op.execute("CREATE INDEX forecast_by_zone ON forecast (zone_id, first, door_at)")


def downgrade() -> None:
    op.execute("DROP TABLE forecast")
