"""`linli bench lilim`: Li and Lim's instances, fewest vehicles first, then the shortest way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linli.bench.pdptw import Instance, check, files_in, read, read_best, write_solution
from linli.cli.needing import need_pyvrp
from linli.failures import Failure
from services.dispatch.adapters.pyvrp_pairs import PyVrpPairs
from services.dispatch.domain.planning.pairs import Call, Errand, Pairs
from services.dispatch.engine.fleet import Pace, smallest_fleet
from services.dispatch.engine.machine import machine, warm_up
from services.dispatch.engine.model import Effort, Job, Model, Stop, Vehicle

# How much longer than the best known way still counts as reached.
NEAR = 1.0


class Solver(StrEnum):
    own = "own"
    pyvrp = "pyvrp"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A solver's routes of task numbers, none when it found nothing, and what is wrong with them."""

    routes: Sequence[Sequence[int]] = ()
    length: float = 0.0
    wrong: Sequence[str] = ()
    tries: int = 0


def lilim(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Instances, or folders of them.")],
    solutions: Annotated[
        Path | None, typer.Option(help="A folder for the solutions, one file an instance, in SINTEF's form.")
    ] = None,
    best: Annotated[
        Path | None, typer.Option(help="A table instance,vehicles,distance to compare with.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.05, help="Of the processor, for each instance.")] = 5.0,
    solver: Annotated[
        list[Solver] | None, typer.Option(help="own if not given; twice: both, beside each other.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Other seeds look elsewhere.")] = 1,
) -> None:
    """Li and Lim's pickup and delivery instances: as few vehicles as possible, then as short a way.

    Every solution is judged (order, windows, loads, every task once) apart from whoever found it. Ends
    with 1 when for an instance nothing was found, or something that does not hold.
    """
    solvers = list(dict.fromkeys(solver or [Solver.own]))
    if Solver.pyvrp in solvers:
        need_pyvrp()
    instances = [read(file) for file in files_in(paths)]
    known = read_best(best) if best else {}
    if Solver.own in solvers:
        warm_up()
    console = Console(highlight=False)
    kernel = f"; own: kernel {machine().name}" if Solver.own in solvers else ""
    console.print(f"{len(instances)} instances, {seconds:g} s of the processor each, seed {seed}{kernel}")
    table = _Tally(solvers, known)
    table.head(console)
    for instance in instances:
        results: dict[Solver, Found] = {}
        for who in solvers:
            with console.status(f"{instance.name}: {who}"):
                results[who] = solve(instance, who, seconds, seed)
            if solutions and results[who].routes and not results[who].wrong:
                folder = solutions / who if len(solvers) > 1 else solutions
                write_solution(
                    folder / f"{instance.name}.txt",
                    instance.name,
                    results[who].routes,
                    on=datetime.now(UTC).date(),
                    reference=f"linli bench lilim --solver {who} --seconds {seconds:g} --seed {seed}",
                )
        table.row(console, instance.name, results)
    table.close(console)


def solve(instance: Instance, who: Solver, seconds: float, seed: int) -> Found:
    """What a solver finds in so many seconds of the processor, judged."""
    routes, tries = _OF[who](instance, seconds, seed)
    if not routes and instance.pairs:
        return Found(wrong=["no solution was found"], tries=tries)
    wrong, length = check(instance, routes)
    return Found(routes=routes, length=length, wrong=wrong, tries=tries)


def model_of(instance: Instance, seed: int) -> tuple[Model, list[int]]:
    """The engine's model, and the task of each of its stops."""
    jobs: list[Job] = []
    numbers: list[int] = []
    for task, goal in instance.pairs:
        pickup = Stop(
            place=task.number,
            opens=task.opens,
            closes=task.closes,
            service=task.service,
            amount=(task.demand,),
        )
        jobs.append(
            Job(
                pickups=(pickup,),
                drop=Stop(place=goal.number, opens=goal.opens, closes=goal.closes, service=goal.service),
                penalty=1000.0,
                rank=min(goal.closes - goal.opens, task.closes - task.opens),
            )
        )
        numbers += [task.number, goal.number]
    tasks = instance.tasks
    one = Vehicle(start=0, end=0, until=tasks[0].closes, capacity=(instance.capacity,), kind=0)
    travel = [instance.distance(a.number, b.number) for a in tasks for b in tasks]
    far = len(jobs) + instance.vehicles
    effort = Effort(
        most_stops=len(tasks), nearest_idle=far, nearest_busy=far, related=len(jobs), most_waiting=len(jobs)
    )
    model = Model(jobs=jobs, vehicles=(one,) * instance.vehicles, travel=travel, seed=seed, effort=effort)
    return model, numbers


def _own(instance: Instance, seconds: float, seed: int) -> tuple[list[list[int]], int]:
    began = time.thread_time()
    model, numbers = model_of(instance, seed)
    found = smallest_fleet(model, lambda: (time.thread_time() - began) / seconds, pace=Pace())
    return [[numbers[stop] for stop in route] for route in found.stops], found.rounds


def _pyvrp(instance: Instance, seconds: float, seed: int) -> tuple[list[list[int]], int]:
    def call(number: int) -> Call:
        task = instance.tasks[number]
        return Call(place=number, opens=task.opens, closes=task.closes, service=task.service)

    ends = [(task.number, goal.number) for task, goal in instance.pairs]
    places = range(len(instance.tasks))
    pairs = Pairs(
        errands=[Errand(pickup=call(a), drop=call(b), amount=instance.tasks[a].demand) for a, b in ends],
        travel=[[instance.distance(a, b) for b in places] for a in places],
        vehicles=instance.vehicles,
        capacity=instance.capacity,
        ends=instance.tasks[0].closes,
    )
    found = PyVrpPairs().solve(pairs, seconds, seed)
    if found is None:
        return [], 0
    return [[ends[errand][is_drop] for errand, is_drop in one] for one in found.rounds], found.tries


_OF: dict[Solver, Callable[[Instance, float, int], tuple[list[list[int]], int]]] = {
    Solver.own: _own,
    Solver.pyvrp: _pyvrp,
}


class _Tally:
    """A line for each instance as it is done, and what it comes to."""

    def __init__(self, solvers: Sequence[Solver], known: dict[str, tuple[int, float]]) -> None:
        self._solvers, self._known = solvers, known
        self._reached = dict.fromkeys(solvers, 0)
        self._same = dict.fromkeys(solvers, 0)
        self._vehicles = dict.fromkeys(solvers, 0)
        self._compared = self._best_vehicles = self._failed = 0

    def head(self, console: Console) -> None:
        line = f"{'instance':12}"
        line += f"{'best':>5}{'distance':>11}" if self._known else ""
        for who in self._solvers:
            line += f"{who:>8}{'distance':>11}" + (f"{'gap %':>8} " if self._known else "")
        console.print(line, soft_wrap=True)

    def row(self, console: Console, name: str, results: dict[Solver, Found]) -> None:
        best = self._known.get(name.lower())
        line = f"{name:12}"
        if self._known:
            line += f"{best[0]:5}{best[1]:11.2f}" if best else f"{'-':>5}{'-':>11}"
            self._compared += best is not None
            self._best_vehicles += best[0] if best else 0
        for who, found in results.items():
            if found.wrong:
                line += f"  {'; '.join(found.wrong[:3])}"
                self._failed += 1
                continue
            line += f"{len(found.routes):8}{found.length:11.2f}"
            if best:
                line += self._gap(who, found, best)
            elif self._known:
                line += f"{'-':>8} "
        console.print(line, soft_wrap=True)

    def _gap(self, who: Solver, found: Found, best: tuple[int, float]) -> str:
        vehicles, distance = best
        gap = 100 * (found.length / distance - 1)
        is_near = len(found.routes) < vehicles or (len(found.routes) == vehicles and gap <= NEAR)
        self._reached[who] += is_near
        self._same[who] += len(found.routes) == vehicles and abs(gap) < 0.005
        self._vehicles[who] += len(found.routes)
        return f"{gap:8.2f}{' ' if is_near else '*'}"

    def close(self, console: Console) -> None:
        if self._compared:
            table = Table(title=f"{self._compared} compared with the best known", title_justify="left")
            for name in ("", "no vehicle more, within 1 %", "the best known itself", "vehicles, best known"):
                table.add_column(name, justify="right" if name else "left")
            for who in self._solvers:
                vehicles = f"{self._vehicles[who]}, {self._best_vehicles}"
                table.add_row(who.value, str(self._reached[who]), str(self._same[who]), vehicles)
            console.print(table)
            console.print("* more vehicles, or more than 1 % longer.")
        if self._failed:
            raise Failure(f"{self._failed} of the solutions do not hold, or were not found.")
