"""What is answered about settlements, payouts and reconciliations."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Instant, Money
from services.gateway.contracts.shapes import several

_PAYEES = ["shop", "courier", "promoter"]


class Settlement(Schema):
    """An issued statement: `opening` + `earned` - `paid_out` = `closing`. It never changes."""

    statement_id = fields.String(required=True)
    payee_kind = fields.String(metadata={"enum": _PAYEES})
    payee_id = fields.String()
    currency = fields.String()
    number = fields.Integer(metadata={"description": "Counts a payee's statements from 1."})
    cycle = fields.String(metadata={"enum": ["daily", "weekly"]})
    since = Instant()
    until = Instant()
    time_zone = fields.String(metadata={"description": "Where its days begin at midnight."})
    issued_at = Instant()
    opening = fields.Nested(Money)
    sums = fields.Dict(values=fields.Nested(Money), metadata={"description": "The lines, by kind."})
    earned = fields.Nested(Money)
    paid_out = fields.Nested(Money)
    closing = fields.Nested(Money)
    debt = fields.Nested(
        Money,
        metadata={"description": "What the payee owes; later earnings fill it, nobody is asked to pay."},
    )
    line_count = fields.Integer()


class SettlementLine(Schema):
    entry_id = fields.Integer()
    transaction_id = fields.String()
    posted_at = Instant()
    occurred_at = Instant()
    event_type = fields.String()
    account = fields.String()
    kind = fields.String()
    amount = fields.Nested(Money, metadata={"description": "Positive in the payee's favour."})
    formula = fields.String(metadata={"description": "Why it is this amount, in words."})
    order_id = fields.String(allow_none=True)
    store_order_id = fields.String(allow_none=True)
    promotion_link_id = fields.String(allow_none=True)
    promoter_shop_id = fields.String(allow_none=True)
    rate_plan = fields.Integer(allow_none=True)
    rate_bp = fields.Integer(allow_none=True)
    base = fields.Nested(Money, allow_none=True)
    note = fields.String(allow_none=True)
    reverses = fields.String(allow_none=True)


class SettledOrder(Schema):
    """What a store order consisted of when the statement was issued."""

    store_order_id = fields.String()
    order_id = fields.String()
    paid_at = Instant()
    delivered_at = Instant(allow_none=True)
    goods = fields.Nested(Money)
    shop_discount = fields.Nested(Money)
    platform_discount = fields.Nested(Money)
    paid = fields.Nested(Money)
    refunded = fields.Nested(Money)
    platform_discount_returned = fields.Nested(Money)


class SettlementDocument(Settlement):
    """A statement with every line, and what each order of a shop consisted of."""

    lines = fields.List(fields.Nested(SettlementLine))
    orders = fields.List(fields.Nested(SettledOrder))


class Payout(Schema):
    """Money on its way to a payee."""

    payout_id = fields.String(required=True)
    payee_kind = fields.String(metadata={"enum": _PAYEES})
    payee_id = fields.String()
    amount = fields.Nested(Money, metadata={"description": "What arrives."})
    fee = fields.Nested(Money, metadata={"description": "What is taken off besides."})
    status = fields.String(
        metadata={"enum": ["created", "sent", "confirmed", "failed", "retried", "returned", "withdrawn"]}
    )
    bank_account = fields.String(allow_none=True, metadata={"description": "Its last four characters."})
    created_at = Instant()
    changed_at = Instant()
    attempt = fields.Integer()
    told = fields.Integer(metadata={"description": "How often the bank was told."})
    retries = fields.String(
        allow_none=True, metadata={"description": "The failed payout it took the place of."}
    )
    reason = fields.String(allow_none=True)


class PayeeChange(Schema):
    change = fields.String()
    value = fields.String(allow_none=True)
    reason = fields.String()
    made_by = fields.String()
    made_at = Instant()


class Payee(Schema):
    """What holds for somebody whom the platform pays."""

    payee_kind = fields.String(metadata={"enum": _PAYEES})
    payee_id = fields.String()
    currency = fields.String()
    cycle = fields.String(metadata={"enum": ["daily", "weekly"]})
    held = fields.Boolean()
    reason = fields.String(
        allow_none=True, metadata={"description": "Why payouts are held, or were released."}
    )
    bank_account = fields.String(allow_none=True, metadata={"description": "Its last four characters."})
    settled_until = Instant(allow_none=True)
    statements = fields.Integer()
    closing = fields.Nested(Money)
    debt = fields.Nested(Money)
    available = fields.Nested(
        Money, metadata={"description": "Stated, and not paid out: what the next payout may be."}
    )
    changes = fields.List(
        fields.Nested(PayeeChange), metadata={"description": "For operators; newest first."}
    )


class ReconciliationHead(Schema):
    """A comparison of the books with somebody's file."""

    reconciliation_id = fields.String(required=True)
    source = fields.String(metadata={"enum": ["payments", "bank"]})
    method = fields.String(allow_none=True)
    file = fields.String()
    digest = fields.String(metadata={"description": "SHA-256 of the file."})
    since = Instant()
    until = Instant()
    made_by = fields.String()
    made_at = Instant()
    clean = fields.Boolean()
    rows = fields.Integer()
    matched = fields.Integer()
    given_back = fields.Integer(
        metadata={
            "description": "Rows of surplus charges, and of what the provider gave back of them itself."
        }
    )
    problems = fields.Dict(values=fields.Integer())


class ReconciliationDifference(Schema):
    problem = fields.String(
        metadata={"enum": ["missing_in_file", "missing_in_books", "different_amount", "duplicate"]}
    )
    kind = fields.String(metadata={"enum": ["charge", "refund", "payout", "return"]})
    subject_id = fields.String()
    books = fields.Nested(Money, allow_none=True)
    file = fields.Nested(Money, allow_none=True)
    line = fields.Integer(allow_none=True)


class Reconciliation(ReconciliationHead):
    differences = fields.List(fields.Nested(ReconciliationDifference))


SettlementPage = several(Settlement, "SettlementPage")
PayoutPage = several(Payout, "PayoutPage")
PayeePage = several(Payee, "PayeePage")
ReconciliationPage = several(ReconciliationHead, "ReconciliationPage")
