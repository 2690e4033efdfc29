"""Which machine runs the kernel: plain Python over lists, or the same source compiled by numba over arrays.

numba is optional, and compiling takes a while: :func:`warm_up` does it on the side, and until it has, plain
Python answers. Both give the same plan.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from services.dispatch.engine import insertion, kernel, moves
from services.dispatch.engine.problem import Floats, Ints, Problem, State

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The kernel's entries, and the rows that they take. What ``enter`` answers stands for its arguments."""

    name: str
    ints: Callable[[Iterable[int]], Ints]
    floats: Callable[[Iterable[float]], Floats]
    same: Callable[[Any, int], Any]
    travel: Callable[[Floats, Floats], Floats]
    enter: Callable[[Problem, State], tuple[Any, Any]]
    refresh: Callable[..., float]
    start_group: Callable[..., int]
    insert_next: Callable[..., bool]
    improve: Callable[..., int]
    best_insertion: Callable[..., float]
    total: Callable[..., float]


def over_plane(x: Floats, y: Floats) -> Floats:
    """Whole units of travel, rounded up, between all points of a plane: a row for each."""
    points, travel = list(zip(x, y, strict=True)), []
    for east, north in points:
        travel += [
            float(ceil(sqrt((east - a) * (east - a) + (north - b) * (north - b)) - 1e-9)) for a, b in points
        ]
    return travel


PLAIN = Machine(
    name="plain",
    ints=list,
    floats=list,
    same=lambda number, count: [number] * count,
    travel=over_plane,
    enter=lambda problem, state: (problem, state),
    refresh=kernel.refresh,
    start_group=moves.start_group,
    insert_next=moves.insert_next,
    improve=moves.improve,
    best_insertion=insertion.best_insertion,
    total=moves.total,
)

_ready: list[Machine] = []
_warming = threading.Lock()


def machine() -> Machine:
    """The compiled kernel, once it has been warmed up, and plain Python till then."""
    return _ready[0] if _ready else PLAIN


def warm_up() -> bool:
    """Compile the kernel, or load what was compiled before; false where there is no numba.

    It may take a quarter of a minute, for most of which other threads go on.
    """
    with _warming:
        if not _ready:
            try:
                from services.dispatch.engine import compiled
            except ImportError:
                return False
            _ready.append(_rehearsed(compiled.machine()))
    return True


def warm_up_on_the_side(then: Callable[[], None] = lambda: None) -> None:
    """As :func:`warm_up`, in a thread of its own, that then calls ``then``; nothing without numba."""

    def work() -> None:
        try:
            if warm_up():
                then()
        except Exception:
            log.exception("the kernel could not be compiled: plain Python goes on")

    threading.Thread(target=work, name="warm-up", daemon=True).start()


def _rehearsed(made: Machine) -> Machine:
    """Every entry called once: it is compiled for its arguments then."""
    from services.dispatch.engine.model import Job, Model, Stop, Vehicle
    from services.dispatch.engine.search import Search

    job = Job(pickups=(Stop(place=0, amount=(1,)),), drop=Stop(place=1))
    model = Model(jobs=(job, job), vehicles=(Vehicle(start=0, capacity=(2,)),), travel=[0.0, 1.0, 1.0, 0.0])
    search = Search(model, made)
    search.run(rounds=1)
    search.inserted(0, (), 0)
    made.travel([0.0, 1.0], [0.0, 0.0])
    return made


if __name__ == "__main__":
    raise SystemExit(0 if warm_up() else "There is no numba here: plain Python plans.")
