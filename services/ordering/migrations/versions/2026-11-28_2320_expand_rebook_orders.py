"""Moves of paid orders to other slots."""

from __future__ import annotations

from alembic import op

revision = "ordering_0005"
down_revision = "ordering_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE rebooking (
            rebooking_id text PRIMARY KEY,
            order_id     text NOT NULL REFERENCES orders,
            number       integer NOT NULL CHECK (number > 0),
            slot_id      text,
            starts_at    timestamptz,
            ends_at      timestamptz,
            asked_by     text NOT NULL,
            role         text NOT NULL,
            asked_at     timestamptz NOT NULL,
            before       jsonb NOT NULL,
            state        text NOT NULL CHECK (state IN ('moving', 'moved', 'refused', 'released')),
            decided_at   timestamptz,
            after        jsonb,
            refusal      jsonb,
            touched_at   timestamptz NOT NULL,
            UNIQUE (order_id, number),
            CHECK ((state = 'moved') = (after IS NOT NULL)),
            CHECK ((slot_id IS NULL) = (starts_at IS NULL) AND (slot_id IS NULL) = (ends_at IS NULL))
        )
    """)
    # One move of an order at a time, whoever asks.
    op.execute("CREATE UNIQUE INDEX rebooking_under_way ON rebooking (order_id) WHERE state = 'moving'")
    op.execute(
        "CREATE INDEX rebooking_to_finish ON rebooking (touched_at) WHERE state IN ('moving', 'refused')"
    )


def downgrade() -> None:
    raise NotImplementedError("go forward with another revision")
