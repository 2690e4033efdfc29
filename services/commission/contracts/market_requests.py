"""Untrusted input about offers, clicks and promoters, turned into commands, or refused with every fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import ID as _ID
from services.commission.contracts.reading import RATE as _BASIS_POINTS
from services.commission.contracts.reading import Asked as _Asked
from services.commission.contracts.reading import InCurrency as _InCurrency
from services.commission.contracts.reading import Moment, Price
from services.commission.contracts.reading import read as _read
from services.commission.domain.commands import Actor
from services.commission.domain.market_commands import (
    AskPromoterPage,
    ChangeOffer,
    EndOffer,
    FollowLink,
    NameRecruiter,
    PublishOffer,
    Relate,
    WithdrawLink,
)
from services.commission.domain.offers import Caps, Territory
from services.commission.domain.verdicts import Relation

_COUNT = validate.Range(min=0, max=10**9)
_MONEY = ("price_min", "price_max", "supplier_cost")


def _bp(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=_BASIS_POINTS, **options)


class _Territory(Schema):
    zone_ids = fields.List(fields.String(validate=_ID), load_default=[], validate=validate.Length(max=200))
    lat = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-180, max=180))
    radius_m = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_COUNT)


class _Caps(Schema):
    units = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_COUNT)
    units_per_promoter = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_COUNT)
    commission = Price(load_default=None, allow_none=True)
    commission_per_promoter = Price(load_default=None, allow_none=True)


class _Terms(_InCurrency):
    rate_min_bp = _bp()
    rate_max_bp = _bp()
    price_min = Price(allow_none=True)
    price_max = Price(allow_none=True)
    supplier_cost = Price(allow_none=True)
    recruiter_bp = _bp()
    territory = fields.Nested(_Territory)
    exclusive = fields.Boolean()
    protects_own_customers = fields.Boolean()
    caps = fields.Nested(_Caps)
    starts_at = Moment(allow_none=True)
    ends_at = Moment(allow_none=True)

    @validates_schema
    def _one_currency(self, data: dict[str, Any], **_: Any) -> None:
        amounts = {name: data.get(name) for name in _MONEY}
        amounts |= {f"caps.{name}": value for name, value in (data.get("caps") or {}).items()}
        for name, value in amounts.items():
            if getattr(value, "currency", data.get("currency")) != data.get("currency"):
                raise ValidationError("Must be in the currency of the offer.", name)


class _PublishOffer(_Terms):
    offer_id = fields.String(required=True, validate=_ID)
    listing_id = fields.String(required=True, validate=_ID)
    rate_min_bp = _bp(load_default=0)
    rate_max_bp = _bp(required=True)


class _ChangeOffer(_Terms):
    offer_id = fields.String(required=True, validate=_ID)
    version = fields.Integer(strict=True, load_default=None, allow_none=True)


class _EndOffer(_Asked):
    offer_id = fields.String(required=True, validate=_ID)


class _OfShop(_Asked):
    shop_id = fields.String(required=True, validate=_ID)


class _WithdrawLink(_OfShop):
    link_id = fields.String(required=True, validate=_ID)


class _Follow(Schema):
    actor = fields.Dict(load_default=None, allow_none=True)
    code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    visitor = fields.String(required=True, validate=_ID)


class _Join(_Asked):
    visitor = fields.String(required=True, validate=_ID)


class _NameRecruiter(_OfShop):
    recruiter_shop_id = fields.String(required=True, validate=_ID)


class _Relate(_OfShop):
    account_id = fields.String(required=True, validate=_ID)
    relation = fields.Enum(Relation, by_value=True, load_default=None, allow_none=True)


class _OfCustomer(_Asked):
    customer_id = fields.String(required=True, validate=_ID)


class _Page(_InCurrency):
    shop_id = fields.String(required=True, validate=_ID)
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)


_PUBLISH, _CHANGE, _END, _OF_SHOP, _WITHDRAW = (
    _PublishOffer(),
    _ChangeOffer(),
    _EndOffer(),
    _OfShop(),
    _WithdrawLink(),
)
_FOLLOW, _JOIN, _RECRUITER, _RELATE, _OF_CUSTOMER, _PAGE = (
    _Follow(),
    _Join(),
    _NameRecruiter(),
    _Relate(),
    _OfCustomer(),
    _Page(),
)


def publish_offer(wire: Mapping[str, Any]) -> PublishOffer:
    asked = _read(_PUBLISH, wire)
    return PublishOffer(
        actor=Actor(**asked.pop("actor")),
        offer_id=asked.pop("offer_id"),
        listing_id=asked.pop("listing_id"),
        currency=asked.pop("currency"),
        terms=_terms(asked),
    )


def change_offer(wire: Mapping[str, Any]) -> ChangeOffer:
    asked = _read(_CHANGE, wire)
    asked.pop("currency")
    return ChangeOffer(
        actor=Actor(**asked.pop("actor")),
        offer_id=asked.pop("offer_id"),
        version=asked.pop("version"),
        terms=_terms(asked),
    )


def _terms(asked: dict[str, Any]) -> dict[str, Any]:
    for name in _MONEY:
        if asked.get(name) is not None:
            asked[name] = asked[name].amount
    if "territory" in asked:
        territory = asked["territory"]
        asked["territory"] = Territory(**{**territory, "zone_ids": tuple(territory["zone_ids"])})
    if "caps" in asked:
        asked["caps"] = Caps(
            **{name: getattr(value, "amount", value) for name, value in asked["caps"].items()}
        )
    return asked


def end_offer(wire: Mapping[str, Any]) -> EndOffer:
    asked = _read(_END, wire)
    return EndOffer(actor=Actor(**asked["actor"]), offer_id=asked["offer_id"])


def of_shop(wire: Mapping[str, Any]) -> tuple[Actor, str]:
    asked = _read(_OF_SHOP, wire)
    return Actor(**asked["actor"]), asked["shop_id"]


def withdraw_link(wire: Mapping[str, Any]) -> WithdrawLink:
    asked = _read(_WITHDRAW, wire)
    return WithdrawLink(actor=Actor(**asked.pop("actor")), **asked)


def follow_link(wire: Mapping[str, Any]) -> FollowLink:
    asked = _read(_FOLLOW, wire)
    actor = asked["actor"]
    return FollowLink(
        actor=Actor(**_read(_WHO, actor)) if actor else None,
        code=asked["code"],
        visitor=asked["visitor"],
    )


class _Who(Schema):
    account_id = fields.String(required=True, validate=_ID)
    role = fields.String(required=True, validate=_ID)


_WHO = _Who()


def join(wire: Mapping[str, Any]) -> tuple[Actor, str]:
    asked = _read(_JOIN, wire)
    return Actor(**asked["actor"]), asked["visitor"]


def name_recruiter(wire: Mapping[str, Any]) -> NameRecruiter:
    asked = _read(_RECRUITER, wire)
    return NameRecruiter(actor=Actor(**asked.pop("actor")), **asked)


def relate(wire: Mapping[str, Any]) -> Relate:
    asked = _read(_RELATE, wire)
    return Relate(actor=Actor(**asked.pop("actor")), **asked)


def of_customer(wire: Mapping[str, Any]) -> tuple[Actor, str]:
    asked = _read(_OF_CUSTOMER, wire)
    return Actor(**asked["actor"]), asked["customer_id"]


def promoter_page(wire: Mapping[str, Any]) -> AskPromoterPage:
    asked = _read(_PAGE, wire)
    return AskPromoterPage(actor=Actor(**asked.pop("actor")), **asked)
