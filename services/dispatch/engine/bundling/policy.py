"""The policy: what is known so far in, who takes which goods now and who rides where out.

A courier promises nothing before standing in the shop: the plan is made anew every minute, and what is
behind the ride that has begun may change. A courier sets off just in time, when setting off a minute later
would delay somebody; ``lead`` minutes sooner where preparation times are only expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.dispatch.engine.bundling.cover import LONGEST
from services.dispatch.engine.bundling.machine import Machine, fastest
from services.dispatch.engine.bundling.rows import MOST_BUNDLES, Town
from services.dispatch.engine.kernel import INF
from services.dispatch.engine.problem import Floats, Ints

Point = tuple[float, float]
_WORTH = 1e-6
_ROOM = 64


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How the policy goes about it; times in minutes, and costs in minutes of a customer's waiting.

    Orders whose goods are expected within ``horizon`` are planned, up to ``most_together`` in a bundle, in
    ``rounds`` rounds of improvement; so are couriers who come on within ``joining``. A minute under way costs
    ``riding``, one of a courier's shift until the last door ``engaged``, an order that nobody takes
    ``unserved``. Goods that are overdue are expected in ``overdue`` minutes, again and again. Every ``every``
    minutes at most ``most_moved`` idle couriers, whose shift goes on for ``staying`` minutes, are sent to
    where they are ``worth`` that much more, ``most_first`` those who spare most, each minute of the ride
    counting ``approach``; an idle courier is taken to be ``busy`` with that probability when wanted, and
    each shop's demand to be ``prior`` orders besides those seen. Who is free within ``soon`` counts as idle.
    """

    horizon: float = 60.0
    joining: float = 30.0
    most_together: int = 3
    rounds: int = 200
    riding: float = 0.05
    engaged: float = 0.06
    unserved: float = 200.0
    lead: float = 0.0
    overdue: float = 2.0
    every: int = 1
    most_moved: int = 3
    most_first: bool = True
    staying: float = 30.0
    worth: float = 0.03
    approach: float = 0.02
    busy: float = 0.2
    prior: float = 1.0
    soon: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Stops:
    """What a minute of travel is in metres, and how long couriers stop at a shop and at a door."""

    metres_per_minute: float
    pickup_minutes: float
    drop_off_minutes: float


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A courier's first place, and from when until when the courier takes goods."""

    place: Point
    on: float
    off: float


@dataclass(frozen=True, kw_only=True)
class Pickup:
    """The courier, who stands in the shop, takes these orders' goods now, and goes to their doors in turn."""

    courier: int
    shop: int
    orders: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Move:
    """The courier sets off for a shop now; ``idle`` when it is only to wait there."""

    courier: int
    shop: int
    idle: bool = False


class Bundler:
    """The policy of one zone, for one day. Orders and couriers are numbers, from 0 on as they are told."""

    def __init__(
        self,
        shops: Sequence[Point],
        shifts: Sequence[Shift],
        stops: Stops,
        habits: Habits = Habits(),
        seed: int = 0,
        on: Machine | None = None,
    ) -> None:
        self.habits, self.on = habits, on or fastest()
        self._shops, self._shifts, self._stops = shops, shifts, stops
        self._on_time = [shift.on for shift in shifts]
        self._known_ready: list[bool] = []
        self._open: dict[int, None] = {}
        self._demand = self.on.floats([habits.prior] * len(shops))
        self._preparations: list[float] = []
        self._expected = self.on.floats([0.0] * LONGEST)
        self._nearest, self._second = (self.on.floats([0.0] * len(shops)) for _ in range(2))
        self.town = self._room_for(_ROOM, seed)
        self._inside: Any = self.on.enter(self.town)

    def order(self, shop: int, door: Point, placed: float, ready: float, certain: bool = True) -> int:
        """An order is placed: its number. ``ready`` is when its goods are, or are expected to be, ready."""
        number = len(self._known_ready)
        if number >= len(self.town.placed):
            self._make_room(2 * number)
        t = self.town
        t.door_x[number], t.door_y[number] = door
        t.placed[number], t.ready[number], t.shop_of[number] = placed, ready, shop
        self._known_ready.append(certain)
        self._open[number] = None
        self._demand[shop] += 1.0
        self._preparations.append(ready - placed)
        return number

    def goods_ready(self, order: int, minute: float) -> None:
        """The order's goods turned out to be ready at ``minute``."""
        self._known_ready[order] = True
        self.town.ready[order] = minute

    def courier_at(self, courier: int, place: Point, free_at: float, shop: int = -1) -> None:
        """The courier will be free at ``free_at`` at ``place``, in a shop if that is given."""
        t = self.town
        (t.x[courier], t.y[courier]), t.free_at[courier], t.at_shop[courier] = place, free_at, shop

    def waiting_in(self, shop: int, now: float) -> bool:
        """Whether a courier stands in the shop, with nothing else to do."""
        t = self.town
        return any(t.at_shop[courier] == shop and t.free_at[courier] <= now for courier in range(t.couriers))

    def decide(self, now: float) -> list[Pickup | Move]:
        """What is done at ``now``. Whoever does it says with :meth:`courier_at` where couriers end up."""
        t, habits = self.town, self.habits
        for order in self._open:
            if not self._known_ready[order]:
                t.ready[order] = max(t.ready[order], now + habits.overdue)
        pool = [order for order in self._open if t.ready[order] <= now + habits.horizon]
        active = [
            courier
            for courier in range(t.couriers)
            if self._on_time[courier] <= now + habits.joining
            and (t.off[courier] >= now or t.bundles[courier] > 0)
        ]
        _fill(t.active, active)
        _fill(t.pool, pool)
        self.on.plan(self._inside, len(active), len(pool), now, habits.rounds)
        done: list[Pickup | Move] = []
        for courier in active:
            if t.bundles[courier] and t.free_at[courier] <= now and self._on_time[courier] <= now:
                done += self._begin(courier, now)
        if habits.every and now % habits.every == 0:
            moved = {one.courier for one in done}
            done += self._spread([courier for courier in active if courier not in moved], now)
        return done

    def _begin(self, courier: int, now: float) -> list[Pickup | Move]:
        t = self.town
        first = courier * MOST_BUNDLES
        shop = int(t.shop[first])
        orders = tuple(int(order) for order in self._orders_in(first))
        if t.at_shop[courier] == shop:
            self.on.serve(self._inside, courier, courier, now)
            if t.first[courier] > now or not all(self._known_ready[order] for order in orders):
                return []
            self.on.drop_bundle(self._inside, courier, 0)
            for order in orders:
                del self._open[order]
            return [Pickup(courier=courier, shop=shop, orders=orders)]
        later = self.on.serve(self._inside, courier, courier, now + 1.0 + self.habits.lead)
        if later <= t.cost[courier] + _WORTH:
            return []
        return [Move(courier=courier, shop=shop)]

    def _spread(self, active: Sequence[int], now: float) -> list[Pickup | Move]:
        """Send idle couriers to where they are likely to be wanted."""
        t, habits = self.town, self.habits
        idle = [
            courier
            for courier in active
            if t.bundles[courier] == 0
            and t.free_at[courier] <= now + habits.soon
            and self._on_time[courier] <= now
            and t.off[courier] > now + habits.overdue
        ]
        preparations = self.on.floats(self._preparations)
        half = t.pickup_half
        self.on.delays(preparations, len(self._preparations), half, self._expected)
        moves: list[Pickup | Move] = []
        row = self.on.ints(idle)
        movable = [c for c in idle if t.free_at[c] <= now and t.off[c] >= now + habits.staying]
        if habits.most_first:
            movable = self._by_gain(movable, row, len(idle), now)
        for courier in movable:
            # Asked again even then, for the others have moved since.
            place = self._better_place(courier, row, len(idle), now)
            if place < 0:
                continue
            moves.append(Move(courier=courier, shop=place, idle=True))
            # To the next ones it is as good as there.
            self.courier_at(courier, self._shops[place], now, place)
            if len(moves) >= habits.most_moved:
                break
        return moves

    def _by_gain(self, couriers: Sequence[int], idle: Ints, idles: int, now: float) -> list[int]:
        """Those of the couriers who had better be elsewhere, first those who spare most by it."""
        gains = [
            (-float(self.town.gain[0]), courier)
            for courier in couriers
            if self._better_place(courier, idle, idles, now) >= 0
        ]
        return [courier for _, courier in sorted(gains)]

    def _better_place(self, courier: int, idle: Ints, idles: int, now: float) -> int:
        habits = self.habits
        return int(
            self.on.better_place(
                *(self._inside, courier, idle, idles, now, self._demand, self._expected),
                *(self._nearest, self._second, habits.approach, habits.busy, habits.worth),
            )
        )

    def _orders_in(self, bundle: int) -> Ints:
        t = self.town
        first = bundle * t.most_together
        return t.orders[first : first + t.size[bundle]]

    def _room_for(self, orders: int, seed: int) -> Town:
        return _empty(self._shops, self._shifts, self._stops, self.habits, orders, seed, self.on)

    def _make_room(self, orders: int) -> None:
        """Make room for so many orders, and keep what is there."""
        old, self.town = self.town, self._room_for(orders, 0)
        for name in Town._fields:
            row, kept = getattr(self.town, name), getattr(old, name)
            if not isinstance(row, int | float):
                row[: len(kept)] = kept
        self._inside = self.on.enter(self.town)


def _fill(row: Ints, numbers: Sequence[int]) -> None:
    row[: len(numbers)] = numbers


def _empty(
    shops: Sequence[Point],
    shifts: Sequence[Shift],
    stops: Stops,
    habits: Habits,
    orders: int,
    seed: int,
    on: Machine,
) -> Town:
    couriers, rows = len(shifts), len(shifts) + 1
    bundles, places = rows * MOST_BUNDLES, rows * MOST_BUNDLES * habits.most_together

    def ints(count: int) -> Ints:
        return on.ints([0] * count)

    def floats(count: int) -> Floats:
        return on.floats([0.0] * count)

    return Town(
        shops=len(shops),
        couriers=couriers,
        most_together=habits.most_together,
        pace=float(stops.metres_per_minute),
        pickup_half=stops.pickup_minutes / 2,
        drop_half=stops.drop_off_minutes / 2,
        riding=float(habits.riding),
        engaged=float(habits.engaged),
        unserved=float(habits.unserved),
        shop_x=on.floats([x for x, _ in shops]),
        shop_y=on.floats([y for _, y in shops]),
        x=on.floats([shift.place[0] for shift in shifts]),
        y=on.floats([shift.place[1] for shift in shifts]),
        free_at=on.floats([shift.on for shift in shifts]),
        off=on.floats([shift.off for shift in shifts]),
        at_shop=on.ints([-1] * couriers),
        door_x=floats(orders),
        door_y=floats(orders),
        placed=floats(orders),
        ready=on.floats([INF] * orders),
        shop_of=ints(orders),
        courier_of=on.ints([-1] * orders),
        bundles=ints(rows),
        cost=floats(rows),
        first=floats(rows),
        shop=ints(bundles),
        size=ints(bundles),
        orders=ints(places),
        active=ints(couriers),
        pool=ints(orders),
        removed=ints(orders),
        is_removed=ints(orders),
        ways=floats(orders * couriers),
        spot=ints(2),
        touched=ints(couriers),
        kept_bundles=ints(couriers),
        kept_cost=floats(couriers),
        kept_shop=ints(bundles),
        kept_size=ints(bundles),
        kept_orders=ints(places),
        chance=on.ints([seed * 7919 % 2147483646 + 1]),
        clock=floats(1),
        gain=floats(1),
    )
