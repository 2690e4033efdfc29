"""The fewest vehicles, then the shortest way, and the benchmark's own judge of solutions."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

from linli.bench.lilim import model_of
from linli.bench.pdptw import check, read
from services.dispatch.engine import machine
from services.dispatch.engine.fleet import Pace, smallest_fleet

# Three pairs on a line: two vehicles if each goes its way, one if it is clever.
INSTANCE = """3 10 1
0 0 0 0 0 1000 0 0 0
1 10 0 5 0 900 2 0 2
2 20 0 -5 0 900 2 1 0
3 12 0 5 0 900 2 0 4
4 30 0 -5 0 900 2 3 0
5 0 15 8 400 500 2 0 6
6 0 40 -8 400 600 2 5 0
"""


def an_instance(folder: Path) -> Path:
    file = folder / "small.txt"
    file.write_text(INSTANCE, encoding="utf-8")
    return file


def test_one_vehicle_is_found_enough_and_its_way_the_shortest(tmp_path: Path) -> None:
    instance = read(an_instance(tmp_path))
    model, numbers = model_of(instance, seed=1)
    share = itertools.count()
    pace = Pace(at_once=5)
    found = smallest_fleet(model, lambda: next(share) / 60, machine.PLAIN, pace)
    routes = [[numbers[stop] for stop in route] for route in found.stops]
    wrong, length = check(instance, routes)
    assert wrong == []
    assert len(routes) == 1
    assert abs(length - (30 + math.hypot(30, 15) + 25 + 40)) < 1e-9
    assert abs(found.cost - length) < 1e-9


def test_the_judge_sees_what_a_solution_breaks(tmp_path: Path) -> None:
    instance = read(an_instance(tmp_path))
    assert check(instance, [[1, 3, 4, 2], [5, 6]])[0] == []
    assert "before its pickup" in check(instance, [[2, 1], [3, 4], [5, 6]])[0][-1]
    assert check(instance, [[1, 3, 4, 2], [5]])[0][0] == "not every task is done once"
    assert "the load is 13" in check(instance, [[5, 1, 6, 2], [3, 4]])[0][0]
    late = read(an_instance(tmp_path))
    tasks = (*late.tasks[:6], late.tasks[6].__class__(6, 0, 40, -8, 0, 410, 2, 5, 0))
    assert "after 410" in check(late.__class__("late", 3, 10, tasks), [[1, 3, 4, 2], [5, 6]])[0][0]
