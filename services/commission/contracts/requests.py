"""Untrusted input, turned into commands, or refused with every field at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.commission.domain.commands import (
    Actor,
    AskAccounts,
    AskBalance,
    AskEntries,
    AskStatement,
    CreateLink,
    Party,
    SetRatePlan,
)
from services.commission.domain.rates import CourierPay, TakeRateBase
from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.money import BASIS_POINTS, Money

DEFAULT_CURRENCY = "CNY"
PAGE = 50
MOST = 500
STATEMENT_LINES = 1000
MOST_STATEMENT_LINES = 5000

_ID = validate.Length(min=1, max=100)
_BASIS_POINTS = validate.Range(min=0, max=BASIS_POINTS)


class Moment(fields.Field[datetime]):
    """RFC 3339 with an offset, as an aware datetime in UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            return from_wire(value)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal


class Price(fields.Field[Money]):
    """``{"amount", "currency"}``, not negative."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Money:
        try:
            money = Money.from_wire(value)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal
        if money.amount < 0:
            raise ValidationError("Must not be negative.")
        return money


class _Actor(Schema):
    account_id = fields.String(required=True, validate=_ID)
    role = fields.String(required=True, validate=_ID)


class _Asked(Schema):
    actor = fields.Nested(_Actor, required=True)


class _InCurrency(_Asked):
    currency = fields.String(load_default=DEFAULT_CURRENCY, validate=validate.Regexp("^[A-Z]{3}$"))


class _CreateLink(_Asked):
    link_id = fields.String(required=True, validate=_ID)
    shop_id = fields.String(required=True, validate=_ID)
    listing_id = fields.String(required=True, validate=_ID)
    rate_bp = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_BASIS_POINTS)


class _Code(Schema):
    code = fields.String(required=True, validate=validate.Length(min=1, max=40))


class _CourierPay(Schema):
    per_drop = Price(required=True)
    per_extra_pickup = Price(required=True)
    per_km = Price(required=True)


class _Rates(fields.Dict):
    def __init__(self) -> None:
        super().__init__(
            keys=fields.String(validate=_ID),
            values=fields.Integer(strict=True, validate=_BASIS_POINTS),
            load_default=None,
            allow_none=True,
            validate=validate.Length(max=5000),
        )


class _SetRatePlan(_InCurrency):
    plan_id = fields.String(required=True, validate=_ID)
    effective_from = Moment(load_default=None, allow_none=True)
    take_rate_bp = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_BASIS_POINTS)
    take_rate_by_category = _Rates()
    take_rate_by_shop = _Rates()
    take_rate_base = fields.Enum(TakeRateBase, by_value=True, load_default=None, allow_none=True)
    distribution_bp = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_BASIS_POINTS)
    distribution_max_bp = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=_BASIS_POINTS
    )
    courier_pay = fields.Nested(_CourierPay, load_default=None, allow_none=True)

    @validates_schema
    def _one_currency(self, data: dict[str, Any], **_: Any) -> None:
        pay = data.get("courier_pay") or {}
        if any(money.currency != data.get("currency") for money in pay.values()):
            raise ValidationError("Must be in the currency of the plan.", "courier_pay")


class _OfParty(_InCurrency):
    owner_id = fields.String(load_default="", allow_none=True, validate=validate.Length(max=100))


class _Balance(_OfParty):
    kind = fields.Enum(Party, by_value=True, required=True)


class _Paged(_Asked):
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


class _Statement(_OfParty):
    account_kind = fields.Enum(Party, by_value=True, required=True)
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    limit = fields.Integer(
        strict=True, load_default=STATEMENT_LINES, validate=validate.Range(min=1, max=MOST_STATEMENT_LINES)
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        since, until = data.get("since"), data.get("until")
        if since is not None and until is not None and since > until:
            raise ValidationError("Must not be before since.", "until")


class _Entries(_Paged):
    account = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    order_id = fields.String(load_default=None, allow_none=True, validate=_ID)


class _Accounts(_Paged):
    prefix = fields.String(load_default="", allow_none=True, validate=validate.Length(max=200))


class _Earnings(_InCurrency):
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


class _Accruals(_Asked):
    shop_id = fields.String(required=True, validate=_ID)
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


_CREATE_LINK, _CODE, _SET_PLAN, _BALANCE = _CreateLink(), _Code(), _SetRatePlan(), _Balance()
_STATEMENT, _ENTRIES, _ACCOUNTS, _EARNINGS = _Statement(), _Entries(), _Accounts(), _Earnings()
_ACCRUALS, _ACTOR_ONLY = _Accruals(), _Asked()


def create_link(wire: Mapping[str, Any]) -> CreateLink:
    asked = _read(_CREATE_LINK, wire)
    return CreateLink(actor=Actor(**asked.pop("actor")), **asked)


def code(wire: Mapping[str, Any]) -> str:
    return str(_read(_CODE, wire)["code"])


def set_rate_plan(wire: Mapping[str, Any]) -> SetRatePlan:
    asked = _read(_SET_PLAN, wire)
    pay = asked.pop("courier_pay")
    return SetRatePlan(
        actor=Actor(**asked.pop("actor")),
        courier_pay=CourierPay(**{name: money.amount for name, money in pay.items()}) if pay else None,
        **asked,
    )


def balance(wire: Mapping[str, Any]) -> AskBalance:
    asked = _read(_BALANCE, wire)
    return AskBalance(
        actor=Actor(**asked["actor"]),
        party=asked["kind"],
        owner_id=asked["owner_id"] or "",
        currency=asked["currency"],
    )


def statement(wire: Mapping[str, Any]) -> AskStatement:
    asked = _read(_STATEMENT, wire)
    return AskStatement(
        actor=Actor(**asked["actor"]),
        party=asked["account_kind"],
        owner_id=asked["owner_id"] or "",
        currency=asked["currency"],
        since=asked["since"],
        until=asked["until"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def earnings(wire: Mapping[str, Any]) -> AskStatement:
    """A courier's own statement."""
    asked = _read(_EARNINGS, wire)
    actor = Actor(**asked["actor"])
    return AskStatement(
        actor=actor,
        party=Party.COURIER,
        owner_id=actor.account_id,
        currency=asked["currency"],
        since=asked["since"],
        until=asked["until"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def entries(wire: Mapping[str, Any]) -> AskEntries:
    asked = _read(_ENTRIES, wire)
    return AskEntries(
        actor=Actor(**asked["actor"]),
        account=asked["account"],
        order_id=asked["order_id"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def accounts(wire: Mapping[str, Any]) -> AskAccounts:
    asked = _read(_ACCOUNTS, wire)
    after = None
    if asked["cursor"] is not None:
        account, _, currency = asked["cursor"].rpartition(" ")
        after = (account, currency)
    return AskAccounts(
        actor=Actor(**asked["actor"]), prefix=asked["prefix"] or "", after=after, limit=asked["limit"]
    )


def accruals(wire: Mapping[str, Any]) -> tuple[Actor, str, int]:
    asked = _read(_ACCRUALS, wire)
    return Actor(**asked["actor"]), asked["shop_id"], asked["limit"]


def actor(wire: Mapping[str, Any]) -> Actor:
    return Actor(**_read(_ACTOR_ONLY, wire)["actor"])


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        message = "This cursor was not given out here."
        raise InvalidInput(message, errors=[{"field": "cursor", "message": message}])
    return int(cursor)


def _read(schema: Schema, wire: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(wire)
    except ValidationError as error:
        errors = [{"field": field, "message": message} for field, message in _flat(error.messages)]
        raise InvalidInput(errors=errors) from error
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield path.removesuffix("._schema"), str(messages)


# What the requests of other modules are made of.
Asked = _Asked
InCurrency = _InCurrency
read = _read
