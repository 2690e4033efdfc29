"""Solutions of MDRP-M as files, and a judge that reads nothing else but them and the instance.

Three files of blank-separated columns with a header line, in the manner of the instance set's own:

* ``solution_info_assignments.txt``: assignment_time courier basket
* ``solution_info_baskets.txt``: basket placement_time restaurant ready_time pickup_time dropoff_time courier,
  a line for each pickup
* ``solution_info_couriers.txt``: courier departure_time origin destination, every move in time order; the
  origin ``0`` is the courier's start, a basket's name is its door
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from linli.bench.baskets import Instance, RawCourier
from linli.failures import Failure
from linli.simulation.case import Case
from linli.simulation.record import Record

ASSIGNMENTS, BASKETS, COURIERS = (
    f"solution_info_{name}.txt" for name in ("assignments", "baskets", "couriers")
)
_HEADERS = {
    ASSIGNMENTS: "assignment_time courier basket",
    BASKETS: "basket placement_time restaurant ready_time pickup_time dropoff_time courier",
    COURIERS: "courier departure_time origin destination",
}


def write(folder: Path, instance: Instance, case: Case, record: Record) -> None:
    """Write the solution into ``folder``; what was not delivered is left out."""
    baskets = {basket.name: basket for basket in instance.baskets}
    shops = {parcel.place: parcel.shop for basket in case.baskets for parcel in basket.parcels}
    delivered = [fate for fate in record.fates.values() if fate.door is not None]
    assignments = [(_n(fate.assigned), str(fate.courier_id), fate.basket_id) for fate in delivered]
    lines = [
        (
            *(fate.basket_id, _n(baskets[fate.basket_id].placed), shop, _n(ready)),
            *(_n(fate.picked[number]), _n(fate.door), str(fate.courier_id)),
        )
        for fate in delivered
        for number, (shop, ready) in enumerate(baskets[fate.basket_id].pickups)
    ]
    at: dict[str, str] = {}
    moves = []
    for move in sorted(record.moves, key=lambda move: (move.courier_id, move.leaves, move.arrives)):
        basket_id, _, stop = move.stop_id.partition("/")
        if stop == "door":
            goal = basket_id
        else:
            goal = baskets[basket_id].pickups[int(stop)][0] if stop else shops[move.end]
        origin = at.get(move.courier_id, "0")
        if goal != origin:
            moves.append((move.courier_id, _n(move.leaves), origin, goal))
        at[move.courier_id] = goal
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in ((ASSIGNMENTS, sorted(assignments)), (BASKETS, lines), (COURIERS, moves)):
            text = "".join(" ".join(row) + "\n" for row in rows)
            (folder / name).write_text(f"{_HEADERS[name]}\n{text}", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}.") from None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong, in sentences, and what the files say: minutes to the door by basket, and so on."""

    wrong: tuple[str, ...]
    click_to_door: dict[str, float]
    split: int
    rings: int
    metres: float


@dataclass(frozen=True)
class _Event:
    """A pickup or a drop-off of a courier: at ``place``, busy from ``begins`` to ``ends``."""

    place: str
    moment: float
    begins: float
    ends: float
    what: str


def judge(folder: Path, instance: Instance) -> Verdict:
    """Whether the solution keeps the rules: it is read from its files, and everything is worked out again."""
    return _Judge(folder, instance).verdict()


class _Judge:
    def __init__(self, folder: Path, instance: Instance) -> None:
        self.instance = instance
        self.wrong: list[str] = []
        self.couriers = {courier.name: courier for courier in instance.couriers}
        self.baskets = {basket.name: basket for basket in instance.baskets}
        self.assignments = _read(folder / ASSIGNMENTS)
        self.lines = _read(folder / BASKETS)
        self.moves = _read(folder / COURIERS)

    def verdict(self) -> Verdict:
        told = self._told()
        events, doors = self._events(told)
        stays = self._stays()
        for name in {*events, *stays}:
            if name in self.couriers:
                self._attended(self.couriers[name], events.get(name, []), stays.get(name, []))
        metres = sum(self._metres(origin, goal, name) for name, _, origin, goal in self.moves)
        carriers: dict[str, set[str]] = defaultdict(set)
        for row in self.lines:
            carriers[row[0]].add(row[6])
        rings = len({(row[0], row[5], row[6]) for row in self.lines})
        return Verdict(
            wrong=tuple(self.wrong),
            click_to_door={name: door - self.baskets[name].placed for name, door in doors.items()},
            split=sum(1 for names in carriers.values() if len(names) > 1),
            rings=rings,
            metres=metres,
        )

    def _told(self) -> dict[str, tuple[float, str]]:
        told: dict[str, tuple[float, str]] = {}
        for minute, courier, basket in self.assignments:
            if basket not in self.baskets or courier not in self.couriers:
                self.wrong.append(f"{basket} or {courier} is not of this instance")
                continue
            if basket in told:
                self.wrong.append(f"{basket} is assigned twice")
            if float(minute) < self.baskets[basket].placed:
                self.wrong.append(f"{basket} is assigned before it is placed")
            told[basket] = float(minute), courier
        return told

    def _events(self, told: dict[str, tuple[float, str]]) -> tuple[dict[str, list[_Event]], dict[str, float]]:
        events: dict[str, list[_Event]] = defaultdict(list)
        doors: dict[str, float] = {}
        open_pickups = {name: list(basket.pickups) for name, basket in self.baskets.items()}
        half, half_door = self.instance.pickup_service / 2, self.instance.door_service / 2
        for name, placed, shop, ready, pickup, door, courier in self.lines:
            if name not in told or told[name][1] != courier:
                self.wrong.append(f"{name} is carried by {courier}, to whom it is not assigned")
                continue
            if (shop, float(ready)) not in open_pickups[name] or float(placed) != self.baskets[name].placed:
                self.wrong.append(f"{name} has no such pickup at {shop}, or it was made before")
                continue
            open_pickups[name].remove((shop, float(ready)))
            moment, done = float(pickup), float(door)
            if moment < float(ready):
                self.wrong.append(f"{name} is picked up at {shop} before it is ready")
            if moment > self.couriers[courier].off:
                self.wrong.append(f"{name} is picked up at {shop} after the shift of {courier}")
            if done < moment:
                self.wrong.append(f"{name} is dropped off before it is picked up at {shop}")
            if doors.setdefault(name, done) != done:
                self.wrong.append(f"{name} is dropped off twice")
            events[courier].append(_Event(shop, moment, moment - half, moment + half, f"{name} at {shop}"))
        for name, done in doors.items():
            if open_pickups[name]:
                self.wrong.append(f"{name} is dropped off without everything that belongs to it")
            events[told[name][1]].append(
                _Event(name, done, done - half_door, done + half_door, f"{name} at the door")
            )
        return events, doors

    def _stays(self) -> dict[str, list[tuple[str, float, float]]]:
        """Where each courier is from when to when, by the moves."""
        stays: dict[str, list[tuple[str, float, float]]] = {}
        for name, leaves, origin, goal in self.moves:
            if name not in self.couriers or any(self._where(p, name) is None for p in (origin, goal)):
                self.wrong.append(f"{name} moves from {origin} to {goal}: one of them does not exist")
                continue
            courier, minute = self.couriers[name], float(leaves)
            known = stays.setdefault(name, [("0", courier.on, math.inf)])
            place, since, _ = known[-1]
            if place != origin or minute < since:
                self.wrong.append(f"{name} leaves {origin} at {leaves} without being there")
            known[-1] = (place, since, minute)
            travel = math.ceil(self._metres(origin, goal, name) / self.instance.metres_per_minute - 1e-9)
            known.append((goal, minute + travel, math.inf))
        return stays

    def _attended(
        self, courier: RawCourier, events: Iterable[_Event], stays: list[tuple[str, float, float]]
    ) -> None:
        """Every pickup and drop-off falls into a stay there, one after the other."""
        number, busy_until = 0, courier.on
        for event in sorted(events, key=lambda event: event.moment):
            while number < len(stays) and not self._inside(event, stays[number]):
                number += 1
            if number == len(stays) or event.begins < busy_until:
                self.wrong.append(f"{courier.name} is not free or not there for {event.what}")
                return
            busy_until = event.ends

    @staticmethod
    def _inside(event: _Event, stay: tuple[str, float, float]) -> bool:
        place, since, until = stay
        return place == event.place and since <= event.begins and event.ends <= until

    def _where(self, place: str, courier: str) -> tuple[float, float] | None:
        if place == "0":
            return self.couriers[courier].start if courier in self.couriers else None
        if place in self.baskets:
            return self.baskets[place].door
        return self.instance.restaurants.get(place)

    def _metres(self, origin: str, goal: str, courier: str) -> float:
        start, end = self._where(origin, courier), self._where(goal, courier)
        return 0.0 if start is None or end is None else math.hypot(start[0] - end[0], start[1] - end[1])


def _read(file: Path) -> list[list[str]]:
    columns = len(_HEADERS[file.name].split())
    rows = [line.split() for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    if any(len(row) != columns for row in rows):
        raise Failure(f"{file}: a line has not {columns} values.")
    return rows


def _n(minute: float | None) -> str:
    assert minute is not None
    return str(int(minute)) if minute == int(minute) else repr(minute)
