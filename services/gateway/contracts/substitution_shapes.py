"""What clients are answered about picking: item lists, substitutes, and everything an order went through."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money


class FreeDelivery(Schema):
    """Why delivery costs nothing: so much was paid for goods. It stays free whatever goes back."""

    threshold = fields.Nested(Money, metadata={"description": "Delivery is free from so much on."})
    waived = fields.Nested(Money, metadata={"description": "What delivery would have cost."})
    borne_by = fields.String(
        allow_none=True,
        metadata={
            "enum": ["platform", None],
            "description": "Who bears it when what remains is worth less than `threshold`.",
        },
    )


class ItemList(Schema):
    """The lines of one named list, whichever shops they are of."""

    name = fields.String(required=True)
    line_ids = fields.List(fields.String(), required=True)
    goods = fields.Nested(Money)
    paid = fields.Nested(Money)
    refunded = fields.Nested(Money)


class Substitution(Schema):
    """Something else in the place of goods that are missing. It never costs more than what was paid."""

    substitution_id = Id(required=True)
    order_id = Id(required=True)
    store_order_id = fields.String(required=True)
    line_id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    listing_id = fields.String(allow_none=True, metadata={"description": "The listing that is offered."})
    name = fields.String(required=True)
    unit_price = fields.Nested(Money, required=True)
    replaced_unit_price = fields.Nested(Money, required=True)
    photo_url = fields.String(allow_none=True)
    proposed_at = Instant(required=True)
    decide_by = Instant(
        required=True, metadata={"description": "Then the rule that the line was ordered with decides."}
    )
    status = fields.String(required=True, metadata={"enum": ["proposed", "accepted", "declined", "void"]})
    decided_at = Instant(allow_none=True)
    decided_by = fields.String(allow_none=True, metadata={"description": "`customer` or `clock`."})


class HistoryStep(Schema):
    """One move: of the order, of a shop's part, of a proposed substitution, or of the delivery.

    `split`: the part comes with a second courier, on the trip `subject_id`. `handed_over`: that trip has
    brought its parts while the other goes on.
    """

    subject = fields.String(
        required=True, metadata={"enum": ["order", "store_order", "substitution", "delivery"]}
    )
    subject_id = fields.String(required=True)
    store_order_id = fields.String(allow_none=True)
    before = fields.String(allow_none=True, metadata={"description": "Null where it came to be."})
    after = fields.String(required=True)
    at = Instant(required=True)
    by = fields.String(
        required=True,
        metadata={"description": "customer, merchant, courier, operator, provider, dispatch or clock."},
    )
    account_id = fields.String(allow_none=True, metadata={"description": "For operators alone."})
    reason = fields.String(allow_none=True)


class History(Schema):
    """What has happened, oldest first."""

    items = fields.List(fields.Nested(HistoryStep), required=True)
    next_cursor = fields.String(allow_none=True)
