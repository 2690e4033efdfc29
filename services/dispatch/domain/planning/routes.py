"""A snapshot as the engine's model: stops and couriers by number, what a route costs, and its times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.dispatch.domain.places import DEGREE_M, Position
from services.dispatch.domain.planning.problem import Basket, PlannedStop, Rider, Snapshot, Visit
from services.dispatch.engine.kernel import INF
from services.dispatch.engine.model import Effort, Job, Model, Stop, Vehicle
from services.dispatch.engine.search import Search
from services.dispatch.engine.timing import timed


@dataclass(frozen=True, kw_only=True)
class Added:
    """What one more basket adds to what a courier has promised: cost, time under way; and when it is done."""

    cost: float
    extra: float
    door: float


class Board:
    """A snapshot and its search. Baskets held by somebody who is not in the snapshot are nobody's to plan."""

    def __init__(self, snapshot: Snapshot, effort: Effort = Effort()) -> None:
        self.snapshot = snapshot
        self.riders = snapshot.riders
        couriers = {rider.courier_id: number for number, rider in enumerate(self.riders)}
        self.couriers = couriers
        self.baskets = tuple(b for b in snapshot.baskets if b.holder is None or b.holder in couriers)
        visits = [visit for basket in self.baskets for visit in (*basket.pickups, basket.drop_off)]
        self.stop_ids = [visit.stop_id for visit in visits]
        self.index = {stop_id: stop for stop, stop_id in enumerate(self.stop_ids)}
        self.promised = [[self.index[s] for s in rider.route if s in self.index] for rider in self.riders]
        places = [*(rider.place for rider in self.riders), *(visit.place for visit in visits)]
        self._numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
        self.model = Model(
            jobs=tuple(self._job(basket) for basket in self.baskets),
            vehicles=tuple(self._vehicle(*known) for known in zip(self.riders, self.promised, strict=True)),
            travel=() if snapshot.travel is None else snapshot.travel.rows_for(list(self._numbers)),
            points=()
            if snapshot.travel is not None
            else _plane(list(self._numbers), snapshot.metres_per_minute),
            riding=snapshot.weights.driving,
            late=snapshot.weights.lateness,
            seed=snapshot.seed,
            effort=effort,
        )
        self._search = Search(self.model)
        self._is_handed_out = False

    def search(self) -> Search:
        """A search that has not begun. The first one is the board's own: making one takes its time."""
        if self._is_handed_out:
            return Search(self.model, self._search.on, self._search.p)
        self._is_handed_out = True
        return self._search

    def cost(self, courier: int, route: Sequence[int]) -> float:
        """What ``route`` costs when ``courier`` drives it; precedence is the caller's affair."""
        cost = self._search.cost(courier, route)
        return math.inf if cost >= INF else cost

    def way_to(self, courier: int, job: int) -> float:
        """How far the courier, or the nearest of the promised stops, is from the basket's first stop."""
        p, goal = self._search.p, self._search.p.place[self._search.p.first[job]]
        places = [p.start[courier], *(p.place[stop] for stop in self.promised[courier])]
        return min(float(p.travel[place * p.places + goal]) for place in places)

    def added(self, courier: int, job: int) -> Added | None:
        """What the basket would add at least to what the courier has promised; ``None`` when it does not fit.

        Whatever the search has given the courier is forgotten.
        """
        search, promised = self._search, self.promised[courier]
        found = search.inserted(courier, promised, job)
        if found is None:
            return None
        cost, route = found
        before, after = timed(search.p, courier, promised), timed(search.p, courier, route)
        return Added(
            cost=cost,
            extra=after[-1].finish
            - max(before[-1].finish if before else float(search.p.free_at[courier]), 0.0),
            door=after[route.index(search.p.drop[job])].finish,
        )

    def schedule(self, courier: int, route: Sequence[int]) -> tuple[PlannedStop, ...]:
        """The times of ``route``, with the latest departure towards each stop that delays no drop-off."""
        p = self._search.p
        planned: list[PlannedStop] = []
        slack = 0.0
        for stop, served in zip(reversed(route), reversed(timed(p, courier, route)), strict=True):
            # A stop may start later by as much as the stops after it wait, unless a customer waits here, or a
            # break would begin.
            tolerance = 0.0 if p.is_drop[stop] or self.riders[courier].breaks else slack
            arrive = max(served.arrive, 0.0)
            planned.append(
                PlannedStop(
                    stop_id=self.stop_ids[stop],
                    basket_id=self.baskets[p.job_of[stop]].basket_id,
                    leave=served.start + tolerance - served.leg,
                    arrive=arrive,
                    start=served.start,
                    finish=served.finish,
                )
            )
            slack = served.start - arrive + tolerance
        return tuple(reversed(planned))

    def _job(self, basket: Basket) -> Job:
        # What has passed already is the same in every plan: only the future is judged.
        weights, overdue = self.snapshot.weights, max(0.0, -basket.due)
        return Job(
            pickups=tuple(self._stop(visit, visit.amount) for visit in basket.pickups),
            drop=self._stop(basket.drop_off, ()),
            on_board=basket.on_board,
            waiting=weights.waiting if basket.asap else 0.0,
            clicked=max(basket.clicked, 0.0),
            due=basket.due,
            overdue=overdue,
            penalty=weights.unassigned + weights.overdue_unassigned * overdue,
            holder=None if basket.holder is None else self.couriers[basket.holder],
            extra={self.couriers[c]: math.inf for c in basket.barred if c in self.couriers},
            announced=None if basket.announced is None else self.couriers.get(basket.announced),
            moving=weights.moving,
        )

    def _stop(self, visit: Visit, amount: tuple[int, ...]) -> Stop:
        opens = max(visit.ready, 0.0)
        return Stop(place=self._numbers[visit.place], opens=opens, service=visit.service, amount=amount)

    def _vehicle(self, rider: Rider, promised: Sequence[int]) -> Vehicle:
        return Vehicle(
            start=self._numbers[rider.place],
            free_at=rider.free_at,
            until=rider.until,
            loads_until=rider.loads_until,
            speed_factor=rider.speed_factor,
            capacity=rider.capacity,
            load=rider.load,
            route=tuple(promised),
            frozen=min(rider.frozen, len(promised)),
            new=rider.new,
            breaks=rider.breaks,
        )


def _plane(places: Sequence[Position], metres_per_minute: float) -> list[tuple[float, float]]:
    """The places in minutes of travel east and north on the plane that touches the zone.

    A zone is small: distances on it are within 0.1 % of the great circle.
    """
    middle = math.radians(sum(place.lat for place in places) / len(places)) if places else 0.0
    east, north = DEGREE_M * math.cos(middle) / metres_per_minute, DEGREE_M / metres_per_minute
    return [(place.lon * east, place.lat * north) for place in places]
