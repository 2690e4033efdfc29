"""Pictures of what was left at doors, and the key that codes are made with."""

from __future__ import annotations

from alembic import op

revision = "dispatch_0014"
down_revision = "dispatch_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE photo (
            order_id   text PRIMARY KEY REFERENCES delivery,
            media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
            width      integer NOT NULL CHECK (width > 0),
            height     integer NOT NULL CHECK (height > 0),
            taken_at   timestamptz NOT NULL,
            content    bytea NOT NULL CHECK (length(content) <= 524288)
        )
    """)
    # A picture is compressed already.
    op.execute("ALTER TABLE photo ALTER COLUMN content SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX photo_by_age ON photo (taken_at)")
    op.execute("""
        CREATE TABLE proof_key (
            only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
            key      bytea NOT NULL CHECK (length(key) = 32)
        )
    """)
    # Of a random UUID 122 bits are random, and PostgreSQL takes them from where keys are made from.
    op.execute("""
        INSERT INTO proof_key (key)
        VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
    """)


def downgrade() -> None:
    op.execute("DROP TABLE proof_key")
    op.execute("DROP TABLE photo")
