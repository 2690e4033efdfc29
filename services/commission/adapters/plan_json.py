"""How rate plans are written as JSON. Versions never change: what an earlier release wrote stays readable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.commission.domain.courier_pay import CourierPay, PeakRule
from services.commission.domain.rates import PlacementFee, RatePlan, TakeRateBase
from shared.kernel.money import BASIS_POINTS

Json = dict[str, Any]


def plan_to_json(plan: RatePlan) -> Json:
    pay = plan.courier_pay
    return {
        "take_rate_bp": plan.take_rate_bp,
        "take_rate_by_category": dict(plan.take_rate_by_category),
        "take_rate_by_shop": dict(plan.take_rate_by_shop),
        "take_rate_base": plan.take_rate_base.value,
        "take_rate_on_delivery_fee": plan.take_rate_on_delivery_fee,
        "distribution_bp": plan.distribution_bp,
        "distribution_min_bp": plan.distribution_min_bp,
        "distribution_max_bp": plan.distribution_max_bp,
        "courier_pay": {
            "per_drop": pay.per_drop,
            "per_extra_pickup": pay.per_extra_pickup,
            "per_km": pay.per_km,
            "guaranteed_per_hour": pay.guaranteed_per_hour,
            "peaks": [
                {
                    "name": rule.name,
                    "days": list(rule.days),
                    "starts": rule.starts,
                    "ends": rule.ends,
                    "zones": list(rule.zones),
                    "factor_bp": rule.factor_bp,
                    "supplement": rule.supplement,
                }
                for rule in pay.peaks
            ],
        },
        "subscription_fees": dict(plan.subscription_fees),
        "placement_fees": {
            name: {"per_day": fee.per_day, "per_order": fee.per_order}
            for name, fee in plan.placement_fees.items()
        },
    }


def plan_from_json(plan_id: str, currency: str, effective_from: datetime, terms: Json) -> RatePlan:
    pay = terms["courier_pay"]
    return RatePlan(
        plan_id=plan_id,
        currency=currency,
        effective_from=effective_from,
        take_rate_bp=terms["take_rate_bp"],
        take_rate_by_category=terms["take_rate_by_category"],
        take_rate_by_shop=terms["take_rate_by_shop"],
        take_rate_base=TakeRateBase(terms["take_rate_base"]),
        take_rate_on_delivery_fee=terms.get("take_rate_on_delivery_fee", False),
        distribution_bp=terms["distribution_bp"],
        distribution_min_bp=terms.get("distribution_min_bp", 0),
        distribution_max_bp=terms["distribution_max_bp"],
        courier_pay=CourierPay(
            per_drop=pay["per_drop"],
            per_extra_pickup=pay["per_extra_pickup"],
            per_km=pay["per_km"],
            guaranteed_per_hour=pay.get("guaranteed_per_hour", 0),
            peaks=tuple(_peak(rule) for rule in pay.get("peaks", ())),
        ),
        subscription_fees=terms.get("subscription_fees", {}),
        placement_fees={name: PlacementFee(**fee) for name, fee in terms.get("placement_fees", {}).items()},
    )


def _peak(rule: Json) -> PeakRule:
    return PeakRule(
        name=rule["name"],
        days=tuple(rule["days"]),
        starts=rule["starts"],
        ends=rule["ends"],
        zones=tuple(rule.get("zones", ())),
        factor_bp=rule.get("factor_bp", BASIS_POINTS),
        supplement=rule.get("supplement", 0),
    )
