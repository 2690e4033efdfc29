"""The day in figures: what a neighbourhood and its operator would want to know of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from linli.day.audit import Audit
from linli.day.replay import Outcome
from linli.day.town import FINAL


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Amounts in minor units of `currency`; times in minutes of the day unless they say wall."""

    day: str
    currency: str
    orders: int
    multi_shop_orders: int
    shop_visits: int
    delivered: int
    delivered_share: float
    refunded_in_part: int
    refunded_in_full: int
    cancelled: int
    not_placed: int
    unfinished: int
    click_to_door_mean: float
    click_to_door_p90: float
    multi_shop_click_to_door_mean: float
    late: int
    target_minutes: float
    kilometres: float
    courier_hours: float
    orders_per_courier_hour: float
    gross_sales: int
    refunds: int
    requests: int
    calls: list[dict[str, Any]]
    retries: dict[str, int]
    refusals: dict[str, int]
    surprises: dict[str, int]
    speed: float
    import_wall_seconds: float
    day_wall_seconds: float
    accounts: list[dict[str, Any]]

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def figures_of(outcome: Outcome, audit: Audit) -> Figures:
    """Count and add; the platform's own words (the audit) win over what people remember."""
    records = outcome.records.values()
    state = {name: _state(audit, name, record.status) for name, record in outcome.records.items()}
    delivered = [x for x in records if state[x.order.order] in {"delivered", "completed"}]
    waits = [x.delivered_at - x.placed_at for x in delivered if x.delivered_at and x.placed_at is not None]
    multi = [
        x.delivered_at - x.placed_at
        for x in delivered
        if x.delivered_at and x.placed_at is not None and x.order.is_multi_shop
    ]
    target = outcome.day.rules.target_click_to_door_minutes
    totals = {
        name: amount(order.get("total")) for name, order in audit.orders.items() if order.get("paid_at")
    }
    refunds = {name: amount(audit.orders[name].get("refunded")) for name in totals}
    hours = sum((c.off_at or 0) - c.on_at for c in outcome.couriers.values() if c.on_at is not None) / 60
    return Figures(
        day=outcome.day.name,
        currency=outcome.day.currency,
        orders=len(outcome.records),
        multi_shop_orders=sum(order.is_multi_shop for order in outcome.day.orders),
        shop_visits=sum(len(order.ready_minute) for order in outcome.day.orders),
        delivered=len(delivered),
        delivered_share=len(delivered) / max(1, len(outcome.records)),
        refunded_in_part=sum(0 < refunds[name] < totals[name] for name in totals),
        refunded_in_full=sum(0 < refunds[name] >= totals[name] for name in totals),
        cancelled=sum(value in {"cancelled", "expired"} for value in state.values()),
        not_placed=sum(value in {"refused", "not placed"} for value in state.values()),
        unfinished=sum(value not in FINAL | {"refused"} for value in state.values()),
        click_to_door_mean=_mean(waits),
        click_to_door_p90=percentile(waits, 0.9),
        multi_shop_click_to_door_mean=_mean(multi),
        late=sum(wait > target for wait in waits),
        target_minutes=target,
        kilometres=sum(courier.metres for courier in outcome.couriers.values()) / 1000,
        courier_hours=hours,
        orders_per_courier_hour=len(delivered) / hours if hours else 0.0,
        gross_sales=sum(totals.values()),
        refunds=sum(refunds.values()),
        requests=outcome.traffic.requests,
        calls=_calls(outcome),
        retries=dict(outcome.traffic.retries),
        refusals=dict(outcome.traffic.refusals),
        surprises=dict(outcome.surprises),
        speed=outcome.speed,
        import_wall_seconds=outcome.seconds_of_import,
        day_wall_seconds=outcome.seconds_of_day,
        accounts=_ledger(audit),
    )


def _calls(outcome: Outcome) -> list[dict[str, Any]]:
    """How often each call was made and how long it took, in milliseconds of the wall."""
    return [
        {
            "call": call,
            "count": len(seconds),
            "p50_ms": round(percentile(seconds, 0.5) * 1000, 1),
            "p99_ms": round(percentile(seconds, 0.99) * 1000, 1),
            "slowest_ms": round(max(seconds) * 1000, 1),
        }
        for call, seconds in sorted(outcome.traffic.seconds.items(), key=lambda item: -len(item[1]))
    ]


def _ledger(audit: Audit) -> list[dict[str, Any]]:
    """Every account with its balance; the platform's own first, then the largest groups of others."""
    rows = [
        {"account": x["account"], "balance": amount(x["balance"]), "currency": _currency(x)}
        for x in audit.accounts
    ]
    return sorted(rows, key=lambda row: (_is_personal(row["account"]), row["account"]))


def groups_of(accounts: Sequence[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """(name, how many accounts, balance): accounts of shops, couriers and promoters are put together."""
    totals: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for row in accounts:
        name = str(row["account"])
        group = ":".join(name.split(":")[:2]) + ":*" if _is_personal(name) else name
        totals[group] += row["balance"]
        counts[group] += 1
    return [(group, counts[group], totals[group]) for group in totals]


def _is_personal(account: object) -> bool:
    return str(account).count(":") >= 2


def amount(money: object) -> int:
    return int(money["amount"]) if isinstance(money, dict) else 0


def _currency(row: Any) -> str:
    balance = row["balance"]
    return str(balance["currency"] if isinstance(balance, dict) else row.get("currency", ""))


def _state(audit: Audit, name: str, remembered: str) -> str:
    return str(audit.orders[name]["status"]) if name in audit.orders else remembered


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0
