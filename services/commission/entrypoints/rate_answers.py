"""What commission answers about rate plans, as plain data."""

from __future__ import annotations

from typing import Any

from services.commission.application.rate_plans import Comparison, Version
from services.commission.contracts.message import money
from services.commission.contracts.rate_requests import DAYS
from services.commission.domain.courier_pay import CourierPay
from services.commission.domain.what_if import Outcome
from shared.kernel.clock import to_wire

Json = dict[str, Any]


def rate_plan(found: Version) -> Json:
    plan = found.plan
    return {
        "version": found.version,
        "plan_id": plan.plan_id,
        "currency": plan.currency,
        "effective_from": to_wire(plan.effective_from),
        "standing": found.standing.value,
        "withdrawn_at": None if found.withdrawn_at is None else to_wire(found.withdrawn_at),
        "take_rate_bp": plan.take_rate_bp,
        "take_rate_by_category": dict(plan.take_rate_by_category),
        "take_rate_by_shop": dict(plan.take_rate_by_shop),
        "take_rate_base": plan.take_rate_base.value,
        "take_rate_on_delivery_fee": plan.take_rate_on_delivery_fee,
        "distribution_bp": plan.distribution_bp,
        "distribution_min_bp": plan.distribution_min_bp,
        "distribution_max_bp": plan.distribution_max_bp,
        "courier_pay": _courier_pay(plan.courier_pay, plan.currency),
        "subscription_fees": {
            name: money(fee, plan.currency) for name, fee in plan.subscription_fees.items()
        },
        "placement_fees": {
            name: {
                "per_day": money(fee.per_day, plan.currency),
                "per_order": money(fee.per_order, plan.currency),
            }
            for name, fee in plan.placement_fees.items()
        },
    }


def _courier_pay(pay: CourierPay, currency: str) -> Json:
    return {
        "per_drop": money(pay.per_drop, currency),
        "per_extra_pickup": money(pay.per_extra_pickup, currency),
        "per_km": money(pay.per_km, currency),
        "guaranteed_per_hour": money(pay.guaranteed_per_hour, currency),
        "peaks": [
            {
                "name": rule.name,
                "days": [DAYS[day] for day in rule.days],
                "starts": _hour(rule.starts),
                "ends": _hour(rule.ends),
                "zones": list(rule.zones),
                "factor_bp": rule.factor_bp,
                "supplement": money(rule.supplement, currency),
            }
            for rule in pay.peaks
        ],
    }


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def comparison(found: Comparison) -> Json:
    return {
        "before": rate_plan(found.before),
        "after": rate_plan(found.after),
        "differences": [
            {"term": term, "before": before, "after": after}
            for term, (before, after) in found.differences.items()
        ],
    }


def outcome(found: Outcome) -> Json:
    """Amounts are positive in the party's favour; what is paid and borne is negative."""
    currency = found.currency
    return {
        "currency": currency,
        "orders": found.orders,
        "shifts": found.shifts,
        "parties": [
            {"party": party.kind, "owner_id": party.owner_id, **_change(before, after, currency)}
            for party, before, after in found.rows()
        ],
        "totals": [
            {"party": kind, **_change(before, after, currency)}
            for kind, (before, after) in found.totals().items()
        ],
        "sum": _change(sum(found.before.values()), sum(found.after.values()), currency),
    }


def _change(before: int, after: int, currency: str) -> Json:
    return {
        "before": money(before, currency),
        "after": money(after, currency),
        "difference": money(after - before, currency),
    }
