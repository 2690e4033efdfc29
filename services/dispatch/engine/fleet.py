"""As few vehicles as possible, then as little riding: for problems where every job has to be done.

Vehicles are taken out one by one, and what nobody has becomes dearer to leave the longer it is left, until a
solution without it is found; what time remains goes into shortening the routes, hot at first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.dispatch.engine.kernel import INF
from services.dispatch.engine.machine import Machine
from services.dispatch.engine.model import Model
from services.dispatch.engine.search import Search

_LEFT_OUT = 1000.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the time is spent: the share for fewer vehicles, and how hot the search is from first to last."""

    fewer: float = 0.4
    hot: float = 50.0
    cold: float = 0.1
    average: float = 10.0
    longest: float = 10.0
    blink: float = 0.01
    at_once: int = 100


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Stops by vehicle, without the empty ones, their cost, and the rounds made. Empty: none was found."""

    stops: tuple[tuple[int, ...], ...]
    cost: float
    rounds: int


def smallest_fleet(
    model: Model, spent: Callable[[], float], on: Machine | None = None, pace: Pace = Pace()
) -> Fleet:
    """The fewest vehicles found, and their shortest routes; ``spent`` says what share of time is over."""
    return _Fleet(Search(model, on), spent, pace).run()


class _Fleet:
    def __init__(self, search: Search, spent: Callable[[], float], pace: Pace) -> None:
        self.search, self.spent, self.pace = search, spent, pace
        self.complete: list[tuple[int, ...]] | None = None
        self.rounds = 0

    def run(self) -> Fleet:
        self.search.build()
        self._forget_idle()
        while self.spent() < (self.pace.fewer if self.complete else 1.0):
            if self._is_complete():
                self._remember()
                if not self._take_away_one():
                    break
            heat = self._heat(self.spent() / self.pace.fewer)
            self._improve(heat, learning=_LEFT_OUT)
        if self._is_complete():
            self._remember()
        if self.complete is None:
            return Fleet(stops=(), cost=INF, rounds=self.rounds)
        self._restore()
        s = self.search.s
        s.best_cost[0] = INF
        self._improve(1e-9, learning=0.0)
        began = self.spent()
        while (now := self.spent()) < 1.0:
            self._improve(self._heat((now - began) / (1.0 - began)), learning=0.0)
        return self._best()

    def _improve(self, heat: float, learning: float) -> None:
        pace, search = self.pace, self.search
        self.rounds += search.on.improve(
            *search.inside, pace.at_once, heat, 1.0, pace.blink, pace.average, pace.longest, learning
        )

    def _heat(self, share: float) -> float:
        hot, cold = self.pace.hot, self.pace.cold
        return float(hot * (cold / hot) ** min(1.0, share))

    def _is_complete(self) -> bool:
        return all(self.search.s.vehicle_of[job] >= 0 for job in range(self.search.p.jobs))

    def _remember(self) -> None:
        self.complete = [self.search.route_of(vehicle) for vehicle in range(self.search.p.vehicles)]

    def _forget_idle(self) -> None:
        for vehicle in range(self.search.p.vehicles):
            if self.search.s.length[vehicle] == 0 and self._is_complete():
                self._ban(vehicle)

    def _ban(self, vehicle: int) -> None:
        p = self.search.p
        for job in range(p.jobs):
            p.extra_of[job * p.vehicles + vehicle] = INF

    def _take_away_one(self) -> bool:
        """Take the vehicle whose jobs were easiest to place out of service; false when it is the last."""
        search, p, s = self.search, self.search.p, self.search.s
        used = [vehicle for vehicle in range(p.vehicles) if s.length[vehicle] > 0]
        for vehicle in range(p.vehicles):
            if vehicle not in used:
                self._ban(vehicle)
        if len(used) < 2:
            return False
        weights = {
            vehicle: sum(s.penalty[job] for job in range(p.jobs) if s.vehicle_of[job] == vehicle)
            for vehicle in used
        }
        chosen = min(used, key=lambda vehicle: (weights[vehicle], vehicle))
        self._ban(chosen)
        for job in range(p.jobs):
            if s.vehicle_of[job] == chosen:
                s.vehicle_of[job] = -1
        search.lay(chosen, ())
        search.on.refresh(*search.inside, chosen, chosen)
        self._look_around_again()
        return True

    def _look_around_again(self) -> None:
        for job in range(self.search.p.jobs):
            self.search.s.near_count[job] = -1

    def _restore(self) -> None:
        """Go back to the last complete solution, with its vehicles alone."""
        search, p, s = self.search, self.search.p, self.search.s
        assert self.complete is not None
        for vehicle, route in enumerate(self.complete):
            search.lay(vehicle, route)
            search.on.refresh(*search.inside, vehicle, vehicle)
            for job in range(p.jobs):
                p.extra_of[job * p.vehicles + vehicle] = 0.0 if route else INF
            for stop in route:
                s.vehicle_of[p.job_of[stop]] = vehicle
        for job in range(p.jobs):
            s.penalty[job] = INF
        self._look_around_again()

    def _best(self) -> Fleet:
        search, p, s = self.search, self.search.p, self.search.s
        routes = []
        for vehicle in range(p.vehicles):
            base = vehicle * p.room
            routes.append(tuple(int(stop) for stop in s.best_routes[base : base + s.best_length[vehicle]]))
        if s.best_cost[0] >= INF:
            assert self.complete is not None
            routes = list(self.complete)
        cost = sum(search.cost(vehicle, route) for vehicle, route in enumerate(routes) if route)
        return Fleet(stops=tuple(route for route in routes if route), cost=cost, rounds=self.rounds)
