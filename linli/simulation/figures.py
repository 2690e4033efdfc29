"""What a simulated day comes to, in figures."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean

from linli.day.figures import percentile
from linli.simulation.case import Case
from linli.simulation.record import Record


@dataclass(frozen=True, kw_only=True)
class DayFigures:
    """A day in numbers: minutes from click to door of what was delivered, hours of couriers, kilometres.

    ``hours_used`` are those in which couriers rode, waited at a shop or served, ``hours_on`` their shifts.
    """

    orders: int
    delivered: int
    click_to_door: float
    p90: float
    late: int
    kilometres: float
    hours_on: float
    hours_used: float

    @property
    def undelivered(self) -> int:
        return self.orders - self.delivered

    @property
    def late_share(self) -> float:
        return self.late / max(1, self.delivered)

    @property
    def utilisation(self) -> float:
        return self.hours_used / self.hours_on if self.hours_on else 0.0

    @property
    def per_hour(self) -> float:
        """Baskets delivered in an hour of a courier's shift."""
        return self.delivered / self.hours_on if self.hours_on else 0.0


def figures_of(case: Case, record: Record) -> DayFigures:
    """The figures of a day that was played."""
    minutes = list(click_to_door(case, record).values())
    return DayFigures(
        orders=len(case.baskets),
        delivered=len(minutes),
        click_to_door=fmean(minutes or [0.0]),
        p90=percentile(minutes, 0.9),
        late=sum(one > case.target for one in minutes),
        kilometres=sum(case.metres(move.start, move.end) for move in record.moves) / 1000,
        hours_on=sum(courier.off - courier.on for courier in case.couriers) / 60,
        hours_used=sum(move.ends - move.leaves for move in record.moves) / 60,
    )


def click_to_door(case: Case, record: Record) -> dict[str, float]:
    """Minutes from click to door by basket, of those that were delivered."""
    doors = {name: fate.door for name, fate in record.fates.items()}
    return {
        basket.basket_id: door - basket.placed
        for basket in case.baskets
        if (door := doors.get(basket.basket_id)) is not None
    }


def by_hour(case: Case, record: Record) -> dict[int, list[float]]:
    """Minutes from click to door by the hour in which the basket was placed."""
    minutes, hours = click_to_door(case, record), defaultdict(list)
    for basket in case.baskets:
        if basket.basket_id in minutes:
            hours[int(basket.placed // 60)].append(minutes[basket.basket_id])
    return dict(sorted(hours.items()))


def use_of_couriers(case: Case, record: Record, step: float = 10.0) -> list[tuple[float, int, int]]:
    """Every ``step`` minutes: the minute, how many couriers are on shift, how many of all are busy."""
    last = max([courier.off for courier in case.couriers] + [move.ends for move in record.moves])
    rows = []
    for number in range(math.floor(last / step) + 1):
        minute = number * step
        rows.append(
            (
                minute,
                sum(courier.on <= minute < courier.off for courier in case.couriers),
                sum(move.leaves <= minute < move.ends for move in record.moves),
            )
        )
    return rows
