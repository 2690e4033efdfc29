"""Untrusted requests, turned into commands or refused with the fields at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.dispatch.contracts import plain
from services.dispatch.contracts.plain import ASAP
from services.dispatch.contracts.reading import Strict, an_id, number, reason, text, units
from services.dispatch.contracts.zone_requests import AreaSchema, OutlineSchema, SettingsSchema
from services.dispatch.domain import commands
from services.dispatch.domain.courier import PlannedBreak
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.override import OverrideKind
from services.dispatch.domain.places import Position
from services.dispatch.domain.proof import Handover, Shown, WhyNot
from services.dispatch.domain.vehicle import USUAL_VEHICLE, Capacity, Load, Vehicle
from services.dispatch.domain.zone import Slot, SlotSource, Zone, ZoneSettings
from shared.kernel.errors import InvalidInput

_CAPACITY = ("pickups", "parcels", "volume", "weight", "cold")
_MOST_BREAKS = 4


def load(schema: Schema, request: Mapping[str, Any]) -> Any:
    """What ``request`` says, read by ``schema``; raises :class:`InvalidInput` naming every field at fault."""
    try:
        return schema.load(request)
    except ValidationError as error:
        errors = [{"field": field, "message": message} for field, message in _flat(error.messages)]
        raise InvalidInput("The request has invalid fields.", errors=errors) from error


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else f"{path}.{key}" if path else str(key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, str(message)


class PositionSchema(Strict):
    lat = number(-90, 90, required=True)
    lon = number(-180, 180, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Position:
        return Position(**data)


class ActorSchema(Strict):
    account_id = an_id()
    role = text(40, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.Actor:
        return commands.Actor(**data)


class _Command(Strict):
    actor = fields.Nested(ActorSchema, required=True)


class DropOffSchema(Strict):
    lat = number(-90, 90, required=True)
    lon = number(-180, 180, required=True)
    address = text(plain.LONGEST_ADDRESS, load_default="", allow_none=True)
    contact = text(plain.LONGEST_CONTACT, load_default="", allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DropOff:
        place = Position(lat=data["lat"], lon=data["lon"])
        return DropOff(place=place, address=data["address"] or "", contact=data["contact"] or "")


class LoadSchema(Strict):
    """What a shop's part takes, in units (a usual part); what is left out is the usual."""

    volume, weight, cold = units(), units(), units()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Load:
        return Load(**data)


class PickupSchema(Strict):
    store_order_id = an_id()
    shop_id = an_id()
    name = text(plain.LONGEST_NAME, required=True)
    position = fields.Nested(PositionSchema, required=True)
    preparation_minutes = fields.Integer(
        load_default=plain.USUAL_PREPARATION,
        strict=True,
        validate=validate.Range(0, plain.LONGEST_PREPARATION),
    )
    goods = fields.Nested(LoadSchema, data_key="load", load_default=Load, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Pickup:
        return Pickup(
            store_order_id=data["store_order_id"],
            shop_id=data["shop_id"],
            name=data["name"],
            place=data["position"],
            preparation_minutes=data["preparation_minutes"],
            load=data["goods"] or Load(),
        )


class HoldSchema(Strict):
    order_id = an_id()
    slot_id = an_id(load_default=ASAP, required=False, allow_none=True)
    drop_off = fields.Nested(DropOffSchema, required=True)
    pickups = fields.List(
        fields.Nested(PickupSchema),
        required=True,
        validate=validate.Length(min=1, max=plain.MOST_PICKUPS),
    )
    expires_at = fields.AwareDateTime(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.Hold:
        return commands.Hold(
            order_id=data["order_id"],
            slot_id=None if data["slot_id"] in {None, ASAP} else data["slot_id"],
            drop_off=data["drop_off"],
            pickups=tuple(data["pickups"]),
            expires_at=data["expires_at"],
        )


class ReleaseSchema(Strict):
    order_id = an_id()
    reason = text(200, load_default="released", allow_none=True)


class OpenZoneSchema(_Command):
    zone_id = an_id()
    name = text(80, required=True)
    area = fields.Nested(AreaSchema, load_default=None, allow_none=True)
    outline = fields.Nested(OutlineSchema, load_default=None, allow_none=True)
    settings = fields.Nested(SettingsSchema, load_default=ZoneSettings, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def has_one_border(self, data: dict[str, Any], **_: Any) -> None:
        if (data["area"] is None) == (data["outline"] is None):
            raise ValidationError("A zone has an area or an outline, and not both.", "area")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OpenZone:
        outline = data["outline"]
        zone = Zone(
            zone_id=data["zone_id"],
            name=data["name"],
            area=outline.box if outline else data["area"],
            outline=outline,
            settings=data["settings"] or ZoneSettings(),
        )
        return commands.OpenZone(actor=data["actor"], zone=zone)


class SlotSchema(Strict):
    slot_id = an_id()
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    capacity = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000_000)
    )
    cutoff_at = fields.AwareDateTime(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if not data["starts_at"] < data["ends_at"]:
            raise ValidationError("A slot ends after it starts.", "ends_at")
        if data["cutoff_at"] is not None and data["cutoff_at"] > data["starts_at"]:
            raise ValidationError("A slot takes no orders once it has started.", "cutoff_at")


def _opened(zone_id: str, slot: dict[str, Any]) -> Slot:
    typed = slot["capacity"]
    source = SlotSource.ROTA if typed is None else SlotSource.TYPED
    said = slot | {"capacity": typed or 0, "cutoff_at": slot["cutoff_at"] or slot["starts_at"]}
    return Slot(zone_id=zone_id, **said, typed=typed, source=source)


class OpenSlotsSchema(_Command):
    zone_id = an_id()
    slots = fields.List(fields.Nested(SlotSchema), required=True, validate=validate.Length(1, 500))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OpenSlots:
        zone_id = data["zone_id"]
        slots = tuple(_opened(zone_id, slot) for slot in data["slots"])
        open_ended = frozenset(slot["slot_id"] for slot in data["slots"] if slot["cutoff_at"] is None)
        return commands.OpenSlots(
            actor=data["actor"], zone_id=zone_id, slots=slots, without_cutoff=open_ended
        )


class SlotsSchema(Strict):
    lat = number(-90, 90, required=True)
    lon = number(-180, 180, required=True)
    shop_ids = fields.List(an_id(required=False), load_default=list, allow_none=True)


class ApproveSchema(_Command):
    courier_id = an_id()


class PlannedBreakSchema(Strict):
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> PlannedBreak:
        if data["starts_at"] >= data["ends_at"]:
            raise ValidationError("A break ends after it starts.", "ends_at")
        return PlannedBreak(**data)


class StartShiftSchema(_Command):
    shift_id = an_id()
    zone_id = an_id()
    ends_at = fields.AwareDateTime(required=True)
    position = fields.Nested(PositionSchema, required=True)
    capacity = fields.Dict(
        keys=fields.String(validate=validate.OneOf(_CAPACITY)),
        values=fields.Integer(strict=True, validate=validate.Range(1, 1_000_000)),
        load_default=None,
        allow_none=True,
    )
    vehicle = fields.Enum(Vehicle, by_value=True, load_default=USUAL_VEHICLE)
    breaks = fields.List(
        fields.Nested(PlannedBreakSchema), load_default=list, validate=validate.Length(max=_MOST_BREAKS)
    )

    @validates_schema(skip_on_field_errors=True)
    def rests_within(self, data: dict[str, Any], **_: Any) -> None:
        pauses = sorted(data["breaks"], key=lambda pause: pause.starts_at)
        if any(pause.ends_at > data["ends_at"] for pause in pauses):
            raise ValidationError("A break ends before its shift does.", "breaks")
        if any(one.ends_at > other.starts_at for one, other in pairwise(pauses)):
            raise ValidationError("Breaks do not overlap.", "breaks")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.StartShift:
        said = dict(data["capacity"] or {})
        # Parcels are what pickups were called before goods had a size.
        pickups = [said.pop(name) for name in ("pickups", "parcels") if name in said]
        capacity = Capacity(pickups=min(pickups, default=None), **said)
        return commands.StartShift(**data | {"capacity": capacity, "breaks": tuple(data["breaks"])})


class ReportPositionSchema(_Command):
    position = fields.Nested(PositionSchema, required=True)
    at = fields.AwareDateTime(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ReportPosition:
        return commands.ReportPosition(**data)


class OfferSchema(_Command):
    offer_id = an_id()
    reason = text(200, load_default="", allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AnswerOffer:
        return commands.AnswerOffer(**data | {"reason": data["reason"] or ""})


class AtStopSchema(_Command):
    stop_id = an_id()
    proof = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 40)),
        values=text(500),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=20),
    )
    reason = text(200, load_default="", allow_none=True)
    code = text(20, load_default=None, allow_none=True)
    handover = fields.Enum(Handover, by_value=True, load_default=None, allow_none=True)
    unproved_reason = fields.Enum(WhyNot, by_value=True, load_default=None, allow_none=True)
    position = fields.Nested(PositionSchema, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AtStop:
        shown = Shown(
            code=data.pop("code"),
            handover=data.pop("handover"),
            why_not=data.pop("unproved_reason"),
            place=data.pop("position"),
        )
        return commands.AtStop(**data | {"reason": data["reason"] or "unknown", "shown": shown})


class OfOrderSchema(_Command):
    order_id = an_id()


class OfZoneSchema(_Command):
    zone_id = an_id()


class LendSchema(_Command):
    loan_id = an_id()
    courier_id = an_id()
    to_zone_id = an_id()
    until = fields.AwareDateTime(required=True)
    reason = reason()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.LendCourier:
        return commands.LendCourier(**data)


class OfLoanSchema(_Command):
    loan_id = an_id()


class FiguresSchema(_Command):
    zone_id = an_id()
    hours = number(0.1, 24 * 31, load_default=24.0)


class PauseSchema(_Command):
    zone_id = an_id()
    reason = reason()


class OverrideSchema(_Command):
    override_id = an_id()
    kind = fields.Enum(OverrideKind, by_value=True, required=True)
    order_id = an_id()
    delivery_id = an_id(required=False, load_default=None, allow_none=True)
    courier_id = an_id(required=False, load_default=None, allow_none=True)
    store_order_ids = fields.List(an_id(), load_default=list, validate=validate.Length(max=100))
    reason = reason()

    @validates_schema(skip_on_field_errors=True)
    def names_who(self, data: dict[str, Any], **_: Any) -> None:
        if (data["courier_id"] is None) != (data["kind"] in {OverrideKind.TAKE_BACK, OverrideKind.SPLIT}):
            message = "A courier is named exactly where somebody shall have the delivery."
            raise ValidationError(message, "courier_id")
        if bool(data["store_order_ids"]) != (data["kind"] is OverrideKind.SPLIT):
            message = "Parts are named exactly where a second courier shall bring some."
            raise ValidationError(message, "store_order_ids")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OverrideDelivery:
        return commands.OverrideDelivery(**data | {"store_order_ids": tuple(data["store_order_ids"])})


class NothingSchema(_Command):
    pass


HOLD, RELEASE, SLOTS = HoldSchema(), ReleaseSchema(), SlotsSchema()
OPEN_ZONE, OPEN_SLOTS, APPROVE = OpenZoneSchema(), OpenSlotsSchema(), ApproveSchema()
START_SHIFT, POSITION, OFFER, AT_STOP = (
    StartShiftSchema(),
    ReportPositionSchema(),
    OfferSchema(),
    AtStopSchema(),
)
OF_ORDER, OF_ZONE, NOTHING, PAUSE = OfOrderSchema(), OfZoneSchema(), NothingSchema(), PauseSchema()
OVERRIDE, FIGURES = OverrideSchema(), FiguresSchema()
LEND, OF_LOAN = LendSchema(), OfLoanSchema()


def hold(request: Mapping[str, Any]) -> commands.Hold:
    command: commands.Hold = plain.hold(request) or load(HOLD, request)
    return command
