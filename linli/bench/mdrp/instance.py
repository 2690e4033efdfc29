"""An instance as it is published: four tables, tab-separated, with a header line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

from linli.failures import Failure

Point = tuple[float, float]
_COLUMNS = {
    "orders.txt": ("order", "x", "y", "placement_time", "restaurant", "ready_time"),
    "couriers.txt": ("courier", "x", "y", "on_time", "off_time"),
    "restaurants.txt": ("restaurant", "x", "y"),
    "instance_parameters.txt": (
        "meters_per_minute",
        "pickup service minutes",
        "dropoff service minutes",
        "target click-to-door",
        "maximum click-to-door",
        "pay per order",
        "guaranteed pay per hour",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Restaurant:
    name: str
    place: Point


@dataclass(frozen=True, kw_only=True, slots=True)
class Courier:
    name: str
    place: Point
    on: float
    off: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """``restaurant`` is its number in the instance."""

    name: str
    place: Point
    placed: float
    restaurant: int
    ready: float


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A day: metres, minutes, and what a courier is paid: by order, or an hour at least."""

    name: str
    restaurants: tuple[Restaurant, ...]
    couriers: tuple[Courier, ...]
    orders: tuple[Order, ...]
    metres_per_minute: float
    pickup_minutes: float
    drop_off_minutes: float
    target: float
    pay_per_order: float
    pay_per_hour: float

    def minutes(self, start: Point, end: Point) -> float:
        """Whole minutes from one place to another."""
        (x, y), (to_x, to_y) = start, end
        return float(ceil(sqrt((x - to_x) ** 2 + (y - to_y) ** 2) / self.metres_per_minute))

    def mean_preparations(self) -> list[float]:
        """Each restaurant's mean minutes from placing to ready, which is all that ``--uncertain`` tells."""
        sums, counts = [0.0] * len(self.restaurants), [0] * len(self.restaurants)
        for order in self.orders:
            sums[order.restaurant] += order.ready - order.placed
            counts[order.restaurant] += 1
        return [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]


def read_instance(folder: Path) -> Instance:
    """The instance in ``folder``; :class:`Failure` names the file and the line that is wrong."""
    if not folder.is_dir():
        raise Failure(f"{folder}: there is no such folder.", exit_code=2)
    rows = {file: _rows(folder / file) for file in _COLUMNS}
    restaurants = tuple(
        Restaurant(name=row[0], place=(_number(row[1]), _number(row[2]))) for row in rows["restaurants.txt"]
    )
    numbers = {restaurant.name: number for number, restaurant in enumerate(restaurants)}
    parameters = rows["instance_parameters.txt"]
    if len(parameters) != 1:
        raise Failure(f"{folder / 'instance_parameters.txt'}: it has to have one line.", exit_code=2)
    pace, pickup, drop_off, target, _, per_order, per_hour = (_number(cell) for cell in parameters[0])
    if pace <= 0:
        raise Failure(
            f"{folder / 'instance_parameters.txt'}: couriers have to move (meters_per_minute).", exit_code=2
        )
    instance = Instance(
        name=folder.resolve().name,
        restaurants=restaurants,
        couriers=tuple(
            Courier(
                name=row[0], place=(_number(row[1]), _number(row[2])), on=_number(row[3]), off=_number(row[4])
            )
            for row in rows["couriers.txt"]
        ),
        orders=tuple(
            Order(
                name=row[0],
                place=(_number(row[1]), _number(row[2])),
                placed=_number(row[3]),
                restaurant=_known(numbers, row, folder),
                ready=_number(row[5]),
            )
            for row in rows["orders.txt"]
        ),
        metres_per_minute=pace,
        pickup_minutes=pickup,
        drop_off_minutes=drop_off,
        target=target,
        pay_per_order=per_order,
        pay_per_hour=per_hour,
    )
    _check(instance, folder)
    return instance


def _check(instance: Instance, folder: Path) -> None:
    names = [order.name for order in instance.orders]
    names += [courier.name for courier in instance.couriers]
    names += [restaurant.name for restaurant in instance.restaurants]
    if len(set(names)) < len(names):
        raise Failure(f"{folder}: two orders, couriers or restaurants have the same name.", exit_code=2)
    for order in instance.orders:
        if order.ready < order.placed:
            raise Failure(f"{folder / 'orders.txt'}: {order.name} is ready before it is placed.", exit_code=2)
    for courier in instance.couriers:
        if courier.off < courier.on:
            raise Failure(f"{folder / 'couriers.txt'}: {courier.name} goes off before on.", exit_code=2)
    if not instance.orders or not instance.couriers:
        raise Failure(f"{folder}: without orders or couriers there is nothing to play.", exit_code=2)


def _rows(file: Path) -> list[list[str]]:
    if not file.is_file():
        raise Failure(f"{file}: there is no such file.", exit_code=2)
    header, *lines = file.read_text().splitlines() or [""]
    expected: Sequence[str] = _COLUMNS[file.name]
    if tuple(header.split("\t")) != tuple(expected):
        raise Failure(f"{file}: the header has to be {', '.join(expected)}, tab-separated.", exit_code=2)
    rows = []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) != len(expected):
            raise Failure(f"{file}, line {number}: {len(cells)} columns, not {len(expected)}.", exit_code=2)
        for name, cell in zip(expected, cells, strict=True):
            if name not in {"order", "courier", "restaurant"} and not _is_number(cell):
                raise Failure(f"{file}, line {number}: {name} is no number: {cell}", exit_code=2)
        rows.append(cells)
    return rows


def _is_number(cell: str) -> bool:
    try:
        return abs(float(cell)) < 1e9
    except ValueError:
        return False


def _number(cell: str) -> float:
    return float(cell)


def _known(numbers: dict[str, int], row: list[str], folder: Path) -> int:
    if row[4] not in numbers:
        raise Failure(f"{folder / 'orders.txt'}: {row[0]} is of {row[4]}, which is not there.", exit_code=2)
    return numbers[row[4]]
