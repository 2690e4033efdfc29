"""How long shops take, learnt from how long they took: by shop, by hour of the day and by load.

What is learnt is how a shop's word compares to what comes of it: the time it took over the time it said. So
a large order, for which the shop says more, is foreseen to take longer, and a shop that always says the same
is known by how long it takes. A few observations count little beside what is usual in the zone, and those of
a new zone little beside a plain assumption: that shops keep their word, more or less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.facts import Part
from services.dispatch.domain.places import Position
from services.dispatch.domain.spread import Spread, Weighted, mixed

# What is announced for hours ahead is kept for then: it says nothing of how long a kitchen takes.
LONGEST = 120.0
# A minute on both sides, so that what was said to be ready at once can be late without being late infinitely.
_SOFT = 1.0
# Before anything is known: seven in ten are ready when it was said or sooner, and few take twice as long.
ASSUMED: Sequence[Weighted] = (
    (0.85, 0.05), (0.95, 0.1), (1.0, 0.55), (1.05, 0.08), (1.1, 0.06), (1.2, 0.06), (1.35, 0.04),
    (1.6, 0.03), (2.0, 0.015), (2.6, 0.01), (3.5, 0.005),
)  # fmt: skip
ZONE_WEIGHT, ASSUMED_WEIGHT = 6.0, 3.0
_ZONE_POINTS = 40
_HALF_LIFE = timedelta(days=21)
HOURS_APART, OTHER_HOURS = 1.5, 0.1
_OTHER_LOAD = 0.25
# Beyond all that was ever seen the rest is a share of what has passed: what took long takes longer.
_TAIL = 5.0
# A shop that takes so much longer than usual has forgotten to say that it is ready, more likely than not.
PATIENCE = 20.0
LEAST_REST, _BLINK = 1.0, 0.01


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One part of an order: when its shop took it on, when it should have been ready, and when it was.

    ``place`` and ``shop_name`` are the shop's; what was kept long ago lacks them.
    """

    store_order_id: str
    shop_id: str
    accepted_at: datetime
    expected_at: datetime
    ready_at: datetime
    place: Position | None = None
    shop_name: str = ""

    @property
    def ratio(self) -> float | None:
        """What came of the shop's word; ``None`` for what tells nothing."""
        expected, took = (
            _minutes(self.expected_at - self.accepted_at),
            _minutes(self.ready_at - self.accepted_at),
        )
        if not 0 <= expected <= LONGEST or not 0 <= took <= 4 * LONGEST:
            return None
        return (took + _SOFT) / (expected + _SOFT)


@dataclass(frozen=True)
class _Seen:
    ratio: float
    hour: float
    load: int
    weight: float


class Kitchen:
    """What one shop's history tells."""

    def __init__(self, history: Iterable[Prepared]) -> None:
        ordered = sorted(history, key=lambda one: (one.accepted_at, one.store_order_id))
        latest = max((one.accepted_at for one in ordered), default=None)
        self.seen: list[_Seen] = []
        under_way: list[datetime] = []
        for one in ordered:
            under_way = [ready_at for ready_at in under_way if ready_at > one.accepted_at]
            if one.ratio is not None and latest is not None:
                age = (latest - one.accepted_at) / _HALF_LIFE
                load = step_of(len(under_way))
                self.seen.append(_Seen(one.ratio, hour_of(one.accepted_at), load, math.pow(0.5, age)))
            under_way.append(one.ready_at)

    def like(self, hour: float, load: int) -> list[Weighted]:
        """The ratios, weighted by how much their circumstances were like these."""
        return [
            (one.ratio, one.weight * nearness(one.hour, hour) * math.pow(_OTHER_LOAD, abs(one.load - load)))
            for one in self.seen
        ]


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is known in a zone. ``zone`` are the ratios of all its shops, ``share`` is how sure to be."""

    kitchens: Mapping[str, Kitchen] = field(default_factory=dict)
    zone: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        # The same circumstances are asked for again and again while one plan is made.
        object.__setattr__(self, "_spread", lru_cache(maxsize=4096)(self._mixed))

    def spread(self, shop_id: str, hour: float, load: int) -> Spread:
        """How the time that this shop takes compares to what it says, at this hour and load."""
        spread: Spread = self._spread(shop_id, int(hour) % 24, step_of(load))  # type: ignore[attr-defined]
        return spread

    def _mixed(self, shop_id: str, hour: int, load: int) -> Spread:
        kitchen = self.kitchens.get(shop_id)
        own = kitchen.like(hour + 0.5, load) if kitchen else []
        zone = [(ratio, 1.0) for ratio in self.zone]
        return mixed(
            (
                (own, sum(weight for _, weight in own)),
                (zone, min(ZONE_WEIGHT, len(zone))),
                (ASSUMED, ASSUMED_WEIGHT),
            )
        )

    def ready_at(
        self, *, shop_id: str, part: Part, usual: float, now: datetime, load: int = 0, share: float = 0.55
    ) -> datetime:
        """When a part will be ready, as sure as ``share``; never ``now`` as long as its shop has not said so.

        A shop that has not taken the order on yet begins at ``now`` at the earliest, and takes the ``usual``
        minutes by its own word.
        """
        if part.ready_at is not None:
            return part.ready_at
        begins, expected = now, usual
        if part.accepted_at is not None and part.ready_estimate is not None:
            begins, expected = part.accepted_at, _minutes(part.ready_estimate - part.accepted_at)
        passed = max(0.0, _minutes(now - begins))
        if expected > LONGEST:
            return max(begins + timedelta(minutes=expected), now + timedelta(minutes=LEAST_REST))
        said = max(0.0, expected) + _SOFT
        spread = self.spread(shop_id, hour_of(begins), load)
        usually = whole = spread.quantile(share) * said - _SOFT
        if passed:
            bound = (passed + _SOFT) / said
            ratio = spread.quantile_beyond(bound, share)
            if ratio is None:
                ratio = bound * math.pow(1 - share, -1 / _TAIL)
            whole = min(ratio * said - _SOFT, max(expected, usually) + PATIENCE)
            # What is due any moment is not due this moment: nobody has said that it is ready.
            whole = max(whole, passed + LEAST_REST) if passed > expected else max(whole, passed + _BLINK)
        return begins + timedelta(minutes=max(0.0, whole))


def prepared(delivery: Delivery, names: Iterable[str]) -> list[Prepared]:
    """What the named parts of a delivery tell, as far as their shops have said when they began and ended."""
    shops = {pickup.store_order_id: pickup for pickup in delivery.pickups}
    found: list[Prepared] = []
    if delivery.rebooking.at is not None:
        # A shop's word for another hour than it came to says nothing of the shop.
        return found
    for name in sorted(set(names)):
        part, shop = delivery.parts.get(name, Part()), shops.get(name)
        if shop is None or part.accepted_at is None or part.ready_estimate is None or part.ready_at is None:
            continue
        found.append(
            Prepared(
                store_order_id=name,
                shop_id=shop.shop_id,
                accepted_at=part.accepted_at,
                expected_at=part.ready_estimate,
                ready_at=part.ready_at,
                place=shop.place,
                shop_name=shop.name,
            )
        )
    return found


def pooled(history: Iterable[Prepared]) -> tuple[float, ...]:
    """The ratios of a zone in little."""
    ratios = [(one.ratio, 1.0) for one in history if one.ratio is not None]
    if len(ratios) <= _ZONE_POINTS:
        return tuple(ratio for ratio, _ in ratios)
    return tuple(Spread(ratios).points(_ZONE_POINTS))


def hour_of(moment: datetime) -> float:
    return moment.hour + moment.minute / 60


def step_of(load: int) -> int:
    """How busy a shop is: nobody before this order, one or two, up to four, up to eight, or more."""
    return min(4, math.ceil(math.log2(load + 1))) if load > 0 else 0


def nearness(hour: float, other: float) -> float:
    """How much what happened at one hour of the day tells of another, from ``OTHER_HOURS`` up to 1."""
    apart = abs(hour - other) % 24
    apart = min(apart, 24 - apart) / HOURS_APART
    return max(OTHER_HOURS, math.exp(-apart * apart / 2))


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
