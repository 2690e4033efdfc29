"""How long couriers travel: whole minutes, rounded up, over the ground at one speed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.dispatch.domain.places import DEGREE_M, Position


def minutes_between(start: Position, end: Position, metres_per_minute: float) -> float:
    """Travel time along the great circle, in whole minutes rounded up."""
    return float(math.ceil(start.metres_to(end) / metres_per_minute - 1e-9))


class TravelTimes:
    """Travel minutes from anywhere to a list of goals, worked out row by row when first asked for.

    A zone is small: distances are taken on the plane that touches it, within 0.1 % of the great circle.
    """

    def __init__(self, goals: Sequence[Position], metres_per_minute: float) -> None:
        middle = math.radians(sum(goal.lat for goal in goals) / len(goals)) if goals else 0.0
        self._east = DEGREE_M * math.cos(middle) / metres_per_minute
        self._north = DEGREE_M / metres_per_minute
        self._goals = [self.point(goal) for goal in goals]

    def point(self, place: Position) -> tuple[float, float]:
        """``place`` on the plane, in minutes of travel east and north of nowhere in particular."""
        return place.lon * self._east, place.lat * self._north

    def row(self, start: Position) -> list[float]:
        """Minutes from ``start`` to every goal."""
        x, y = self.point(start)
        ceil, hypot = math.ceil, math.hypot
        return [float(ceil(hypot(x - east, y - north) - 1e-9)) for east, north in self._goals]
