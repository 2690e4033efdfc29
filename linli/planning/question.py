"""A request as the engine's model, with the names of everything that has a number there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linli.failures import Failure
from services.dispatch.engine.model import Effort, Job, Model, Stop, Vehicle

EARTH_RADIUS_M = 6_371_008.8
# What couriers on bicycles make in a town: 320 metres a minute.
USUAL_PROFILE: Mapping[str, float] = {"metres_per_second": 320 / 60, "detour": 1.0}
NEVER = math.inf
# Seconds and metres between places, row by row.
Tables = tuple[list[float], list[float]]
Ask = Callable[[str, Sequence[tuple[float, float]]], Tables | None]


@dataclass(frozen=True, kw_only=True)
class Question:
    """The model, and by its numbers: shipments, tasks (``(kind, task)``), vehicles, their given routes."""

    model: Model
    shipments: Sequence[Mapping[str, Any]]
    tasks: Sequence[tuple[str, Mapping[str, Any]]]
    vehicles: Sequence[Mapping[str, Any]]
    given: Sequence[tuple[int, ...]]
    distances: Sequence[float] | None


def question_of(request: Mapping[str, Any], seed: int = 0, ask: Ask | None = None) -> Question:
    """The question that a request, as :func:`linli.planning.form.read` answers it, asks."""
    vehicles, shipments = request["vehicles"], request["shipments"]
    numbers = _numbers(vehicles)
    tasks = [
        (kind, task)
        for number, shipment in enumerate(shipments)
        for kind, task in [
            *(("pickup", task) for task in pickups_of(shipment, number)),
            ("delivery", shipment["delivery"]),
        ]
    ]
    travel = _Travel(request, ask)
    stops = iter([_place(travel, task, kind) for kind, task in tasks])
    width = max([len(v.get("capacity", ())) for v in vehicles], default=0)
    jobs = []
    for number, shipment in enumerate(shipments):
        jobs.append(_job(shipment, number, stops, numbers, request["weights"], width))
    aboard: dict[int, list[int]] = {}
    for job in jobs:
        if job.holder is not None:
            held = aboard.setdefault(job.holder, [0] * width)
            aboard[job.holder] = [a + b for a, b in zip(held, job.on_board or [0] * width, strict=True)]
    machines = [_vehicle(v, n, travel, aboard.get(n, [])) for n, v in enumerate(vehicles)]
    durations, distances = travel.tables()
    model = Model(
        jobs=jobs,
        vehicles=machines,
        travel=durations,
        riding=request["weights"]["riding"],
        late=request["weights"]["lateness"],
        seed=seed,
        effort=Effort(most_stops=len(tasks) + 1, nearest_idle=20, nearest_busy=20, related=24),
    )
    given = [_steps(vehicle, number, tasks) for number, vehicle in enumerate(vehicles)]
    everywhere = [stop for route in given for stop in route]
    for stop in everywhere:
        if everywhere.count(stop) > 1:
            kind, task = tasks[stop]
            raise Failure(f"vehicles: the steps name the {kind} {task['id']} twice.", exit_code=2)
    return Question(
        model=model, shipments=shipments, tasks=tasks, vehicles=vehicles, given=given, distances=distances
    )


def pickups_of(shipment: Mapping[str, Any], number: int) -> list[Mapping[str, Any]]:
    """The pickups still to make, each with its amount."""
    if "pickup" in shipment and "pickups" in shipment:
        raise Failure(f"shipments[{number}]: give `pickup` or `pickups`, not both.", exit_code=2)
    pickups = [shipment["pickup"]] if "pickup" in shipment else list(shipment.get("pickups", ()))
    if not pickups and "onboard" not in shipment:
        raise Failure(f"shipments[{number}]: nothing is picked up, and nothing is `onboard`.", exit_code=2)
    if "amount" in shipment and len(pickups) > 1:
        message = f"shipments[{number}].amount: with several pickups each has its own `amount`."
        raise Failure(message, exit_code=2)
    return [{"amount": shipment.get("amount", [])} | dict(pickup) for pickup in pickups]


def _job(
    shipment: Mapping[str, Any],
    number: int,
    stops: Any,
    numbers: Mapping[int, int],
    weights: Mapping[str, float],
    width: int,
) -> Job:
    where = f"shipments[{number}]"
    holder = shipment.get("locked_to")
    if holder is not None and holder not in numbers:
        raise Failure(f"{where}.locked_to: there is no vehicle {holder}.", exit_code=2)
    if "onboard" in shipment and holder is None:
        raise Failure(f"{where}.locked_to: what is on board is on board of a vehicle; name it.", exit_code=2)
    amounts = [p["amount"] for p in pickups_of(shipment, number)]
    for amount in (*amounts, shipment.get("onboard", [])):
        if len(amount) > width:
            message = f"{where}.amount: it has {len(amount)} dimensions, and the vehicles' capacity {width}."
            raise Failure(message, exit_code=2)
    return Job(
        pickups=tuple(
            Stop(place=place, opens=opens, closes=closes, service=service, amount=_filled(amount, width))
            for amount, (place, opens, closes, service) in zip(amounts, stops, strict=False)
        )
        if amounts
        else (),
        drop=_drop(*next(stops)),
        on_board=_filled(shipment.get("onboard", []), width),
        waiting=weights["waiting"] if shipment["asap"] else 0.0,
        clicked=float(shipment.get("placed", 0)),
        due=float(shipment.get("due", NEVER)),
        penalty=weights["unassigned"] * (1 + shipment["priority"]),
        holder=None if holder is None else numbers[holder],
    )


def _drop(place: int, opens: float, closes: float, service: float) -> Stop:
    return Stop(place=place, opens=opens, closes=closes, service=service)


def _filled(amount: Sequence[int], width: int) -> tuple[int, ...]:
    return (*amount, *([0] * (width - len(amount))))


def _vehicle(vehicle: Mapping[str, Any], number: int, travel: _Travel, load: Sequence[int]) -> Vehicle:
    where = f"vehicles[{number}]"
    start = travel.place(vehicle.get("start"), vehicle.get("start_index"), f"{where}.start")
    end = None
    if "end" in vehicle or "end_index" in vehicle:
        end = travel.place(vehicle.get("end"), vehicle.get("end_index"), f"{where}.end")
    opens, closes = vehicle.get("time_window", (0, NEVER))
    return Vehicle(
        start=start,
        end=end,
        free_at=float(opens),
        until=float(closes),
        speed_factor=vehicle["speed_factor"] * travel.pace(vehicle["profile"]),
        fixed=float(vehicle["costs"]["fixed"]),
        capacity=tuple(vehicle.get("capacity", ())),
        load=tuple(load),
        breaks=tuple((float(a), float(b)) for pause in vehicle["breaks"] for a, b in pause["time_windows"]),
    )


def _steps(vehicle: Mapping[str, Any], number: int, tasks: Sequence[tuple[str, Any]]) -> tuple[int, ...]:
    known = {(kind, task["id"]): stop for stop, (kind, task) in enumerate(tasks)}
    route = []
    for at, step in enumerate(vehicle.get("steps", ())):
        if step["type"] in {"pickup", "delivery"}:
            stop = known.get((step["type"], step.get("id", -1)))
            if stop is None:
                message = f"vehicles[{number}].steps[{at}]: there is no {step['type']} {step.get('id')}."
                raise Failure(message, exit_code=2)
            route.append(stop)
    return tuple(route)


def _numbers(vehicles: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    numbers = {vehicle["id"]: number for number, vehicle in enumerate(vehicles)}
    if len(numbers) < len(vehicles):
        raise Failure("vehicles: two of them have the same id.", exit_code=2)
    return numbers


def _place(travel: _Travel, task: Mapping[str, Any], kind: str) -> tuple[int, float, float, float]:
    place = travel.place(
        task.get("location"), task.get("location_index"), f"the {kind} {task['id']}: location"
    )
    opens, closes = task.get("time_windows", [(0, NEVER)])[0]
    return place, float(opens), float(closes), float(task["service"])


class _Travel:
    """Travel times: the request's matrix, a router's table, or great circles at a profile's speed."""

    def __init__(self, request: Mapping[str, Any], ask: Ask | None) -> None:
        self.ask = ask
        profiles = {vehicle["profile"] for vehicle in request["vehicles"]}
        self.profiles, self.matrix = request["profiles"], None
        self.known: dict[tuple[float, float], int] = {}
        if request["matrices"]:
            if len(profiles) > 1:
                sentence = "vehicles: with a matrix all have one profile; give the others a `speed_factor`."
                raise Failure(sentence, exit_code=2)
            (self.profile,) = profiles
            if self.profile not in request["matrices"]:
                raise Failure(f"matrices: there is none for the profile {self.profile}.", exit_code=2)
            self.matrix = request["matrices"][self.profile]
            size = len(self.matrix["durations"])
            for name in ("durations", "distances"):
                if any(len(row) != size for row in self.matrix.get(name, ())):
                    raise Failure(f"matrices.{self.profile}.{name}: it is not square.", exit_code=2)
        else:
            self.profile = min(profiles)

    def pace(self, profile: str) -> float:
        """How much faster a profile is than the one that the table is for."""
        return 1.0 if self.matrix is not None else self._speed(profile) / self._speed(self.profile)

    def place(self, location: Sequence[float] | None, index: int | None, where: str) -> int:
        if self.matrix is not None:
            if index is None:
                raise Failure(
                    f"{where}_index is missing: with a matrix every place is a row of it.", exit_code=2
                )
            if index >= len(self.matrix["durations"]):
                raise Failure(f"{where}_index: the matrix has no row {index}.", exit_code=2)
            return index
        if location is None:
            raise Failure(f"{where} is missing.", exit_code=2)
        return self.known.setdefault((location[0], location[1]), len(self.known))

    def tables(self) -> tuple[list[float], list[float] | None]:
        """Seconds, and metres where they are known, from every place to every other, row by row."""
        if self.matrix is not None:
            durations = [float(seconds) for row in self.matrix["durations"] for seconds in row]
            rows = self.matrix.get("distances")
            return durations, None if rows is None else [float(metres) for row in rows for metres in row]
        told = self.ask and self.ask(self.profile, list(self.known))
        if told:
            return told
        detour = self.profiles.get(self.profile, USUAL_PROFILE)["detour"]
        metres = [great_circle(a, b) * detour for a in self.known for b in self.known]
        speed = self._speed(self.profile) * detour
        return [float(math.ceil(way / speed - 1e-9)) for way in metres], metres

    def _speed(self, profile: str) -> float:
        """Metres of the great circle a second."""
        known = self.profiles.get(profile, USUAL_PROFILE)
        return float(known["metres_per_second"] / known["detour"])


def great_circle(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Metres between two places of longitude and latitude, over a sphere."""
    (lon, lat), (other_lon, other_lat) = start, end
    half_lat = math.sin(math.radians(other_lat - lat) / 2)
    half_lon = math.sin(math.radians(other_lon - lon) / 2)
    chord = half_lat**2 + math.cos(math.radians(lat)) * math.cos(math.radians(other_lat)) * half_lon**2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))
