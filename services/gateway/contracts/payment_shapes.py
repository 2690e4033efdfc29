"""What is answered about paying and paying back."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.shapes import several

REFUND_STATES = ("pending", "sent", "confirmed", "failed", "to_hand_back")


class PaymentMethod(Schema):
    method = fields.String(required=True, metadata={"enum": ["sandbox", "wechat", "cash"]})
    maximum = fields.Integer(
        allow_none=True, metadata={"description": "Of an order's total, in minor units; null: none."}
    )


class PaymentMethods(Schema):
    items = fields.List(fields.Nested(PaymentMethod), required=True)


class OrderRefund(Schema):
    """One refund and where its money is.

    `pending`, `sent`, `failed` (it is tried again) and `confirmed` say how far it has come at the provider;
    `to_hand_back`: a person gives it back; `not_due`: it was to be paid at the door and is not any more.
    """

    refund_id = fields.String(required=True)
    store_order_id = fields.String(allow_none=True)
    amount = fields.Nested(Money, required=True)
    goods = fields.Nested(Money)
    delivery_fee = fields.Nested(Money)
    tip = fields.Nested(Money)
    reason = fields.String()
    issued_at = Instant()
    state = fields.String(required=True, metadata={"enum": [*REFUND_STATES, "not_due"]})
    method = fields.String(allow_none=True)
    expected_at = Instant(
        allow_none=True, metadata={"description": "When the money is there at the latest, as things stand."}
    )
    confirmed_at = Instant(allow_none=True)


class OrderRefunds(Schema):
    """Everything that goes back to the customer of an order, oldest first."""

    order_id = Id(required=True)
    refunded = fields.Nested(Money)
    items = fields.List(fields.Nested(OrderRefund), required=True)


class RefundProgress(Schema):
    """A refund as those see it who look after the money."""

    refund_id = fields.String(required=True)
    order_id = Id()
    payment_id = fields.String()
    method = fields.String()
    amount = fields.Nested(Money)
    reason = fields.String()
    state = fields.String(required=True, metadata={"enum": list(REFUND_STATES)})
    attempt = fields.Integer(metadata={"description": "How often the provider was asked."})
    asked_at = Instant()
    sent_at = Instant(allow_none=True)
    confirmed_at = Instant(allow_none=True)
    failure = fields.String(
        allow_none=True, metadata={"description": "Why it failed, in the provider's words."}
    )


class ToCollect(Schema):
    order_id = Id(required=True)
    amount = fields.Nested(Money, required=True)
    address = fields.String()


class Collections(Schema):
    """Money that changes hands at doors."""

    to_collect = fields.List(fields.Nested(ToCollect), required=True)
    to_hand_back = fields.List(fields.Nested(RefundProgress), required=True)


class ProviderStatementRow(Schema):
    """`reference_id` is our payment's or refund's id; `amount` is in minor units and positive."""

    kind = fields.String(required=True, metadata={"enum": ["charge", "refund", "fee"]})
    provider_id = fields.String(required=True)
    reference_id = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    at = Instant(required=True)


class ProviderStatement(Schema):
    """What a payment provider itself has on record for a day of UTC."""

    method = fields.String(required=True)
    day = fields.Date(required=True)
    items = fields.List(fields.Nested(ProviderStatementRow), required=True)


RefundProgressPage = several(RefundProgress, "RefundProgressPage")
