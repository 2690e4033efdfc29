"""Where and when an order goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from services.ordering.domain.events import Area

_EARTH_RADIUS_M = 6_371_000


@dataclass(frozen=True, kw_only=True)
class Position:
    lat: float
    lon: float

    def metres_to(self, other: Position) -> int:
        """Great-circle distance in whole metres, rounded up."""
        lat_a, lat_b = math.radians(self.lat), math.radians(other.lat)
        half_lat = (lat_b - lat_a) / 2
        half_lon = math.radians(other.lon - self.lon) / 2
        chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
        return math.ceil(2 * _EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord))))


@dataclass(frozen=True, kw_only=True)
class DropOff:
    """A customer's door: personal data, never part of an event."""

    position: Position
    address: str
    contact: str

    @property
    def area(self) -> Area:
        return Area(lat=round(self.position.lat, 2), lon=round(self.position.lon, 2))


@dataclass(frozen=True, kw_only=True)
class Window:
    """From one moment to another."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The delivery window that was asked for; without an id it means as soon as possible."""

    slot_id: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    promised_at: datetime | None = None

    @property
    def window(self) -> Window | None:
        if self.starts_at is None or self.ends_at is None:
            return None
        return Window(starts_at=self.starts_at, ends_at=self.ends_at)
