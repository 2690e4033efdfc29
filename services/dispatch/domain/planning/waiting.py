"""Where couriers who have nothing to do had better wait: where they spare the next customers most waiting.

The rule is the one of the bundling policy (:mod:`services.dispatch.engine.bundling.cover`): a shop's next
order is brought by the nearest idle courier, or by the second nearest with the chance that the first is busy,
and an approach costs only what exceeds the preparation. It is advice. Nothing depends on its being taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.dispatch.domain.places import DEGREE_M, Position
from services.dispatch.engine.bundling.cover import LONGEST, delays, spared


@dataclass(frozen=True, kw_only=True)
class WaitingHabits:
    """How it is gone about; times in minutes, costs in minutes of the next customer's waiting.

    A move has to be ``worth`` that much, each minute of the ride counting ``approach``. An idle courier is
    taken to be ``busy`` with that probability when wanted, who is free within ``soon`` counts as idle, and
    who goes home within ``staying`` is sent nowhere. At most ``most_moved`` are sent at once, out of the
    ``looked_at`` who are least wanted where they are; only the ``shops`` most in demand count.
    """

    approach: float = 0.02
    busy: float = 0.2
    worth: float = 0.03
    soon: float = 15.0
    staying: float = 30.0
    most_moved: int = 3
    looked_at: int = 20
    shops: int = 100


@dataclass(frozen=True, kw_only=True)
class BusyShop:
    """A shop at which orders are expected; ``weight`` is how many, beside other shops."""

    shop_id: str
    name: str
    place: Position
    weight: float


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Where a zone's next orders are expected, and a sample of how many minutes shops took to prepare one."""

    shops: tuple[BusyShop, ...] = ()
    preparations: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Idler:
    """A courier who has nothing to do, or will have from ``free_at`` on; ``movable`` ones may be sent."""

    courier_id: str
    place: Position
    free_at: float = 0.0
    movable: bool = True
    speed_factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Post:
    """Where to wait: at ``shop``, ``away`` minutes from here, which spares the next customer ``gain``.

    The nearest other idle courier is ``other`` minutes from there; infinitely far if there is none.
    """

    shop: BusyShop
    away: float
    gain: float
    other: float


@dataclass
class _Covered:
    """How far the idle couriers are from each shop."""

    rows: list[list[float]]
    nearest: list[list[tuple[float, int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.look_again()

    def look_again(self) -> None:
        nobody = [(LONGEST - 1.0, -1)] * 3
        self.nearest = [
            sorted([*((minutes, number) for number, minutes in enumerate(column)), *nobody])[:3]
            for column in zip(*self.rows, strict=True)
        ]

    def without(self, courier: int) -> list[tuple[float, float]]:
        """The nearest and the second nearest courier of each shop, but for this one."""
        found = []
        for three in self.nearest:
            near, next_ = [minutes for minutes, number in three if number != courier or number < 0][:2]
            found.append((near, next_))
        return found


# A shop, how much it counts, and how far the nearest and the second nearest of the other couriers are.
_Open = tuple[int, float, float, float]


def where_to_wait(
    idlers: Sequence[Idler],
    demand: Demand,
    *,
    farthest: float,
    metres_per_minute: float,
    habits: WaitingHabits = WaitingHabits(),
) -> Mapping[str, Post]:
    """Who had better wait elsewhere, and where; no farther than ``farthest`` minutes from here.

    No more than two are sent to one place. The same question has the same answer. It takes as long as
    couriers * ``shops`` + ``looked_at`` * ``shops`` squared; travel is along the great circle.
    """
    shops = sorted(demand.shops, key=lambda shop: (-shop.weight, shop.shop_id))[: habits.shops]
    if farthest <= 0 or not shops or not any(idler.movable for idler in idlers):
        return {}
    idlers = sorted(idlers, key=lambda idler: idler.courier_id)
    plane = _Plane([shop.place for shop in shops], metres_per_minute)
    points = [plane.point(shop.place) for shop in shops]
    whole = sum(shop.weight for shop in shops)
    weights = [shop.weight / whole for shop in shops]
    expected = [0.0] * LONGEST
    delays(list(demand.preparations), len(demand.preparations), 0.0, expected)
    rows = [
        [idler.free_at + _ride(plane.point(idler.place), point, idler.speed_factor) for point in points]
        for idler in idlers
    ]
    covered = _Covered(rows)
    between = [[_ride(one, other, 1.0) for other in points] for one in points]

    def worth(open_: Sequence[_Open], row: Sequence[float]) -> float:
        """What it spares the next customer that a courier is so many minutes from each shop."""
        total = 0.0
        for shop, weight, near, next_ in open_:
            if row[shop] < next_:
                total += weight * spared(near, next_, row[shop], expected, habits.busy)
        return total

    def not_covered(courier: int) -> list[_Open]:
        """The shops that the others leave something to spare at."""
        return [
            (shop, weights[shop], near, next_)
            for shop, (near, next_) in enumerate(covered.without(courier))
            if spared(near, next_, 0.0, expected, habits.busy) > 0.0
        ]

    least = sorted(
        (worth(not_covered(number), rows[number]), number)
        for number, idler in enumerate(idlers)
        if idler.movable
    )
    posts: dict[str, Post] = {}
    for _, number in least[: habits.looked_at]:
        open_, speed = not_covered(number), idlers[number].speed_factor
        here = worth(open_, rows[number])
        chosen, most, taken = -1, habits.worth, rows[number]
        if worth(open_, [0.0] * len(points)) - here > most:
            for place, away in enumerate(rows[number]):
                if not 0 < away <= farthest:
                    continue
                row = between[place] if speed == 1.0 else [_ride(points[place], to, speed) for to in points]
                gain = worth(open_, row) - here - habits.approach * away
                if gain > most:
                    chosen, most, taken = place, gain, row
        if chosen < 0:
            continue
        other = covered.without(number)[chosen][0]
        posts[idlers[number].courier_id] = Post(
            shop=shops[chosen],
            away=rows[number][chosen],
            gain=most,
            other=other if other < LONGEST - 1 else math.inf,
        )
        # To the next ones it is as good as there.
        rows[number] = taken
        covered.look_again()
        if len(posts) >= habits.most_moved:
            break
    return posts


class _Plane:
    """Places in minutes of travel east and north; a zone is small enough for that."""

    def __init__(self, places: Sequence[Position], metres_per_minute: float) -> None:
        middle = math.radians(sum(place.lat for place in places) / len(places))
        self._east = DEGREE_M * math.cos(middle) / metres_per_minute
        self._north = DEGREE_M / metres_per_minute

    def point(self, place: Position) -> tuple[float, float]:
        return place.lon * self._east, place.lat * self._north


def _ride(start: tuple[float, float], end: tuple[float, float], speed: float) -> float:
    return float(math.ceil(math.hypot(start[0] - end[0], start[1] - end[1]) / speed - 1e-6))
