"""Tips, cash on delivery, and refunds with a state."""

from __future__ import annotations

from alembic import op

revision = "ordering_0004"
down_revision = "ordering_0003"
branch_labels = None
depends_on = None

# Checks are replaced by wider ones: what the release before writes passes both.
_ORDERS = """
ALTER TABLE orders
    ADD COLUMN tip bigint NOT NULL DEFAULT 0 CHECK (tip >= 0),
    ADD COLUMN tip_refunded bigint NOT NULL DEFAULT 0,
    ADD COLUMN payment_method text,
    ADD CONSTRAINT orders_tip_refunded CHECK (tip_refunded BETWEEN 0 AND tip);
DO $$
DECLARE narrow text;
BEGIN
    SELECT conname INTO STRICT narrow FROM pg_constraint
    WHERE conrelid = 'orders'::regclass AND contype = 'c'
      AND pg_get_constraintdef(oid) LIKE '%total = ((goods - discount) + delivery_fee)%';
    EXECUTE format('ALTER TABLE orders DROP CONSTRAINT %I', narrow);
END $$;
ALTER TABLE orders
    ADD CONSTRAINT orders_total CHECK (total = goods - discount + delivery_fee + tip);
CREATE INDEX orders_to_collect ON orders ((delivery->>'courier_id'))
    WHERE payment_method = 'cash' AND delivered_at IS NULL;
ALTER TABLE refund ADD COLUMN tip bigint NOT NULL DEFAULT 0 CHECK (tip >= 0);
"""

_REFUNDS = """
ALTER TABLE provider_refund
    ADD COLUMN state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sent', 'confirmed', 'failed', 'to_hand_back')),
    ADD COLUMN asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN failure text;
UPDATE provider_refund SET state = 'confirmed', confirmed_at = sent_at WHERE sent_at IS NOT NULL;
CREATE INDEX provider_refund_on_its_way ON provider_refund (next_at)
    WHERE state IN ('pending', 'sent', 'failed');
CREATE INDEX provider_refund_unconfirmed ON provider_refund (state, asked_at) WHERE state <> 'confirmed';
CREATE INDEX provider_refund_of_charge ON provider_refund (charge_id);
CREATE INDEX charge_of_order ON charge (order_id);

CREATE TABLE sandbox_refund_refusal (
    refund_id  text PRIMARY KEY,
    refused_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def upgrade() -> None:
    op.execute(_ORDERS.replace(":", "\\:"))
    op.execute(_REFUNDS)
