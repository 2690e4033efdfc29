"""What is answered about slots: which a basket can have, and how orders were moved."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant
from services.gateway.contracts.shapes import Order, OrderSlot
from services.gateway.contracts.tracking_shapes import SecondTry


class SlotObstacle(Schema):
    """A shop that is in the way: closed, or with more to prepare in that hour than it can."""

    shop_id = fields.String(required=True)
    name = fields.String()
    reason = fields.String(metadata={"enum": ["closed", "full"]})
    opens_at = Instant(allow_none=True, metadata={"description": "When it opens next."})


def slot_state(*more: str) -> fields.String:
    states = ["free", "full", "cut_off", "shop_closed", "shop_full", *more]
    return fields.String(
        metadata={"enum": states, "description": "For a quote or shops alone: what stands in the way."}
    )


class SoonChoice(Schema):
    """Delivery as soon as possible."""

    state = slot_state("paused")
    shops = fields.List(fields.Nested(SlotObstacle))


class SlotChoice(Schema):
    slot_id = fields.String(required=True)
    zone_id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    cutoff_at = Instant()
    capacity = fields.Integer()
    left = fields.Integer(metadata={"description": "How many orders it still takes."})
    state = slot_state()
    shops = fields.List(fields.Nested(SlotObstacle))


class SlotChoices(Schema):
    items = fields.List(fields.Nested(SlotChoice), required=True)
    asap = fields.Boolean(metadata={"description": "Whether delivery as soon as possible is open."})
    soon = fields.Nested(SoonChoice)
    next_cursor = fields.String(allow_none=True)


class Rebooking(Schema):
    """A move of an order to another slot, or to `asap`."""

    rebooking_id = Id(required=True)
    order_id = Id(required=True)
    number = fields.Integer(required=True)
    state = fields.String(metadata={"enum": ["moving", "moved", "refused"]})
    by = fields.String(metadata={"enum": ["customer", "operator"]})
    asked_at = Instant()
    decided_at = Instant(allow_none=True)
    from_slot = fields.Nested(OrderSlot)
    slot = fields.Nested(OrderSlot)
    refusal = fields.String(allow_none=True, metadata={"description": "The code it was refused with."})


class Rebooked(Rebooking):
    order = fields.Nested(Order)


class RebookingPage(Schema):
    items = fields.List(fields.Nested(Rebooking), required=True)
    next_cursor = fields.String(allow_none=True)


class SecondTryAnswer(Schema):
    order_id = Id(required=True)
    delivery_id = fields.String()
    status = fields.String(metadata={"enum": ["second_try", "returning", "failed"]})
    second_try = fields.Nested(SecondTry, allow_none=True)
