"""What is answered about rates, subscriptions and placements."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.rate_forms import BASES
from services.gateway.contracts.shapes import several


class PeakTerms(Schema):
    name = fields.String()
    days = fields.List(fields.String())
    starts = fields.String()
    ends = fields.String()
    zones = fields.List(fields.String())
    factor_bp = fields.Integer()
    supplement = fields.Nested(Money)


class PayRates(Schema):
    per_drop = fields.Nested(Money)
    per_extra_pickup = fields.Nested(Money)
    per_km = fields.Nested(Money)
    guaranteed_per_hour = fields.Nested(Money)
    peaks = fields.List(fields.Nested(PeakTerms))


class PlacementPrice(Schema):
    per_day = fields.Nested(Money)
    per_order = fields.Nested(Money)


class RatePlan(Schema):
    plan_id = fields.String(required=True)
    version = fields.Integer()
    currency = fields.String()
    effective_from = Instant()
    standing = fields.String(metadata={"enum": ["scheduled", "in_force", "superseded", "withdrawn"]})
    withdrawn_at = Instant(allow_none=True)
    take_rate_bp = fields.Integer()
    take_rate_by_category = fields.Dict(values=fields.Integer())
    take_rate_by_shop = fields.Dict(values=fields.Integer())
    take_rate_base = fields.String(metadata={"enum": list(BASES)})
    take_rate_on_delivery_fee = fields.Boolean()
    distribution_bp = fields.Integer()
    distribution_min_bp = fields.Integer()
    distribution_max_bp = fields.Integer()
    courier_pay = fields.Nested(PayRates)
    subscription_fees = fields.Dict(values=fields.Nested(Money))
    placement_fees = fields.Dict(values=fields.Nested(PlacementPrice))


class TermDifference(Schema):
    term = fields.String(metadata={"examples": ["take_rate_by_shop.SHOP"]})
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class RatePlanComparison(Schema):
    before = fields.Nested(RatePlan)
    after = fields.Nested(RatePlan)
    differences = fields.List(fields.Nested(TermDifference))


class EarningsChange(Schema):
    """Positive is in the party's favour."""

    before = fields.Nested(Money)
    after = fields.Nested(Money)
    difference = fields.Nested(Money)


class PartyChange(EarningsChange):
    party = fields.String(metadata={"enum": ["shop", "promoter", "courier", "platform", "customers"]})
    owner_id = fields.String(metadata={"description": "Whose; of the platform, which account."})


class KindChange(EarningsChange):
    party = fields.String()


class WhatIfOutcome(Schema):
    """What everybody earned by past orders, and would have; `sum` is zero, before and after."""

    currency = fields.String()
    orders = fields.Integer()
    shifts = fields.Integer()
    parties = fields.List(fields.Nested(PartyChange))
    totals = fields.List(fields.Nested(KindChange))
    sum = fields.Nested(EarningsChange)


class ContractCharge(Schema):
    """What was charged for one month of a subscription, or one day of a placement."""

    period = fields.String(metadata={"format": "date"})
    amount = fields.Nested(Money)
    formula = fields.String(allow_none=True, metadata={"examples": ["19 800 x 13 d / 31 d = 8 303"]})


class ShopContract(Schema):
    """A subscription, which is charged by the month, or a placement, which is charged by the day."""

    contract_id = Id(required=True)
    kind = fields.String(metadata={"enum": ["subscription", "advertising"]})
    shop_id = Id()
    product = fields.String()
    fee = fields.Nested(Money)
    per_order = fields.Nested(Money)
    starts_on = fields.String(metadata={"format": "date"})
    ends_on = fields.String(allow_none=True, metadata={"format": "date"})
    rate_plan = fields.Integer(metadata={"description": "Whose price was agreed."})
    ended_before = fields.String(allow_none=True, metadata={"format": "date"})
    booked_at = Instant()
    charged = fields.Nested(Money)
    charges = fields.List(fields.Nested(ContractCharge))


RatePlanPage = several(RatePlan, "RatePlanPage")
ShopContractPage = several(ShopContract, "ShopContractPage")
