"""What couriers ride, how fast that is, and how much of which goods goes onto it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

# What no courier is bounded in.
BOUNDLESS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Load:
    """What goods take of a vehicle. A unit is a usual shop's part of an order: ten litres, three kilos.

    ``cold`` is how many of the units have to stay cold.
    """

    volume: int = 1
    weight: int = 1
    cold: int = 0

    @property
    def amount(self) -> tuple[int, ...]:
        """In the dimensions of :attr:`Capacity.amount`, for one pickup."""
        return 1, self.volume, self.weight, self.cold


USUAL_LOAD = Load()
NOTHING = (0, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How much may be on board at once; what is ``None`` has no bound."""

    pickups: int | None = None
    volume: int | None = None
    weight: int | None = None
    cold: int | None = None

    @property
    def amount(self) -> tuple[int, ...]:
        bounds = (self.pickups, self.volume, self.weight, self.cold)
        return tuple(BOUNDLESS if bound is None else bound for bound in bounds)

    def over(self, usual: Capacity) -> Capacity:
        """This capacity, with the ``usual`` one's bounds where it says nothing."""
        said = {name: bound for name, bound in asdict(self).items() if bound is not None}
        return replace(usual, **said)

    def to_wire(self) -> dict[str, int]:
        return {name: bound for name, bound in asdict(self).items() if bound is not None}


ANY = Capacity()


class Vehicle(StrEnum):
    FOOT = "foot"
    BICYCLE = "bicycle"
    SCOOTER = "scooter"
    CAR = "car"


USUAL_VEHICLE = Vehicle.BICYCLE


@dataclass(frozen=True, kw_only=True)
class VehicleKind:
    """A zone's vehicles of one kind: travel at the zone's pace is divided by ``speed_factor``."""

    vehicle: Vehicle
    speed_factor: float = 1.0
    capacity: Capacity = ANY

    def to_wire(self) -> dict[str, Any]:
        return {"speed_factor": self.speed_factor, "capacity": self.capacity.to_wire()}


# The pace of a zone is a bicycle's. Somebody on foot carries two bags, and has no box that keeps cold.
USUAL_KINDS = {
    Vehicle.FOOT: VehicleKind(vehicle=Vehicle.FOOT, speed_factor=0.3, capacity=Capacity(pickups=4, volume=4)),
    Vehicle.BICYCLE: VehicleKind(vehicle=Vehicle.BICYCLE),
    Vehicle.SCOOTER: VehicleKind(vehicle=Vehicle.SCOOTER, speed_factor=1.3),
    Vehicle.CAR: VehicleKind(vehicle=Vehicle.CAR, speed_factor=1.3, capacity=Capacity(pickups=40)),
}


def total(amounts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """The sum in every dimension."""
    return tuple(map(sum, zip(NOTHING, *amounts, strict=True)))
