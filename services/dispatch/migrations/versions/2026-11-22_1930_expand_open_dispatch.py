"""Zones, slots, couriers, deliveries, offers, and what planners hand to each other."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "dispatch_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables(op)
    op.execute("""
        CREATE TABLE zone (
            zone_id  text PRIMARY KEY,
            name     text NOT NULL,
            south    double precision NOT NULL,
            west     double precision NOT NULL,
            north    double precision NOT NULL CHECK (north > south),
            east     double precision NOT NULL CHECK (east > west),
            settings jsonb NOT NULL
        )
    """)
    # Apart from the zone: a planner locks this row for as long as it plans, and nobody else writes it.
    op.execute("""
        CREATE TABLE zone_plan (
            zone_id      text PRIMARY KEY REFERENCES zone,
            plan_version bigint NOT NULL DEFAULT 0,
            plan         jsonb NOT NULL DEFAULT '{}',
            planned_at   timestamptz,
            due_at       timestamptz
        )
    """)
    # A mark that a zone is worth planning anew. Marks are only added and taken away, so writers never wait.
    op.execute("CREATE TABLE zone_change (change_id bigserial PRIMARY KEY, zone_id text NOT NULL)")
    op.execute("CREATE INDEX zone_change_by_zone ON zone_change (zone_id)")
    op.execute("""
        CREATE TABLE slot (
            slot_id   text PRIMARY KEY,
            zone_id   text NOT NULL REFERENCES zone,
            starts_at timestamptz NOT NULL,
            ends_at   timestamptz NOT NULL CHECK (ends_at > starts_at),
            capacity  integer NOT NULL CHECK (capacity > 0),
            cutoff_at timestamptz NOT NULL,
            taken     integer NOT NULL DEFAULT 0 CHECK (taken >= 0)
        )
    """)
    op.execute("CREATE INDEX slot_by_zone ON slot (zone_id, cutoff_at)")
    op.execute("""
        CREATE TABLE delivery (
            order_id    text PRIMARY KEY,
            delivery_id text NOT NULL UNIQUE,
            version     bigint NOT NULL,
            status      text NOT NULL CHECK (status IN (
                'unheld', 'held', 'released', 'waiting', 'planned', 'assigned', 'collecting', 'delivering',
                'delivered', 'failed', 'cancelled')),
            zone_id     text REFERENCES zone,
            slot_id     text,
            slot_taken  boolean NOT NULL,
            customer_id text,
            courier_id  text,
            offer_id    text,
            stop_ids    text[] NOT NULL,
            placed_at   timestamptz,
            promised_at timestamptz,
            expires_at  timestamptz,
            paid_at     timestamptz,
            eta         timestamptz,
            assigned_at timestamptz,
            ended_at    timestamptz,
            held        jsonb,
            told        jsonb NOT NULL,
            stops       jsonb NOT NULL,
            progress    jsonb NOT NULL,
            CHECK (courier_id IS NULL
                OR status IN ('assigned', 'collecting', 'delivering', 'delivered', 'failed')),
            CHECK (offer_id IS NULL OR status IN ('waiting', 'planned'))
        )
    """)
    op.execute("""
        CREATE INDEX delivery_under_way ON delivery (zone_id)
        WHERE status IN ('waiting', 'planned', 'assigned', 'collecting', 'delivering')
    """)
    op.execute("""
        CREATE INDEX delivery_ridden ON delivery (courier_id)
        WHERE status IN ('assigned', 'collecting', 'delivering')
    """)
    op.execute("CREATE INDEX delivery_by_stop ON delivery USING gin (stop_ids)")
    op.execute("CREATE INDEX delivery_held ON delivery (expires_at) WHERE status = 'held'")
    op.execute(
        "CREATE INDEX delivery_unheld ON delivery (paid_at) WHERE status = 'unheld' AND paid_at IS NOT NULL"
    )
    op.execute("""
        CREATE TABLE courier (
            courier_id    text PRIMARY KEY,
            version       bigint NOT NULL,
            registered_at timestamptz,
            approved_at   timestamptz,
            zone_id       text REFERENCES zone,
            shift         jsonb,
            route         jsonb NOT NULL,
            lat           double precision,
            lon           double precision,
            missed_offers integer NOT NULL,
            paused_until  timestamptz,
            CHECK ((zone_id IS NULL) = (shift IS NULL))
        )
    """)
    op.execute("CREATE INDEX courier_on_shift ON courier (zone_id) WHERE zone_id IS NOT NULL")
    op.execute("""
        CREATE TABLE shift (
            shift_id   text PRIMARY KEY,
            courier_id text NOT NULL,
            zone_id    text NOT NULL REFERENCES zone,
            started_at timestamptz NOT NULL,
            ends_at    timestamptz NOT NULL,
            ended_at   timestamptz
        )
    """)
    # Written by every phone every few seconds; kept apart so that a plan is not stale for it.
    op.execute("""
        CREATE TABLE sighting (
            courier_id text PRIMARY KEY,
            lat        double precision NOT NULL,
            lon        double precision NOT NULL,
            seen_at    timestamptz NOT NULL
        ) WITH (fillfactor = 50)
    """)
    op.execute("""
        CREATE TABLE offer (
            offer_id     text PRIMARY KEY,
            zone_id      text NOT NULL REFERENCES zone,
            courier_id   text NOT NULL,
            status       text NOT NULL
                CHECK (status IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
            order_ids    text[] NOT NULL,
            route        jsonb NOT NULL,
            plan_version bigint NOT NULL,
            offered_at   timestamptz NOT NULL,
            expires_at   timestamptz NOT NULL,
            answered_at  timestamptz,
            reason       text
        )
    """)
    # Nobody is asked for two things at once, whatever the planners believe.
    op.execute("CREATE UNIQUE INDEX offer_open ON offer (courier_id) WHERE status = 'open'")
    op.execute("CREATE INDEX offer_by_zone ON offer (zone_id, offered_at)")
    op.execute("CREATE INDEX offer_open_in_zone ON offer (zone_id) WHERE status = 'open'")


def downgrade() -> None:
    for table in (
        "offer",
        "sighting",
        "shift",
        "courier",
        "delivery",
        "slot",
        "zone_change",
        "zone_plan",
        "zone",
    ):
        op.execute(f"DROP TABLE {table}")
