"""Deliveries that were split to a second courier, and operators who do that by hand."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0015"
down_revision = "dispatch_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of a second trip: the order it brings a part of. What both trips know of each other lies in progress.
    op.execute("ALTER TABLE delivery ADD COLUMN split_from text")
    op.execute("CREATE UNIQUE INDEX delivery_split ON delivery (split_from) WHERE split_from IS NOT NULL")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_kind_check")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_check")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_check1")
    op.execute("""
        ALTER TABLE override
            ADD COLUMN store_order_ids text[] NOT NULL DEFAULT '{}',
            ADD CHECK (kind IN ('assign', 'take_back', 'transfer', 'split')),
            ADD CHECK (kind = 'split' OR (from_courier_id IS NULL) = (kind = 'assign')),
            ADD CHECK ((to_courier_id IS NULL) = (kind IN ('take_back', 'split')))
    """)


def downgrade() -> None:
    op.execute("DELETE FROM override WHERE kind = 'split'")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_kind_check")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_check")
    op.execute("ALTER TABLE override DROP CONSTRAINT override_check1")
    op.execute("""
        ALTER TABLE override
            DROP COLUMN store_order_ids,
            ADD CHECK (kind IN ('assign', 'take_back', 'transfer')),
            ADD CHECK ((from_courier_id IS NULL) = (kind = 'assign')),
            ADD CHECK ((to_courier_id IS NULL) = (kind = 'take_back'))
    """)
    op.execute("ALTER TABLE delivery DROP COLUMN split_from")
