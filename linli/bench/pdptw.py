"""Pickup and delivery with time windows in SINTEF's form: instances, a judge of solutions, solution files.

The judge knows nothing of whoever found the solution.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from linli.failures import Failure

# What a double may be wrong by, in units of time.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Task:
    """A row of an instance: at a pickup ``delivery`` names the other end, at a delivery ``pickup`` does."""

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
    """Task 0 is the depot. Distances are Euclidean, in doubles, and a unit of way is a unit of time."""

    name: str
    vehicles: int
    capacity: int
    tasks: tuple[Task, ...]

    def distance(self, start: int, end: int) -> float:
        a, b = self.tasks[start], self.tasks[end]
        return math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2)

    @property
    def pairs(self) -> list[tuple[Task, Task]]:
        """Every pickup with its delivery."""
        return [(task, self.tasks[task.delivery]) for task in self.tasks[1:] if task.delivery]


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The instance files that are named, or lie in folders that are."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.txt"))
            if not inside:
                raise Failure(f"{path} holds no instance: there is no .txt file in it.", exit_code=2)
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise Failure(f"{path} is not there.", exit_code=2)
    return found


def read(file: Path) -> Instance:
    """An instance; :class:`Failure` says which line makes no sense."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}.", exit_code=2) from None
    rows = [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise Failure(f"{file} is empty.", exit_code=2)
    try:
        vehicles, capacity = (int(value) for value in rows[0][1][:2])
    except ValueError:
        raise _wrong(file, rows[0][0], "expected the number of vehicles and their capacity") from None
    tasks = [_task(file, number, row) for number, row in rows[1:]]
    if [task.number for task in tasks] != list(range(len(tasks))) or not tasks:
        raise Failure(f"{file}: tasks are numbered from 0, the depot, without a gap.", exit_code=2)
    for task in tasks[1:]:
        _must_be_paired(file, task, tasks)
    return Instance(file.stem, vehicles, capacity, tuple(tasks))


def _task(file: Path, number: int, row: Sequence[str]) -> Task:
    try:
        n, x, y, q, a, b, s, p, d = row
        return Task(int(n), float(x), float(y), int(q), float(a), float(b), float(s), int(p), int(d))
    except ValueError:
        what = "expected nine numbers: task, x, y, demand, window from and to, service, pickup, delivery"
        raise _wrong(file, number, what) from None


def _must_be_paired(file: Path, task: Task, tasks: Sequence[Task]) -> None:
    other = task.delivery or task.pickup
    paired = 0 < other < len(tasks) and bool(task.delivery) != bool(task.pickup)
    if not paired or (tasks[other].pickup or tasks[other].delivery) != task.number:
        raise Failure(f"{file}: task {task.number} is no half of a pair.", exit_code=2)
    if task.delivery and (task.demand <= 0 or tasks[other].demand != -task.demand):
        raise Failure(f"{file}: tasks {task.number} and {other} do not load what they unload.", exit_code=2)


def _wrong(file: Path, line: int, what: str) -> Failure:
    return Failure(f"{file}, line {line}: {what}.", exit_code=2)


def read_best(file: Path) -> dict[str, tuple[int, float]]:
    """Vehicles and distance of the best known solutions, by instance in lower case."""
    try:
        with file.open(encoding="utf-8", newline="") as rows:
            return {
                row["instance"].lower(): (int(row["vehicles"]), float(row["distance"]))
                for row in csv.DictReader(rows)
            }
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}.", exit_code=2) from None
    except (KeyError, TypeError, ValueError):
        sentence = f"{file} is no table of best known solutions: it needs instance, vehicles and distance."
        raise Failure(sentence, exit_code=2) from None


def check(instance: Instance, routes: Sequence[Sequence[int]]) -> tuple[list[str], float]:
    """What is wrong with the routes, in sentences, and how long they are."""
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
            if minute > task.closes + _TOLERANCE:
                wrong.append(f"task {number} begins at {minute:.3f}, after {task.closes:g}")
            minute, at, load = minute + task.service, number, load + task.demand
            if not 0 <= load <= instance.capacity:
                wrong.append(f"after task {number} the load is {load}")
        for place, number in enumerate(route):
            pickup = instance.tasks[number].pickup
            if pickup and pickup not in route[:place]:
                wrong.append(f"task {number} comes before its pickup, or elsewhere")
    return wrong, length


def write_solution(
    file: Path, instance: str, routes: Sequence[Sequence[int]], *, on: date, reference: str
) -> None:
    """A solution as SINTEF's collection has them, which its checkers read."""
    head: Mapping[str, str] = {
        "Instance name": instance,
        "Authors": "Linli",
        "Date": on.isoformat(),
        "Reference": reference,
    }
    lines = [f"{name:<13} : {value}" for name, value in head.items()]
    lines.append("Solution")
    lines += [f"Route {number} : {' '.join(map(str, route))}" for number, route in enumerate(routes, 1)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from None
