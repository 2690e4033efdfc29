"""Slots planned by the engine itself: shops of different orders may take turns, which no errand can."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from services.dispatch.domain.planning.slots import Booked, Planned, SlotWork
from services.dispatch.domain.planning.slots import Stop as SlotStop
from services.dispatch.engine.fleet import Pace, smallest_fleet
from services.dispatch.engine.model import Effort, Job, Model, Stop, Vehicle

# Minutes of a slot are few and its orders near each other: less heat than for a day's tours.
_PACE = Pace(hot=5.0, cold=0.05)


class OwnSlots:
    """:class:`services.dispatch.domain.planning.slots.SlotSolver` that needs nothing installed."""

    name = "own"

    def __init__(self, effort: Callable[[], float] = time.thread_time) -> None:
        self._effort = effort

    def solve(self, work: SlotWork, seconds: float, seed: int) -> Planned:
        late = [one.order_id for one in work.booked if not _fits_alone(work, one)]
        able = [one for one in work.booked if one.order_id not in late]
        if not able:
            return Planned(rounds=(), late=tuple(late), solver=self.name)
        model, stops = _model(work, able, seed)
        began = self._effort()
        found = smallest_fleet(model, lambda: (self._effort() - began) / seconds, pace=_PACE)
        rounds = tuple(tuple(stops[stop] for stop in one) for one in found.stops)
        if not rounds:
            # Each by itself is possible, as was seen above.
            rounds = tuple(tuple(_stops_of(one)) for one in able)
        return Planned(rounds=rounds, late=tuple(late), solver=self.name)


def _fits_alone(work: SlotWork, one: Booked) -> bool:
    settings = work.settings
    stops = [*one.shops, one.door]
    way = sum(work.minutes(a, b) for a, b in pairwise(stops))
    reached = way + settings.pickup_service_minutes * len(one.shops)
    return max(reached, work.opens) + settings.drop_off_service_minutes <= work.ends


def _stops_of(one: Booked) -> list[SlotStop]:
    shops = [SlotStop(booked=one, shop=number) for number in range(len(one.shops))]
    return [*shops, SlotStop(booked=one, shop=None)]


def _model(work: SlotWork, booked: Sequence[Booked], seed: int) -> tuple[Model, list[SlotStop]]:
    settings = work.settings
    stops = [stop for one in booked for stop in _stops_of(one)]
    numbers = iter(range(1, len(stops) + 1))
    jobs = [
        Job(
            pickups=tuple(
                Stop(place=next(numbers), service=settings.pickup_service_minutes, amount=(1,))
                for _ in one.shops
            ),
            drop=Stop(
                place=next(numbers),
                opens=work.opens,
                closes=work.ends - settings.drop_off_service_minutes,
                service=settings.drop_off_service_minutes,
            ),
            penalty=1000.0,
        )
        for one in booked
    ]
    places = [stop.place for stop in stops]
    travel = [0.0] * (len(places) + 1)
    for here in places:
        travel += [0.0, *(work.minutes(here, there) for there in places)]
    most = max([settings.capacity, *(len(one.shops) for one in booked)])
    vehicle = Vehicle(start=0, end=0, until=work.ends, capacity=(most,), kind=0)
    far = 2 * len(jobs)
    effort = Effort(
        most_stops=len(stops),
        nearest_idle=far,
        nearest_busy=far,
        related=min(len(jobs), 12),
        most_waiting=len(jobs),
    )
    model = Model(jobs=jobs, vehicles=(vehicle,) * len(jobs), travel=travel, seed=seed, effort=effort)
    return model, stops
