"""What finished days came to in hindsight; for that, how shifts began, and the breaks in them."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0017"
down_revision = "dispatch_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE shift
            ADD COLUMN began jsonb,
            ADD COLUMN rests jsonb NOT NULL DEFAULT '[]'
    """)
    op.execute("""
        CREATE TABLE zone_hindsight (
            zone_id                text NOT NULL REFERENCES zone,
            day                    date NOT NULL,
            solved_at              timestamptz NOT NULL,
            baskets                integer NOT NULL CHECK (baskets >= 0),
            compared               integer NOT NULL CHECK (compared BETWEEN 0 AND baskets),
            lived_click_to_door    double precision,
            resolved_click_to_door double precision,
            lived_kilometres       double precision NOT NULL,
            resolved_kilometres    double precision NOT NULL,
            lived_undelivered      integer NOT NULL CHECK (lived_undelivered BETWEEN 0 AND baskets),
            resolved_undelivered   integer NOT NULL CHECK (resolved_undelivered BETWEEN 0 AND baskets),
            rounds                 bigint NOT NULL CHECK (rounds >= 0),
            seconds                double precision NOT NULL,
            PRIMARY KEY (zone_id, day),
            CHECK ((lived_click_to_door IS NULL) = (compared = 0)),
            CHECK ((resolved_click_to_door IS NULL) = (compared = 0))
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE zone_hindsight")
    op.execute("ALTER TABLE shift DROP COLUMN began, DROP COLUMN rests")
