"""Untrusted input, turned into commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from services.campaigns.contracts import cursors
from services.campaigns.contracts.reading import Moment, MoneyField, read
from services.campaigns.domain.campaign import Campaign, Funder, Kind, Rule, normal_code
from services.campaigns.domain.commands import (
    Actor,
    EndCampaign,
    Evaluate,
    LaunchCampaign,
    ListCampaigns,
    Redeem,
    Release,
)
from services.campaigns.domain.pipeline import Line
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money

_ID = validate.Regexp(r"[\x21-\x7e]{1,100}\Z", error="Expected an id.")
_WORDS = validate.Regexp(r"[^\x00-\x1f]+\Z", error="Expected some text.")
_CODE = validate.Regexp(
    r"\s*[\x21-\x7e]{3,40}\s*\Z", error="A code is 3 to 40 letters, digits and signs, without spaces."
)
_LIMIT = validate.Range(min=1, max=1_000_000_000)
_AMOUNT_BOUND = 10**15


class _Actor(Schema):
    account_id = fields.String(required=True, validate=_ID)
    role = fields.String(required=True)


class _Rule(Schema):
    threshold = MoneyField(required=True)
    off = MoneyField(required=True)


class _Launch(Schema):
    actor = fields.Nested(_Actor, required=True)
    campaign_id = fields.String(required=True, validate=_ID)
    shop_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    kind = fields.Enum(Kind, by_value=True, required=True)
    funder = fields.Enum(Funder, by_value=True, required=True)
    name = fields.String(required=True, validate=[validate.Length(max=120), _WORDS])
    rule = fields.Nested(_Rule, required=True)
    budget = MoneyField(required=True)
    per_customer_limit = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_LIMIT)
    total_limit = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_LIMIT)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    code = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(min=3, max=40), _WORDS]
    )


class _OneCampaign(Schema):
    actor = fields.Nested(_Actor, required=True)
    campaign_id = fields.String(required=True, validate=_ID)


class _List(Schema):
    actor = fields.Nested(_Actor, required=True)
    shop_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=200))
    cursor = fields.String(load_default=None, allow_none=True)


class _Line(Schema):
    line_id = fields.String(required=True, validate=_ID)
    goods = MoneyField(required=True)


class _Shop(Schema):
    shop_id = fields.String(required=True, validate=_ID)
    lines = fields.List(fields.Nested(_Line), required=True, validate=validate.Length(min=1))


class _Evaluate(Schema):
    customer_id = fields.String(required=True, validate=_ID)
    coupon_codes = fields.List(
        fields.String(validate=validate.And(validate.Length(max=100), validate.ContainsNoneOf("\x00"))),
        load_default=list,
        validate=validate.Length(max=20),
    )
    shops = fields.List(fields.Nested(_Shop), required=True, validate=validate.Length(min=1))


class _Discount(Schema):
    campaign_id = fields.String(required=True, validate=_ID)
    amount = MoneyField(required=True)


class _Redeem(Schema):
    order_id = fields.String(required=True, validate=_ID)
    customer_id = fields.String(required=True, validate=_ID)
    discounts = fields.List(fields.Nested(_Discount), required=True)
    expires_at = Moment(required=True)
    reason = fields.String(load_default="released", validate=validate.ContainsNoneOf("\x00"))


class _Release(Schema):
    order_id = fields.String(required=True, validate=_ID)
    reason = fields.String(required=True, validate=[validate.Length(max=200), _WORDS])


_LAUNCH, _ONE, _LIST, _EVALUATE, _REDEEM, _RELEASE = (
    _Launch(),
    _OneCampaign(),
    _List(),
    _Evaluate(),
    _Redeem(),
    _Release(),
)


def launch(wire: Mapping[str, Any]) -> LaunchCampaign:
    asked = read(_LAUNCH, wire)
    actor, rule = Actor(**asked.pop("actor")), Rule(**asked.pop("rule"))
    for field, money in (
        ("rule.threshold", rule.threshold),
        ("rule.off", rule.off),
        ("budget", asked["budget"]),
    ):
        if abs(money.amount) > _AMOUNT_BOUND:
            raise _invalid(field, "The amount is out of bounds.")
    code = asked.pop("code")
    campaign = Campaign(rule=rule, code=normal_code(code) if code is not None else None, **asked)
    return LaunchCampaign(actor=actor, campaign=campaign)


def one_campaign(wire: Mapping[str, Any]) -> EndCampaign:
    asked = read(_ONE, wire)
    return EndCampaign(actor=Actor(**asked["actor"]), campaign_id=asked["campaign_id"])


def campaigns_of(wire: Mapping[str, Any]) -> ListCampaigns:
    asked = read(_LIST, wire)
    return ListCampaigns(
        actor=Actor(**asked["actor"]),
        shop_id=asked["shop_id"],
        limit=asked["limit"],
        after=cursors.decode(asked["cursor"]),
    )


def evaluate(wire: Mapping[str, Any]) -> Evaluate:
    asked = read(_EVALUATE, wire)
    lines = [Line(shop_id=shop["shop_id"], **line) for shop in asked["shops"] for line in shop["lines"]]
    if len({line.goods.currency for line in lines}) > 1:
        raise _invalid("shops", "All lines need one currency.")
    if any(line.goods.amount < 0 for line in lines):
        raise _invalid("shops", "A line cannot cost less than nothing.")
    doubled = [line_id for line_id, count in Counter(line.line_id for line in lines).items() if count > 1]
    if doubled:
        raise _invalid("shops", f"Each line needs an id of its own; {doubled[0]} is used twice.")
    return Evaluate(customer_id=asked["customer_id"], codes=tuple(asked["coupon_codes"]), lines=tuple(lines))


def redeem(wire: Mapping[str, Any]) -> Redeem:
    """Several amounts of one campaign are one; amounts of zero are none."""
    asked = read(_REDEEM, wire)
    amounts: dict[str, Money] = {}
    for one in asked["discounts"]:
        campaign_id, amount = one["campaign_id"], one["amount"]
        if amount.amount < 0:
            raise _invalid("discounts", "A discount cannot be negative.")
        known = amounts.get(campaign_id, Money.zero(amount.currency))
        if known.currency != amount.currency:
            raise _invalid("discounts", "A campaign has one currency.")
        amounts[campaign_id] = known + amount
    return Redeem(
        order_id=asked["order_id"],
        customer_id=asked["customer_id"],
        amounts={campaign_id: amount for campaign_id, amount in amounts.items() if amount},
        expires_at=asked["expires_at"],
    )


def release(wire: Mapping[str, Any]) -> Release:
    return Release(**read(_RELEASE, wire))


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=[{"field": field, "message": message}])
