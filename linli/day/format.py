"""The day format as plain values: what a folder of five files says, once it has been found whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, hypot, radians

METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, kw_only=True)
class Position:
    lat: float
    lon: float

    def metres_to(self, other: Position) -> float:
        """Distance on a plane laid through the neighbourhood: exact enough below a hundred kilometres."""
        north = (other.lat - self.lat) * METRES_PER_DEGREE
        east = (other.lon - self.lon) * METRES_PER_DEGREE * cos(radians((self.lat + other.lat) / 2))
        return hypot(north, east)

    def towards(self, other: Position, share: float) -> Position:
        """The point that lies `share` (0 to 1) of the way to `other`."""
        return Position(
            lat=round(self.lat + (other.lat - self.lat) * share, 6),
            lon=round(self.lon + (other.lon - self.lon) * share, 6),
        )

    def to_wire(self) -> dict[str, float]:
        return {"lat": self.lat, "lon": self.lon}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What day.json says: how fast couriers are, how long a stop takes, what counts as late."""

    metres_per_minute: float
    pickup_service_minutes: float
    drop_off_service_minutes: float
    target_click_to_door_minutes: float
    maximum_click_to_door_minutes: float


@dataclass(frozen=True, kw_only=True)
class DayShop:
    shop: str
    category: str
    position: Position


@dataclass(frozen=True, kw_only=True)
class DayListing:
    listing: str
    shop: str
    name: str
    price: int
    stock: int


@dataclass(frozen=True, kw_only=True)
class DayCourier:
    courier: str
    position: Position
    on_minute: float
    off_minute: float


@dataclass(frozen=True, kw_only=True)
class DayLine:
    listing: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class DayOrder:
    order: str
    customer: str
    placed_minute: float
    drop_off: Position
    lines: tuple[DayLine, ...]
    ready_minute: Mapping[str, float]

    @property
    def is_multi_shop(self) -> bool:
        return len(self.ready_minute) > 1


@dataclass(frozen=True, kw_only=True)
class Day:
    name: str
    currency: str
    rules: Rules
    shops: tuple[DayShop, ...]
    listings: tuple[DayListing, ...]
    couriers: tuple[DayCourier, ...]
    orders: tuple[DayOrder, ...]

    @property
    def last_minute(self) -> float:
        return max([order.placed_minute for order in self.orders] + [c.off_minute for c in self.couriers])

    def area(self, margin: float = 0.005) -> dict[str, float]:
        """The box around everything that happens on this day, a little wider than its outermost points."""
        points = [shop.position for shop in self.shops]
        points += [courier.position for courier in self.couriers]
        points += [order.drop_off for order in self.orders]
        return {
            "south": round(max(-90.0, min(p.lat for p in points) - margin), 6),
            "west": round(max(-180.0, min(p.lon for p in points) - margin), 6),
            "north": round(min(90.0, max(p.lat for p in points) + margin), 6),
            "east": round(min(180.0, max(p.lon for p in points) + margin), 6),
        }

    def reach_of_shops(self) -> dict[str, int]:
        """For each shop, how far its farthest customer lives, in metres rounded up to whole kilometres."""
        positions = {shop.shop: shop.position for shop in self.shops}
        reach = dict.fromkeys(positions, 1.0)
        for order in self.orders:
            for shop in order.ready_minute:
                reach[shop] = max(reach[shop], positions[shop].metres_to(order.drop_off))
        return {shop: (int(metres / 1000) + 2) * 1000 for shop, metres in reach.items()}
