"""Errands from one place to another with hard windows: what any pickup-and-delivery solver understands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One end of an errand: a place by number, where service begins within the window."""

    place: int
    opens: float = 0.0
    closes: float = math.inf
    service: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """Something to be collected and brought by one vehicle."""

    pickup: Call
    drop: Call
    amount: int = 1


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Errands, and ``vehicles`` that are all alike: from ``start`` to ``end`` within one shift.

    ``travel`` has a row of times for each place, in the unit of all other times. Fewer vehicles come first,
    then less riding. Either ``all`` errands are done, or as many as possible.
    """

    errands: Sequence[Errand]
    travel: Sequence[Sequence[float]]
    vehicles: int
    capacity: int
    start: int = 0
    end: int = 0
    begins: float = 0.0
    ends: float = math.inf
    all: bool = True


# One call of a round: which errand, and whether it is its drop-off.
Visited = tuple[int, bool]


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """A round for each vehicle that rides, the errands nobody does, and how often something was tried."""

    rounds: tuple[tuple[Visited, ...], ...]
    left_out: tuple[int, ...] = ()
    tries: int = 0


class PairSolver(Protocol):
    """Whoever plans errands."""

    name: str

    def solve(self, pairs: Pairs, seconds: float, seed: int) -> Rounds | None:
        """The best rounds found in so many seconds of the processor; ``None`` when none are possible."""
