"""What operators may send about rates, subscriptions and placements."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Instant, MoneyToPay, count, integer, one_of, text

BASES = ("before_discounts", "after_shop_discount", "customer_paid")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hour(**options: Any) -> fields.String:
    hour = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")
    return fields.String(required=True, validate=hour, **options)


class Day(fields.Date):
    """A day of the calendar in Asia/Shanghai, such as 2026-01-05."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return super()._deserialize(value, attr, data, **options).isoformat()


class PeakRule(Schema):
    """Hours of the week, in Asia/Shanghai, in which a delivery pays more; the best one counts, alone."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=40))
    days = fields.List(one_of(*_DAYS), required=True, validate=validate.Length(min=1, max=7))
    starts = _hour(metadata={"examples": ["11:00"]})
    ends = _hour(metadata={"description": "Where it is not after `starts`, the rule goes on past midnight."})
    zones = fields.List(
        fields.String(validate=validate.Length(min=1, max=80)),
        validate=validate.Length(max=500),
        metadata={"description": "The zones it holds in; all of them if none is named."},
    )
    factor_bp = integer(10_000, 100_000, metadata={"description": "15000 pays one and a half times."})
    supplement = fields.Nested(MoneyToPay)


class CourierPay(Schema):
    per_drop = fields.Nested(MoneyToPay, required=True)
    per_extra_pickup = fields.Nested(MoneyToPay, required=True)
    per_km = fields.Nested(MoneyToPay, required=True)
    guaranteed_per_hour = fields.Nested(
        MoneyToPay, metadata={"description": "What the deliveries of a shift pay at least, by the hour."}
    )
    peaks = fields.List(fields.Nested(PeakRule), validate=validate.Length(max=50))


def _rate(**options: Any) -> fields.Integer:
    return integer(0, 10_000, **options)


def _rates(by: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=100)),
        values=_rate(),
        validate=validate.Length(max=5000),
        metadata={"description": f"Rates that differ, by {by}."},
    )


class PlacementFee(Schema):
    per_day = fields.Nested(MoneyToPay, required=True)
    per_order = fields.Nested(MoneyToPay)


class RateTerms(Schema):
    """Rates in basis points; what is left out stays as it is."""

    currency = fields.String(validate=validate.Regexp(r"^[A-Z]{3}$"))
    take_rate_bp = _rate()
    take_rate_by_category = _rates("category")
    take_rate_by_shop = _rates("shop")
    take_rate_base = one_of(
        *BASES, metadata={"description": "The goods less nobody's, the shop's, or all discounts."}
    )
    take_rate_on_delivery_fee = fields.Boolean(
        metadata={"description": "Whether each line's part of the delivery fee belongs to the base."}
    )
    distribution_bp = _rate()
    distribution_min_bp = _rate()
    distribution_max_bp = _rate()
    courier_pay = fields.Nested(CourierPay)
    subscription_fees = fields.Dict(
        keys=text(60),
        values=fields.Nested(MoneyToPay),
        validate=validate.Length(max=500),
        metadata={"description": "What each tool costs a shop a month."},
    )
    placement_fees = fields.Dict(
        keys=text(60),
        values=fields.Nested(PlacementFee),
        validate=validate.Length(max=500),
        metadata={
            "description": "What each advertisement costs a shop a day, and for each order of the day."
        },
    )


class SetRatePlan(RateTerms):
    """A new version of the rates, now or later; what is left out stays as it is."""

    effective_from = Instant()


class WhatIf(RateTerms):
    """The terms that would have been others, and for the orders paid in which time."""

    since = Instant(required=True)
    until = Instant(required=True)


class ComparisonQuery(Schema):
    before = count(
        1, 2**31 - 1, metadata={"description": "The version it follows, if another one is not named."}
    )


class BookSubscription(Schema):
    """A tool that a shop subscribes to by the month, at the price of the rate plan in force."""

    tool = text(60, required=True)
    starts_on = Day(required=True)
    ends_on = Day(metadata={"description": "The last day; open if left out."})
    monthly_fee = fields.Nested(MoneyToPay, metadata={"description": "Another price; operators agree on it."})


class BookPlacement(Schema):
    """An advertisement of a shop by the day, at the price of the rate plan in force."""

    placement = text(60, required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True)
    per_day = fields.Nested(MoneyToPay, metadata={"description": "Another price; operators agree on it."})
    per_order = fields.Nested(MoneyToPay)


class EndContract(Schema):
    """From when on the subscription or placement is not charged any more."""

    ends_before = Day(
        required=True,
        metadata={"description": "The first day that is free; what was charged from it on goes back."},
    )
    reason = text(200, required=True)
