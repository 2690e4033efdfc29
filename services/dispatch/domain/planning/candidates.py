"""Why this courier: what an order would have cost with each of those who came into question.

It is worked out apart from the search, for what is offered alone: the order's stops are put where they cost
least among the stops each courier has promised by now. So it explains a choice and never makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.travel import minutes_between

KEPT = 3
# Whoever is farther from the shops than so many others is not looked at.
_LOOKED_AT = 5


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What one order would cost with one courier, by the weights of the plan; all in minutes.

    ``extra`` is how much longer the courier is under way, ``door`` in how long the order is handed over.
    """

    order_id: str
    courier_id: str
    cost: float
    extra: float
    door: float
    chosen: bool = False


@dataclass(frozen=True, eq=False)
class _Stop:
    basket: Basket
    visit: Visit

    @property
    def is_door(self) -> bool:
        return self.visit is self.basket.drop_off

    def loads(self, dimension: int) -> int:
        """What comes on board here; at the door all that the basket had put there leaves."""
        if not self.is_door:
            return _at(self.visit.amount, dimension)
        amounts = (self.basket.on_board, *(visit.amount for visit in self.basket.pickups))
        return -sum(_at(amount, dimension) for amount in amounts)


@dataclass(frozen=True)
class _Ride:
    cost: float
    ends: float
    door: float


class Judge:
    """Who came into question in one snapshot; one judge serves all its baskets."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._riders = snapshot.riders
        self._weights = snapshot.weights
        self._baskets = {basket.basket_id: basket for basket in snapshot.baskets}
        self._stops = {stop.visit.stop_id: stop for one in snapshot.baskets for stop in _stops_of(one)}
        pace, table = snapshot.metres_per_minute, snapshot.travel
        numbers = {} if table is None else {place: number for number, place in enumerate(table.places)}

        @cache
        def minutes(start: Position, end: Position) -> float:
            if table is None:
                return minutes_between(start, end, pace)
            return table.minutes[numbers[start] * len(numbers) + numbers[end]]

        self._minutes = minutes

    def candidates(self, basket_id: str, chosen: str) -> tuple[Candidate, ...]:
        """The :data:`KEPT` cheapest couriers for one basket, cheapest first; ``chosen`` in any case."""
        basket = self._baskets[basket_id]
        asked = [r for r in self._riders if r.new and r.courier_id not in basket.barred]
        near = sorted(asked, key=lambda rider: (self._approach(rider, basket), rider.courier_id))[:_LOOKED_AT]
        near += [rider for rider in asked if rider.courier_id == chosen and rider not in near]
        found = [one for rider in near if (one := self._with_basket(rider, basket, chosen)) is not None]
        found.sort(key=lambda one: (one.cost, one.courier_id))
        return tuple(one for rank, one in enumerate(found) if rank < KEPT or one.chosen)

    def _approach(self, rider: Rider, basket: Basket) -> float:
        """Roughly how far the courier, or any of the next stops, is from the order's first stop."""
        first = (*basket.pickups, basket.drop_off)[0].place
        places = [rider.place, *(self._stops[s].visit.place for s in rider.route if s in self._stops)]
        return min(self._minutes(place, first) for place in places)

    def _with_basket(self, rider: Rider, basket: Basket, chosen: str) -> Candidate | None:
        promised = [self._stops[stop_id] for stop_id in rider.route if stop_id in self._stops]
        before = self._ride(rider, promised, None)
        limit = max(rider.until, before.ends)
        *pickups, door = _stops_of(basket)
        pickups.sort(key=lambda stop: (-stop.visit.ready, stop.visit.stop_id))
        lowest = min(rider.frozen, len(promised))
        options = _with(promised, door, lowest, len(promised))
        for pickup in pickups:
            # Each way to put the first pickup in front of each place of the door; the others one by one.
            options = (
                longer for route in options for longer in _with(route, pickup, lowest, route.index(door))
            )
            cheapest = self._cheapest(rider, options, limit)
            if cheapest is None:
                return None
            options = iter([cheapest])
        route = next(options, None) if pickups else self._cheapest(rider, options, limit)
        if route is None:
            return None
        ride = self._ride(rider, route, basket)
        return Candidate(
            order_id=basket.basket_id,
            courier_id=rider.courier_id,
            cost=round(ride.cost - before.cost, 2),
            extra=round(ride.ends - before.ends, 2),
            door=round(ride.door, 2),
            chosen=rider.courier_id == chosen,
        )

    def _cheapest(self, rider: Rider, routes: Iterable[list[_Stop]], limit: float) -> list[_Stop] | None:
        rides = [(self._ride(rider, route, None), route) for route in routes if _fits(rider, route)]
        possible = [(ride.cost, number) for number, (ride, _) in enumerate(rides) if ride.ends <= limit]
        return rides[min(possible)[1]][1] if possible else None

    def _ride(self, rider: Rider, route: Sequence[_Stop], basket: Basket | None) -> _Ride:
        minute, here, cost, door = rider.free_at, rider.place, 0.0, 0.0
        for stop in route:
            leg = self._minutes(here, stop.visit.place) / rider.speed_factor
            cost += self._weights.driving * leg
            minute = _begin(rider, stop, max(minute + leg, stop.visit.ready, 0.0)) + stop.visit.service
            here = stop.visit.place
            if stop.is_door:
                cost += self._door_cost(stop.basket, minute)
                door = minute if stop.basket is basket else door
        return _Ride(cost=cost, ends=max(minute, 0.0), door=door)

    def _door_cost(self, basket: Basket, minute: float) -> float:
        waiting = self._weights.waiting * (minute - max(basket.clicked, 0.0)) if basket.asap else 0.0
        return waiting + self._weights.lateness * max(0.0, minute - max(basket.due, 0.0))


def _stops_of(basket: Basket) -> list[_Stop]:
    return [_Stop(basket, visit) for visit in (*basket.pickups, basket.drop_off)]


def _begin(rider: Rider, stop: _Stop, minute: float) -> float:
    """When a stop that is reached at ``minute`` is served: in no break."""
    for starts, ends in sorted(rider.breaks):
        if minute < ends and minute + stop.visit.service > starts:
            minute = ends
    return minute


def _at(amount: Sequence[int], dimension: int) -> int:
    return amount[dimension] if dimension < len(amount) else 0


def _with(route: Sequence[_Stop], added: _Stop, lowest: int, highest: int) -> Iterator[list[_Stop]]:
    """The route with ``added`` at each place that it may have."""
    for place in range(lowest, highest + 1):
        yield [*route[:place], added, *route[place:]]


def _fits(rider: Rider, route: Sequence[_Stop]) -> bool:
    """Whether the load stays within what the courier carries, or has promised to carry anyway."""
    for dimension, capacity in enumerate(rider.capacity):
        load = _at(rider.load, dimension)
        most = max(capacity, load)
        for stop in route:
            load += stop.loads(dimension)
            if load > most:
                return False
    return True
