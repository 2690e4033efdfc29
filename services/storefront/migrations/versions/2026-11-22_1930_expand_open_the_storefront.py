"""Shops, listings, their stock, and reservations."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "storefront_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables(op)
    op.execute("""
        CREATE TABLE shop (
            shop_id             text PRIMARY KEY,
            owner_id            text NOT NULL,
            name                text NOT NULL,
            category            text NOT NULL,
            lat                 double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
            lon                 double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
            delivery_radius_m   integer NOT NULL CHECK (delivery_radius_m > 0),
            hours               jsonb,
            open_minutes        int4multirange,
            preparation_minutes integer NOT NULL CHECK (preparation_minutes >= 0),
            status              text NOT NULL CHECK (status IN ('pending', 'open', 'closed')),
            version             integer NOT NULL,
            search_text         text NOT NULL,
            created_at          timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX shop_by_place ON shop USING gist (point(lon, lat)) WHERE status = 'open'")
    op.execute("CREATE INDEX shop_by_owner ON shop (owner_id, shop_id)")
    op.execute("""
        CREATE TABLE listing (
            listing_id  text PRIMARY KEY,
            shop_id     text NOT NULL REFERENCES shop,
            name        text NOT NULL,
            price       bigint NOT NULL CHECK (price >= 0),
            currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            unit        text NOT NULL,
            category    text NOT NULL,
            description text NOT NULL,
            sourced     boolean NOT NULL,
            status      text NOT NULL CHECK (status IN ('published', 'withdrawn')),
            version     integer NOT NULL,
            search_text text NOT NULL,
            fragments   text[] NOT NULL,
            created_at  timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX listing_by_shop ON listing (shop_id, listing_id)")
    op.execute("CREATE INDEX listing_by_fragment ON listing USING gin (fragments) WHERE status = 'published'")
    # Apart from the listing and with room on each page: an order rewrites these few bytes and no index.
    op.execute("""
        CREATE TABLE stock_level (
            listing_id text PRIMARY KEY REFERENCES listing,
            stock      bigint NOT NULL CHECK (stock >= 0),
            reserved   bigint NOT NULL CHECK (reserved >= 0),
            short      bigint NOT NULL CHECK (short >= 0),
            CHECK (reserved <= stock),
            CHECK (short = 0 OR stock = reserved)
        ) WITH (fillfactor = 50)
    """)
    op.execute("""
        CREATE TABLE stock_count (
            command_id text PRIMARY KEY,
            listing_id text NOT NULL REFERENCES listing,
            stock      bigint NOT NULL,
            counted_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE reservation (
            order_id   text PRIMARY KEY,
            status     text NOT NULL CHECK (status IN ('unknown', 'held', 'sold', 'released')),
            lines      jsonb,
            paid       boolean NOT NULL DEFAULT false,
            release    smallint,
            returns    jsonb NOT NULL DEFAULT '{}',
            expires_at timestamptz,
            changed_at timestamptz
        ) WITH (fillfactor = 80)
    """)
    op.execute("CREATE INDEX reservation_held_until ON reservation (expires_at) WHERE status = 'held'")


def downgrade() -> None:
    raise NotImplementedError("go forward with another revision")
