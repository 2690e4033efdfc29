"""What the engine is told, in plain values.

A place is a number into the table of travel times. Times are in any one unit, the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.dispatch.engine.problem import IMPOSSIBLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Served from ``opens`` on, begun by ``closes`` at the latest; takes ``service`` and loads ``amount``.

    A drop-off's amount is ignored: it unloads what the job's pickups load and what is ``on_board``.
    """

    place: int
    opens: float = -IMPOSSIBLE
    closes: float = IMPOSSIBLE
    service: float = 0.0
    amount: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Pickups in any order, then the drop-off, all by one vehicle.

    It costs ``waiting`` for each unit of time from ``clicked`` to the end of the drop-off, the model's
    ``late`` for each unit after ``due``, of which ``overdue`` have passed in any case, and ``penalty`` when
    nobody takes it. ``extra`` is what giving it to a vehicle costs at least besides, by the vehicle's number;
    ``IMPOSSIBLE`` forbids it. Any other than the ``announced`` vehicle costs ``moving`` besides. With a
    ``holder`` only that vehicle may have it. ``rank`` is its turn among what nobody has, ``due`` if it is not
    given.
    """

    pickups: tuple[Stop, ...]
    drop: Stop
    on_board: tuple[int, ...] = ()
    waiting: float = 0.0
    clicked: float = 0.0
    due: float = IMPOSSIBLE
    overdue: float = 0.0
    penalty: float = 1e6
    holder: int | None = None
    extra: Mapping[int, float] = field(default_factory=dict)
    announced: int | None = None
    moving: float = 0.0
    rank: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Vehicle:
    """Leaves ``start`` at ``free_at`` and has ended by ``until``, at ``end`` if that is given.

    ``route`` holds promised stops by number (a job's pickups, then its drop-off, job after job); the first
    ``frozen`` keep their place, and no rule takes back what is promised. A vehicle that takes nothing ``new``
    finishes what is promised. No pickup begins after ``loads_until``. In a break, from one time to another,
    nothing is served. Travel is divided by ``speed_factor``. Vehicles of one ``kind`` are all alike while
    they are empty.
    """

    start: int
    end: int | None = None
    free_at: float = 0.0
    until: float = IMPOSSIBLE
    loads_until: float = IMPOSSIBLE
    speed_factor: float = 1.0
    fixed: float = 0.0
    capacity: tuple[int, ...] = ()
    load: tuple[int, ...] = ()
    route: tuple[int, ...] = ()
    frozen: int = 0
    new: bool = True
    breaks: tuple[tuple[float, float], ...] = ()
    kind: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """How far the engine looks: nearest vehicles and jobs, and the stops a route may have.

    A round takes out about ``average`` jobs, and ``longest`` stops in a row of one route at most.
    """

    most_stops: int = 20
    nearest_idle: int = 5
    nearest_busy: int = 6
    related: int = 12
    most_waiting: int = 6
    average: float = 8.0
    longest: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Model:
    """A whole problem. ``travel`` has a row of times for each place, or stands for points on a plane.

    ``points`` are the places in units of travel, east and north; times between them are whole, rounded up.
    """

    jobs: Sequence[Job]
    vehicles: Sequence[Vehicle]
    travel: Sequence[float] = ()
    points: Sequence[tuple[float, float]] = ()
    riding: float = 1.0
    late: float = 0.0
    seed: int = 0
    effort: Effort = field(default_factory=Effort)
