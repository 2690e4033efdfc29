"""After-sale cases, pictures, reviews, shopping lists; who bears a refund."""

from __future__ import annotations

from alembic import op

revision = "ordering_0003"
down_revision = "ordering_0002"
branch_labels = None
depends_on = None

_TABLES = """
ALTER TABLE refund ADD COLUMN borne_by text NOT NULL DEFAULT 'shop'
    CHECK (borne_by IN ('shop', 'platform', 'courier'));

CREATE TABLE after_sale_case (
    case_id        text PRIMARY KEY,
    order_id       text NOT NULL REFERENCES orders (order_id),
    store_order_id text NOT NULL REFERENCES store_order (store_order_id),
    shop_id        text NOT NULL,
    merchant_id    text NOT NULL,
    customer_id    text NOT NULL,
    currency       text NOT NULL,
    reason         text NOT NULL,
    opened_at      timestamptz NOT NULL,
    status         text NOT NULL,
    going_on       boolean NOT NULL,
    due_at         timestamptz,
    borne_by       text CHECK (borne_by IN ('shop', 'platform', 'courier')),
    refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    body           jsonb NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX case_of_order ON after_sale_case (order_id);
CREATE INDEX case_due ON after_sale_case (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX case_waiting ON after_sale_case (opened_at, case_id) WHERE status = 'appealed';
CREATE INDEX case_of_shop ON after_sale_case (shop_id, opened_at DESC, case_id DESC);
CREATE INDEX case_of_customer ON after_sale_case (customer_id, opened_at DESC, case_id DESC);

CREATE TABLE after_sale_photo (
    owner_id    text NOT NULL,
    photo_id    text NOT NULL,
    customer_id text NOT NULL,
    media_type  text NOT NULL,
    width       integer NOT NULL,
    height      integer NOT NULL,
    taken_at    timestamptz NOT NULL,
    content     bytea NOT NULL,
    PRIMARY KEY (owner_id, photo_id)
);
ALTER TABLE after_sale_photo ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX after_sale_photo_by_age ON after_sale_photo (taken_at);
CREATE INDEX after_sale_photo_of_customer ON after_sale_photo (customer_id);

CREATE TABLE review (
    review_id      text PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('shop', 'delivery')),
    order_id       text NOT NULL REFERENCES orders (order_id),
    store_order_id text REFERENCES store_order (store_order_id),
    shop_id        text,
    merchant_id    text,
    courier_id     text,
    customer_id    text NOT NULL,
    stars          integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
    written_at     timestamptz NOT NULL,
    hidden         boolean NOT NULL DEFAULT false,
    body           jsonb NOT NULL,
    CHECK ((kind = 'shop') = (store_order_id IS NOT NULL AND shop_id IS NOT NULL))
);
CREATE INDEX review_of_order ON review (order_id);
CREATE INDEX review_of_shop ON review (shop_id, written_at DESC, review_id DESC) INCLUDE (stars)
    WHERE kind = 'shop';

CREATE TABLE shopping_list (
    list_id     text PRIMARY KEY,
    customer_id text NOT NULL,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL,
    next_at     timestamptz,
    body        jsonb NOT NULL
);
CREATE INDEX shopping_list_of_customer ON shopping_list (customer_id, created_at, list_id);
CREATE INDEX shopping_list_due ON shopping_list (next_at) WHERE next_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_TABLES)
