"""An attempt to pay an order, and what one command paid back of it."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money


class Attempt(Schema):
    """One attempt to pay. The first that succeeds pays; what another one takes goes back by itself."""

    payment_id = Id(required=True)
    order_id = Id()
    method = fields.String()
    status = fields.String(
        required=True, metadata={"enum": ["pending", "due", "succeeded", "failed", "refunded", "waived"]}
    )
    amount = fields.Nested(Money, required=True)
    started_at = Instant()


class PaymentAction(Schema):
    """`code_url`: to be shown as a code and scanned. `jsapi`: what WeChat's own call takes, signed."""

    kind = fields.String(required=True, metadata={"enum": ["code_url", "jsapi"]})
    code_url = fields.String()
    parameters = fields.Dict(values=fields.String())


class Payment(Schema):
    payment_id = Id(required=True)
    order_id = Id(required=True)
    method = fields.String()
    status = fields.String(
        required=True, metadata={"enum": ["pending", "due", "succeeded", "failed", "refunded"]}
    )
    amount = fields.Nested(Money, required=True)
    action = fields.Nested(
        PaymentAction, allow_none=True, metadata={"description": "What the customer's device has to do."}
    )


class RefundedLine(Schema):
    line_id = fields.String()
    quantity = fields.Integer()
    amount = fields.Nested(Money)


class RefundPart(Schema):
    refund_id = fields.String(required=True)
    store_order_id = fields.String(allow_none=True)
    shop_id = fields.String(allow_none=True)
    amount = fields.Nested(Money)
    lines = fields.List(fields.Nested(RefundedLine))


class Refund(Schema):
    refund_id = fields.String(required=True)
    order_id = Id()
    store_order_id = fields.String(allow_none=True)
    reason = fields.String()
    amount = fields.Nested(Money)
    goods = fields.Nested(Money)
    delivery_fee = fields.Nested(Money)
    issued_at = Instant()
    lines = fields.List(fields.Nested(RefundedLine))
    parts = fields.List(fields.Nested(RefundPart), metadata={"description": "One per store order."})
