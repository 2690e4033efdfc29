"""The numbers a search works on: stops and couriers by index, and what a route costs."""

from __future__ import annotations

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import NEVER, Basket, PlannedStop, Rider, Snapshot
from services.dispatch.domain.planning.travel import TravelTimes

IMPOSSIBLE = NEVER


class Board:
    """A snapshot in flat lists, so that a route of stop indexes can be judged in one pass."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.baskets = snapshot.baskets
        self.riders = snapshot.riders
        self._nodes: dict[Position, int] = {}
        self.stop_ids: list[str] = []
        self.node: list[int] = []
        self.ready: list[float] = []
        self.service: list[float] = []
        self.basket_of: list[int] = []
        self.is_drop: list[bool] = []
        self.clicked: list[float] = []
        self.due: list[float] = []
        self.overdue: list[float] = []
        self.waiting: list[float] = []
        self.load: list[int] = []
        self.pickups: list[tuple[int, ...]] = []
        self.drop: list[int] = []
        self.volume: list[int] = []
        for number, basket in enumerate(self.baskets):
            self._add(number, basket)
        self.index = {stop_id: stop for stop, stop_id in enumerate(self.stop_ids)}
        self.start = [self._node(rider.place) for rider in self.riders]
        self.travel = TravelTimes(list(self._nodes), snapshot.metres_per_minute)
        self.capacity = [rider.capacity for rider in self.riders]
        self.until = [rider.until for rider in self.riders]
        self.promised = [self._promised(rider) for rider in self.riders]
        self.holder = self._holders()
        for courier, route in enumerate(self.promised):
            self._admit(courier, route)

    def _add(self, number: int, basket: Basket) -> None:
        weights = self.snapshot.weights
        first = len(self.stop_ids)
        for visit in (*basket.pickups, basket.drop_off):
            drop = visit is basket.drop_off
            self.stop_ids.append(visit.stop_id)
            self.node.append(self._node(visit.place))
            self.ready.append(max(visit.ready, 0.0))
            self.service.append(visit.service)
            self.basket_of.append(number)
            self.is_drop.append(drop)
            # What has passed already is the same in every plan: only the future is judged.
            self.clicked.append(max(basket.clicked, 0.0) if basket.asap else 0.0)
            self.due.append(basket.due)
            self.overdue.append(max(0.0, -basket.due))
            self.waiting.append(weights.waiting if basket.asap else 0.0)
            self.load.append(1)
        self.pickups.append(tuple(range(first, first + len(basket.pickups))))
        self.drop.append(first + len(basket.pickups))
        self.volume.append(len(basket.pickups))
        self.load[-1] = -len(basket.pickups)

    def _node(self, place: Position) -> int:
        return self._nodes.setdefault(place, len(self._nodes))

    def _promised(self, rider: Rider) -> list[int]:
        return [self.index[stop_id] for stop_id in rider.route if stop_id in self.index]

    def _holders(self) -> list[int | None]:
        numbers = {rider.courier_id: number for number, rider in enumerate(self.riders)}
        holders = [None if b.holder is None else numbers.get(b.holder) for b in self.baskets]
        for courier, route in enumerate(self.promised):
            for stop in route:
                holders[self.basket_of[stop]] = courier
        return holders

    def _admit(self, courier: int, route: list[int]) -> None:
        """A promise already made is possible by definition, however late its courier is or full."""
        load = peak = self.riders[courier].load
        for stop in route:
            if self.is_drop[stop]:
                continue
            load += 1
            peak = max(peak, load)
        self.capacity[courier] = max(self.capacity[courier], peak)
        if route:
            self.until[courier] = max(self.until[courier], self.finish(courier, route))

    def finish(self, courier: int, route: list[int]) -> float:
        """When ``courier`` would finish ``route``, whatever its shift says."""
        here, minute = self.start[courier], self.riders[courier].free_at
        for stop in route:
            minute = max(minute + self.travel.row(here)[self.node[stop]], self.ready[stop])
            minute += self.service[stop]
            here = self.node[stop]
        return minute

    def cost(self, courier: int, route: list[int], bound: float = IMPOSSIBLE) -> float:
        """What ``route`` costs when ``courier`` drives it; :data:`IMPOSSIBLE` when it breaks a hard rule.

        Precedence is the caller's affair. A route found to cost ``bound`` or more is given up early.
        """
        if not route:
            return 0.0
        row_of, node, ready, service = self.travel.row, self.node, self.ready, self.service
        is_drop, load_of = self.is_drop, self.load
        weights = self.snapshot.weights
        driving, late = weights.driving, weights.lateness
        rider = self.riders[courier]
        minute, load, capacity = rider.free_at, rider.load, self.capacity[courier]
        row = row_of(self.start[courier])
        total = 0.0
        for stop in route:
            place = node[stop]
            leg = row[place]
            total += driving * leg
            minute += leg
            opens = ready[stop]
            minute = (opens if minute < opens else minute) + service[stop]
            load += load_of[stop]
            if is_drop[stop]:
                total += self.waiting[stop] * (minute - self.clicked[stop])
                lateness = minute - self.due[stop]
                if lateness > 0.0:
                    total += late * (lateness - self.overdue[stop])
            elif load > capacity:
                return IMPOSSIBLE
            if total >= bound:
                return IMPOSSIBLE
            row = row_of(place)
        return IMPOSSIBLE if minute > self.until[courier] else total

    def schedule(self, courier: int, route: list[int]) -> tuple[PlannedStop, ...]:
        """The times of ``route``, with the latest departure towards each stop that delays no drop-off."""
        here, minute = self.start[courier], self.riders[courier].free_at
        times: list[tuple[float, float, float]] = []
        for stop in route:
            leg = self.travel.row(here)[self.node[stop]]
            arrive = max(minute + leg, 0.0)
            begin = max(arrive, self.ready[stop])
            minute = begin + self.service[stop]
            times.append((leg, arrive, begin))
            here = self.node[stop]
        planned: list[PlannedStop] = []
        slack = 0.0
        for stop, (leg, arrive, begin) in zip(reversed(route), reversed(times), strict=True):
            # A stop may start later by as much as the stops after it wait, unless a customer waits here.
            tolerance = 0.0 if self.is_drop[stop] else slack
            planned.append(
                PlannedStop(
                    stop_id=self.stop_ids[stop],
                    basket_id=self.baskets[self.basket_of[stop]].basket_id,
                    leave=begin + tolerance - leg,
                    arrive=arrive,
                    start=begin,
                    finish=begin + self.service[stop],
                )
            )
            slack = begin - arrive + tolerance
        return tuple(reversed(planned))
