"""Splitting an order on trial within an epoch of the planner, and in earnest when that pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.dispatch.application.turns import Turns
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.job import trip_key_of
from services.dispatch.domain.planning.outlook import ZoneState, look_again, when
from services.dispatch.domain.planning.problem import Plan, Snapshot
from services.dispatch.domain.planning.record import order_of_stops
from services.dispatch.domain.planning.splits import Candidate, SplitTried, cost_apart, worst
from services.dispatch.domain.splitting import split

# As often as couriers are told where to wait, and never in the same plan: each takes its time.
TURNS = Turns(every=timedelta(minutes=2), after=timedelta(minutes=1))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The one split that was tried: what came of it, and its plan, which counts only if it was ``done``."""

    candidate: Candidate
    tried: SplitTried
    snapshot: Snapshot
    plan: Plan


def try_to_split(
    state: ZoneState,
    snapshot: Snapshot,
    plan: Plan,
    now: datetime,
    plan_anew: Callable[[Snapshot], tuple[Snapshot, Plan]],
) -> Trial | None:
    """Split the order that a split could help most, on trial; nothing happens to ``state``.

    ``None``, and nothing planned, where no order is held up by so much. One order in an epoch, at most.
    """
    found = worst(state, snapshot, plan)
    if found is None:
        return None
    other, second = _as_if(state, found, now)
    riding = other.deliveries[found.order_id].courier_id
    orders, couriers = (found.order_id, second.order_id), () if riding is None else (riding,)
    again = look_again(snapshot, other, now, orders, couriers)
    apart, planned = plan_anew(replace(again, previous=order_of_stops(plan)))
    extra = state.zone.settings.split_minutes
    cost = cost_apart(apart, planned, found.order_id, second.order_id, found.share)
    tried = SplitTried(
        basket_id=found.order_id,
        trip_id=second.order_id,
        store_order_ids=found.moved,
        why=found.why.value,
        whole=plan.cost,
        apart=None if cost is None else cost + extra,
        extra=extra,
        done=cost is not None and cost + extra < plan.cost,
    )
    return Trial(candidate=found, tried=tried, snapshot=apart, plan=planned)


def split_in_earnest(state: ZoneState, trial: Trial, plan_version: int, now: datetime) -> Delivery:
    """Do to ``state`` what was tried; answers the second trip."""
    found = trial.candidate
    delivery = state.deliveries[found.order_id]
    doors = {s.basket_id: s.finish for route in trial.plan.routes.values() for s in route}
    eta, trip_eta = (doors.get(name) for name in (found.order_id, trip_key_of(found.order_id)))
    second = split(
        delivery,
        found.moved,
        found.why,
        now,
        eta=None if eta is None else when(now, eta),
        trip_eta=None if trip_eta is None else when(now, trip_eta),
        plan_version=plan_version,
    )
    state.deliveries[second.order_id] = second
    courier = state.couriers.get(delivery.courier_id or "")
    if courier is not None:
        courier.leave_out(_moved_stops(delivery, found))
    return second


def _as_if(state: ZoneState, found: Candidate, now: datetime) -> tuple[ZoneState, Delivery]:
    """The zone with the order split, in copies of what that changes."""
    first = state.deliveries[found.order_id]
    first = replace(
        first, parts=dict(first.parts), stops=list(first.stops), barred=dict(first.barred), events=[]
    )
    second = split(first, found.moved, found.why, now)
    couriers = dict(state.couriers)
    if first.courier_id in couriers:
        couriers[first.courier_id] = _without(couriers[first.courier_id], _moved_stops(first, found))
    deliveries = state.deliveries | {first.order_id: first, second.order_id: second}
    return replace(state, deliveries=deliveries, couriers=couriers), second


def _moved_stops(delivery: Delivery, found: Candidate) -> set[str]:
    return {stop.stop_id for stop in delivery.stops if stop.store_order_id in found.moved}


def _without(courier: Courier, stop_ids: set[str]) -> Courier:
    other = replace(courier, changed_loans=[], events=[])
    other.leave_out(stop_ids)
    return other
