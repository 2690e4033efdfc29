"""Offers and who accepted them, clicks, attributions, and why commissions are denied."""

from __future__ import annotations

from alembic import op

revision = "commission_0006"
down_revision = "commission_0005"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE offer (
    offer_id   text PRIMARY KEY,
    listing_id text NOT NULL
);
CREATE INDEX offer_of_listing ON offer (listing_id);

CREATE TABLE offer_version (
    offer_id text NOT NULL REFERENCES offer (offer_id),
    version  integer NOT NULL,
    since    timestamptz NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    terms    jsonb NOT NULL,
    PRIMARY KEY (offer_id, version)
);
CREATE TRIGGER offer_version_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON offer_version
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();

CREATE TABLE acceptance (
    acceptance_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id       text NOT NULL REFERENCES promotion_link (link_id),
    since         timestamptz NOT NULL,
    offer_id      text NOT NULL REFERENCES offer (offer_id),
    rate_bp       integer,
    price         bigint,
    withdrawn     boolean NOT NULL
);
CREATE INDEX acceptance_of_link ON acceptance (link_id, acceptance_id);
CREATE INDEX acceptance_of_offer ON acceptance (offer_id);
CREATE TRIGGER acceptance_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON acceptance
    FOR EACH STATEMENT EXECUTE FUNCTION written_for_good();

CREATE TABLE link_click (
    click_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id    text NOT NULL,
    shop_id    text NOT NULL,
    visitor    text NOT NULL,
    account_id text,
    clicked_at timestamptz NOT NULL,
    known_at   timestamptz
);
CREATE INDEX link_click_of_customer ON link_click (account_id, clicked_at) WHERE account_id IS NOT NULL;
CREATE INDEX link_click_of_visitor ON link_click (visitor) WHERE account_id IS NULL;
CREATE INDEX link_click_when ON link_click (clicked_at);

CREATE TABLE link_clicks_of_day (
    link_id text NOT NULL,
    day     date NOT NULL,
    clicks  integer NOT NULL,
    PRIMARY KEY (link_id, day)
);

CREATE TABLE attribution (
    order_id          text NOT NULL,
    line_id           text NOT NULL,
    customer_id       text NOT NULL,
    listing_id        text NOT NULL,
    link_id           text NOT NULL,
    promoter_shop_id  text NOT NULL,
    promoter_owner_id text NOT NULL,
    by                text NOT NULL,
    paid_at           timestamptz NOT NULL,
    PRIMARY KEY (order_id, line_id)
);
CREATE INDEX attribution_of_customer ON attribution (customer_id, paid_at);
CREATE INDEX attribution_of_link ON attribution (link_id, paid_at);

CREATE TABLE unbinding (
    customer_id text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (customer_id, at)
);

CREATE TABLE recruitment (
    shop_id            text NOT NULL,
    recruiter_shop_id  text NOT NULL,
    recruiter_owner_id text NOT NULL,
    since              timestamptz NOT NULL,
    PRIMARY KEY (shop_id, since)
);

CREATE TABLE related_account (
    shop_id    text NOT NULL,
    account_id text NOT NULL,
    relation   text NOT NULL,
    since      timestamptz NOT NULL,
    PRIMARY KEY (shop_id, account_id)
);
CREATE INDEX related_account_of ON related_account (account_id);

ALTER TABLE shop ADD COLUMN lat double precision, ADD COLUMN lon double precision;
ALTER TABLE order_book ADD COLUMN verdicts jsonb;
ALTER TABLE accrual ADD COLUMN level integer NOT NULL DEFAULT 1, ADD COLUMN attributed_by text,
    ADD COLUMN offer_id text, ADD COLUMN units integer NOT NULL DEFAULT 0;
CREATE INDEX accrual_of_offer ON accrual (offer_id) WHERE offer_id IS NOT NULL;
"""

# What was delivered before is judged by the rules of its time.
_JUDGED = """
UPDATE order_book SET verdicts = '[]'
WHERE delivered IS NOT NULL AND jsonb_array_length(COALESCE(paid -> 'links', '[]')) > 0
"""


def upgrade() -> None:
    for statements in (_TABLES, _JUDGED):
        op.execute(statements.replace(":", "\\:"))
