"""Where things are: positions on the globe and the rectangles that zones cover."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8
DEGREE_M = EARTH_RADIUS_M * math.pi / 180


@dataclass(frozen=True, kw_only=True)
class Position:
    """A point in WGS 84 degrees."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"({self.lat}, {self.lon}) is not on the globe")

    def metres_to(self, other: Position) -> float:
        """The great-circle distance."""
        lat, other_lat = math.radians(self.lat), math.radians(other.lat)
        half_lat = math.sin((other_lat - lat) / 2)
        half_lon = math.sin(math.radians(other.lon - self.lon) / 2)
        chord = half_lat * half_lat + math.cos(lat) * math.cos(other_lat) * half_lon * half_lon
        return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))

    def to_wire(self) -> dict[str, float]:
        return {"lat": self.lat, "lon": self.lon}


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle between two parallels and two meridians; its southern and western edges belong to it."""

    south: float
    west: float
    north: float
    east: float

    def __post_init__(self) -> None:
        if not (-90 <= self.south < self.north <= 90 and -180 <= self.west < self.east <= 180):
            raise ValueError("an area's south lies below its north, and its west before its east")

    @property
    def size(self) -> float:
        """In square degrees; only good for comparing."""
        return (self.north - self.south) * (self.east - self.west)

    @property
    def middle(self) -> Position:
        return Position(lat=(self.south + self.north) / 2, lon=(self.west + self.east) / 2)

    def contains(self, position: Position) -> bool:
        return self.south <= position.lat < self.north and self.west <= position.lon < self.east

    def to_wire(self) -> dict[str, float]:
        return {"south": self.south, "west": self.west, "north": self.north, "east": self.east}
