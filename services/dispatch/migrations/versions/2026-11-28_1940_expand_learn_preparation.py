"""How long shops took for the parts of orders, so that it can be foreseen how long they will take."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0007"
down_revision = "dispatch_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A part is known by its store order: however often and in whatever order its shop's words arrive, there
    # is one row, and it says the same.
    op.execute("""
        CREATE TABLE preparation (
            store_order_id text PRIMARY KEY,
            zone_id        text NOT NULL,
            shop_id        text NOT NULL,
            accepted_at    timestamptz NOT NULL,
            expected_at    timestamptz NOT NULL,
            ready_at       timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX preparation_by_shop ON preparation (shop_id, accepted_at)")
    op.execute("CREATE INDEX preparation_by_zone ON preparation (zone_id, accepted_at)")


def downgrade() -> None:
    op.execute("DROP TABLE preparation")
