"""What ended lately in a zone is found quickly: for its figures."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0011"
down_revision = "dispatch_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX delivery_ended ON delivery (zone_id, ended_at) WHERE ended_at IS NOT NULL")
    op.execute("CREATE INDEX shift_by_zone ON shift (zone_id, started_at)")


def downgrade() -> None:
    op.execute("DROP INDEX delivery_ended")
    op.execute("DROP INDEX shift_by_zone")
