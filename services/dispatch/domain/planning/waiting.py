"""Where couriers who have nothing to do had better wait: where they spare the next customers most waiting.

The rule is the one of the bundling policy (:mod:`services.dispatch.engine.bundling.cover`): a shop's next
order is brought by the nearest idle courier, or by the second nearest with the chance that the first is busy,
and an approach costs only what exceeds the preparation. It is advice. Nothing depends on its being taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


class _Covered:
    """How far the idle couriers are from each shop, and who are the three nearest."""

    def __init__(self, rows: list[list[float]]) -> None:
        self.rows = rows
        self.nearest = [_three_least(list(column)) for column in zip(*rows, strict=True)]

    def move(self, courier: int, row: list[float]) -> None:
        """From now on the courier is as far from the shops as ``row`` says."""
        self.rows[courier] = row
        for shop, three in enumerate(self.nearest):
            if any(number == courier for _, number in three):
                self.nearest[shop] = _three_least([others[shop] for others in self.rows])
            elif (row[shop], courier) < three[-1]:
                self.nearest[shop] = sorted([*three, (row[shop], courier)])[:3]

    def without(self, courier: int) -> list[tuple[float, float]]:
        """The nearest and the second nearest courier of each shop, but for this one."""
        found = []
        for three in self.nearest:
            near, next_ = [minutes for minutes, number in three if number != courier or number < 0][:2]
            found.append((near, next_))
        return found


def _three_least(column: list[float]) -> list[tuple[float, int]]:
    """The nearest couriers by number; nobody, who is -1, is farther than anybody counts."""
    found: list[tuple[float, int]] = []
    while len(found) < 3:
        minutes = min(column)
        if minutes >= LONGEST - 1.0:
            return [*found, *[(LONGEST - 1.0, -1)] * (3 - len(found))]
        number = column.index(minutes)
        found.append((minutes, number))
        column[number] = math.inf
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
        [idler.free_at + minutes for minutes in _rides(plane.point(idler.place), points, idler.speed_factor)]
        for idler in idlers
    ]
    covered = _Covered(rows)
    between = [_rides(one, points, 1.0) for one in points]

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

    # Only where somebody is the nearest or the second nearest are they worth anything.
    worth_here = [0.0] * len(idlers)
    for weight, three in zip(weights, covered.nearest, strict=True):
        for at, (minutes, number) in enumerate(three[:2]):
            if number >= 0:
                near, next_ = [away for k, (away, _) in enumerate(three) if k != at]
                worth_here[number] += weight * spared(near, next_, minutes, expected, habits.busy)
    least = sorted((worth_here[number], number) for number, idler in enumerate(idlers) if idler.movable)
    posts: dict[str, Post] = {}
    for _, number in least[: habits.looked_at]:
        open_, speed = not_covered(number), idlers[number].speed_factor
        here = worth(open_, rows[number])
        chosen, most, taken = -1, habits.worth, rows[number]
        if worth(open_, [0.0] * len(points)) - here > most:
            for place, away in enumerate(rows[number]):
                if not 0 < away <= farthest:
                    continue
                row = between[place] if speed == 1.0 else _rides(points[place], points, speed)
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
        covered.move(number, taken)
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


def _rides(start: tuple[float, float], ends: Sequence[tuple[float, float]], speed: float) -> list[float]:
    x, y = start
    return [float(math.ceil(math.hypot(x - east, y - north) / speed - 1e-6)) for east, north in ends]
