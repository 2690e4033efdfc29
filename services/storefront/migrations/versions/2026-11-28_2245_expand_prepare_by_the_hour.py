"""How much shops prepare in an hour, what of it orders take, and how goods fill a courier's box."""

from __future__ import annotations

from alembic import op

revision = "storefront_0002"
down_revision = "storefront_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE shop
            ADD COLUMN preparation_per_hour integer CHECK (preparation_per_hour > 0),
            ADD COLUMN preparation_counts text CHECK (preparation_counts IN ('orders', 'items')),
            ADD CHECK ((preparation_per_hour IS NULL) = (preparation_counts IS NULL))
    """)
    op.execute("""
        ALTER TABLE listing
            ADD COLUMN volume_ml integer CHECK (volume_ml >= 0),
            ADD COLUMN weight_g integer CHECK (weight_g >= 0),
            ADD COLUMN cold boolean
    """)
    op.execute("""
        CREATE TABLE preparation_hour (
            shop_id text NOT NULL REFERENCES shop,
            hour    timestamptz NOT NULL,
            taken   integer NOT NULL CHECK (taken >= 0),
            PRIMARY KEY (shop_id, hour)
        ) WITH (fillfactor = 50)
    """)
    op.execute("""
        CREATE TABLE preparation_seat (
            order_id text NOT NULL,
            number   integer NOT NULL CHECK (number >= 0),
            shop_id  text NOT NULL,
            hour     timestamptz NOT NULL,
            units    integer NOT NULL CHECK (units > 0),
            given_up boolean NOT NULL DEFAULT false,
            PRIMARY KEY (order_id, number, shop_id),
            FOREIGN KEY (shop_id, hour) REFERENCES preparation_hour
        )
    """)
    op.execute("""
        CREATE TABLE preparation_move (
            order_id text NOT NULL,
            number   integer NOT NULL CHECK (number > 0),
            state    text NOT NULL CHECK (state IN ('held', 'kept', 'dropped')),
            PRIMARY KEY (order_id, number)
        )
    """)


def downgrade() -> None:
    raise NotImplementedError("go forward with another revision")
