"""What operators decided by hand about deliveries: who, when, why."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0004"
down_revision = "dispatch_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE override (
            override_id     text PRIMARY KEY,
            kind            text NOT NULL CHECK (kind IN ('assign', 'take_back', 'transfer')),
            order_id        text NOT NULL REFERENCES delivery,
            zone_id         text NOT NULL REFERENCES zone,
            from_courier_id text,
            to_courier_id   text,
            actor_id        text NOT NULL,
            at              timestamptz NOT NULL,
            reason          text NOT NULL,
            CHECK ((from_courier_id IS NULL) = (kind = 'assign')),
            CHECK ((to_courier_id IS NULL) = (kind = 'take_back'))
        )
    """)
    op.execute("CREATE INDEX override_by_zone ON override (zone_id, at)")


def downgrade() -> None:
    op.execute("DROP TABLE override")
