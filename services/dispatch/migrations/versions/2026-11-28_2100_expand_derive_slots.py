"""The rota, where a slot's capacity comes from, what operators say about it, and slots planned ahead."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0013"
down_revision = "dispatch_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE rota (
            entry_id     text PRIMARY KEY,
            zone_id      text NOT NULL REFERENCES zone,
            courier_id   text NOT NULL,
            starts_at    timestamptz NOT NULL,
            ends_at      timestamptz NOT NULL CHECK (ends_at > starts_at),
            breaks       jsonb NOT NULL,
            announced_at timestamptz NOT NULL,
            announced_by text NOT NULL,
            withdrawn_at timestamptz,
            withdrawn_by text,
            CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
        )
    """)
    op.execute("CREATE INDEX rota_by_zone ON rota (zone_id, ends_at)")
    op.execute("CREATE INDEX rota_by_courier ON rota (courier_id, ends_at) WHERE withdrawn_at IS NULL")
    op.execute("CREATE INDEX shift_by_end ON shift (zone_id, ends_at)")
    # A slot may take nobody: its couriers went away, or are still to come.
    op.execute("ALTER TABLE slot DROP CONSTRAINT slot_capacity_check")
    op.execute("ALTER TABLE slot ADD CONSTRAINT slot_capacity_check CHECK (capacity >= 0)")
    # What older code opens has a capacity that was typed in, and says so by its source alone.
    op.execute("""
        ALTER TABLE slot
            ADD COLUMN typed integer CHECK (typed > 0),
            ADD COLUMN source text NOT NULL DEFAULT 'typed'
                CHECK (source IN ('typed', 'rota', 'cap', 'fixed')),
            ADD COLUMN version bigint NOT NULL DEFAULT 0,
            ADD COLUMN couriers integer NOT NULL DEFAULT 0,
            ADD COLUMN courier_minutes integer NOT NULL DEFAULT 0,
            ADD COLUMN pace double precision NOT NULL DEFAULT 0
    """)
    op.execute("""
        CREATE TABLE slot_override (
            override_id text PRIMARY KEY,
            slot_id     text NOT NULL REFERENCES slot,
            kind        text NOT NULL CHECK (kind IN ('cap', 'fixed')),
            capacity    integer NOT NULL CHECK (capacity >= 0),
            reason      text NOT NULL,
            made_at     timestamptz NOT NULL,
            made_by     text NOT NULL,
            undone_at   timestamptz CHECK (undone_at >= made_at),
            undone_by   text,
            CHECK ((undone_at IS NULL) = (undone_by IS NULL))
        )
    """)
    op.execute("CREATE UNIQUE INDEX slot_override_running ON slot_override (slot_id) WHERE undone_at IS NULL")
    op.execute("""
        CREATE TABLE zone_pace (
            zone_id     text PRIMARY KEY REFERENCES zone,
            per_hour    double precision NOT NULL CHECK (per_hour >= 0),
            samples     integer NOT NULL CHECK (samples >= 0),
            measured_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE slot_outlook (
            slot_id         text PRIMARY KEY REFERENCES slot,
            planned_at      timestamptz NOT NULL,
            solver          text NOT NULL,
            booked          integer NOT NULL,
            fingerprint     text NOT NULL,
            couriers_needed integer NOT NULL,
            late            text[] NOT NULL,
            routes          jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX delivery_by_slot ON delivery (slot_id) WHERE slot_taken")


def downgrade() -> None:
    op.execute("DROP INDEX delivery_by_slot")
    for table in ("slot_outlook", "zone_pace", "slot_override"):
        op.execute(f"DROP TABLE {table}")
    # Older code knows no slot that takes nobody.
    op.execute("UPDATE slot SET capacity = greatest(coalesce(typed, capacity), 1)")
    op.execute("""
        ALTER TABLE slot DROP COLUMN typed, DROP COLUMN source, DROP COLUMN version, DROP COLUMN couriers,
            DROP COLUMN courier_minutes, DROP COLUMN pace
    """)
    op.execute("ALTER TABLE slot DROP CONSTRAINT slot_capacity_check")
    op.execute("ALTER TABLE slot ADD CONSTRAINT slot_capacity_check CHECK (capacity > 0)")
    op.execute("DROP INDEX shift_by_end")
    op.execute("DROP TABLE rota")
