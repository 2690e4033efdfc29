"""A model in, routes out: take over what was thought before, build by regret, improve as long as may be.

Pure and repeatable: the same model, rounds and seed give the same routes on either machine, unless time ends
the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.dispatch.engine.kernel import INF, home
from services.dispatch.engine.machine import Machine, machine
from services.dispatch.engine.model import Model
from services.dispatch.engine.problem import Problem
from services.dispatch.engine.rows import problem_of, state_of

# Rounds between two looks at the clock: plain Python makes some hundreds a second, the compiled kernel some
# ten thousands.
_AT_ONCE = {"plain": 1, "compiled": 8}


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Stops by vehicle, the jobs nobody has, what the whole costs, and the rounds of improvement made."""

    stops: tuple[tuple[int, ...], ...]
    unassigned: tuple[int, ...]
    cost: float
    rounds: int


class Search:
    """A search on one machine. It starts with what is promised; ``problem`` may come from one before it."""

    def __init__(self, model: Model, on: Machine | None = None, problem: Problem | None = None) -> None:
        self.on = on or machine()
        self.p = p = problem or problem_of(model, self.on)
        self.s = s = state_of(p, model, self.on)
        self.inside = self.on.enter(p, s)
        self.cut = (model.effort.average, model.effort.longest)
        self.most_rounds_at_once = _AT_ONCE[self.on.name]
        for vehicle in range(p.vehicles):
            promised = self.promised(vehicle)
            if promised:
                self.lay(vehicle, promised)
                self._admit(vehicle, promised)
                for stop in promised:
                    s.vehicle_of[p.job_of[stop]], s.penalty[p.job_of[stop]] = vehicle, INF

    def run(
        self,
        *,
        rounds: int = 12,
        keep_going: Callable[[], bool] = lambda: True,
        keep_building: Callable[[], bool] = lambda: True,
        wished: Iterable[tuple[int, Sequence[int]]] = (),
    ) -> Routes:
        """Feasible routes: precedence, one vehicle a job, windows, shifts, breaks, capacity, promises kept.

        ``wished`` are routes by vehicle to start from, as far as they are possible. ``rounds`` bounds the
        improvement; ``keep_going`` is asked before every few of them and may end it. ``keep_building`` is
        asked after each insertion: once it says no, what nobody has is left for the next search; at least one
        job is tried.
        """
        for vehicle, route in wished:
            self.take_over(vehicle, route)
        self.build(keep_building)
        done = 0
        while len(self.p.movable) and done < rounds and keep_going():
            batch = min(self.most_rounds_at_once, rounds - done)
            self.on.improve(*self.inside, batch, 0.0, 1.0, 0.0, *self.cut, 0.0)
            done += batch
        return self.answer(done)

    def promised(self, vehicle: int) -> list[int]:
        """The stops that the vehicle has promised."""
        p = self.p
        return [int(stop) for stop in p.promised[p.promised_from[vehicle] : p.promised_from[vehicle + 1]]]

    def lay(self, row: int, route: Sequence[int]) -> None:
        """Put the stops of ``route`` into a row."""
        for k, stop in enumerate(route):
            self.s.routes[row * self.p.room + k] = stop
        self.s.length[row] = len(route)

    def route_of(self, row: int) -> tuple[int, ...]:
        """The stops in a row."""
        base = row * self.p.room
        return tuple(int(stop) for stop in self.s.routes[base : base + self.s.length[row]])

    def cost(self, vehicle: int, route: Sequence[int]) -> float:
        """What it costs that the vehicle drives ``route``, ``INF`` if a hard rule other than order breaks."""
        if len(route) > self.p.room:
            return INF
        self.lay(self.p.vehicles, route)
        return float(self.on.refresh(*self.inside, self.p.vehicles, vehicle))

    def inserted(self, vehicle: int, route: Sequence[int], job: int) -> tuple[float, tuple[int, ...]] | None:
        """What adding the job to ``route`` costs at least, and the route then; ``None`` when it may not be.

        ``route`` becomes the vehicle's.
        """
        self.lay(vehicle, route)
        self.on.refresh(*self.inside, vehicle, vehicle)
        extra = float(self.on.best_insertion(*self.inside, vehicle, job, INF))
        return None if extra >= INF else (extra, self.route_of(self.p.vehicles + 1))

    def build(self, keep_building: Callable[[], bool] = lambda: True) -> None:
        """Give away what nobody has, the most urgent first, until time is up."""
        at = 0
        while at < len(self.p.urgent):
            at = self.on.start_group(*self.inside, at)
            while self.on.insert_next(*self.inside):
                if not keep_building():
                    return
            if not keep_building():
                return

    def answer(self, rounds: int) -> Routes:
        """Where the search stands, in plain numbers."""
        return Routes(
            stops=tuple(self.route_of(vehicle) for vehicle in range(self.p.vehicles)),
            unassigned=tuple(job for job in range(self.p.jobs) if self.s.vehicle_of[job] < 0),
            cost=float(self.on.total(*self.inside)),
            rounds=rounds,
        )

    def take_over(self, vehicle: int, wished: Sequence[int]) -> None:
        """Make the wished route the vehicle's, without as many of its last jobs as make it impossible."""
        p, s = self.p, self.s
        promised = self.promised(vehicle)
        frozen = promised[: p.frozen[vehicle]]
        jobs = dict.fromkeys(int(p.job_of[stop]) for stop in wished)
        fresh = [job for job in jobs if self._is_free(vehicle, job, wished)]
        while True:
            kept = set(fresh)
            rest = [
                stop
                for stop in wished
                if stop not in frozen and (p.job_of[stop] in kept or s.vehicle_of[p.job_of[stop]] == vehicle)
            ]
            missing = set(promised) - set(rest) - set(frozen)
            route = list(dict.fromkeys([*frozen, *(promised if missing else ()), *rest]))
            if self._is_in_order(route) and self.cost(vehicle, route) < INF:
                break
            if not fresh:
                return
            fresh.pop()
        self.lay(vehicle, route)
        self.on.refresh(*self.inside, vehicle, vehicle)
        for job in fresh:
            s.vehicle_of[job] = vehicle

    def _is_free(self, vehicle: int, job: int, wished: Sequence[int]) -> bool:
        """Whether nobody has the job, the vehicle may take it, and all its stops are wished for."""
        p = self.p
        return (
            self.s.vehicle_of[job] < 0
            and p.extra_of[job * p.vehicles + vehicle] < INF
            and set(range(p.first[job], p.drop[job] + 1)) <= set(wished)
        )

    def _is_in_order(self, route: Sequence[int]) -> bool:
        p, place = self.p, {stop: at for at, stop in enumerate(route)}
        return all(
            place.get(pickup, -1) < at
            for stop, at in place.items()
            if p.is_drop[stop]
            for pickup in range(p.first[p.job_of[stop]], stop)
        )

    def _admit(self, vehicle: int, route: Sequence[int]) -> None:
        """A promise already made is possible by definition, however late its vehicle is or full."""
        p, s = self.p, self.s
        for d in range(p.dimensions):
            at = vehicle * p.dimensions + d
            most = p.load[at]
            most += sum(p.amount[stop * p.dimensions + d] for stop in route if not p.is_drop[stop])
            p.capacity[at] = max(p.capacity[at], most)
        self.on.refresh(*self.inside, vehicle, vehicle)
        base = vehicle * p.room
        for k, stop in enumerate(route):
            begins = s.leaves[base + k] - p.service[stop]
            p.closes[stop] = max(p.closes[stop], begins)
            if not p.is_drop[stop]:
                p.loads_until[vehicle] = max(p.loads_until[vehicle], begins)
        ended = s.leaves[base + len(route) - 1] + home(p, vehicle, p.place[route[-1]])
        p.until[vehicle] = max(p.until[vehicle], ended)
        self.on.refresh(*self.inside, vehicle, vehicle)
