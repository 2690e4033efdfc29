"""Is a solution possible, and how good is it: judged from the instance and the solution's files alone.

The rules and the figures are those of Reyes et al. (2018): click-to-door and ready-to-pickup in minutes,
what exceeds the target, what the couriers cost for each order, and how many orders make a bundle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from linli.bench.mdrp.instance import Instance, Order, Point
from linli.bench.mdrp.playing import Solution


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Means over an instance's delivered orders; times in minutes, cost in the instance's money."""

    orders: int
    undelivered: int
    click_to_door: float
    click_to_door_p90: float
    overage: float
    ready_to_pickup: float
    cost_per_order: float
    orders_per_bundle: float
    km_per_order: float
    floor: float

    @property
    def undelivered_percent(self) -> float:
        return 100.0 * self.undelivered / self.orders


def violations(instance: Instance, solution: Solution) -> list[str]:
    """What breaks a rule of the problem, a sentence each; empty for a solution that is possible."""
    return [*_assignments(instance, solution), *_rides(instance, solution), *_visits(instance, solution)]


def figures(instance: Instance, solution: Solution) -> Figures:
    """How good a solution is. Without a delivered order all means are 0."""
    orders = {order.name: order for order in instance.orders}
    waits = sorted(drop.dropped - orders[name].placed for name, drop in solution.drops.items())
    count = max(1, len(waits))
    pickups = [drop.picked_up - orders[name].ready for name, drop in solution.drops.items()]
    served = Counter(drop.courier for drop in solution.drops.values())
    pay = sum(
        max(
            instance.pay_per_order * served[courier.name],
            instance.pay_per_hour * (courier.off - courier.on) / 60,
        )
        for courier in instance.couriers
    )
    metres = sum(instance.minutes(a, b) for a, b in _legs(instance, solution)) * instance.metres_per_minute
    return Figures(
        orders=len(orders),
        undelivered=len(orders) - len(waits),
        click_to_door=sum(waits) / count,
        click_to_door_p90=_percentile(waits, 0.9),
        overage=sum(max(0.0, wait - instance.target) for wait in waits) / count,
        ready_to_pickup=sum(pickups) / count,
        cost_per_order=pay / count,
        orders_per_bundle=len(waits) / max(1, len(solution.assignments)),
        km_per_order=metres / 1000 / count,
        floor=sum(_floor(instance, order) for order in instance.orders) / len(orders),
    )


def _floor(instance: Instance, order: Order) -> float:
    """The click-to-door of an order for which a courier stands ready, and that travels alone."""
    home = instance.minutes(instance.restaurants[order.restaurant].place, order.place)
    half_stops = (instance.pickup_minutes + instance.drop_off_minutes) / 2
    return order.ready - order.placed + half_stops + home


def _assignments(instance: Instance, solution: Solution) -> Iterator[str]:
    orders = {order.name: order for order in instance.orders}
    couriers = {courier.name: courier for courier in instance.couriers}
    seen: Counter[str] = Counter()
    for one in solution.assignments:
        courier = couriers.get(one.courier)
        unknown = [name for name in one.orders if name not in orders]
        if courier is None or unknown or not one.orders:
            yield f"an assignment at {one.assigned} is of something that is not there"
            continue
        bundle = [orders[name] for name in one.orders]
        seen.update(one.orders)
        if len({order.restaurant for order in bundle}) > 1:
            yield f"{one.orders}: of several restaurants"
        if one.assigned < max(order.placed for order in bundle):
            yield f"{one.orders}: assigned before it was placed"
        if one.picked_up < one.assigned or one.picked_up < max(order.ready for order in bundle):
            yield f"{one.orders}: picked up before it was assigned or ready"
        if one.picked_up > courier.off:
            yield f"{one.orders}: picked up after {one.courier} went off"
        drops = [solution.drops.get(name) for name in one.orders]
        for name, drop in zip(one.orders, drops, strict=True):
            if drop is None or drop.courier != one.courier or drop.picked_up != one.picked_up:
                yield f"{name}: its row says otherwise than its assignment"
        times = [drop.dropped for drop in drops if drop is not None]
        if any(b < a + instance.drop_off_minutes for a, b in pairwise(times)):
            yield f"{one.orders}: not dropped off in that order"
    for name, count in seen.items():
        if count > 1:
            yield f"{name}: in {count} assignments"
    for name in solution.drops:
        if not seen[name]:
            yield f"{name}: dropped off, and in no assignment"


def _rides(instance: Instance, solution: Solution) -> Iterator[str]:
    places = _places(instance)
    on = {courier.name: courier.on for courier in instance.couriers}
    for courier, rides in solution.rides.items():
        here, free = courier, on.get(courier, float("inf"))
        for ride in rides:
            if ride.origin != here or ride.destination not in places:
                yield f"{courier}: rides from {ride.origin} to {ride.destination}, and was at {here}"
                break
            if ride.departs < free:
                yield f"{courier}: departs from {here} at {ride.departs}, before arriving or coming on"
            here, free = (
                ride.destination,
                ride.departs + instance.minutes(places[here], places[ride.destination]),
            )


def _visits(instance: Instance, solution: Solution) -> Iterator[str]:
    """Every pickup and drop-off has its whole service, at the right place, and no two of them at once."""
    restaurants = {order.name: instance.restaurants[order.restaurant].name for order in instance.orders}
    stops: dict[str, list[tuple[float, float, str, str]]] = {}
    for one in solution.assignments:
        half = instance.pickup_minutes / 2
        if one.orders and one.orders[0] in restaurants:
            stop = (one.picked_up - half, one.picked_up + half, restaurants[one.orders[0]], one.orders[0])
            stops.setdefault(one.courier, []).append(stop)
    for name, drop in solution.drops.items():
        half = instance.drop_off_minutes / 2
        stops.setdefault(drop.courier, []).append((drop.dropped - half, drop.dropped + half, name, name))
    for courier, served in stops.items():
        stays = list(_stays(instance, solution, courier))
        served.sort()
        for begins, ends, place, what in served:
            if not any(a <= begins and ends <= b and here == place for a, b, here in stays):
                yield f"{what}: {courier} is not at {place} from {begins} to {ends}"
        for before, after in pairwise(served):
            if after[0] < before[1]:
                yield f"{after[3]}: {courier} serves it and {before[3]} at once"


def _stays(instance: Instance, solution: Solution, courier: str) -> Iterator[tuple[float, float, str]]:
    """From when until when the courier is where."""
    places, here, since = _places(instance), courier, 0.0
    for ride in solution.rides.get(courier, ()):
        yield since, ride.departs, here
        since = ride.departs + instance.minutes(places[here], places.get(ride.destination, places[here]))
        here = ride.destination
    yield since, float("inf"), here


def _places(instance: Instance) -> dict[str, Point]:
    orders = {order.name: order.place for order in instance.orders}
    couriers = {courier.name: courier.place for courier in instance.couriers}
    return orders | couriers | {restaurant.name: restaurant.place for restaurant in instance.restaurants}


def _legs(instance: Instance, solution: Solution) -> Iterator[tuple[Point, Point]]:
    places = _places(instance)
    for rides in solution.rides.values():
        for ride in rides:
            yield places[ride.origin], places[ride.destination]


def _percentile(numbers: Sequence[float], share: float) -> float:
    """The percentile of sorted numbers, between its neighbours in proportion."""
    if not numbers:
        return 0.0
    at = share * (len(numbers) - 1)
    low = int(at)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (at - low) * (numbers[high] - numbers[low])
