"""Whether two couriers should bring an order: who comes into question, and what it is worth.

A split is the last resort. The plan of an epoch waits or takes stops in another order, whichever costs least;
only where a shop is so late that its minutes cost those who wait for them more than a second ring and ride
would, that one order is split on trial, all of it is planned once more, and the two plans are compared. Of
two trips each counts with its share of the shops' parts: together they are one customer's waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

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
    """An order that might be split, the parts that would move, and how much that could save at most.

    At most all that the courier stands at the late shop, for everybody behind it on the route.
    """

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
        waits = [visit.ready - _reach(snapshot, rider, visit) for visit in basket.pickups]
        longest = max(waits, default=0.0)
        if longest <= 0.0:
            continue
        late = [visit for visit, wait in zip(basket.pickups, waits, strict=True) if wait >= longest / 2]
        by_stop = {stop.stop_id: stop.store_order_id or "" for stop in delivery.stops}
        yield Candidate(
            order_id=delivery.order_id,
            moved=tuple(by_stop[visit.stop_id] for visit in late),
            share=len(late) / (delivery.on_board + len(basket.pickups)),
            why=WhySplit.SHOP_LATE,
            most=longest * _cost_of_a_minute(snapshot.weights, route, late, baskets),
        )


def _reach(snapshot: Snapshot, rider: Rider, visit: Visit) -> float:
    """When the courier could be there, riding there at once."""
    way = minutes_between(rider.place, visit.place, snapshot.metres_per_minute) / rider.speed_factor
    return max(rider.free_at, 0.0) + way


def _cost_of_a_minute(
    weights: Weights, route: Sequence[PlannedStop], late: Sequence[Visit], baskets: Mapping[str, Basket]
) -> float:
    """What it costs that the courier stands a minute at the first of these stops: all doors behind wait."""
    stops = {visit.stop_id for visit in late}
    first = next(k for k, stop in enumerate(route) if stop.stop_id in stops)
    doors = [(baskets[stop.basket_id], stop) for stop in route[first:]]
    return sum(
        (weights.waiting if basket.asap else 0.0) + (weights.lateness if stop.finish > basket.due else 0.0)
        for basket, stop in doors
        if stop.stop_id == basket.drop_off.stop_id
    )


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
