"""What clients are answered about where an order is."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Instant, Position


def proved_by() -> fields.String:
    return fields.String(
        allow_none=True,
        metadata={
            "enum": ["code", "photo", "nothing", None],
            "description": "What proves it, where that was looked at.",
        },
    )


class TrackedStop(Schema):
    stop_id = fields.String()
    kind = fields.String(metadata={"enum": ["pickup", "drop_off", "return"]})
    shop_id = fields.String(allow_none=True)
    store_order_id = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    position = fields.Nested(Position, allow_none=True)
    status = fields.String()
    arrived_at = Instant(allow_none=True)
    done_at = Instant(allow_none=True)
    handover = fields.String(allow_none=True, metadata={"enum": ["in-person", "unattended", None]})
    proved_by = proved_by()
    proved_at = Instant(allow_none=True)
    proved_distance_m = fields.Integer(
        allow_none=True, metadata={"description": "How far from the stop the courier was."}
    )
    unproved_reason = fields.String(allow_none=True)
    photo_at = Instant(allow_none=True, metadata={"description": "When a picture was taken in, if one was."})


class TrackedWindow(Schema):
    starts_at = Instant()
    ends_at = Instant()


class SecondTry(Schema):
    """A failed try at the door: until `choose_by` another may be chosen, then goods go back to shops."""

    failed_at = Instant()
    reason = fields.String()
    choose_by = Instant()
    starts_at = Instant(allow_none=True)
    ends_at = Instant(allow_none=True)
    chosen_by = fields.String(allow_none=True, metadata={"enum": ["customer", "operator", None]})
    returning_since = Instant(allow_none=True)


class TrackedTrip(Schema):
    delivery_id = fields.String(allow_none=True)
    order_id = fields.String()
    status = fields.String(metadata={"description": "`second_try` and `returning` after a failed try, too."})
    second_try = fields.Nested(SecondTry, allow_none=True)
    courier_id = fields.String(allow_none=True)
    courier_position = fields.Nested(Position, allow_none=True)
    eta = Instant(allow_none=True)
    window = fields.Nested(
        TrackedWindow,
        allow_none=True,
        metadata={"description": "When eight in ten orders that are as far as this one are handed over."},
    )
    first_window = fields.Nested(
        TrackedWindow, allow_none=True, metadata={"description": "The first window that there was."}
    )
    promised_at = Instant(allow_none=True)
    paused_since = Instant(
        allow_none=True,
        metadata={"description": "Since when no courier is being looked for in this zone, if that is so."},
    )
    drop_off_code = fields.String(
        allow_none=True, metadata={"description": "For the courier, when the order is handed over."}
    )
    parts = fields.List(
        fields.String(), metadata={"description": "The store orders that this courier brings, or brought."}
    )
    stops = fields.List(fields.Nested(TrackedStop))


class Tracking(TrackedTrip):
    """The delivery of an order; of an order that two couriers bring, the trip that counts now."""

    trips = fields.List(
        fields.Nested(TrackedTrip),
        metadata={"description": "All trips, the one that counts now first: two where the order was split."},
    )
