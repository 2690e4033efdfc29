"""The history of orders, substitutions and weights while they are picked, and the shops' time to answer."""

from __future__ import annotations

from alembic import op

revision = "ordering_0002"
down_revision = "ordering_0001"
branch_labels = None
depends_on = None

_TABLES = """
ALTER TABLE orders
    ADD COLUMN delivery_fee_waived bigint NOT NULL DEFAULT 0 CHECK (delivery_fee_waived >= 0),
    ADD COLUMN free_delivery_from  bigint NOT NULL DEFAULT 0 CHECK (free_delivery_from >= 0);

ALTER TABLE store_order
    ADD COLUMN accept_seconds integer CHECK (accept_seconds > 0),
    ADD COLUMN accept_by      timestamptz,
    ADD COLUMN reminded_at    timestamptz,
    ADD COLUMN next_at        timestamptz,
    ADD COLUMN substitutions  jsonb NOT NULL DEFAULT '[]';
CREATE INDEX store_order_due ON store_order (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE order_history (
    order_id       text NOT NULL REFERENCES orders (order_id),
    number         integer NOT NULL,
    subject        text NOT NULL,
    subject_id     text NOT NULL,
    store_order_id text,
    before         text,
    after          text NOT NULL,
    at             timestamptz NOT NULL,
    by_role        text NOT NULL,
    by_account_id  text,
    reason         text,
    PRIMARY KEY (order_id, number)
);
CREATE INDEX order_history_of_substitution ON order_history (subject_id) WHERE subject = 'substitution';

CREATE FUNCTION history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER order_history_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON order_history
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_kept();
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("go forward with another revision")
