"""The numbers a search works on: stops and couriers by index, and what a route costs."""

from __future__ import annotations

from collections.abc import Iterable
from math import hypot

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import NEVER, Basket, PlannedStop, Rider, Snapshot, Visit
from services.dispatch.domain.planning.travel import TravelTimes

IMPOSSIBLE = NEVER

# How far a courier has come: the minute, how much is on board, what it cost so far, and the travel times
# from there.
State = tuple[float, int, float, list[float]]
# What waiting for a drop-off costs: per minute, from when, how late counts from when, and how late it is now.
Door = tuple[float, float, float, float]
# A stop: its node, when it opens, how long it takes, what it loads, its door, and the travel times from it.
Numbers = tuple[int, float, float, int, Door | None, list[float]]


class Board:
    """A snapshot in flat lists, so that a route of stop indexes can be judged in one pass."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.baskets = snapshot.baskets
        self.riders = snapshot.riders
        self.driving, self.late = snapshot.weights.driving, snapshot.weights.lateness
        places = {v.place for b in self.baskets for v in (*b.pickups, b.drop_off)}
        goals = sorted(places, key=lambda place: (place.lat, place.lon))
        self.travel = TravelTimes(goals, snapshot.metres_per_minute)
        self._node = {goal: node for node, goal in enumerate(goals)}
        self._rows = [self.travel.row(goal) for goal in goals]
        self.stop_ids: list[str] = []
        self.numbers: list[Numbers] = []
        self.basket_of: list[int] = []
        self.pickups: list[tuple[int, ...]] = []
        self.drop: list[int] = []
        for number, basket in enumerate(self.baskets):
            self._add(number, basket)
        self.index = {stop_id: stop for stop, stop_id in enumerate(self.stop_ids)}
        self._starts: list[State | None] = [None] * len(self.riders)
        self.capacity = [rider.capacity for rider in self.riders]
        self.until = [rider.until for rider in self.riders]
        self.promised = [[self.index[s] for s in rider.route if s in self.index] for rider in self.riders]
        self.holder = self._holders()
        for courier, route in enumerate(self.promised):
            self._admit(courier, route)

    def _add(self, number: int, basket: Basket) -> None:
        first = len(self.stop_ids)
        for visit in basket.pickups:
            self._add_stop(number, visit, 1, None)
        # What has passed already is the same in every plan: only the future is judged.
        waiting = self.snapshot.weights.waiting if basket.asap else 0.0
        door = (waiting, max(basket.clicked, 0.0), basket.due, max(0.0, -basket.due))
        self._add_stop(number, basket.drop_off, -len(basket.pickups), door)
        self.pickups.append(tuple(range(first, first + len(basket.pickups))))
        self.drop.append(first + len(basket.pickups))

    def _add_stop(self, number: int, visit: Visit, load: int, door: Door | None) -> None:
        node = self._node[visit.place]
        self.stop_ids.append(visit.stop_id)
        self.basket_of.append(number)
        self.numbers.append((node, max(visit.ready, 0.0), visit.service, load, door, self._rows[node]))

    def _holders(self) -> list[int | None]:
        numbers = {rider.courier_id: number for number, rider in enumerate(self.riders)}
        holders = [None if b.holder is None else numbers.get(b.holder) for b in self.baskets]
        for courier, route in enumerate(self.promised):
            for stop in route:
                holders[self.basket_of[stop]] = courier
        return holders

    def _admit(self, courier: int, route: list[int]) -> None:
        """A promise already made is possible by definition, however late its courier is or full."""
        if not route:
            return
        pickups = sum(not self.is_drop(stop) for stop in route)
        self.capacity[courier] = max(self.capacity[courier], self.riders[courier].load + pickups)
        self.until[courier] = max(self.until[courier], self.schedule(courier, route)[-1].finish)

    def is_drop(self, stop: int) -> bool:
        return self.numbers[stop][4] is not None

    def ready(self, stop: int) -> float:
        return self.numbers[stop][1]

    def minutes(self, start: int, end: int) -> float:
        """Travel between two stops."""
        return self.numbers[start][5][self.numbers[end][0]]

    def from_start(self, courier: int, stop: int) -> float:
        """Travel from where the courier is."""
        return self.start(courier)[3][self.numbers[stop][0]]

    def apart(self, place: Position, other: Position) -> float:
        """Roughly the travel minutes between two places."""
        (x, y), (east, north) = self.travel.point(place), self.travel.point(other)
        return hypot(x - east, y - north)

    def start(self, courier: int) -> State:
        """The courier before the first stop."""
        state = self._starts[courier]
        if state is None:
            rider: Rider = self.riders[courier]
            state = (rider.free_at, rider.load, 0.0, self.travel.row(rider.place))
            self._starts[courier] = state
        return state

    def step(self, state: State, stop: int) -> State:
        """The courier after one more stop."""
        minute, load, total, row = state
        node, opens, service, more, door, row_from = self.numbers[stop]
        leg = row[node]
        total += self.driving * leg
        minute += leg
        minute = (opens if minute < opens else minute) + service
        if door is not None:
            waiting, clicked, due, overdue = door
            total += waiting * (minute - clicked)
            if minute > due:
                total += self.late * (minute - due - overdue)
        return minute, load + more, total, row_from

    def finish(self, courier: int, state: State, stops: Iterable[int], bound: float = IMPOSSIBLE) -> float:
        """What the whole costs once ``stops`` are made as well, or :data:`IMPOSSIBLE`.

        Impossible is what breaks a hard rule, and what is found to cost ``bound`` or more. Precedence is
        the caller's affair.
        """
        minute, load, total, row = state
        numbers, driving, late, capacity = self.numbers, self.driving, self.late, self.capacity[courier]
        if total >= bound or load > capacity:
            return IMPOSSIBLE
        for stop in stops:
            node, opens, service, more, door, row_from = numbers[stop]
            leg = row[node]
            total += driving * leg
            minute += leg
            minute = (opens if minute < opens else minute) + service
            load += more
            if door is not None:
                waiting, clicked, due, overdue = door
                total += waiting * (minute - clicked)
                if minute > due:
                    total += late * (minute - due - overdue)
            elif load > capacity:
                return IMPOSSIBLE
            if total >= bound:
                return IMPOSSIBLE
            row = row_from
        return IMPOSSIBLE if minute > self.until[courier] else total

    def cost(self, courier: int, route: list[int]) -> float:
        """What ``route`` costs when ``courier`` drives it."""
        return self.finish(courier, self.start(courier), route) if route else 0.0

    def schedule(self, courier: int, route: list[int]) -> tuple[PlannedStop, ...]:
        """The times of ``route``, with the latest departure towards each stop that delays no drop-off."""
        minute, _, _, row = self.start(courier)
        times: list[tuple[float, float, float, float]] = []
        for stop in route:
            node, opens, service, _, _, row_from = self.numbers[stop]
            leg = row[node]
            arrive = max(minute + leg, 0.0)
            begin = max(arrive, opens)
            minute = begin + service
            times.append((leg, arrive, begin, minute))
            row = row_from
        planned: list[PlannedStop] = []
        slack = 0.0
        for stop, (leg, arrive, begin, finish) in zip(reversed(route), reversed(times), strict=True):
            # A stop may start later by as much as the stops after it wait, unless a customer waits here.
            tolerance = 0.0 if self.is_drop(stop) else slack
            planned.append(
                PlannedStop(
                    stop_id=self.stop_ids[stop],
                    basket_id=self.baskets[self.basket_of[stop]].basket_id,
                    leave=begin + tolerance - leg,
                    arrive=arrive,
                    start=begin,
                    finish=finish,
                )
            )
            slack = begin - arrive + tolerance
        return tuple(reversed(planned))
