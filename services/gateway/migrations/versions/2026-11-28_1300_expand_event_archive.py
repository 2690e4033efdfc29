"""Events of all services in one order, for platforms that have no stream."""

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE archived_events (
            place bigint PRIMARY KEY CHECK (place >= 0),
            source text NOT NULL,
            event_id text NOT NULL,
            type text NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            UNIQUE (source, event_id)
        )
    """)
    # From which services everything that was sent before there was an archive has been taken over.
    op.execute("""
        CREATE TABLE archived_sources (
            source text PRIMARY KEY,
            complete_since timestamptz NOT NULL DEFAULT clock_timestamp()
        )
    """)
