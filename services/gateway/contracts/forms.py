"""What clients may send: accounts, shopping, paying. Unknown fields are refused everywhere."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.gateway.contracts.fields import (
    Id,
    Instant,
    Latitude,
    Longitude,
    MoneyToPay,
    count,
    integer,
    one_of,
    text,
)
from services.gateway.domain.accounts import SELF_REGISTERED

MOST_LINES = 100


class Nothing(Schema):
    """An empty body."""


class Identity(Schema):
    email = fields.String(validate=validate.Length(max=254))
    phone = fields.String(validate=validate.Length(max=32))

    @validates_schema
    def _either(self, data: dict[str, Any], **_: Any) -> None:
        if not data.get("email") and not data.get("phone"):
            raise ValidationError("Give an email address or a phone number.", "email")


class Registration(Identity):
    password = fields.String(
        required=True, validate=validate.Length(max=1024), metadata={"format": "password", "minLength": 8}
    )
    name = text(80, required=True)
    role = one_of(*sorted(role.value for role in SELF_REGISTERED), required=True)


class Credentials(Identity):
    password = fields.String(
        required=True, validate=validate.Length(max=1024), metadata={"format": "password"}
    )


class Refresh(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(min=1, max=200))


class Page(Schema):
    limit = count(1, 200, load_default=50)
    cursor = fields.String(validate=validate.Length(min=1, max=500), load_default=None)


class Nearby(Page):
    limit = count(1, 100, load_default=20)
    lat = Latitude(required=True)
    lon = Longitude(required=True)
    radius_m = count(1, 50_000, load_default=3000)
    category = text(40)
    q = text(50)
    open_now = fields.Boolean(load_default=False)


class ListingSearch(Page):
    limit = count(1, 100, load_default=20)
    lat = Latitude(required=True)
    lon = Longitude(required=True)
    q = text(50, required=True)
    radius_m = count(1, 50_000, load_default=3000)


class SlotSearch(Schema):
    lat = Latitude(required=True)
    lon = Longitude(required=True)
    shop_id = fields.List(Id(), load_default=list, validate=validate.Length(max=50))


class BasketLine(Schema):
    listing_id = Id(required=True)
    quantity = integer(1, 999, required=True)
    list_name = text(60, allow_none=True, metadata={"description": "The item list the line belongs to."})
    if_missing = one_of("refund", "substitute", "call", load_default="refund")
    promotion_code = text(40, allow_none=True)


class DropOff(Schema):
    lat = Latitude(required=True)
    lon = Longitude(required=True)
    address = text(200, required=True)
    contact = text(100, required=True)


class Basket(Schema):
    lines = fields.List(
        fields.Nested(BasketLine), required=True, validate=validate.Length(min=1, max=MOST_LINES)
    )
    drop_off = fields.Nested(DropOff, required=True)
    slot_id = fields.String(
        load_default="asap",
        validate=validate.Length(min=1, max=80),
        metadata={"description": "A slot's id, or `asap`."},
    )
    coupon_codes = fields.List(text(40), load_default=list, validate=validate.Length(max=10))
    tip = fields.Nested(
        MoneyToPay, metadata={"description": "For the courier; it comes back if nothing is delivered."}
    )


class PlaceOrder(Schema):
    quote_id = Id(required=True)
    tip = fields.Nested(MoneyToPay, metadata={"description": "Takes the place of the quote's tip."})


class Pay(Schema):
    method = one_of(
        "sandbox",
        "wechat",
        "cash",
        required=True,
        metadata={"description": "One of `GET /v1/payment-methods`; `cash` is collected at the door."},
    )
    scenario = one_of(
        "success",
        "failure",
        "late_success",
        "double_success",
        "silent",
        "refund_fails_first",
        load_default="success",
        metadata={"description": "How the sandbox provider behaves."},
    )
    payer = text(
        128,
        metadata={
            "description": "`wechat`: the payer's openid, for paying inside WeChat; none: a code to scan."
        },
    )


class OrdersQuery(Page):
    status = text(40)


class Reason(Schema):
    reason = text(200, required=True)


class OptionalReason(Schema):
    reason = text(200, least=0, load_default="")


class RefundLine(Schema):
    line_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    quantity = integer(1, 999, required=True)


class RefundLines(Schema):
    lines = fields.List(
        fields.Nested(RefundLine),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=MOST_LINES),
        metadata={"description": "Left out: everything that was not refunded yet."},
    )
    reason = text(300, required=True)


class RefundOrder(RefundLines):
    return_delivery_fee = fields.Boolean(load_default=False)


class AcceptStoreOrder(Schema):
    ready_at = Instant(required=True)


class Period(Schema):
    since = Instant(load_default=None)
    until = Instant(load_default=None)
    limit = count(1, 500, load_default=500)
    cursor = fields.String(validate=validate.Length(min=1, max=40), load_default=None)
