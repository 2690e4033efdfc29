"""A finished day is solved again, everything known: how far from the best possible it was lived.

Couriers, shifts, ways and what stops take are those of the day; nobody collects before it was ready. What
hindsight has is knowledge alone: an order is known before it is placed, and a shop's part before it is ready.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Basket, PlannedStop, Rider, Snapshot, Weights
from services.dispatch.domain.planning.routes import Board
from services.dispatch.engine.annealing import anneal
from services.dispatch.engine.model import Effort

# Minutes from click to door are what is judged. A slot is kept first, a basket is never left for others'
# minutes, and riding decides between what is the same for everybody.
CLEAR_SIGHTED = Weights(waiting=1.0, lateness=3.0, driving=0.001, unassigned=10_000.0, moving=0.0)
# What has no slot is never late, only later: but it is taken in its turn.
_NEVER_LATE = 1e6
# Who comes on shift so much later than a basket is ready is not thought of for it.
_TOO_LATE = 180.0
_ROUNDS_EACH = 100
_MOST_ROUNDS = 200_000
# Ways between all places of so many baskets are some tens of megabytes.
MOST_AT_ONCE = 1_500


@dataclass(frozen=True, kw_only=True)
class FinishedDay:
    """A day of a zone as it was lived, in minutes from its beginning.

    ``doors`` is when the baskets that were brought had been handed over, ``routes`` are the stops that riders
    made, in their order, ``metres`` what was ridden for them.
    """

    baskets: tuple[Basket, ...]
    riders: tuple[Rider, ...]
    doors: Mapping[str, float]
    routes: Mapping[str, tuple[str, ...]]
    metres: float
    metres_per_minute: float


@dataclass(frozen=True, kw_only=True)
class Ridden:
    """A day in three figures: minutes from click to door on average, kilometres, baskets not brought."""

    click_to_door: float | None
    kilometres: float
    undelivered: int


@dataclass(frozen=True, kw_only=True)
class Hindsight:
    """A day as it was lived beside the same day solved again.

    ``baskets`` were to be brought. Click to door is over the ``compared`` ones: those without a slot that are
    brought in both.
    """

    baskets: int
    compared: int
    lived: Ridden
    resolved: Ridden
    rounds: int

    @property
    def gap(self) -> float | None:
        """How many minutes longer than in hindsight it took; negative where life was better."""
        if self.lived.click_to_door is None or self.resolved.click_to_door is None:
            return None
        return self.lived.click_to_door - self.resolved.click_to_door

    @property
    def gap_share(self) -> float | None:
        """The gap as a share of what it takes in hindsight."""
        return (
            self.gap / self.resolved.click_to_door if self.gap and self.resolved.click_to_door else self.gap
        )


def rounds_for(day: FinishedDay, each: int = _ROUNDS_EACH) -> int:
    """How many rounds a day is worth: so many for each basket, up to a bound."""
    return min(_MOST_ROUNDS, each * len(day.baskets))


def in_hindsight(
    day: FinishedDay, *, rounds: int, seed: int = 0, spent: Callable[[], float] = lambda: 0.0
) -> Hindsight:
    """Solve ``day`` again, from the routes that were ridden, and compare.

    By what it is judged by (see :data:`CLEAR_SIGHTED`) the answer is never worse than the routes that were
    ridden, driven at the day's pace. It may be worse than what was lived: where couriers were quicker than
    the zone's figures say, or broke one of its rules. ``spent`` says what share of the time is over; at 1 the
    search ends. Rounds take longer the more couriers may take a basket and the longer their routes are.
    """
    routes, done = _solved(day, rounds, seed, spent)
    clicked = {basket.basket_id: basket.clicked for basket in day.baskets if basket.asap}
    doors = {stop.stop_id: stop.finish for route in routes.values() for stop in route}
    found = {
        basket.basket_id: doors[basket.drop_off.stop_id]
        for basket in day.baskets
        if basket.drop_off.stop_id in doors
    }
    compared = sorted(clicked.keys() & found.keys() & day.doors.keys())

    def mean(at: Mapping[str, float]) -> float | None:
        return fmean(at[name] - clicked[name] for name in compared) if compared else None

    return Hindsight(
        baskets=len(day.baskets),
        compared=len(compared),
        lived=Ridden(
            click_to_door=mean(day.doors),
            kilometres=day.metres / 1000,
            undelivered=sum(basket.basket_id not in day.doors for basket in day.baskets),
        ),
        resolved=Ridden(
            click_to_door=mean(found),
            kilometres=_metres(day, routes) / 1000,
            undelivered=len(day.baskets) - len(found),
        ),
        rounds=done,
    )


def _solved(
    day: FinishedDay, rounds: int, seed: int, spent: Callable[[], float]
) -> tuple[Mapping[str, Sequence[PlannedStop]], int]:
    parts = _parts(day)
    planned: dict[str, Sequence[PlannedStop]] = {}
    done = 0
    for number, part in enumerate(parts):
        share = len(part.baskets) / max(1, len(day.baskets))
        began = spent()
        until = began + (1.0 - began) / (len(parts) - number)

        def over(began: float = began, until: float = until) -> float:
            return (spent() - began) / (until - began) if until > began else 1.0

        found, made = _solved_at_once(part, math.ceil(rounds * share), seed + number, over)
        planned |= found
        done += made
    return planned, done


def _parts(day: FinishedDay) -> list[FinishedDay]:
    """The day in parts that fit into memory: couriers in turn, each with what they brought.

    What could be gained by handing on from part to part is not seen.
    """
    count = max(1, min(len(day.riders), math.ceil(len(day.baskets) / MOST_AT_ONCE)))
    if count == 1:
        return [day]
    in_turn = sorted(day.riders, key=lambda rider: (rider.free_at, rider.courier_id))
    part_of = {rider.courier_id: number % count for number, rider in enumerate(in_turn)}
    brought_by = {stop: part_of.get(rider) for rider, stops in day.routes.items() for stop in stops}
    baskets: list[list[Basket]] = [[] for _ in range(count)]
    for number, basket in enumerate(day.baskets):
        part = brought_by.get(basket.drop_off.stop_id)
        baskets[number % count if part is None else part].append(basket)
    return [
        replace(
            day,
            baskets=tuple(baskets[number]),
            riders=tuple(rider for rider in day.riders if part_of[rider.courier_id] == number),
            routes={name: stops for name, stops in day.routes.items() if part_of.get(name) == number},
        )
        for number in range(count)
    ]


def _solved_at_once(
    day: FinishedDay, rounds: int, seed: int, spent: Callable[[], float]
) -> tuple[Mapping[str, Sequence[PlannedStop]], int]:
    if not day.baskets or not day.riders:
        return {}, 0
    lived_by = {stop: rider for rider, stops in day.routes.items() for stop in stops}
    snapshot = Snapshot(
        baskets=tuple(
            replace(
                basket,
                due=_NEVER_LATE + basket.clicked if basket.asap else basket.due,
                barred=_out_of_time(basket, day.riders) - {lived_by.get(basket.drop_off.stop_id, "")},
            )
            for basket in day.baskets
        ),
        riders=day.riders,
        metres_per_minute=day.metres_per_minute,
        weights=CLEAR_SIGHTED,
        seed=seed,
    )
    longest = max([len(stops) for stops in day.routes.values()], default=0)
    effort = Effort(
        most_stops=max(40, 2 * longest),
        nearest_idle=20,
        nearest_busy=0,
        related=30,
        average=10.0,
        longest=10.0,
    )
    board = Board(snapshot, effort)
    wished = [
        (board.couriers[rider], [board.index[stop] for stop in stops if stop in board.index])
        for rider, stops in day.routes.items()
        if rider in board.couriers
    ]
    routes = anneal(board.search(), rounds, spent, wished)
    planned = {
        board.riders[number].courier_id: board.schedule(number, stops)
        for number, stops in enumerate(routes.stops)
        if stops
    }
    return planned, routes.rounds


def _out_of_time(basket: Basket, riders: Sequence[Rider]) -> frozenset[str]:
    """Who had left before the basket could be ready, or came long after it was."""
    ready = max([basket.clicked, *(pickup.ready for pickup in basket.pickups)])
    latest = max(ready, basket.drop_off.ready) + _TOO_LATE
    return frozenset(r.courier_id for r in riders if r.until <= ready or r.free_at >= latest)


def _metres(day: FinishedDay, routes: Mapping[str, Sequence[PlannedStop]]) -> float:
    places: dict[str, Position] = {
        visit.stop_id: visit.place for basket in day.baskets for visit in (*basket.pickups, basket.drop_off)
    }
    starts = {rider.courier_id: rider.place for rider in day.riders}
    return sum(
        here.metres_to(there)
        for rider, route in routes.items()
        for here, there in pairwise([starts[rider], *(places[stop.stop_id] for stop in route)])
    )
