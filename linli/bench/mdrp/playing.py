"""A day played minute by minute: the policy is told what has happened, and what it decides is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from linli.bench.mdrp.instance import Instance, Point
from services.dispatch.engine.bundling.machine import Machine
from services.dispatch.engine.bundling.policy import Bundler, Habits, Move, Pickup, Shift, Stops

USUAL = Habits()
# With preparation times that are only expected, couriers set off sooner; what their time is worth, and moving
# those who wait every minute, has been tried with known times only.
UNCERTAIN = Habits(lead=8.0, engaged=0.0, every=2, most_first=False)
# As long after the last shift and the last order as anything can still happen.
_AFTERWARDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A bundle: when it was given to the courier, when its goods were taken, its orders in turn."""

    assigned: int
    picked_up: int
    courier: str
    orders: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    picked_up: int
    dropped: int
    courier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ride:
    """A move from one place to another, by name; the courier's own name is where the shift begins."""

    departs: int
    origin: str
    destination: str


@dataclass
class Solution:
    """What was done on the day; and how long each minute's decision took, in milliseconds."""

    assignments: list[Assignment] = field(default_factory=list)
    drops: dict[str, Drop] = field(default_factory=dict)
    rides: dict[str, list[Ride]] = field(default_factory=dict)
    epochs: list[float] = field(default_factory=list)


def play(
    instance: Instance,
    *,
    uncertain: bool = False,
    seed: int = 1,
    habits: Habits | None = None,
    on: Machine | None = None,
    stopwatch: Callable[[], float] = time.thread_time,
    progress: Callable[[float], None] = lambda _: None,
) -> Solution:
    """The day as the policy runs it.

    An order is known from its placement on. Its ready time is known then, too; if ``uncertain``, only its
    restaurant's mean preparation time is, and that goods are ready is seen by a courier who stands there.
    """
    return _Day(instance, uncertain, seed, habits or (UNCERTAIN if uncertain else USUAL), on, stopwatch).run(
        progress
    )


class _Day:
    def __init__(
        self,
        instance: Instance,
        uncertain: bool,
        seed: int,
        habits: Habits,
        on: Machine | None,
        stopwatch: Callable[[], float],
    ) -> None:
        self.instance, self.uncertain, self.stopwatch = instance, uncertain, stopwatch
        self.coming = sorted(range(len(instance.orders)), key=lambda n: (instance.orders[n].placed, n))
        self.means = instance.mean_preparations()
        self.policy = Bundler(
            [restaurant.place for restaurant in instance.restaurants],
            [Shift(place=courier.place, on=courier.on, off=courier.off) for courier in instance.couriers],
            Stops(
                metres_per_minute=instance.metres_per_minute,
                pickup_minutes=instance.pickup_minutes,
                drop_off_minutes=instance.drop_off_minutes,
            ),
            habits,
            seed,
            on,
        )
        # The policy numbers orders as they come.
        self.orders: list[int] = []
        self.unseen: dict[int, None] = {}
        self.places = [courier.name for courier in instance.couriers]
        self.points: list[Point] = [courier.place for courier in instance.couriers]
        self.done = Solution(rides={courier.name: [] for courier in instance.couriers})

    def run(self, progress: Callable[[float], None]) -> Solution:
        instance = self.instance
        begins = [*(order.placed for order in instance.orders), *(c.on for c in instance.couriers)]
        ends = [*(order.ready for order in instance.orders), *(c.off for c in instance.couriers)]
        first, last = int(min(begins)), int(max(ends)) + _AFTERWARDS
        for minute in range(first, last + 1):
            self._tell(minute)
            before = self.stopwatch()
            decided = self.policy.decide(float(minute))
            self.done.epochs.append(1000 * (self.stopwatch() - before))
            for one in decided:
                if isinstance(one, Pickup):
                    self._pick_up(one, minute)
                else:
                    self._move(one, minute)
            progress((minute - first + 1) / (last - first + 1))
        return self.done

    def _tell(self, minute: int) -> None:
        while self.coming and self.instance.orders[self.coming[0]].placed <= minute:
            number = self.coming.pop(0)
            order = self.instance.orders[number]
            expected = order.placed + self.means[order.restaurant] if self.uncertain else order.ready
            told = self.policy.order(
                order.restaurant, order.place, order.placed, expected, certain=not self.uncertain
            )
            self.orders.append(number)
            if self.uncertain:
                self.unseen[told] = None
        for told in list(self.unseen):
            order = self.instance.orders[self.orders[told]]
            if order.ready <= minute and self.policy.waiting_in(order.restaurant, minute):
                self.policy.goods_ready(told, order.ready)
                del self.unseen[told]

    def _pick_up(self, pickup: Pickup, minute: int) -> None:
        instance = self.instance
        courier = instance.couriers[pickup.courier]
        orders = [instance.orders[self.orders[told]] for told in pickup.orders]
        self.done.assignments.append(
            Assignment(
                assigned=minute,
                picked_up=minute,
                courier=courier.name,
                orders=tuple(order.name for order in orders),
            )
        )
        now = minute + instance.pickup_minutes / 2
        for order in orders:
            now += self._ride(pickup.courier, now, order.name, order.place) + instance.drop_off_minutes / 2
            self.done.drops[order.name] = Drop(picked_up=minute, dropped=round(now), courier=courier.name)
            now += instance.drop_off_minutes / 2
        self.policy.courier_at(pickup.courier, orders[-1].place, now)

    def _move(self, move: Move, minute: int) -> None:
        restaurant = self.instance.restaurants[move.shop]
        minutes = self._ride(move.courier, minute, restaurant.name, restaurant.place)
        self.policy.courier_at(move.courier, restaurant.place, minute + minutes, move.shop)

    def _ride(self, courier: int, departs: float, name: str, place: Point) -> float:
        """Take the courier to a place; answers how many minutes it takes."""
        minutes = self.instance.minutes(self.points[courier], place)
        rides = self.done.rides[self.instance.couriers[courier].name]
        rides.append(Ride(departs=round(departs), origin=self.places[courier], destination=name))
        self.points[courier], self.places[courier] = place, name
        return minutes
