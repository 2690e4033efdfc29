"""What ordering promises of its events: the schemas of their data."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema, fields, validate

from shared.kernel.reasons import OTHER


class MoneySchema(Schema):
    amount = fields.Integer(required=True, strict=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


def _money() -> fields.Nested:
    return fields.Nested(MoneySchema, required=True)


def _id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1))


def _optional_id() -> fields.String:
    return fields.String(required=True, allow_none=True)


def _time() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, format="iso")


# Why: what people wrote themselves stays with the order, where only those concerned may read it.
REASONS = (
    "bruised",
    "changed-my-mind",
    "damaged",
    "delivery-failed",
    "everything-given-back",
    "late",
    "missing",
    "no-answer",
    "not-as-described",
    "ordered-by-mistake",
    "quality",
    "shop-closed",
    "sold-out",
    "spoilt",
    "substituted",
    "too-busy",
    "weighed",
    "wrong-item",
    OTHER,
)


def _reason() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(REASONS))


class AreaSchema(Schema):
    lat = fields.Float(required=True)
    lon = fields.Float(required=True)


class DiscountSchema(Schema):
    campaign_id = _id()
    funder = fields.String(required=True, validate=validate.OneOf(("shop", "platform")))
    amount = _money()


class LineSchema(Schema):
    line_id = _id()
    listing_id = _id()
    category = _optional_id()
    sourced = fields.Boolean(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    unit_price = _money()
    goods = _money()
    discount = _money()
    discounts = fields.List(fields.Nested(DiscountSchema), required=True)
    paid = _money()
    promotion_link_id = _optional_id()


class ByFunderSchema(Schema):
    shop = _money()
    platform = _money()


class StorePartSchema(Schema):
    store_order_id = _id()
    shop_id = _id()
    merchant_id = _id()
    goods = _money()
    discount = _money()
    discount_by_funder = fields.Nested(ByFunderSchema, required=True)
    paid = _money()
    lines = fields.List(fields.Nested(LineSchema), required=True, validate=validate.Length(min=1))


class _OrderSchema(Schema):
    order_id = _id()
    customer_id = _id()


class _SumsSchema(_OrderSchema):
    zone_id = _id()
    goods = _money()
    discount = _money()
    delivery_fee = _money()
    total = _money()
    tip = fields.Nested(MoneySchema)
    store_orders = fields.List(fields.Nested(StorePartSchema), required=True)


class OrderPlacedSchema(_SumsSchema):
    """An order was priced and everything it needs is held, until it is paid or expires."""

    placed_at = _time()
    expires_at = _time()
    slot_id = _optional_id()
    drop_off_area = fields.Nested(AreaSchema, required=True)


class OrderPaidSchema(_SumsSchema):
    """The provider has the money, or the customer pays at the door: the order goes to its shops."""

    payment_id = _id()
    paid_at = _time()
    method = fields.String()


class StoreOrderSplitSchema(StorePartSchema):
    """One shop's part of a paid order came into being."""

    order_id = _id()
    customer_id = _id()
    parts = fields.Integer(required=True, strict=True)
    paid_at = _time()


class _StorePartEventSchema(Schema):
    order_id = _id()
    store_order_id = _id()
    shop_id = _id()


class StoreOrderAcceptedSchema(_StorePartEventSchema):
    """A shop took its part on and said when it will be ready."""

    accepted_at = _time()
    ready_at = _time()


class StoreOrderReadySchema(_StorePartEventSchema):
    """A shop's part waits for the courier."""

    ready_at = _time()


class StoreOrderRejectedSchema(_StorePartEventSchema):
    """A shop's part dropped out; a RefundIssued pays it back, the siblings go on."""

    customer_id = _id()
    rejected_at = _time()
    reason = _reason()


class StoreOrderRemindedSchema(_StorePartEventSchema):
    """A shop has not taken its part on and half of its time is over; after `accept_by` it is rejected."""

    reminded_at = _time()
    accept_by = _time()


class _SubstitutionSchema(_StorePartEventSchema):
    substitution_id = _id()
    customer_id = _id()
    line_id = _id()
    listing_id = _id()
    substitute_listing_id = _optional_id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class SubstitutionProposedSchema(_SubstitutionSchema):
    """A shop offers something else for units that are missing; without an answer a rule decides then."""

    proposed_at = _time()
    decide_by = _time()
    unit_price = _money()


class SubstitutionAnsweredSchema(_SubstitutionSchema):
    """What became of a proposal, by the customer or by the clock; a RefundIssued gives what is due back."""

    decided_at = _time()
    decided_by = fields.String(required=True, validate=validate.OneOf(("customer", "clock")))
    status = fields.String(required=True, validate=validate.OneOf(("accepted", "declined", "void")))


class LineWeighedSchema(_StorePartEventSchema):
    """What the units of a line that are left weigh together; what is lighter costs less (RefundIssued)."""

    line_id = _id()
    listing_id = _id()
    weighed_at = _time()
    grams = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    estimated_grams = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class OrderCancelledSchema(_OrderSchema):
    """Nothing of the order will be delivered; what was paid goes back by RefundIssued."""

    cancelled_at = _time()
    reason = _reason()
    was_paid = fields.Boolean(required=True)


class OrderExpiredSchema(_OrderSchema):
    """Nobody paid in time; everything held for the order is free."""

    expired_at = _time()


class OrderDeliveredSchema(_OrderSchema):
    """Every part that was still in the order has reached the customer."""

    delivered_at = _time()
    delivery_id = _id()
    courier_id = _id()
    store_order_ids = fields.List(fields.String(), required=True)
    collected = fields.Nested(MoneySchema, metadata={"description": "What the courier took at the door."})


def _optional_time() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True, format="iso")


class OrderRebookedSchema(_OrderSchema):
    """An order was moved to another slot, or to "as soon as possible" (no slot), before its first pickup.

    ``number`` counts an order's moves; ``shop_ids`` still have a part in it.
    """

    rebooking_id = _id()
    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    rebooked_at = _time()
    by = fields.String(required=True, validate=validate.OneOf(("customer", "operator")))
    from_slot_id = _optional_id()
    slot_id = _optional_id()
    starts_at = _optional_time()
    ends_at = _optional_time()
    promised_at = _optional_time()
    shop_ids = fields.List(fields.String(), required=True)


class OrderCompletedSchema(_OrderSchema):
    """The after-sale window of a delivered order has closed."""

    completed_at = _time()


class RefundedLineSchema(Schema):
    """Units that went back; with a quantity of 0, a price that fell.

    With a `substitution_id` the units are what came in the place of the listing that was ordered.
    """

    line_id = _id()
    listing_id = _id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    amount = _money()
    discounts = fields.List(fields.Nested(DiscountSchema), required=True)
    promotion_link_id = _optional_id()
    substitution_id = fields.String(validate=validate.Length(min=1))


class RefundIssuedSchema(_OrderSchema):
    """Money goes back: for parts of one store order, or (without one) for the delivery fee or the tip."""

    refund_id = _id()
    store_order_id = _optional_id()
    shop_id = _optional_id()
    issued_at = _time()
    reason = _reason()
    amount = _money()
    goods = _money()
    delivery_fee = _money()
    restock = fields.Boolean(required=True)
    lines = fields.List(fields.Nested(RefundedLineSchema), required=True)
    # Absent in old events: the shop bore them all.
    borne_by = fields.String(validate=validate.OneOf(("shop", "platform", "courier")))
    tip = fields.Nested(MoneySchema)


class RefundHandedBackSchema(_OrderSchema):
    """What was collected at the door and refunded later is in the customer's hands again.

    The courier named gave it of what they hold; without one the platform did.
    """

    refund_id = _id()
    amount = _money()
    handed_back_at = _time()
    courier_id = _optional_id()


SCHEMAS: Mapping[str, type[Schema]] = {
    "OrderPlaced": OrderPlacedSchema,
    "OrderPaid": OrderPaidSchema,
    "StoreOrderSplit": StoreOrderSplitSchema,
    "StoreOrderAccepted": StoreOrderAcceptedSchema,
    "StoreOrderRejected": StoreOrderRejectedSchema,
    "StoreOrderReady": StoreOrderReadySchema,
    "StoreOrderReminded": StoreOrderRemindedSchema,
    "SubstitutionProposed": SubstitutionProposedSchema,
    "SubstitutionAnswered": SubstitutionAnsweredSchema,
    "LineWeighed": LineWeighedSchema,
    "OrderCancelled": OrderCancelledSchema,
    "OrderExpired": OrderExpiredSchema,
    "OrderDelivered": OrderDeliveredSchema,
    "OrderRebooked": OrderRebookedSchema,
    "OrderCompleted": OrderCompletedSchema,
    "RefundIssued": RefundIssuedSchema,
    "RefundHandedBack": RefundHandedBackSchema,
}
