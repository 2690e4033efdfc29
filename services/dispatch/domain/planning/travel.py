"""How long couriers travel: along the great circle at one speed, or as a router says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.dispatch.domain.places import Position


def minutes_between(start: Position, end: Position, metres_per_minute: float) -> float:
    """Travel time along the great circle, in whole minutes rounded up."""
    return float(math.ceil(start.metres_to(end) / metres_per_minute - 1e-9))


@dataclass(frozen=True, kw_only=True)
class TravelTable:
    """Minutes between places, row by row; the row is from. Places are named once."""

    places: tuple[Position, ...]
    minutes: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.minutes) != len(self.places) ** 2:
            raise ValueError("a travel table has a row and a column for each of its places")

    def rows_for(self, places: Sequence[Position]) -> Sequence[float]:
        """The table of these places, in their order; raises :class:`KeyError` for one it does not know."""
        if tuple(places) == self.places:
            return self.minutes
        numbers = {place: number for number, place in enumerate(self.places)}
        chosen, width = [numbers[place] for place in places], len(self.places)
        return [self.minutes[start * width + end] for start in chosen for end in chosen]
