"""How long couriers travel: whole minutes, rounded up, over the ground at one speed."""

from __future__ import annotations

import math

from services.dispatch.domain.places import Position


def minutes_between(start: Position, end: Position, metres_per_minute: float) -> float:
    """Travel time along the great circle, in whole minutes rounded up."""
    return float(math.ceil(start.metres_to(end) / metres_per_minute - 1e-9))
