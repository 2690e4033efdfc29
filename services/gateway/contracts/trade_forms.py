"""What merchants, couriers and operators may send."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from services.gateway.contracts.fields import (
    Id,
    Instant,
    Latitude,
    Longitude,
    MoneyToPay,
    Position,
    integer,
    one_of,
    text,
)
from services.gateway.contracts.forms import Page

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = fields.String(validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"))


class ShopFields(Schema):
    name = text(80)
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
    preparation_minutes = integer(0, 600)


class OpenShop(ShopFields):
    name = text(80, required=True)
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
    name = text(120)
    price = fields.Nested(MoneyToPay)
    unit = text(20)
    category = text(40, allow_none=True)
    description = text(2000, least=0)


class PublishListing(ListingFields):
    name = text(120, required=True)
    price = fields.Nested(MoneyToPay, required=True)
    stock = integer(0, 10_000_000, required=True)
    sourced = fields.Boolean()


class ChangeListing(ListingFields):
    published = fields.Boolean()


class SetStock(Schema):
    stock = integer(0, 10_000_000, required=True)


class StoreOrdersQuery(Page):
    status = text(40)


class CustomersQuery(Page):
    q = text(80)


class CreatePromotionLink(Schema):
    listing_id = Id(required=True)
    rate_bp = integer(0, 10_000, metadata={"description": "The promoter's share, in basis points."})


class CampaignRule(Schema):
    threshold = fields.Nested(MoneyToPay, required=True)
    off = fields.Nested(MoneyToPay, required=True)


class LaunchCampaign(Schema):
    kind = one_of("coupon", "full_reduction", required=True)
    funder = one_of("shop", "platform")
    name = text(80, required=True)
    rule = fields.Nested(CampaignRule, required=True)
    budget = fields.Nested(MoneyToPay, required=True)
    per_customer_limit = integer(1, 1_000_000, required=True)
    total_limit = integer(1, 100_000_000, required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    code = text(40)


class StartShift(Schema):
    zone_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    ends_at = Instant(required=True)
    position = fields.Nested(Position, required=True)
    capacity = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=40)),
        values=fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000)),
        metadata={"description": "How much the courier carries."},
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
        metadata={"description": "What proves it, such as a code or who took it."},
    )


class Area(Schema):
    south = Latitude(required=True)
    west = Longitude(required=True)
    north = Latitude(required=True)
    east = Longitude(required=True)


class OpenZone(Schema):
    name = text(80, required=True)
    area = fields.Nested(Area, required=True)
    settings = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=60)), values=fields.Raw(allow_none=True)
    )


class NewSlot(Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = integer(1, 1_000_000, required=True)
    cutoff_at = Instant()


class OpenSlots(Schema):
    slots = fields.List(fields.Nested(NewSlot), required=True, validate=validate.Length(min=1, max=500))


class SetRatePlan(Schema):
    """Rates in basis points."""

    class Meta:
        unknown = INCLUDE


class BoardQuery(Schema):
    zone_id = fields.String(required=True, validate=validate.Length(min=1, max=80))


class EntriesQuery(Page):
    account = text(160)
    order_id = Id()


class DeadLettersQuery(Page):
    service = text(40)
