"""How values that were seen are spread: weighted quantiles, also of what lies beyond a bound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

Weighted = tuple[float, float]


class Spread:
    """Values with weights. A quantile is one of the values, the smallest that its share reaches."""

    def __init__(self, values: Iterable[Weighted]) -> None:
        ordered = sorted((value, weight) for value, weight in values if weight > 0)
        if not ordered:
            raise ValueError("nothing was seen, so nothing is known of how it is spread")
        self.values = [value for value, _ in ordered]
        self._reached = list(accumulate(weight for _, weight in ordered))

    @property
    def weight(self) -> float:
        return self._reached[-1]

    def quantile(self, share: float) -> float:
        """The value that a ``share`` of all lies at or below."""
        return self._at(share * self.weight)

    def quantile_beyond(self, bound: float, share: float) -> float | None:
        """The same among what is greater than ``bound``; ``None`` where nothing that great was seen."""
        first = bisect_right(self.values, bound)
        if first == len(self.values):
            return None
        below = self._reached[first - 1] if first else 0.0
        return max(self._at(below + share * (self.weight - below)), self.values[first])

    def points(self, count: int) -> list[float]:
        """So many quantiles, evenly apart: the spread in little."""
        return [self.quantile((number + 0.5) / count) for number in range(count)]

    def _at(self, reached: float) -> float:
        # A rounding error below a value's own share is not below it.
        found = bisect_right(self._reached, reached * (1 - 1e-12) - 1e-12)
        return self.values[min(found, len(self.values) - 1)]


def mixed(parts: Iterable[tuple[Sequence[Weighted], float]]) -> Spread:
    """One spread of several, each scaled to its weight; parts that weigh nothing do not count."""
    values: list[Weighted] = []
    for part, weight in parts:
        whole = sum(own for _, own in part)
        if whole > 0 and weight > 0:
            values += [(value, own * weight / whole) for value, own in part]
    return Spread(values)
