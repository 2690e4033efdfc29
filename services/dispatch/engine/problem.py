"""What the kernel works on: a problem and the state of a search, in flat rows of numbers.

Rows are Python lists for plain Python and NumPy arrays for the compiled kernel; the kernel's source sees no
difference. Times are in any one unit; the weights are per that unit. ``IMPOSSIBLE`` bounds nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Ints = list[int]
Floats = list[float]

IMPOSSIBLE = math.inf
GROUP = 20


class Problem(NamedTuple):
    """Jobs, their stops, vehicles and travel times by number.

    A job's stops follow each other: its pickups from ``first`` on, then its drop-off ``drop``. What giving a
    job to a vehicle costs besides the route is ``extra_of[job * vehicles + vehicle]``.
    """

    places: int
    stops: int
    jobs: int
    vehicles: int
    dimensions: int
    room: int
    most_stops: int
    nearest_idle: int
    nearest_busy: int
    related: int
    most_waiting: int
    riding: float
    late: float
    travel: Floats
    # By stop.
    place: Ints
    job_of: Ints
    is_drop: Ints
    opens: Floats
    closes: Floats
    service: Floats
    amount: Ints
    # By job.
    first: Ints
    drop: Ints
    waiting: Floats
    clicked: Floats
    due: Floats
    overdue: Floats
    holder: Ints
    rank: Floats
    reach: Floats
    extra_of: Floats
    # Jobs that may be moved, and jobs that nobody holds, by urgency.
    movable: Ints
    urgent: Ints
    may_move: Ints
    # By vehicle.
    start: Ints
    end: Ints
    free_at: Floats
    until: Floats
    loads_until: Floats
    slowness: Floats
    fixed: Floats
    capacity: Ints
    load: Ints
    frozen: Ints
    kind: Ints
    promised_from: Ints
    promised: Ints
    break_from: Ints
    break_starts: Floats
    break_ends: Floats


class State(NamedTuple):
    """Where a search stands. A route has a row of ``room`` stops; two rows more are for trying out.

    ``leaves`` and ``spent`` are the time and the cost after a stop, ``latest`` is the latest possible arrival
    at it, ``ahead`` the riding after it, and ``soft`` says whether it or a later one costs by the minute.
    """

    routes: Ints
    length: Ints
    cost: Floats
    leaves: Floats
    spent: Floats
    latest: Floats
    ahead: Floats
    soft: Ints
    loads: Ints
    # By job: the vehicle that has it, or -1, and what leaving it costs.
    vehicle_of: Ints
    penalty: Floats
    out: Ints
    near: Ints
    near_count: Ints
    sees_all: Ints
    relatives: Ints
    relative_count: Ints
    # What is being tried.
    options: Ints
    seen: Ints
    seen_kind: Ints
    spot: Ints
    orders: Ints
    group: Ints
    ways: Floats
    wanted: Ints
    key: Floats
    chance: Ints
    stamp: Ints
    ruined: Ints
    # By job and vehicle, what became of the last try, for as long as the route is the same version.
    edition: Ints
    version: Ints
    tried_version: Ints
    tried_worth: Floats
    tried_cost: Floats
    # What a round may have to give back.
    touched: Ints
    kept_version: Ints
    kept_routes: Ints
    kept_length: Ints
    kept_vehicle_of: Ints
    best_routes: Ints
    best_length: Ints
    best_vehicle_of: Ints
    best_cost: Floats
