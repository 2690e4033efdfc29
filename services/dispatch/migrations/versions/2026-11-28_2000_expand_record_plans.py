"""What each plan was asked and answered, compressed, for a while: why was this courier chosen?"""

from __future__ import annotations

from alembic import op

revision = "dispatch_0009"
down_revision = "dispatch_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE plan_record (
            zone_id      text NOT NULL REFERENCES zone,
            plan_version bigint NOT NULL,
            at           timestamptz NOT NULL,
            size         integer NOT NULL,
            document     bytea NOT NULL,
            PRIMARY KEY (zone_id, plan_version)
        )
    """)
    # It is compressed when it comes.
    op.execute("ALTER TABLE plan_record ALTER COLUMN document SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX plan_record_by_age ON plan_record (at)")


def downgrade() -> None:
    op.execute("DROP TABLE plan_record")
