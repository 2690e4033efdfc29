"""What merchants, couriers and operators may send."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.gateway.contracts.fields import (
    Id,
    Instant,
    Latitude,
    Longitude,
    MoneyToPay,
    Position,
    count,
    integer,
    one_of,
    text,
)
from services.gateway.contracts.forms import Page, Period
from services.gateway.contracts.slot_forms import flag, preparation_capacity, size

# The services behind the gateway.
SERVICES = ("storefront", "ordering", "dispatch", "commission", "crm", "campaigns")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _number(least: float, most: float) -> fields.Float:
    return fields.Float(validate=validate.Range(min=least, max=most), allow_nan=False)


_HOUR = fields.String(validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"))

_BY_WEIGHT = {"description": "Sold by weight: a unit is about so many grams, and `price` is theirs."}
_TIME_TO_ACCEPT = {"description": "Its time to accept an order once it is paid; null: the platform's."}


class ShopFields(Schema):
    name = text(100)
    category = text(40)
    delivery_radius_m = integer(100, 50_000)
    hours = fields.Dict(
        keys=fields.String(validate=validate.OneOf(_DAYS)),
        values=fields.List(
            fields.List(_HOUR, validate=validate.Length(equal=2)), validate=validate.Length(max=6)
        ),
        allow_none=True,
        metadata={
            "description": "Local opening hours per day; null means always open.",
            "examples": [{"mon": [["08:00", "12:00"], ["14:00", "22:00"]]}],
        },
    )
    preparation_minutes = integer(0, 24 * 60)
    preparation_capacity = preparation_capacity()
    accept_minutes = integer(1, 24 * 60, allow_none=True, metadata=_TIME_TO_ACCEPT)


class OpenShop(ShopFields):
    name = text(100, required=True)
    category = text(40, required=True)
    lat = Latitude(required=True)
    lon = Longitude(required=True)


class ChangeShop(ShopFields):
    lat = Latitude()
    lon = Longitude()
    status = one_of("open", "closed")

    @validates_schema
    def _whole_place(self, data: dict[str, Any], **_: Any) -> None:
        if ("lat" in data) != ("lon" in data):
            raise ValidationError("Send lat and lon together.", "lon" if "lat" in data else "lat")


class ListingFields(Schema):
    name = text(100)
    price = fields.Nested(MoneyToPay)
    unit = text(20)
    category = text(40)
    description = text(2000, least=0)
    unit_grams = integer(1, 100_000, allow_none=True, metadata=_BY_WEIGHT)
    size = size()


class PublishListing(ListingFields):
    name = text(100, required=True)
    price = fields.Nested(MoneyToPay, required=True)
    stock = integer(0, 10**9, required=True)
    sourced = fields.Boolean()


class ChangeListing(ListingFields):
    status = one_of("published", "withdrawn")


class SetStock(Schema):
    stock = integer(0, 10**9, required=True)


class StoreOrdersQuery(Page):
    status = text(40)


class CustomersQuery(Page):
    q = text(80)


class CreatePromotionLink(Schema):
    listing_id = Id(required=True)
    rate_bp = integer(0, 10_000, metadata={"description": "The promoter's share, in basis points."})
    offer_id = Id(metadata={"description": "The offer to accept; without it the best one that is open."})
    unit_price = fields.Nested(MoneyToPay, metadata={"description": "Within the band of the offer."})


class CampaignRule(Schema):
    threshold = fields.Nested(MoneyToPay, required=True)
    off = fields.Nested(MoneyToPay, required=True)


class LaunchCampaign(Schema):
    kind = one_of("coupon", "full_reduction", required=True)
    funder = one_of("shop", "platform")
    name = text(80, required=True)
    rule = fields.Nested(CampaignRule, required=True)
    budget = fields.Nested(MoneyToPay, required=True)
    per_customer_limit = integer(1, 10**9, allow_none=True)
    total_limit = integer(1, 10**9, allow_none=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    code = fields.String(
        validate=validate.Regexp(r"^[\x21-\x7e]{3,40}$"),
        metadata={"description": "What customers type: 3 to 40 letters, digits and signs."},
    )


class NewBreak(Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class StartShift(Schema):
    zone_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    ends_at = Instant(required=True)
    position = fields.Nested(Position, required=True)
    capacity = fields.Dict(
        keys=fields.String(validate=validate.OneOf(("pickups", "parcels", "volume", "weight", "cold"))),
        values=fields.Integer(strict=True, validate=validate.Range(min=1, max=1_000_000)),
        metadata={
            "description": (
                "How much the courier carries at once: `pickups` (or `parcels`) in number, `volume`, `weight`"
                " and `cold` in units, of which a usual shop's part of an order takes one. What is left out"
                " is what the zone says of the vehicle."
            )
        },
    )
    vehicle = one_of("foot", "bicycle", "scooter", "car")
    breaks = fields.List(
        fields.Nested(NewBreak),
        validate=validate.Length(max=4),
        metadata={"description": "Breaks that are agreed on: no stop is planned to be made in one."},
    )


class ReportPosition(Schema):
    lat = Latitude(required=True)
    lon = Longitude(required=True)
    at = Instant()


class CompleteStop(Schema):
    proof = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=40)),
        values=fields.String(validate=validate.Length(max=500)),
        load_default=dict,
        validate=validate.Length(max=20),
        metadata={"description": "The courier's own notes, such as who took it; nothing of it is checked."},
    )
    code = fields.String(
        validate=validate.Length(min=1, max=20),
        metadata={"description": "What the shop or the customer says. It is checked; wrong ones count."},
    )
    handover = one_of("in-person", "unattended")
    unproved_reason = one_of(
        "battery-empty", "camera-broken", "declined", "no-code", "too-dark", "unsafe", "other"
    )
    position = fields.Nested(
        Position, metadata={"description": "Where the courier is: how far from the stop is kept, not where."}
    )


class Area(Schema):
    south = Latitude(required=True)
    west = Longitude(required=True)
    north = Latitude(required=True)
    east = Longitude(required=True)


class Outline(Schema):
    """A GeoJSON polygon of one ring, without holes: closed, not meeting itself, 4 to 500 points."""

    type = one_of("Polygon", required=True)
    coordinates = fields.List(
        fields.List(
            fields.List(fields.Float(allow_nan=False), validate=validate.Length(equal=2)),
            validate=validate.Length(min=4, max=500),
        ),
        required=True,
        validate=validate.Length(equal=1),
        metadata={"description": "One ring of `[longitude, latitude]` pairs, the last like the first."},
    )


class Capacity(Schema):
    """At once: pickups in number, the others in units, of which a usual shop's part takes one."""

    pickups = integer(1, 1_000_000)
    volume = integer(0, 1_000_000)
    weight = integer(0, 1_000_000)
    cold = integer(0, 1_000_000)


class VehicleKind(Schema):
    """`speed_factor` is how much faster than the zone's pace it is."""

    speed_factor = _number(0.05, 20)
    capacity = fields.Nested(Capacity)


class ZoneSettings(Schema):
    """How deliveries are planned here; what is left out keeps its default."""

    metres_per_minute = _number(10, 2000)
    pickup_service_minutes = _number(0, 60)
    drop_off_service_minutes = _number(0, 60)
    target_minutes = _number(5, 24 * 60)
    maximum_minutes = _number(5, 48 * 60)
    give_up_minutes = _number(0, 48 * 60)
    horizon_minutes = _number(5, 24 * 60)
    slot_lead_minutes = _number(5, 24 * 60)
    commit_margin_minutes = _number(0, 120)
    lend_minutes = _number(0, 24 * 60)
    wait_minutes = _number(0, 120)
    shift_slack_minutes = _number(0, 240)
    offer_seconds = _number(5, 3600)
    capacity = integer(1, 200)
    slot_share = _number(0, 1)
    slot_cutoff_minutes = _number(0, 7 * 24 * 60)
    moving_minutes = _number(0, 60)
    ready_share = _number(0.05, 0.95)
    pickup_code = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "A shop's part is collected with its code alone."},
    )
    drop_off_proof = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "A handover wants the customer's code, a picture, or why there is neither."},
    )
    second_try_minutes = _number(0, 240)
    returns_goods = flag()
    split_minutes = _number(0, 24 * 60)
    vehicles = fields.Dict(
        keys=fields.String(validate=validate.OneOf(("foot", "bicycle", "scooter", "car"))),
        values=fields.Nested(VehicleKind),
        metadata={"description": "What vehicles can do here that are not as usual."},
    )


class OpenZone(Schema):
    name = text(80, required=True)
    area = fields.Nested(Area, metadata={"description": "A rectangle; or else an outline."})
    outline = fields.Nested(Outline, metadata={"description": "Any other shape; or else an area."})
    settings = fields.Nested(ZoneSettings)


_WHICH_TRIP = {"description": "Of a split order: the trip that is meant, by its delivery; else the first."}


class GiveDelivery(Schema):
    courier_id = Id(required=True)
    delivery_id = Id(metadata=_WHICH_TRIP)
    reason = text(200, required=True)


class TakeDeliveryBack(Schema):
    delivery_id = Id(metadata=_WHICH_TRIP)
    reason = text(200, required=True)


class SplitDelivery(Schema):
    store_order_ids = fields.List(
        Id(),
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "What a second courier shall bring; none of it is picked up yet."},
    )
    reason = text(200, required=True)


class RotaBreak(Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class PlanOwnShift(Schema):
    """A shift that a courier will work, with its breaks."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    breaks = fields.List(fields.Nested(RotaBreak), validate=validate.Length(max=12))


class PlanZoneShift(PlanOwnShift):
    zone_id = Id(required=True)


class PlannedShift(PlanOwnShift):
    courier_id = Id(required=True)


class PlanShifts(Schema):
    shifts = fields.List(fields.Nested(PlannedShift), required=True, validate=validate.Length(min=1, max=500))


class OverrideSlot(Schema):
    kind = one_of(
        "cap",
        "fixed",
        required=True,
        metadata={"description": "`cap`: at most so many; `fixed`: exactly so many, whoever works."},
    )
    capacity = integer(0, 1_000_000, required=True)
    reason = text(200, required=True)


class PhotoQuery(Schema):
    delivery_id = Id(metadata={"description": "Of a split order: the trip's; otherwise the first picture."})


class BoardQuery(Schema):
    zone_id = fields.String(required=True, validate=validate.Length(min=1, max=80))


class LendCourier(Schema):
    courier_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    to_zone_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    until = Instant(required=True)
    reason = text(200, required=True)


class FiguresQuery(BoardQuery):
    hours = fields.Float(
        load_default=24.0,
        validate=validate.Range(min=0.1, max=24 * 31),
        metadata={"description": "How far to look back, in business time."},
    )


class AccountsQuery(Page):
    limit = count(1, 500, load_default=50)
    prefix = text(200)


class StatementQuery(Period):
    account_kind = one_of("shop", "courier", "platform", required=True)
    owner_id = fields.String(
        load_default="",
        validate=validate.Length(max=100),
        metadata={"description": "The shop or the courier; none for the platform."},
    )


class EntriesQuery(Page):
    account = text(160)
    order_id = Id()


class DeadLettersQuery(Page):
    service = one_of(*SERVICES)
