"""The earlier of two trips of a split delivery: among the facts of an order, and of a courier's shift."""

from __future__ import annotations

from alembic import op

revision = "commission_0009"
down_revision = "commission_0008"
branch_labels = None
depends_on = None

# Beside ``courier_trip``, of which every order has one: older code knows no other.
_TRIPS = """
CREATE TABLE courier_earlier_trip (
    delivery_id  text PRIMARY KEY,
    order_id     text NOT NULL,
    courier_id   text NOT NULL,
    currency     text NOT NULL,
    completed_at timestamptz NOT NULL,
    pay          bigint NOT NULL CHECK (pay >= 0)
)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE order_book ADD COLUMN earlier_trips jsonb NOT NULL DEFAULT '{}'")
    op.execute(_TRIPS)
    op.execute(
        "CREATE INDEX courier_earlier_trip_of_courier ON courier_earlier_trip (courier_id, completed_at)"
    )
