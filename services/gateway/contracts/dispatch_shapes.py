"""What couriers and the operators of dispatch are answered."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Instant, Position
from services.gateway.contracts.shapes import Slot, several
from services.gateway.contracts.tracking_shapes import proved_by


def break_status() -> fields.String:
    description = "`asked` while the stops that were accepted are made, then `on`; none without a break."
    return fields.String(
        allow_none=True, metadata={"enum": ["asked", "on", None], "description": description}
    )


class PlannedBreak(Schema):
    starts_at = Instant()
    ends_at = Instant()


class Shift(Schema):
    shift_id = fields.String(required=True)
    courier_id = fields.String()
    zone_id = fields.String()
    status = fields.String()
    started_at = Instant()
    ends_at = Instant()
    ended_at = Instant(allow_none=True)
    capacity = fields.Dict(allow_none=True)
    position = fields.Nested(Position, allow_none=True)
    break_status = break_status()
    break_asked_at = Instant(allow_none=True)
    vehicle = fields.String(metadata={"enum": ["foot", "bicycle", "scooter", "car"]})
    breaks = fields.List(fields.Nested(PlannedBreak))


class Stop(Schema):
    stop_id = fields.String(required=True)
    kind = fields.String(metadata={"enum": ["pickup", "drop_off", "return"]})
    delivery_id = fields.String()
    order_id = fields.String()
    store_order_id = fields.String(allow_none=True)
    shop_id = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    position = fields.Nested(Position, allow_none=True)
    address = fields.String(allow_none=True)
    contact = fields.String(allow_none=True)
    ready_at = Instant(allow_none=True)
    eta = Instant(allow_none=True)
    status = fields.String(metadata={"enum": ["pending", "arrived", "done", "failed", "skipped"]})
    opens_at = Instant(
        allow_none=True, metadata={"description": "Of a second try at the door: not before then."}
    )


class Offer(Schema):
    offer_id = fields.String(required=True)
    courier_id = fields.String()
    zone_id = fields.String()
    status = fields.String()
    offered_at = Instant()
    expires_at = Instant()
    deliveries = fields.List(fields.String())
    stops = fields.List(fields.Nested(Stop))


class WaitAt(Schema):
    """Where to wait for the next offer. It is advice: whoever stays elsewhere is asked all the same."""

    shop_id = fields.String(required=True)
    name = fields.String()
    position = fields.Nested(Position)
    since = Instant()
    why = fields.String()


class Route(Schema):
    shift = fields.Nested(Shift, allow_none=True)
    offers = fields.List(fields.Nested(Offer))
    stops = fields.List(fields.Nested(Stop))
    wait_at = fields.Nested(WaitAt, allow_none=True)
    version = fields.Integer(allow_none=True)


class OfferAnswer(Schema):
    offer_id = fields.String()
    status = fields.String()
    deliveries = fields.List(fields.String())


class StopAnswer(Schema):
    stop_id = fields.String()
    delivery_id = fields.String()
    order_id = fields.String()
    status = fields.String()
    delivery_status = fields.String()
    proved_by = proved_by()


class KeptPhoto(Schema):
    stop_id = fields.String(required=True)
    media_type = fields.String()
    bytes = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()
    photo_at = Instant()


class PickupCode(Schema):
    """What the shop tells the courier who collects this part of the order."""

    store_order_id = fields.String(required=True)
    code = fields.String(required=True)


class ForgottenPhotos(Schema):
    forgotten = fields.Integer(required=True)


class ZoneArea(Schema):
    south = fields.Float()
    west = fields.Float()
    north = fields.Float()
    east = fields.Float()


class ZoneOutline(Schema):
    """A GeoJSON polygon."""

    type = fields.String()
    coordinates = fields.List(fields.List(fields.List(fields.Float())))


class Zone(Schema):
    zone_id = fields.String(required=True)
    name = fields.String()
    area = fields.Nested(
        ZoneArea, metadata={"description": "All of the zone, or the rectangle around its outline."}
    )
    outline = fields.Nested(ZoneOutline, allow_none=True)
    settings = fields.Dict(allow_none=True)
    paused_at = Instant(
        allow_none=True, metadata={"description": "Since when dispatch is paused here, if it is."}
    )


class ZonePause(Schema):
    """A pause of dispatch in a zone: running, or just over."""

    zone_id = fields.String()
    paused = fields.Boolean()
    reason = fields.String(allow_none=True)
    paused_at = Instant(allow_none=True)
    paused_by = fields.String(allow_none=True)
    resumed_at = Instant(allow_none=True)
    resumed_by = fields.String(allow_none=True)


class OpenedSlot(Slot):
    zone_id = fields.String()
    cutoff_at = Instant()
    capacity = fields.Integer()
    left = fields.Integer()


class OpenedSlots(Schema):
    items = fields.List(fields.Nested(OpenedSlot), required=True)


class SlotOverride(Schema):
    kind = fields.String(metadata={"enum": ["cap", "fixed"]})
    capacity = fields.Integer()
    reason = fields.String()
    made_at = Instant()
    made_by = fields.String()


class TentativeRoute(Schema):
    order_ids = fields.List(fields.String())
    leaves_at = Instant()
    ends_at = Instant()


class SlotOutlook(Schema):
    """A tentative plan of what is booked: nobody has been asked, and dispatch decides anew in time."""

    planned_at = Instant()
    solver = fields.String()
    booked = fields.Integer()
    couriers_needed = fields.Integer()
    late = fields.List(fields.String(), metadata={"description": "Orders that no courier can bring in time."})
    routes = fields.List(fields.Nested(TentativeRoute))


class JudgedSlot(OpenedSlot):
    """What a slot takes, and where that comes from."""

    taken = fields.Integer(
        metadata={"description": "Orders that have the slot; they keep it, even if they are more."}
    )
    typed = fields.Integer(
        allow_none=True, metadata={"description": "What it takes while no rota reaches it."}
    )
    source = fields.String(
        metadata={
            "enum": ["typed", "rota", "cap", "fixed"],
            "description": "`rota`: from the couriers who will be there; `cap`, `fixed`: from an operator.",
        }
    )
    version = fields.Integer()
    couriers = fields.Integer()
    courier_minutes = fields.Integer()
    pace = fields.Float(
        metadata={"description": "Deliveries that a courier is expected to bring in an hour."}
    )
    override = fields.Nested(SlotOverride, allow_none=True)
    outlook = fields.Nested(SlotOutlook, allow_none=True)


class Break(Schema):
    starts_at = Instant()
    ends_at = Instant()


class RotaEntry(Schema):
    """A planned shift."""

    entry_id = fields.String(required=True)
    zone_id = fields.String()
    courier_id = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    breaks = fields.List(fields.Nested(Break))
    announced_at = Instant()
    announced_by = fields.String()
    withdrawn_at = Instant(allow_none=True)
    withdrawn_by = fields.String(allow_none=True)


class AnnouncedShifts(Schema):
    items = fields.List(fields.Nested(RotaEntry), required=True)


class Courier(Schema):
    courier_id = fields.String()
    status = fields.String()
    approved = fields.Boolean()
    registered = fields.Boolean()


class Candidate(Schema):
    order_id = fields.String()
    courier_id = fields.String()
    cost = fields.Float(metadata={"description": "By the weights of the plan, in a customer's minutes."})
    extra_minutes = fields.Float(metadata={"description": "How much longer the courier is under way."})
    door_minutes = fields.Float(metadata={"description": "In how long the order is handed over."})
    chosen = fields.Boolean()


class OfferExplanation(Schema):
    """Why this courier was asked: for each order the three cheapest couriers, and the chosen one."""

    offer_id = fields.String(required=True)
    zone_id = fields.String()
    courier_id = fields.String()
    status = fields.String()
    plan_version = fields.Integer()
    offered_at = Instant()
    candidates = fields.List(fields.Nested(Candidate))


class RecordedPlan(Schema):
    """What a plan was asked and what it answered, as `linli why FILE` reads it."""

    order_id = fields.String(required=True)
    form = fields.Integer()
    plan = fields.Dict(
        metadata={
            "description": "The snapshot of the zone (baskets, riders, weights, seed, the plan before; in"
            " minutes from then), routes by courier, what was left, the cost, and who was asked."
        }
    )


class Loan(Schema):
    """A courier lent to a neighbouring zone."""

    loan_id = fields.String(required=True)
    courier_id = fields.String()
    from_zone_id = fields.String()
    to_zone_id = fields.String()
    status = fields.String(metadata={"enum": ["offered", "lent", "recalled", "returned"]})
    until = Instant()
    offered_at = Instant()
    by = fields.String(metadata={"description": "The operator's account, or `planner`."})
    reason = fields.String()
    lent_at = Instant(allow_none=True)
    recalled_at = Instant(allow_none=True)
    recalled_by = fields.String(allow_none=True)
    returned_at = Instant(allow_none=True)


class Override(Schema):
    """What an operator decided by hand about a delivery."""

    override_id = fields.String(required=True)
    kind = fields.String(metadata={"enum": ["assign", "take_back", "transfer", "split"]})
    order_id = fields.String()
    zone_id = fields.String()
    from_courier_id = fields.String(allow_none=True)
    to_courier_id = fields.String(allow_none=True)
    actor_id = fields.String()
    at = Instant()
    reason = fields.String()
    store_order_ids = fields.List(
        fields.String(), metadata={"description": "The parts that moved to a second courier."}
    )


LoanPage = several(Loan, "LoanPage")
OverridePage = several(Override, "OverridePage")
ZonePage = several(Zone, "ZonePage")
JudgedSlotPage = several(JudgedSlot, "JudgedSlotPage")
RotaPage = several(RotaEntry, "RotaPage")
