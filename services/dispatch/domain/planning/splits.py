"""Whether two couriers should bring an order: who comes into question, and what it is worth.

A split is the last resort. The plan of an epoch waits or takes stops in another order, whichever costs least;
only where an order is still held up so long that even the most it could save is worth a second ring and ride,
that one order is split on trial, planned once more with everything else, and the two plans are compared. Of
two trips each counts with its share of the shops' parts: together they are one customer's waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.problem import (
    Basket,
    Plan,
    PlannedStop,
    Rider,
    Snapshot,
    Visit,
    Weights,
)
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.splitting import is_splittable
from services.dispatch.domain.trips import WhySplit

# So many ways to part a basket that is too large are tried: more than any real one has.
_WAYS = 1000


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An order that might be split, the parts that would move, and how much that could save at most."""

    order_id: str
    moved: tuple[str, ...]
    share: float
    why: WhySplit
    most: float


@dataclass(frozen=True, kw_only=True)
class SplitTried:
    """What came of it: what the plan costs with the basket as a whole, and with two trips.

    The latter has ``extra`` in it, for the second ring and ride; it is ``None`` where nobody could bring the
    second one. ``done`` says which plan was kept.
    """

    basket_id: str
    trip_id: str
    store_order_ids: tuple[str, ...]
    why: str
    whole: float
    apart: float | None
    extra: float
    done: bool

    def sentence(self) -> str:
        """Why it was split, or was not, in one sentence."""
        parts = "1 part" if len(self.store_order_ids) == 1 else f"{len(self.store_order_ids)} parts"
        verb = "was split" if self.done else "was not split"
        if self.apart is None:
            return f"{self.basket_id} {verb} ({self.why}): no second courier could bring {parts} of it."
        return (
            f"{self.basket_id} {verb} ({self.why}, {parts} to a second courier): all orders together cost"
            f" {self.apart:.1f} so, {self.extra:g} of it for the second ring and ride,"
            f" and {self.whole:.1f} with one courier for it."
        )


def worst(state: ZoneState, snapshot: Snapshot, plan: Plan) -> Candidate | None:
    """The order of ``plan`` that a split could help most, if that could be worth it at all.

    Looks at what is on board while a pickup is outstanding, and at what nobody could take; at nothing else.
    """
    least = state.zone.settings.split_minutes
    if not least or state.paused:
        return None
    baskets = {basket.basket_id: basket for basket in snapshot.baskets}
    found = [
        one
        for one in (*_held_up(state, snapshot, plan, baskets), *_too_large(state, snapshot, plan, baskets))
        if one.most > least
    ]
    return max(found, key=lambda one: (one.most, one.order_id), default=None)


def cost_apart(snapshot: Snapshot, plan: Plan, first: str, second: str, share: float) -> float | None:
    """What ``plan`` costs if two trips are one customer's, the second one with its ``share`` of the parts.

    ``None`` where the plan has nobody for one of them.
    """
    baskets = {basket.basket_id: basket for basket in snapshot.baskets}
    doors = {stop.basket_id: stop.finish for route in plan.routes.values() for stop in route}
    if first not in doors or second not in doors:
        return None
    order, weights = baskets[first], snapshot.weights
    whole = _at_door(order, doors[first], weights) + _at_door(baskets[second], doors[second], weights)
    by_share = (1 - share) * _at_door(order, doors[first], weights)
    by_share += share * _at_door(order, doors[second], weights)
    return plan.cost - whole + by_share


def _at_door(basket: Basket, minute: float, weights: Weights) -> float:
    """What it costs by the engine's rule that the basket is handed over at ``minute``."""
    waiting = weights.waiting * (minute - max(basket.clicked, 0.0)) if basket.asap else 0.0
    return waiting + weights.lateness * max(0.0, minute - max(basket.due, 0.0))


def _held_up(
    state: ZoneState, snapshot: Snapshot, plan: Plan, baskets: Mapping[str, Basket]
) -> Iterator[Candidate]:
    """Goods on board that wait for a shop."""
    riders = {rider.courier_id: rider for rider in snapshot.riders}
    for delivery in state.deliveries.values():
        if delivery.status is not Status.COLLECTING or not delivery.on_board or not is_splittable(delivery):
            continue
        basket, rider = baskets.get(delivery.order_id), riders.get(delivery.courier_id or "")
        route = plan.routes.get(delivery.courier_id or "", ())
        if basket is None or rider is None or not any(s.basket_id == basket.basket_id for s in route):
            continue
        late = _late_pickups(snapshot, rider, basket)
        if late:
            yield _candidate(snapshot, baskets, rider, route, delivery, late)


def _late_pickups(snapshot: Snapshot, rider: Rider, basket: Basket) -> list[Visit]:
    """Those that would keep the courier waiting, and half as long as the worst of them or longer."""
    waits = [visit.ready - _reach(snapshot, rider, visit) for visit in basket.pickups]
    worst = max(waits, default=0.0)
    if worst <= 0.0:
        return []
    return [visit for visit, wait in zip(basket.pickups, waits, strict=True) if wait >= worst / 2]


def _reach(snapshot: Snapshot, rider: Rider, visit: Visit) -> float:
    way = minutes_between(rider.place, visit.place, snapshot.metres_per_minute) / rider.speed_factor
    return max(rider.free_at, 0.0) + way


def _candidate(
    snapshot: Snapshot,
    baskets: Mapping[str, Basket],
    rider: Rider,
    route: Sequence[PlannedStop],
    delivery: Delivery,
    late: Sequence[Visit],
) -> Candidate:
    weights, basket, door = snapshot.weights, baskets[delivery.order_id], baskets[delivery.order_id].drop_off
    stop_ids = {visit.stop_id for visit in late}
    parts = delivery.on_board + len(basket.pickups)
    share = len(late) / parts
    at = {stop.stop_id: number for number, stop in enumerate(route)}
    begins = [max(rider.free_at, 0.0), *(stop.finish for stop in route)]
    # Without a stop the courier is earlier at the next one by the stop, the wait, and twice the way at most.
    saved = sum(
        2 * (route[k].arrive - begins[k]) + route[k].finish - route[k].arrive
        for k in (at[stop_id] for stop_id in stop_ids)
    )
    done = route[at[door.stop_id]].finish
    soonest = max(_reach(snapshot, rider, door), door.ready) + door.service
    alone = max(
        max(visit.ready, 0.0)
        + visit.service
        + minutes_between(visit.place, door.place, snapshot.metres_per_minute)
        for visit in late
    )
    most = weights.driving * saved
    most += (1 - share) * (_at_door(basket, done, weights) - _at_door(basket, min(done, soonest), weights))
    most += share * (_at_door(basket, done, weights) - _at_door(basket, min(done, alone), weights))
    first = min(at[stop_id] for stop_id in stop_ids)
    for stop in route[first + 1 :]:
        other = baskets[stop.basket_id]
        if other is not basket and stop.stop_id == other.drop_off.stop_id:
            sooner = max(0.0, stop.finish - saved)
            most += _at_door(other, stop.finish, weights) - _at_door(other, sooner, weights)
    by_stop = {stop.stop_id: stop.store_order_id or "" for stop in delivery.stops}
    moved = tuple(by_stop[visit.stop_id] for visit in late)
    return Candidate(order_id=delivery.order_id, moved=moved, share=share, why=WhySplit.SHOP_LATE, most=most)


def _too_large(
    state: ZoneState, snapshot: Snapshot, plan: Plan, baskets: Mapping[str, Basket]
) -> Iterator[Candidate]:
    """What no courier on shift can carry at once, while two could."""
    for order_id in plan.unassigned:
        delivery, basket = state.deliveries[order_id], baskets[order_id]
        if delivery.on_board or len(basket.pickups) < 2 or not is_splittable(delivery):
            continue
        if _fits(snapshot, basket.pickups):
            continue
        moved = _first_fit(snapshot, basket.pickups)
        if moved is None:
            continue
        by_stop = {stop.stop_id: stop.store_order_id or "" for stop in delivery.stops}
        yield Candidate(
            order_id=order_id,
            moved=tuple(by_stop[visit.stop_id] for visit in moved),
            share=len(moved) / len(basket.pickups),
            why=WhySplit.TOO_LARGE,
            most=snapshot.weights.unassigned + snapshot.weights.overdue_unassigned * max(0.0, -basket.due),
        )


def _first_fit(snapshot: Snapshot, pickups: Sequence[Visit]) -> Sequence[Visit] | None:
    """The fewest pickups with which, and without which, somebody could carry it."""
    ways = (moved for many in range(1, len(pickups)) for moved in combinations(pickups, many))
    for moved in islice(ways, _WAYS):
        if _fits(snapshot, moved) and _fits(snapshot, [one for one in pickups if one not in moved]):
            return moved
    return None


def _fits(snapshot: Snapshot, pickups: Sequence[Visit]) -> bool:
    """Whether somebody on shift carries as much, with nothing else on board."""
    whole = [sum(amounts) for amounts in zip(*(visit.amount for visit in pickups), strict=True)]
    return any(
        all(amount <= most for amount, most in zip(whole, rider.capacity, strict=True))
        for rider in snapshot.riders
    )
