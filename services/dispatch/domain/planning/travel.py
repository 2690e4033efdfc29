"""How long couriers travel: whole minutes, rounded up, over the ground at one speed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.dispatch.domain.places import DEGREE_M, Position


def minutes_between(start: Position, end: Position, metres_per_minute: float) -> float:
    """Travel time along the great circle, in whole minutes rounded up."""
    return float(math.ceil(start.metres_to(end) / metres_per_minute - 1e-9))


class TravelTimes:
    """Travel minutes between numbered places, worked out row by row when first asked for.

    A zone is small: distances are taken on the plane that touches it, within 0.1 % of the great circle.
    """

    def __init__(self, places: Sequence[Position], metres_per_minute: float) -> None:
        middle = math.radians(sum(place.lat for place in places) / len(places)) if places else 0.0
        east, north = DEGREE_M * math.cos(middle) / metres_per_minute, DEGREE_M / metres_per_minute
        self._points = [(place.lon * east, place.lat * north) for place in places]
        self._rows: list[list[float] | None] = [None] * len(places)

    def row(self, start: int) -> list[float]:
        """Minutes from ``start`` to every place."""
        row = self._rows[start]
        if row is None:
            x, y = self._points[start]
            ceil, hypot = math.ceil, math.hypot
            row = [float(ceil(hypot(x - east, y - north) - 1e-9)) for east, north in self._points]
            self._rows[start] = row
        return row
