"""The day that a simulation is given: baskets, couriers, and how long things take."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from services.dispatch.domain.places import DEGREE_M, Position
from services.dispatch.domain.planning.travel import minutes_between

Travel = Callable[[Position, Position], float]


@dataclass(frozen=True, kw_only=True)
class Handling:
    """Minutes that a stop takes before and after the moment that counts as the pickup or the drop-off."""

    pickup_before: float
    pickup_after: float
    door_before: float
    door_after: float

    @property
    def pickup(self) -> float:
        return self.pickup_before + self.pickup_after

    @property
    def door(self) -> float:
        return self.door_before + self.door_after


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What one shop gives to a basket, ``ready`` at a minute; until then only ``estimate`` is known."""

    shop: str
    place: Position
    ready: float
    estimate: float


@dataclass(frozen=True, kw_only=True)
class SimulatedBasket:
    basket_id: str
    placed: float
    parcels: tuple[Parcel, ...]
    door: Position

    @property
    def door_stop(self) -> str:
        return f"{self.basket_id}/door"

    def pickup_stop(self, number: int) -> str:
        return f"{self.basket_id}/{number}"


@dataclass(frozen=True, kw_only=True)
class SimulatedCourier:
    courier_id: str
    place: Position
    on: float
    off: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """A day in a zone. Distances are over a plane (``is_plane``) or along the great circle.

    A courier's last pickup is made by the end of the shift; with ``slack``, the last drop-off is done so many
    minutes after it instead.
    """

    name: str
    baskets: tuple[SimulatedBasket, ...]
    couriers: tuple[SimulatedCourier, ...]
    metres_per_minute: float
    handling: Handling
    target: float
    is_plane: bool = False
    slack: float | None = None

    @cached_property
    def metres(self) -> Travel:
        """The distance between two places."""
        known: dict[tuple[Position, Position], float] = {}

        def metres(start: Position, end: Position) -> float:
            found = known.get((start, end))
            if found is None:
                if self.is_plane:
                    found = math.hypot(start.lat - end.lat, start.lon - end.lon) * DEGREE_M
                else:
                    found = start.metres_to(end)
                known[start, end] = found
            return found

        return metres

    def minutes(self, start: Position, end: Position) -> float:
        """The travel time between two places, in whole minutes rounded up."""
        if not self.is_plane:
            return minutes_between(start, end, self.metres_per_minute)
        return float(math.ceil(self.metres(start, end) / self.metres_per_minute - 1e-9))


def on_plane(x: float, y: float) -> Position:
    """A point of a plane, in metres, as a position; only good for a plane of some tens of kilometres."""
    return Position(lat=y / DEGREE_M, lon=x / DEGREE_M)
