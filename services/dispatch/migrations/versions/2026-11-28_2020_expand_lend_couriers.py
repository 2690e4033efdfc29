"""Couriers lent to neighbouring zones: one loan of a courier at a time."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0012"
down_revision = "dispatch_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE loan (
            loan_id      text PRIMARY KEY,
            courier_id   text NOT NULL REFERENCES courier,
            from_zone_id text NOT NULL REFERENCES zone,
            to_zone_id   text NOT NULL REFERENCES zone CHECK (to_zone_id <> from_zone_id),
            status       text NOT NULL CHECK (status IN ('offered', 'lent', 'recalled', 'returned')),
            until        timestamptz NOT NULL,
            offered_at   timestamptz NOT NULL,
            by           text NOT NULL,
            reason       text NOT NULL,
            lent_at      timestamptz,
            recalled_at  timestamptz,
            recalled_by  text,
            returned_at  timestamptz,
            CHECK ((returned_at IS NOT NULL) = (status = 'returned'))
        )
    """)
    # Whatever operators and planners believe: nobody is lent twice at once.
    op.execute("CREATE UNIQUE INDEX loan_running ON loan (courier_id) WHERE status <> 'returned'")
    op.execute("CREATE INDEX loan_from ON loan (from_zone_id, offered_at)")
    op.execute("CREATE INDEX loan_to ON loan (to_zone_id, offered_at)")
    op.execute("ALTER TABLE courier ADD COLUMN loan jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE courier DROP COLUMN loan")
    op.execute("DROP TABLE loan")
