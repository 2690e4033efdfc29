"""What operators are told of how a zone did."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Instant


class Spread(Schema):
    """Minutes: of how many deliveries, on average, half of them below, nine in ten below."""

    count = fields.Integer()
    mean = fields.Float(allow_none=True)
    p50 = fields.Float(allow_none=True)
    p90 = fields.Float(allow_none=True)


class FiguresGroup(Schema):
    kind = fields.String(metadata={"enum": ["asap", "slot"]})
    shops = fields.String(metadata={"description": "How many shops it was collected at; `4+` for more."})
    click_to_door = fields.Nested(Spread)
    late_share = fields.Float(allow_none=True)


class RiddenDay(Schema):
    """A day in three figures; click to door is of the baskets that are compared."""

    click_to_door = fields.Float(allow_none=True)
    kilometres = fields.Float()
    undelivered = fields.Integer()


class DayInHindsight(Schema):
    """A zone's newest finished day, as it was lived and solved again with everything known."""

    day = fields.Date()
    solved_at = Instant()
    baskets = fields.Integer(metadata={"description": "How many were to be brought that day."})
    compared = fields.Integer(
        metadata={"description": "Those without a slot that came in both: click to door is over them."}
    )
    gap_minutes = fields.Float(
        allow_none=True,
        metadata={"description": "How much longer it took, on average; negative where life was better."},
    )
    gap_percent = fields.Float(
        allow_none=True, metadata={"description": "The gap over what it takes in hindsight."}
    )
    lived = fields.Nested(RiddenDay)
    resolved = fields.Nested(RiddenDay)
    rounds = fields.Integer(
        metadata={"description": "How long was searched. With few rounds more of the gap stays unseen."}
    )


class ZoneFigures(Schema):
    """How a zone did: deliveries that ended in the span, and the couriers on shift in it."""

    zone_id = fields.String(required=True)
    since = Instant()
    until = Instant()
    delivered = fields.Integer()
    failed = fields.Dict(metadata={"description": "How many deliveries failed, by reason."})
    cancelled = fields.Integer()
    unassigned_share = fields.Float(
        allow_none=True,
        metadata={"description": "The share that no courier took, of what was to be brought."},
    )
    groups = fields.List(fields.Nested(FiguresGroup))
    click_to_door = fields.Nested(Spread)
    ready_to_pickup = fields.Nested(Spread)
    ready_to_door = fields.Nested(Spread)
    late = fields.Nested(
        Spread, metadata={"description": "By how much what was late came later than promised."}
    )
    late_share = fields.Float(allow_none=True)
    split = fields.Integer(metadata={"description": "Baskets that came by more than one courier: never."})
    doorbell_rings_per_basket = fields.Float(allow_none=True)
    km_per_order = fields.Float(allow_none=True)
    courier_hours = fields.Float()
    orders_per_courier_hour = fields.Float(allow_none=True)
    utilisation = fields.Float(
        allow_none=True, metadata={"description": "The share of courier time with a delivery to make."}
    )
    reassigned = fields.Integer(
        metadata={"description": "How often a delivery was accepted again, by another courier."}
    )
    hindsight = fields.Nested(
        DayInHindsight,
        allow_none=True,
        metadata={"description": "Of the last finished day, whatever the span; none until one was solved."},
    )
