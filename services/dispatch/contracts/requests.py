"""Untrusted requests, turned into commands or refused with the fields at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from services.dispatch.contracts import plain
from services.dispatch.contracts.plain import ASAP
from services.dispatch.domain import commands
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.outline import LEAST_POINTS, MOST_POINTS, Outline
from services.dispatch.domain.override import OverrideKind
from services.dispatch.domain.places import Area, Position
from services.dispatch.domain.zone import Slot, Zone, ZoneSettings
from shared.kernel.errors import InvalidInput

_AN_ID = validate.Regexp(plain.ID, error="Expected an id.")
_CAPACITY = ("volume", "parcels")


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


def _id(**options: Any) -> fields.String:
    return fields.String(**({"required": True} | options), validate=_AN_ID)


def _text(longest: int, **options: Any) -> fields.String:
    checks = validate.And(validate.Length(max=longest), validate.ContainsNoneOf("\x00"))
    return fields.String(**options, validate=checks)


def _reason() -> fields.String:
    checks = validate.And(validate.Length(min=1, max=200), validate.ContainsNoneOf("\x00"))
    return fields.String(required=True, validate=checks)


def _number(least: float, most: float, **options: Any) -> fields.Float:
    return fields.Float(**options, validate=validate.Range(min=least, max=most))


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class PositionSchema(_Strict):
    lat = _number(-90, 90, required=True)
    lon = _number(-180, 180, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Position:
        return Position(**data)


class ActorSchema(_Strict):
    account_id = _id()
    role = _text(40, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.Actor:
        return commands.Actor(**data)


class _Command(_Strict):
    actor = fields.Nested(ActorSchema, required=True)


class DropOffSchema(_Strict):
    lat = _number(-90, 90, required=True)
    lon = _number(-180, 180, required=True)
    address = _text(plain.LONGEST_ADDRESS, load_default="", allow_none=True)
    contact = _text(plain.LONGEST_CONTACT, load_default="", allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DropOff:
        place = Position(lat=data["lat"], lon=data["lon"])
        return DropOff(place=place, address=data["address"] or "", contact=data["contact"] or "")


class PickupSchema(_Strict):
    store_order_id = _id()
    shop_id = _id()
    name = _text(plain.LONGEST_NAME, required=True)
    position = fields.Nested(PositionSchema, required=True)
    preparation_minutes = fields.Integer(
        load_default=plain.USUAL_PREPARATION,
        strict=True,
        validate=validate.Range(0, plain.LONGEST_PREPARATION),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Pickup:
        return Pickup(
            store_order_id=data["store_order_id"],
            shop_id=data["shop_id"],
            name=data["name"],
            place=data["position"],
            preparation_minutes=data["preparation_minutes"],
        )


class HoldSchema(_Strict):
    order_id = _id()
    slot_id = _id(load_default=ASAP, required=False, allow_none=True)
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


class ReleaseSchema(_Strict):
    order_id = _id()
    reason = _text(200, load_default="released", allow_none=True)


class AreaSchema(_Strict):
    south = _number(-90, 90, required=True)
    west = _number(-180, 180, required=True)
    north = _number(-90, 90, required=True)
    east = _number(-180, 180, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Area:
        try:
            return Area(**data)
        except ValueError as error:
            raise ValidationError(str(error).capitalize() + ".") from error


class OutlineSchema(_Strict):
    """A GeoJSON polygon: one ring, without holes."""

    type = fields.String(required=True, validate=validate.Equal("Polygon"))
    coordinates = fields.List(
        fields.List(
            fields.List(fields.Float(allow_nan=False), validate=validate.Length(equal=2)),
            validate=validate.Length(min=LEAST_POINTS, max=MOST_POINTS),
        ),
        required=True,
        validate=validate.Length(equal=1, error="An outline is one ring, without holes."),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Outline:
        try:
            return Outline.drawn(data["coordinates"][0])
        except ValueError as error:
            raise ValidationError(str(error), "coordinates") from error


class SettingsSchema(_Strict):
    """Only what an operator may set; what is left out keeps its default."""

    metres_per_minute = _number(10, 2000)
    pickup_service_minutes = _number(0, 60)
    drop_off_service_minutes = _number(0, 60)
    target_minutes = _number(5, 24 * 60)
    maximum_minutes = _number(5, 48 * 60)
    give_up_minutes = _number(0, 48 * 60)
    horizon_minutes = _number(5, 24 * 60)
    slot_lead_minutes = _number(5, 24 * 60)
    commit_margin_minutes = _number(0, 120)
    shift_slack_minutes = _number(0, 240)
    offer_seconds = _number(5, 3600)
    capacity = fields.Integer(strict=True, validate=validate.Range(1, 200))
    lend_minutes = _number(0, 24 * 60)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ZoneSettings:
        return ZoneSettings(**data)


class OpenZoneSchema(_Command):
    zone_id = _id()
    name = _text(80, required=True)
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


class SlotSchema(_Strict):
    slot_id = _id()
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1_000_000))
    cutoff_at = fields.AwareDateTime(required=True)

    @validates_schema(skip_on_field_errors=True)
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if not data["starts_at"] < data["ends_at"]:
            raise ValidationError("A slot ends after it starts.", "ends_at")
        if data["cutoff_at"] > data["ends_at"]:
            raise ValidationError("A slot takes no orders after its end.", "cutoff_at")


class OpenSlotsSchema(_Command):
    zone_id = _id()
    slots = fields.List(fields.Nested(SlotSchema), required=True, validate=validate.Length(1, 500))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OpenSlots:
        zone_id = data["zone_id"]
        slots = tuple(Slot(zone_id=zone_id, **slot) for slot in data["slots"])
        return commands.OpenSlots(actor=data["actor"], zone_id=zone_id, slots=slots)


class SlotsSchema(_Strict):
    lat = _number(-90, 90, required=True)
    lon = _number(-180, 180, required=True)
    shop_ids = fields.List(_id(required=False), load_default=list, allow_none=True)


class ApproveSchema(_Command):
    courier_id = _id()


class StartShiftSchema(_Command):
    shift_id = _id()
    zone_id = _id()
    ends_at = fields.AwareDateTime(required=True)
    position = fields.Nested(PositionSchema, required=True)
    capacity = fields.Dict(
        keys=fields.String(validate=validate.OneOf(_CAPACITY)),
        values=fields.Integer(strict=True, validate=validate.Range(1, 1_000_000)),
        load_default=None,
        allow_none=True,
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.StartShift:
        capacity = min((data["capacity"] or {}).values(), default=None)
        return commands.StartShift(**data | {"capacity": capacity})


class ReportPositionSchema(_Command):
    position = fields.Nested(PositionSchema, required=True)
    at = fields.AwareDateTime(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ReportPosition:
        return commands.ReportPosition(**data)


class OfferSchema(_Command):
    offer_id = _id()
    reason = _text(200, load_default="", allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AnswerOffer:
        return commands.AnswerOffer(**data | {"reason": data["reason"] or ""})


class AtStopSchema(_Command):
    stop_id = _id()
    proof = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 40)),
        values=_text(500),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=20),
    )
    reason = _text(200, load_default="", allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AtStop:
        return commands.AtStop(**data | {"reason": data["reason"] or "unknown"})


class OfOrderSchema(_Command):
    order_id = _id()


class OfZoneSchema(_Command):
    zone_id = _id()


class LendSchema(_Command):
    loan_id = _id()
    courier_id = _id()
    to_zone_id = _id()
    until = fields.AwareDateTime(required=True)
    reason = _reason()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.LendCourier:
        return commands.LendCourier(**data)


class OfLoanSchema(_Command):
    loan_id = _id()


class FiguresSchema(_Command):
    zone_id = _id()
    hours = _number(0.1, 24 * 31, load_default=24.0)


class PauseSchema(_Command):
    zone_id = _id()
    reason = _reason()


class OverrideSchema(_Command):
    override_id = _id()
    kind = fields.Enum(OverrideKind, by_value=True, required=True)
    order_id = _id()
    courier_id = _id(required=False, load_default=None, allow_none=True)
    reason = _reason()

    @validates_schema(skip_on_field_errors=True)
    def names_who(self, data: dict[str, Any], **_: Any) -> None:
        if (data["courier_id"] is None) != (data["kind"] is OverrideKind.TAKE_BACK):
            message = "A courier is named exactly where somebody shall have the delivery."
            raise ValidationError(message, "courier_id")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OverrideDelivery:
        return commands.OverrideDelivery(**data)


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
