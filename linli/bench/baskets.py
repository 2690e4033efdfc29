"""MDRP-M: multi-shop baskets derived from instances of the Meal Delivery Routing Problem, as a case."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from linli.failures import Failure
from linli.simulation.case import Case, Handling, Parcel, SimulatedBasket, SimulatedCourier, on_plane

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class RawCourier:
    name: str
    start: Point
    on: float
    off: float


@dataclass(frozen=True, kw_only=True)
class RawBasket:
    """A basket as the file has it; ``pickups`` are a restaurant's name and the minute it is ready."""

    name: str
    placed: float
    door: Point
    pickups: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """What the files say, in metres and minutes. Travel is rounded up to whole minutes."""

    name: str
    restaurants: dict[str, Point]
    couriers: tuple[RawCourier, ...]
    baskets: tuple[RawBasket, ...]
    metres_per_minute: float
    pickup_service: float
    door_service: float
    target: float


def read(file: Path, instances: Path) -> Instance:
    """The baskets of ``file`` with the couriers, restaurants and parameters of the instance of the same name.

    :class:`Failure` says what is missing or wrong.
    """
    folder = instances / file.stem
    if not folder.is_dir():
        raise Failure(
            f"There is no {file.stem} in {instances}: name the folder of instances with --instances.",
            exit_code=2,
        )
    shops = _table(folder / "restaurants.txt", 3, lambda row: (row[0], (float(row[1]), float(row[2]))))
    couriers = _table(
        folder / "couriers.txt",
        5,
        lambda row: RawCourier(
            name=row[0], start=(float(row[1]), float(row[2])), on=float(row[3]), off=float(row[4])
        ),
    )
    parameters = _table(folder / "instance_parameters.txt", 7, lambda row: [float(one) for one in row])
    if not shops or not couriers or not parameters or parameters[0][0] <= 0:
        raise Failure(f"{folder} has no restaurants, couriers or speed.", exit_code=2)
    metres_per_minute, pickup, door, target = parameters[0][:4]
    return Instance(
        name=file.stem,
        restaurants=dict(shops),
        couriers=tuple(couriers),
        baskets=_baskets(file, [name for name, _ in shops]),
        metres_per_minute=metres_per_minute,
        pickup_service=pickup,
        door_service=door,
        target=target,
    )


def case_of(instance: Instance) -> Case:
    """The instance as a simulation takes it, around the middle of its restaurants."""
    count = len(instance.restaurants)
    middle_x = sum(x for x, _ in instance.restaurants.values()) / count
    middle_y = sum(y for _, y in instance.restaurants.values()) / count
    places = {name: on_plane(x - middle_x, y - middle_y) for name, (x, y) in instance.restaurants.items()}
    return Case(
        name=instance.name,
        baskets=tuple(
            SimulatedBasket(
                basket_id=basket.name,
                placed=basket.placed,
                parcels=tuple(
                    Parcel(shop=shop, place=places[shop], ready=ready, estimate=ready)
                    for shop, ready in basket.pickups
                ),
                door=on_plane(basket.door[0] - middle_x, basket.door[1] - middle_y),
            )
            for basket in instance.baskets
        ),
        couriers=tuple(
            SimulatedCourier(
                courier_id=courier.name,
                place=on_plane(courier.start[0] - middle_x, courier.start[1] - middle_y),
                on=courier.on,
                off=courier.off,
            )
            for courier in instance.couriers
        ),
        metres_per_minute=instance.metres_per_minute,
        handling=Handling(
            pickup_before=instance.pickup_service / 2,
            pickup_after=instance.pickup_service / 2,
            door_before=instance.door_service / 2,
            door_after=instance.door_service / 2,
        ),
        target=instance.target,
        is_plane=True,
    )


def floor(case: Case, basket: SimulatedBasket) -> float:
    """The least minutes from click to door: shops in the best order, a courier always there already."""
    handling, best = case.handling, float("inf")
    for order in permutations(basket.parcels):
        minute, here = order[0].ready + handling.pickup_after, order[0].place
        for parcel in order[1:]:
            arrives = minute + case.minutes(here, parcel.place)
            minute = max(arrives + handling.pickup_before, parcel.ready) + handling.pickup_after
            here = parcel.place
        best = min(best, minute + case.minutes(here, basket.door) + handling.door_before)
    return best - basket.placed


def is_possible(case: Case, basket: SimulatedBasket) -> bool:
    """Whether any courier with nothing else to do could pick the whole basket up within the shift."""
    before, after = case.handling.pickup_before, case.handling.pickup_after
    for courier in case.couriers:
        for order in permutations(basket.parcels):
            minute, here = max(courier.on, basket.placed), courier.place
            for parcel in order:
                picked = max(minute + case.minutes(here, parcel.place) + before, parcel.ready)
                minute, here = picked + after, parcel.place
                if picked > courier.off:
                    break
            else:
                return True
    return False


def _table(file: Path, columns: int, entry: Callable[[list[str]], Any]) -> list[Any]:
    found = []
    for number, line in enumerate(_lines(file)[1:], start=2):
        row = line.split()
        try:
            if len(row) != columns:
                raise ValueError(f"{len(row)} values where {columns} are expected")
            found.append(entry(row))
        except ValueError as error:
            raise Failure(f"{file}, line {number}: {error}.", exit_code=2) from None
    return found


def _baskets(file: Path, shops: list[str]) -> tuple[RawBasket, ...]:
    found: dict[str, RawBasket] = {}
    for number, line in enumerate(_lines(file), start=1):
        try:
            row = json.loads(line)
            basket = RawBasket(
                name=f"b{row['basket']}",
                placed=float(row["placed"]),
                door=(float(row["x"]), float(row["y"])),
                pickups=tuple(
                    (_shop(shops, one["restaurant"]), float(one["ready"])) for one in row["pickups"]
                ),
            )
        except KeyError as error:
            raise Failure(f"{file}, line {number}: {error} is missing.", exit_code=2) from None
        except (ValueError, TypeError) as error:
            raise Failure(f"{file}, line {number}: {error}.", exit_code=2) from None
        if not basket.pickups or basket.name in found:
            wrong = "has the number of another" if basket.pickups else "has no pickups"
            raise Failure(f"{file}, line {number}: the basket {wrong}.", exit_code=2)
        found[basket.name] = basket
    if not found:
        raise Failure(f"{file} has no baskets.", exit_code=2)
    return tuple(found.values())


def _shop(shops: list[str], number: int) -> str:
    if not 0 <= number < len(shops):
        raise ValueError(f"there is no restaurant {number}")
    return shops[number]


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise Failure(f"{file} is not text in UTF-8.", exit_code=2) from None
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", exit_code=2) from None
