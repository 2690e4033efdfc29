"""Accounts, sessions and their refresh tokens, idempotency keys."""

from alembic import op

from shared.persistence.migrations import create_messaging_tables

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables(op)
    op.execute("""
        CREATE TABLE accounts (
            account_id text PRIMARY KEY,
            role text NOT NULL CHECK (role IN ('customer', 'merchant', 'courier', 'operator', 'analyst')),
            name text NOT NULL,
            email text UNIQUE,
            phone text UNIQUE,
            password_hash text NOT NULL,
            registered_at timestamptz NOT NULL,
            CHECK (email IS NOT NULL OR phone IS NOT NULL)
        )
    """)
    op.execute("""
        CREATE TABLE sessions (
            session_id text PRIMARY KEY,
            account_id text NOT NULL REFERENCES accounts,
            opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            closed_at timestamptz
        )
    """)
    op.execute("CREATE INDEX sessions_account ON sessions (account_id)")
    op.execute("""
        CREATE TABLE refresh_tokens (
            token_hash bytea PRIMARY KEY,
            session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id)")
    op.execute("CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at)")
    op.execute("""
        CREATE TABLE idempotency_keys (
            account_id text NOT NULL,
            operation text NOT NULL,
            key text NOT NULL,
            fingerprint bytea NOT NULL,
            attempt text NOT NULL,
            claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            abandoned_at timestamptz NOT NULL,
            status smallint,
            headers jsonb,
            body bytea,
            PRIMARY KEY (account_id, operation, key)
        ) WITH (fillfactor = 80)
    """)
    # Bodies are small and read rarely: squeezing them would cost more than the space is worth.
    op.execute("ALTER TABLE idempotency_keys ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX idempotency_keys_age ON idempotency_keys (claimed_at)")
