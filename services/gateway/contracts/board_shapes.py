"""What the operators of dispatch see of a zone."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.dispatch_shapes import break_status
from services.gateway.contracts.fields import Instant, Position
from services.gateway.contracts.tracking_shapes import SecondTry, proved_by


class BoardPickup(Position):
    shop_id = fields.String()
    status = fields.String()
    proved_by = proved_by()


class BoardDelivery(Schema):
    delivery_id = fields.String()
    order_id = fields.String()
    trip = fields.Integer(
        allow_none=True,
        metadata={"description": "Of a split order: the first trip, or the second."},
    )
    split_reason = fields.String(
        allow_none=True, metadata={"enum": ["shop-late", "too-large", "operator", None]}
    )
    status = fields.String()
    courier_id = fields.String(allow_none=True)
    offer_id = fields.String(allow_none=True)
    eta = Instant(allow_none=True)
    promised_at = Instant(allow_none=True)
    slot_id = fields.String(allow_none=True)
    second_try = fields.Nested(SecondTry, allow_none=True)
    photo_at = Instant(allow_none=True, metadata={"description": "When a picture of the door was taken in."})
    wrong_codes = fields.Integer(metadata={"description": "Wrong codes that were lately said for it."})
    drop_off = fields.Nested(Position, allow_none=True)
    pickups = fields.List(fields.Nested(BoardPickup), allow_none=True)


class BoardWait(Schema):
    shop_id = fields.String()
    position = fields.Nested(Position)
    since = Instant()


class BoardCourier(Schema):
    courier_id = fields.String()
    shift_id = fields.String(allow_none=True)
    status = fields.String()
    ends_at = Instant(allow_none=True)
    break_status = break_status()
    vehicle = fields.String()
    stops = fields.Integer(metadata={"description": "How many stops are still to be made."})
    wait_at = fields.Nested(
        BoardWait, allow_none=True, metadata={"description": "Where a courier without work was told to wait."}
    )
    loan_id = fields.String(allow_none=True)
    loan_status = fields.String(
        allow_none=True,
        metadata={"description": "How far a loan to another zone has come, or one from there."},
    )
    position = fields.Nested(Position, allow_none=True)
    seen_at = Instant(allow_none=True)


class BoardOffer(Schema):
    offer_id = fields.String()
    courier_id = fields.String()
    zone_id = fields.String()
    status = fields.String()
    order_ids = fields.List(fields.String())
    offered_at = Instant(allow_none=True)
    expires_at = Instant(allow_none=True)


class BoardPause(Schema):
    reason = fields.String()
    paused_at = Instant()
    paused_by = fields.String()


class BoardWindows(Schema):
    """Of the last deliveries, up to 500, how many were handed over in the first window they were told."""

    deliveries = fields.Integer()
    kept = fields.Integer()


class Board(Schema):
    """A zone as its dispatchers see it: places without names and addresses."""

    zone_id = fields.String()
    at = Instant()
    deliveries = fields.List(fields.Nested(BoardDelivery))
    couriers = fields.List(fields.Nested(BoardCourier))
    offers = fields.List(fields.Nested(BoardOffer))
    pause = fields.Nested(BoardPause, allow_none=True)
    windows = fields.Nested(BoardWindows)
    travel = fields.String(
        metadata={
            "enum": ["great_circle", "router", "degraded"],
            "description": "Where travel times come from; `degraded` while the router fails.",
        }
    )
