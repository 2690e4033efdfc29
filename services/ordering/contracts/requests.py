"""Untrusted requests, turned into commands or refused with the fields at fault.

The schemas say what is valid. A request that every checkout makes is first read by hand (``plainly``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from services.ordering.contracts import plainly
from services.ordering.domain import commands
from services.ordering.domain.places import DropOff, Position
from services.ordering.domain.provider_refund import RefundState
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money

Plainly = Callable[[Mapping[str, Any]], Any]


def load(schema: Schema, request: Mapping[str, Any]) -> Any:
    """What ``request`` says, read by ``schema``; raises :class:`InvalidInput` naming every field at fault."""
    by_hand = BY_HAND.get(schema)
    command = None if by_hand is None else by_hand(request)
    if command is not None:
        return command
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


def _id(*, required: bool = True, **options: Any) -> fields.String:
    pattern = validate.Regexp(plainly.ID, error="Expected an id.")
    return fields.String(required=required, validate=pattern, **options)


def _text(longest: int, *, required: bool = True, **options: Any) -> fields.String:
    checks = validate.And(validate.Length(min=1, max=longest), validate.ContainsNoneOf("\x00"))
    return fields.String(required=required, validate=checks, **options)


class _Strict(Schema):
    class Meta:
        unknown = RAISE


# For the schemas of what is asked in other files.
Strict = _Strict
identifier, words = _id, _text


class ActorSchema(_Strict):
    account_id = _id()
    role = _text(40)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.Actor:
        return commands.Actor(**data)


class _Command(_Strict):
    actor = fields.Nested(ActorSchema, required=True)


Command = _Command


class DropOffSchema(_Strict):
    lat = fields.Float(required=True, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(required=True, validate=validate.Range(min=-180, max=180))
    address = _text(300)
    contact = _text(100)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DropOff:
        position = Position(lat=data["lat"], lon=data["lon"])
        return DropOff(position=position, address=data["address"], contact=data["contact"])


class TipSchema(_Strict):
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(0, plainly.MOST_TIP))
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}\Z"))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Money:
        return Money(**data)


class BasketLineSchema(_Strict):
    line_id = _id(required=False, load_default=None, allow_none=True)
    listing_id = _id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))
    list_name = _text(60, required=False, load_default=None, allow_none=True)
    if_missing = fields.String(load_default="refund", validate=validate.OneOf(plainly.IF_MISSING))
    promotion_code = _id(required=False, load_default=None, allow_none=True)


class QuoteSchema(_Command):
    quote_id = _id()
    lines = fields.List(
        fields.Nested(BasketLineSchema), required=True, validate=validate.Length(min=1, max=100)
    )
    drop_off = fields.Nested(DropOffSchema, required=True)
    slot_id = _id(required=False, load_default=plainly.ASAP, allow_none=True)
    coupon_codes = fields.List(_id(), load_default=list, validate=validate.Length(max=10))
    tip = fields.Nested(TipSchema, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.QuoteBasket:
        basket = plainly.basket(data)
        if basket is None:
            raise ValidationError({"lines": ["Each line needs a line_id of its own."]})
        return basket


class PlaceSchema(_Command):
    order_id = _id()
    quote_id = _id()
    tip = fields.Nested(TipSchema, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.PlaceOrder:
        return commands.PlaceOrder(**data)


class PaySchema(_Command):
    order_id = _id()
    payment_id = _id()
    method = fields.String(load_default="sandbox", validate=validate.OneOf(plainly.METHODS))
    scenario = fields.String(load_default="success", validate=validate.OneOf(plainly.SCENARIOS))
    payer = _text(128, required=False, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.PayOrder:
        return commands.PayOrder(**data)


class CancelSchema(_Command):
    order_id = _id()
    reason = _text(300)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.CancelOrder:
        return commands.CancelOrder(**data)


class AcceptSchema(_Command):
    store_order_id = _id()
    ready_at = fields.AwareDateTime(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AcceptStoreOrder:
        return commands.AcceptStoreOrder(**data)


class RejectSchema(_Command):
    store_order_id = _id()
    reason = _text(300)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.RejectStoreOrder:
        return commands.RejectStoreOrder(**data)


class RefundLineSchema(_Strict):
    line_id = _id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))


class RefundSchema(_Command):
    refund_id = _id()
    order_id = _id(required=False, load_default=None, allow_none=True)
    store_order_id = _id(required=False, load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(RefundLineSchema),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=100),
    )
    reason = _text(300)
    return_delivery_fee = fields.Boolean(load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.RefundOrder:
        if (data["order_id"] is None) == (data["store_order_id"] is None):
            raise ValidationError({"order_id": ["Name either the order or one store order."]})
        lines = data.pop("lines")
        wanted = None if lines is None else {line["line_id"]: line["quantity"] for line in lines}
        if wanted is not None and len(wanted) < len(lines):
            raise ValidationError({"lines": ["Each line is named once."]})
        return commands.RefundOrder(**data, lines=wanted)


class HandBackSchema(_Command):
    refund_id = _id()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.HandBackRefund:
        return commands.HandBackRefund(**data)


class PageSchema(_Command):
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=200))
    cursor = fields.String(load_default=None, allow_none=True)
    status = _text(40, required=False, load_default=None, allow_none=True)


class ShopPageSchema(PageSchema):
    shop_id = _id()


class OrderRequestSchema(_Command):
    order_id = _id()


class ProviderRefundPageSchema(_Command):
    state = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf([state.value for state in RefundState])
    )
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=200))


class StatementDaySchema(_Command):
    method = fields.String(required=True, validate=validate.OneOf(plainly.METHODS))
    day = fields.Date(required=True)


class StoreOrderRequestSchema(_Command):
    store_order_id = _id()


class _NoticeMoneySchema(_Strict):
    amount = fields.Integer(required=True, strict=True)
    currency = _text(3)


class _NoticeDataSchema(_Strict):
    payment_id = _id()
    charge_id = _id(required=False, load_default=None, allow_none=True)
    amount = fields.Nested(_NoticeMoneySchema, required=True)


class NoticeSchema(_Strict):
    """The body of a verified notification of the sandbox provider."""

    type = fields.String(required=True, validate=validate.OneOf(plainly.OUTCOMES))
    timestamp = fields.AwareDateTime(required=True)
    data = fields.Nested(_NoticeDataSchema, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ProviderNotice:
        return plainly.provider_notice(data)


QUOTE, PLACE, PAY, CANCEL = QuoteSchema(), PlaceSchema(), PaySchema(), CancelSchema()
ACCEPT, REJECT, REFUND = AcceptSchema(), RejectSchema(), RefundSchema()
ORDER, STORE_ORDER, PAGE, SHOP_PAGE = (
    OrderRequestSchema(),
    StoreOrderRequestSchema(),
    PageSchema(),
    ShopPageSchema(),
)
HAND_BACK, PROVIDER_REFUNDS, STATEMENT = HandBackSchema(), ProviderRefundPageSchema(), StatementDaySchema()
ACTOR_ONLY = _Command()
NOTICE = NoticeSchema()
BY_HAND: dict[Schema, Plainly] = {
    QUOTE: plainly.quote,
    PLACE: plainly.place,
    PAY: plainly.pay,
    NOTICE: plainly.notice,
}


def notice(body: str) -> commands.ProviderNotice:
    """What a verified notification says; raises :class:`InvalidInput` when it cannot be read."""
    try:
        wire = json.loads(body)
    except ValueError as error:
        raise InvalidInput("The notification is not JSON.") from error
    told: commands.ProviderNotice = load(NOTICE, wire)
    return told
