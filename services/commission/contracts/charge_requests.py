"""Untrusted requests about subscriptions and placements of shops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import DEFAULT_CURRENCY, ID, Asked, Price, read
from services.commission.domain.commands import Actor, BookContract, EndContract
from services.commission.domain.shop_contract import ContractKind

PAGE = 50
MOST = 500


class _Book(Asked):
    contract_id = fields.String(required=True, validate=ID)
    shop_id = fields.String(required=True, validate=ID)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(load_default=None, allow_none=True)


class _Subscription(_Book):
    tool = fields.String(required=True, validate=ID)
    monthly_fee = Price(load_default=None, allow_none=True)


class _Placement(_Book):
    placement = fields.String(required=True, validate=ID)
    ends_on = fields.Date(required=True)
    per_day = Price(load_default=None, allow_none=True)
    per_order = Price(load_default=None, allow_none=True)

    @validates_schema
    def _one_currency(self, data: dict[str, Any], **_: Any) -> None:
        prices = [price for name in ("per_day", "per_order") if (price := data.get(name)) is not None]
        if len({price.currency for price in prices}) > 1:
            raise ValidationError("Must be in the currency of per_day.", "per_order")


class _End(Asked):
    contract_id = fields.String(required=True, validate=ID)
    ends_before = fields.Date(required=True)
    reason = fields.String(required=True, validate=validate.Length(min=1, max=200))


class _OfShop(Asked):
    shop_id = fields.String(required=True, validate=ID)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


_SUBSCRIPTION, _PLACEMENT, _END, _OF_SHOP = _Subscription(), _Placement(), _End(), _OfShop()


def subscription(wire: Mapping[str, Any]) -> BookContract:
    asked = read(_SUBSCRIPTION, wire)
    fee = asked["monthly_fee"]
    return BookContract(
        actor=Actor(**asked["actor"]),
        contract_id=asked["contract_id"],
        kind=ContractKind.SUBSCRIPTION,
        shop_id=asked["shop_id"],
        product=asked["tool"],
        currency=fee.currency if fee is not None else DEFAULT_CURRENCY,
        starts_on=asked["starts_on"],
        ends_on=asked["ends_on"],
        fee=fee.amount if fee is not None else None,
    )


def placement(wire: Mapping[str, Any]) -> BookContract:
    asked = read(_PLACEMENT, wire)
    per_day, per_order = asked["per_day"], asked["per_order"]
    price = per_order if per_day is None else per_day
    return BookContract(
        actor=Actor(**asked["actor"]),
        contract_id=asked["contract_id"],
        kind=ContractKind.ADVERTISING,
        shop_id=asked["shop_id"],
        product=asked["placement"],
        currency=price.currency if price is not None else DEFAULT_CURRENCY,
        starts_on=asked["starts_on"],
        ends_on=asked["ends_on"],
        fee=per_day.amount if per_day is not None else None,
        per_order=per_order.amount if per_order is not None else None,
    )


def end(wire: Mapping[str, Any]) -> EndContract:
    asked = read(_END, wire)
    return EndContract(
        actor=Actor(**asked["actor"]),
        contract_id=asked["contract_id"],
        ends_before=asked["ends_before"],
        reason=asked["reason"],
    )


def of_shop(wire: Mapping[str, Any]) -> tuple[Actor, str, str | None, int]:
    asked = read(_OF_SHOP, wire)
    return Actor(**asked["actor"]), asked["shop_id"], asked["cursor"], asked["limit"]
