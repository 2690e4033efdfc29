"""Untrusted rate plans, and questions about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import ID, RATE, Asked, InCurrency, Moment, Price, read
from services.commission.domain.commands import Actor, AskWhatIf, SetRatePlan, WithdrawRatePlan
from services.commission.domain.courier_pay import MINUTES_PER_DAY, CourierPay, PeakRule
from services.commission.domain.rates import TERMS, PlacementFee, TakeRateBase
from shared.kernel.errors import InvalidInput
from shared.kernel.money import BASIS_POINTS, Money

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_PEAKS = 50
MOST_FACTOR = 10 * BASIS_POINTS


class HourOfDay(fields.Field[int]):
    """``11:30`` as minutes since midnight; ``24:00`` is the end of the day."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        try:
            hours, minutes = (int(part) for part in value.split(":"))
        except (AttributeError, ValueError) as error:
            raise ValidationError("Expected an hour of the day such as 11:30.") from error
        if not (0 <= minutes < 60 and hours >= 0 and hours * 60 + minutes <= MINUTES_PER_DAY):
            raise ValidationError("Expected an hour of the day such as 11:30.")
        return hours * 60 + minutes


class _Peak(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=40))
    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS)), required=True, validate=validate.Length(min=1, max=7)
    )
    starts = HourOfDay(required=True)
    ends = HourOfDay(required=True)
    zones = fields.List(fields.String(validate=ID), load_default=list, validate=validate.Length(max=500))
    factor_bp = fields.Integer(
        strict=True,
        load_default=BASIS_POINTS,
        validate=validate.Range(min=BASIS_POINTS, max=MOST_FACTOR),
    )
    supplement = Price(load_default=None, allow_none=True)


class _CourierPay(Schema):
    per_drop = Price(required=True)
    per_extra_pickup = Price(required=True)
    per_km = Price(required=True)
    guaranteed_per_hour = Price(load_default=None, allow_none=True)
    peaks = fields.List(fields.Nested(_Peak), load_default=list, validate=validate.Length(max=MOST_PEAKS))


class _Rates(fields.Dict):
    def __init__(self) -> None:
        super().__init__(
            keys=fields.String(validate=ID),
            values=fields.Integer(strict=True, validate=RATE),
            load_default=None,
            allow_none=True,
            validate=validate.Length(max=5000),
        )


class _PlacementFee(Schema):
    per_day = Price(required=True)
    per_order = Price(load_default=None, allow_none=True)


def _priced(values: fields.Field[Any]) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=ID),
        values=values,
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=500),
    )


def _rate() -> fields.Integer:
    return fields.Integer(strict=True, load_default=None, allow_none=True, validate=RATE)


class _Terms(InCurrency):
    """What is left out stays as it is."""

    take_rate_bp = _rate()
    take_rate_by_category = _Rates()
    take_rate_by_shop = _Rates()
    take_rate_base = fields.Enum(TakeRateBase, by_value=True, load_default=None, allow_none=True)
    take_rate_on_delivery_fee = fields.Boolean(
        load_default=None, allow_none=True, truthy={True}, falsy={False}
    )
    distribution_bp = _rate()
    distribution_min_bp = _rate()
    distribution_max_bp = _rate()
    courier_pay = fields.Nested(_CourierPay, load_default=None, allow_none=True)
    subscription_fees = _priced(Price())
    placement_fees = _priced(fields.Nested(_PlacementFee))

    @validates_schema
    def _one_currency(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("courier_pay", "subscription_fees", "placement_fees"):
            if any(money.currency != data.get("currency") for money in _amounts_in(data.get(name))):
                raise ValidationError("Must be in the currency of the plan.", name)


def _amounts_in(loaded: Any) -> Iterator[Money]:
    if isinstance(loaded, Money):
        yield loaded
    elif isinstance(loaded, dict):
        for value in loaded.values():
            yield from _amounts_in(value)
    elif isinstance(loaded, list):
        for value in loaded:
            yield from _amounts_in(value)


class _SetRatePlan(_Terms):
    plan_id = fields.String(required=True, validate=ID)
    effective_from = Moment(load_default=None, allow_none=True)


class _WhatIf(_Terms):
    since = Moment(required=True)
    until = Moment(required=True)

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "since" in data and "until" in data and data["since"] >= data["until"]:
            raise ValidationError("Must be after since.", "until")


class _Version(Asked):
    version = fields.Integer(strict=True, required=True)


class _Versions(_Version):
    before = fields.Integer(strict=True, load_default=None, allow_none=True)


_SET_PLAN, _WHAT_IF, _VERSION, _VERSIONS = _SetRatePlan(), _WhatIf(), _Version(), _Versions()


def set_rate_plan(wire: Mapping[str, Any]) -> SetRatePlan:
    asked = read(_SET_PLAN, wire)
    return SetRatePlan(
        actor=Actor(**asked["actor"]),
        plan_id=asked["plan_id"],
        currency=asked["currency"],
        effective_from=asked["effective_from"],
        terms=_terms(asked),
    )


def what_if(wire: Mapping[str, Any]) -> AskWhatIf:
    asked = read(_WHAT_IF, wire)
    return AskWhatIf(
        actor=Actor(**asked["actor"]),
        currency=asked["currency"],
        since=asked["since"],
        until=asked["until"],
        terms=_terms(asked),
    )


def withdraw(wire: Mapping[str, Any]) -> WithdrawRatePlan:
    actor, version = rate_plan(wire)
    return WithdrawRatePlan(actor=actor, version=version)


def rate_plan(wire: Mapping[str, Any]) -> tuple[Actor, int]:
    asked = read(_VERSION, wire)
    return Actor(**asked["actor"]), asked["version"]


def comparison(wire: Mapping[str, Any]) -> tuple[Actor, int, int | None]:
    """Which version, and the one to compare it with: the one it followed if none is named."""
    asked = read(_VERSIONS, wire)
    return Actor(**asked["actor"]), asked["version"], asked["before"]


def terms_of_file(wire: Any, currency: str, since: datetime, until: datetime, actor: Actor) -> AskWhatIf:
    """The question that a file of terms asks of a period."""
    if not isinstance(wire, Mapping):
        raise InvalidInput("Expected a JSON object with the terms that change.")
    asked = read(_TERMS, {"actor": {"account_id": actor.account_id, "role": actor.role}, **wire})
    if wire.get("currency", currency) != currency:
        raise InvalidInput(f"The terms are in {wire['currency']}, the question in {currency}.")
    return AskWhatIf(actor=actor, currency=currency, since=since, until=until, terms=_terms(asked))


_TERMS = _Terms()


def _terms(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that are named, as the fields of a plan."""
    terms = {name: asked[name] for name in TERMS if asked[name] is not None}
    if "courier_pay" in terms:
        terms["courier_pay"] = _courier_pay(terms["courier_pay"])
    if "subscription_fees" in terms:
        terms["subscription_fees"] = {
            name: money.amount for name, money in terms["subscription_fees"].items()
        }
    if "placement_fees" in terms:
        terms["placement_fees"] = {
            name: PlacementFee(per_day=fee["per_day"].amount, per_order=_amount(fee["per_order"]))
            for name, fee in terms["placement_fees"].items()
        }
    return terms


def _courier_pay(pay: Mapping[str, Any]) -> CourierPay:
    return CourierPay(
        per_drop=pay["per_drop"].amount,
        per_extra_pickup=pay["per_extra_pickup"].amount,
        per_km=pay["per_km"].amount,
        guaranteed_per_hour=_amount(pay["guaranteed_per_hour"]),
        peaks=tuple(
            PeakRule(
                name=rule["name"],
                days=tuple(sorted({DAYS.index(day) for day in rule["days"]})),
                starts=rule["starts"],
                ends=rule["ends"],
                zones=tuple(rule["zones"]),
                factor_bp=rule["factor_bp"],
                supplement=_amount(rule["supplement"]),
            )
            for rule in pay["peaks"]
        ),
    )


def _amount(money: Money | None) -> int:
    return 0 if money is None else money.amount
