"""Points on the earth (WGS 84) and the great circle between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True, kw_only=True)
class Position:
    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"({self.lat}, {self.lon}) is not on the earth")

    def distance_m(self, other: Position) -> float:
        """Metres along the great circle."""
        half_lat = sin(radians(other.lat - self.lat) / 2) ** 2
        half_lon = sin(radians(other.lon - self.lon) / 2) ** 2
        chord = half_lat + cos(radians(self.lat)) * cos(radians(other.lat)) * half_lon
        return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))

    def box(self, radius_m: float) -> Box:
        """A box that holds every point within ``radius_m``; near a pole it spans every longitude."""
        half_lat = degrees(radius_m / EARTH_RADIUS_M)
        south, north = max(-90.0, self.lat - half_lat), min(90.0, self.lat + half_lat)
        narrowest = min(cos(radians(south)), cos(radians(north)))
        half_lon = degrees(radius_m / (EARTH_RADIUS_M * narrowest)) if narrowest > 1e-6 else 180.0
        return Box(south=south, west=self.lon - half_lon, north=north, east=self.lon + half_lon)

    def coarse(self) -> Position:
        """The neighbourhood of about a kilometre that others may know."""
        return Position(lat=round(self.lat, 2), lon=round(self.lon, 2))


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle of degrees."""

    south: float
    west: float
    north: float
    east: float
