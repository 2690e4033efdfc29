"""When, why and by whom dispatch in a zone was paused, and when it went on."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0003"
down_revision = "dispatch_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE zone_pause (
            zone_id    text NOT NULL REFERENCES zone,
            paused_at  timestamptz NOT NULL,
            paused_by  text NOT NULL,
            reason     text NOT NULL,
            resumed_at timestamptz CHECK (resumed_at >= paused_at),
            resumed_by text,
            PRIMARY KEY (zone_id, paused_at),
            CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
        )
    """)
    op.execute("CREATE UNIQUE INDEX zone_pause_running ON zone_pause (zone_id) WHERE resumed_at IS NULL")


def downgrade() -> None:
    op.execute("DROP TABLE zone_pause")
