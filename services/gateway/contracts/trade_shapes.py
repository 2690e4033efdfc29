"""What merchants, couriers and operators are answered."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.shapes import several


class Accepted(Schema):
    """Understood, and done."""

    accepted = fields.Boolean(required=True)


class PromotionLink(Schema):
    link_id = fields.String(required=True)
    code = fields.String(required=True)
    shop_id = Id(required=True)
    listing_id = Id(required=True)
    rate_bp = fields.Integer()
    offer_id = fields.String(allow_none=True)
    unit_price = fields.Nested(Money, allow_none=True)


class AccountBalance(Schema):
    account = fields.String()
    balance = fields.Nested(Money)


class Balance(Schema):
    owner_id = fields.String()
    account_kind = fields.String()
    payable = fields.Nested(Money)
    frozen = fields.Nested(Money)
    currency = fields.String()
    accounts = fields.List(fields.Nested(AccountBalance))


class StatementLine(Schema):
    entry_id = fields.Integer()
    transaction_id = fields.String()
    posted_at = Instant()
    occurred_at = Instant()
    event_type = fields.String()
    account = fields.String()
    amount = fields.Nested(Money)
    kind = fields.String()
    reason = fields.String(metadata={"description": "Why it is this amount, in a sentence."})
    order_id = fields.String(allow_none=True)
    store_order_id = fields.String(allow_none=True)
    promotion_link_id = fields.String(allow_none=True)
    rate_plan = fields.Integer(allow_none=True)
    rate_bp = fields.Integer(allow_none=True)
    base = fields.Nested(Money, allow_none=True)
    reverses = fields.String(allow_none=True)


class Statement(Schema):
    account_kind = fields.String()
    owner_id = fields.String()
    since = Instant(allow_none=True)
    until = Instant(allow_none=True)
    currency = fields.String(allow_none=True)
    opening = fields.Nested(Money, allow_none=True)
    total_by_kind = fields.Dict(values=fields.Nested(Money))
    total = fields.Nested(Money, allow_none=True)
    closing = fields.Nested(Money, allow_none=True)
    final = fields.Boolean(metadata={"description": "Nothing can be added to the period any more."})
    lines = fields.List(fields.Nested(StatementLine))
    next_cursor = fields.String(allow_none=True)


class CustomerMoment(Schema):
    """One fact between a customer and a shop."""

    kind = fields.String(metadata={"enum": ["placed", "paid", "delivered", "cancelled", "refunded"]})
    at = Instant()
    order_id = Id()
    store_order_id = Id()
    refund_id = fields.String(allow_none=True)
    amount = fields.Nested(Money, allow_none=True)


class CustomerProfile(Schema):
    """What a shop knows of one of its customers: from their orders alone."""

    customer_id = Id(required=True)
    shop_id = Id()
    order_count = fields.Integer()
    delivered_count = fields.Integer()
    cancelled_count = fields.Integer()
    refund_count = fields.Integer()
    spend = fields.Nested(Money, allow_none=True)
    refunded = fields.Nested(Money, allow_none=True)
    spend_elsewhere = fields.List(
        fields.Nested(Money), metadata={"description": "What was spent in further currencies, if any."}
    )
    first_seen = Instant()
    last_seen = Instant()
    timeline = fields.List(fields.Nested(CustomerMoment))
    next_cursor = fields.String(
        allow_none=True, metadata={"description": "Goes on with the timeline, where it was asked for."}
    )


class ShopProfile(Schema):
    shop_id = Id(required=True)
    customer_count = fields.Integer()
    returning_customer_count = fields.Integer()
    order_count = fields.Integer()
    refund_count = fields.Integer()
    spend = fields.Nested(Money)
    refunded = fields.Nested(Money)
    spend_elsewhere = fields.List(fields.Nested(Money))
    first_seen = Instant(allow_none=True)
    last_seen = Instant(allow_none=True)


class Rule(Schema):
    threshold = fields.Nested(Money)
    off = fields.Nested(Money)


class Campaign(Schema):
    campaign_id = Id(required=True)
    shop_id = Id(allow_none=True)
    kind = fields.String()
    funder = fields.String()
    name = fields.String()
    rule = fields.Nested(Rule)
    budget = fields.Nested(Money, allow_none=True)
    spent = fields.Nested(Money, allow_none=True)
    uses = fields.Integer()
    per_customer_limit = fields.Integer(allow_none=True)
    total_limit = fields.Integer(allow_none=True)
    starts_at = Instant()
    ends_at = Instant()
    ended_at = Instant(allow_none=True)
    code = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": ["scheduled", "running", "ended"]})


class Earnings(Statement):
    """A courier's statement, and what is payable now."""

    courier_id = fields.String()
    payable = fields.Nested(Money, allow_none=True)


class Accrual(Schema):
    """A commission that a shop earns by promoting."""

    accrual_id = fields.String(required=True)
    order_id = fields.String()
    store_order_id = fields.String()
    promotion_link_id = fields.String()
    status = fields.String()
    full = fields.Nested(Money, metadata={"description": "Before refunds."})
    amount = fields.Nested(Money)
    rate_bp = fields.Integer()
    reason = fields.String(allow_none=True)
    level = fields.Integer(metadata={"description": "2: the part of a shop that recruited the promoter."})
    attributed_by = fields.String(
        allow_none=True, metadata={"enum": ["link", "click", "bound"], "description": "Whose sale, and why."}
    )
    changed_at = Instant()


class LedgerAccount(Schema):
    account = fields.String(required=True)
    currency = fields.String()
    balance = fields.Nested(Money, metadata={"description": "Debits less credits; all accounts sum to zero."})
    side = fields.String(metadata={"enum": ["debit", "credit"]})
    natural = fields.Nested(Money, metadata={"description": "The balance as its side counts it."})


class DeadLetter(Schema):
    service = fields.String(required=True)
    id = fields.Raw(required=True)
    subscription = fields.String()
    event_id = fields.String(allow_none=True)
    type = fields.String(allow_none=True)
    subject = fields.String(allow_none=True)
    attempts = fields.Integer()
    reason = fields.String()
    parked_at = Instant()


class DeadLetterPage(Schema):
    items = fields.List(fields.Nested(DeadLetter), required=True)
    unanswered = fields.List(fields.String(), metadata={"description": "Services that did not answer."})
    next_cursor = fields.String(allow_none=True)


class LedgerCheck(Schema):
    sound = fields.Boolean()
    sums_to_zero = fields.Boolean()
    sums = fields.Dict()
    orders = fields.Integer()
    open_orders = fields.Integer()
    waiting_orders = fields.Integer()
    unbalanced_transactions = fields.List(fields.Raw())
    orphan_orders = fields.List(fields.Raw())
    journal = fields.List(
        fields.Nested(AccountBalance), metadata={"description": "What was posted for no order, by account."}
    )
    per_order_mismatches = fields.List(fields.Raw())
    per_order_mismatch_count = fields.Integer()
    unsettled_orders = fields.List(fields.Raw())
    unsettled_order_count = fields.Integer()


CampaignPage = several(Campaign, "CampaignPage")
CustomerPage = several(CustomerProfile, "CustomerPage")
AccrualPage = several(Accrual, "AccrualPage")
LedgerAccountPage = several(LedgerAccount, "LedgerAccountPage")
EntryPage = several(StatementLine, "EntryPage")
