"""Who plans a zone, until when, and under which number: a lease with a fencing token."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0002"
down_revision = "dispatch_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The token grows with every lease that is taken or taken away, and is never given twice.
    op.execute("""
        ALTER TABLE zone_plan
            ADD COLUMN token bigint NOT NULL DEFAULT 0,
            ADD COLUMN holder text,
            ADD COLUMN leased_until timestamptz
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE zone_plan DROP COLUMN token, DROP COLUMN holder, DROP COLUMN leased_until")
