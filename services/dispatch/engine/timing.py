"""When the stops of a route are reached, served and left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.dispatch.engine.kernel import begin
from services.dispatch.engine.problem import Problem


@dataclass(frozen=True, slots=True)
class Served:
    """A stop: the travel towards it, the arrival, the beginning and the end of service."""

    leg: float
    arrive: float
    start: float
    finish: float


def timed(p: Problem, vehicle: int, route: Iterable[int]) -> list[Served]:
    """The times of ``route``, driven without a pause that no rule asks for; windows may be missed."""
    minute, at, times = p.free_at[vehicle], p.start[vehicle], []
    for stop in route:
        leg = float(p.travel[at * p.places + p.place[stop]] * p.slowness[vehicle])
        arrive = float(minute + leg)
        start = float(begin(p, vehicle, arrive, stop))
        minute, at = start + float(p.service[stop]), p.place[stop]
        times.append(Served(leg, arrive, start, minute))
    return times
