"""Li & Lim's pickup and delivery problem with time windows: fewest vehicles first, then the shortest way.

    .venv/bin/python -m benchmarks.lilim FOLDER_OR_FILES… --best best_known.csv --seconds 5 --solutions OUT

Instances are in the form of SINTEF's collection; distances are Euclidean, in doubles. Every solution is
checked here, apart from the engine. Solutions are written as SINTEF writes them: a route of tasks a line.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from services.dispatch.engine.fleet import Pace, smallest_fleet
from services.dispatch.engine.machine import machine, warm_up
from services.dispatch.engine.model import Effort, Job, Model, Stop, Vehicle


@dataclass(frozen=True)
class Task:
    number: int
    x: float
    y: float
    demand: int
    opens: float
    closes: float
    service: float
    pickup: int
    delivery: int


@dataclass(frozen=True)
class Instance:
    name: str
    vehicles: int
    capacity: int
    tasks: tuple[Task, ...]

    def distance(self, start: int, end: int) -> float:
        a, b = self.tasks[start], self.tasks[end]
        return math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2)


def read(file: Path) -> Instance:
    """An instance; task 0 is the depot."""
    rows = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    tasks = tuple(
        Task(int(n), float(x), float(y), int(q), float(a), float(b), float(s), int(p), int(d))
        for n, x, y, q, a, b, s, p, d in rows[1:]
    )
    return Instance(file.stem, int(rows[0][0]), int(rows[0][1]), tasks)


def model_of(instance: Instance, seed: int) -> tuple[Model, list[int]]:
    """The engine's model, and the task of each of its stops."""
    depot, tasks = instance.tasks[0], instance.tasks
    jobs, numbers = [], []
    for task in tasks[1:]:
        if task.delivery:
            goal = tasks[task.delivery]
            jobs.append(
                Job(
                    pickups=(
                        Stop(
                            place=task.number,
                            opens=task.opens,
                            closes=task.closes,
                            service=task.service,
                            amount=(task.demand,),
                        ),
                    ),
                    drop=Stop(place=goal.number, opens=goal.opens, closes=goal.closes, service=goal.service),
                    penalty=1000.0,
                    rank=min(goal.closes - goal.opens, task.closes - task.opens),
                )
            )
            numbers += [task.number, goal.number]
    one = Vehicle(start=0, end=0, until=depot.closes, capacity=(instance.capacity,), kind=0)
    travel = [instance.distance(a.number, b.number) for a in tasks for b in tasks]
    far = len(jobs) + instance.vehicles
    effort = Effort(
        most_stops=len(tasks), nearest_idle=far, nearest_busy=far, related=len(jobs), most_waiting=len(jobs)
    )
    model = Model(jobs=jobs, vehicles=(one,) * instance.vehicles, travel=travel, seed=seed, effort=effort)
    return model, numbers


def check(instance: Instance, routes: Sequence[Sequence[int]]) -> tuple[list[str], float]:
    """What is wrong with the routes, in sentences, and how long they are. It knows nothing of the engine."""
    wrong, length = [], 0.0
    seen = [task for route in routes for task in route]
    if sorted(seen) != list(range(1, len(instance.tasks))):
        wrong.append("not every task is done once")
    if len(routes) > instance.vehicles:
        wrong.append("there are not so many vehicles")
    for route in routes:
        at, minute, load = 0, 0.0, 0
        for number in (*route, 0):
            task = instance.tasks[number]
            length += instance.distance(at, number)
            minute = max(minute + instance.distance(at, number), task.opens)
            if minute > task.closes + 1e-6:
                wrong.append(f"task {number} begins at {minute:.3f}, after {task.closes}")
            minute, at, load = minute + task.service, number, load + task.demand
            if not 0 <= load <= instance.capacity:
                wrong.append(f"after task {number} the load is {load}")
        for place, number in enumerate(route):
            pickup = instance.tasks[number].pickup
            if pickup and pickup not in route[:place]:
                wrong.append(f"task {number} comes before its pickup, or elsewhere")
    return wrong, length


def solve(instance: Instance, seconds: float, seed: int, pace: Pace) -> tuple[list[list[int]], int]:
    """Routes of task numbers after so many seconds of the processor, and the rounds made."""
    began = time.thread_time()
    model, numbers = model_of(instance, seed)
    found = smallest_fleet(model, lambda: (time.thread_time() - began) / seconds, pace=pace)
    return [[numbers[stop] for stop in route] for route in found.stops], found.rounds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("paths", nargs="+", type=Path, help="instances, or folders of them")
    arguments.add_argument("--best", type=Path, help="instance,tasks,vehicles,distance to compare with")
    arguments.add_argument("--seconds", type=float, default=5.0, help="of the processor, each")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--solutions", type=Path, help="a folder to write the solutions into")
    asked = arguments.parse_args()
    files = sorted(f for path in asked.paths for f in (path.glob("*.txt") if path.is_dir() else [path]))
    best: dict[str, tuple[int, float]] = {}
    if asked.best:
        with asked.best.open(encoding="utf-8") as rows:
            best = {r["instance"]: (int(r["vehicles"]), float(r["distance"])) for r in csv.DictReader(rows)}
    warm_up()
    say = Console(width=100, highlight=False).print
    say(f"kernel {machine().name}, {asked.seconds} seconds of the processor each, seed {asked.seed}")
    say(f"{'instance':12}{'vehicles':>9}{'distance':>11}{'best':>5}{'distance':>11}{'gap %':>8}{'rounds':>9}")
    reached = compared = 0
    for file in files:
        instance = read(file)
        routes, rounds = solve(instance, asked.seconds, asked.seed, Pace())
        wrong, length = check(instance, routes)
        if wrong:
            raise SystemExit(f"{instance.name}: {'; '.join(wrong[:5])}")
        line = f"{instance.name:12}{len(routes):9}{length:11.2f}"
        if instance.name in best:
            vehicles, distance = best[instance.name]
            gap = 100 * (length / distance - 1)
            is_near = (len(routes), gap) <= (vehicles, 1.0) if len(routes) <= vehicles else False
            reached, compared = reached + is_near, compared + 1
            line += f"{vehicles:5}{distance:11.2f}{gap:8.2f}{rounds:9} {'' if is_near else '*'}"
        say(line)
        if asked.solutions:
            asked.solutions.mkdir(parents=True, exist_ok=True)
            text = "".join(f"Route {n} : {' '.join(map(str, r))}\n" for n, r in enumerate(routes, 1))
            (asked.solutions / f"{instance.name}.txt").write_text(text, encoding="utf-8")
    if compared:
        say(f"no vehicle more and within 1 %: {reached} of {compared}; * is not")


if __name__ == "__main__":
    main()
