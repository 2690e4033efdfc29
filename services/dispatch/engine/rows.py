"""A model's translation into the kernel's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.dispatch.engine.kernel import INF
from services.dispatch.engine.machine import Machine
from services.dispatch.engine.model import Job, Model, Vehicle
from services.dispatch.engine.problem import GROUP, Floats, Problem, State


def problem_of(model: Model, on: Machine) -> Problem:
    """The model in rows of numbers."""
    jobs, vehicles, effort = model.jobs, model.vehicles, model.effort
    stops = [stop for job in jobs for stop in (*job.pickups, job.drop)]
    first: list[int] = []
    drop: list[int] = []
    job_of: list[int] = []
    for number, job in enumerate(jobs):
        first.append(len(job_of))
        job_of += [number] * (len(job.pickups) + 1)
        drop.append(len(job_of) - 1)
    doors = set(drop)
    dimensions = max(
        (len(row) for row in (*(v.capacity for v in vehicles), *(s.amount for s in stops))), default=0
    )
    amounts = [_amounts(job, dimensions) for job in jobs]
    if model.points:
        places = len(model.points)
        travel = on.travel([x for x, _ in model.points], [y for _, y in model.points])
    else:
        places, travel = round(len(model.travel) ** 0.5), on.floats(model.travel)
    promised_of = _promised(vehicles, job_of)
    holder = [-1 if job.holder is None else job.holder for job in jobs]
    for job_number, vehicle in promised_of.items():
        holder[job_number] = vehicle
    longest = max((len(vehicle.route) for vehicle in vehicles), default=0)
    most_at_once = max((len(job.pickups) + 1 for job in jobs), default=0)
    room = max(1, min(len(stops), longest + effort.most_stops + most_at_once))
    held = {stop for vehicle in vehicles for stop in vehicle.route[: vehicle.frozen]}
    may_move = [_may_move(number, first, drop, held, promised_of, vehicles) for number in range(len(jobs))]
    urgent = [number for number in range(len(jobs)) if number not in promised_of]
    urgent.sort(key=lambda number: (_rank(jobs[number]), number))
    breaks = [sorted(vehicle.breaks) for vehicle in vehicles]
    return Problem(
        places=places,
        stops=len(stops),
        jobs=len(jobs),
        vehicles=len(vehicles),
        dimensions=dimensions,
        room=room,
        most_stops=effort.most_stops,
        nearest_idle=min(effort.nearest_idle, len(vehicles)),
        nearest_busy=min(effort.nearest_busy, len(vehicles)),
        related=max(0, min(effort.related, len(jobs) - 1)),
        most_waiting=effort.most_waiting,
        riding=float(model.riding),
        late=float(model.late),
        travel=travel,
        place=on.ints([stop.place for stop in stops]),
        job_of=on.ints(job_of),
        is_drop=on.ints([int(number in doors) for number in range(len(stops))]),
        opens=on.floats([stop.opens for stop in stops]),
        closes=on.floats([stop.closes for stop in stops]),
        service=on.floats([stop.service for stop in stops]),
        amount=on.ints([amount for rows in amounts for row in rows for amount in row]),
        first=on.ints(first),
        drop=on.ints(drop),
        waiting=on.floats([job.waiting for job in jobs]),
        clicked=on.floats([job.clicked for job in jobs]),
        due=on.floats([job.due for job in jobs]),
        overdue=on.floats([job.overdue for job in jobs]),
        holder=on.ints(holder),
        rank=on.floats([_rank(job) for job in jobs]),
        reach=on.floats([_reach(job, places, travel) for job in jobs]),
        extra_of=on.floats(_extras(jobs, vehicles, holder)),
        movable=on.ints([number for number, may in enumerate(may_move) if may]),
        urgent=on.ints(urgent),
        may_move=on.ints([int(may) for may in may_move]),
        start=on.ints([vehicle.start for vehicle in vehicles]),
        end=on.ints([-1 if vehicle.end is None else vehicle.end for vehicle in vehicles]),
        free_at=on.floats([vehicle.free_at for vehicle in vehicles]),
        until=on.floats([vehicle.until for vehicle in vehicles]),
        loads_until=on.floats([vehicle.loads_until for vehicle in vehicles]),
        slowness=on.floats([1.0 / vehicle.speed_factor for vehicle in vehicles]),
        fixed=on.floats([vehicle.fixed for vehicle in vehicles]),
        capacity=on.ints([a for vehicle in vehicles for a in _filled(vehicle.capacity, dimensions)]),
        load=on.ints([a for vehicle in vehicles for a in _filled(vehicle.load, dimensions)]),
        frozen=on.ints([vehicle.frozen for vehicle in vehicles]),
        kind=on.ints([-1 if vehicle.kind is None else vehicle.kind for vehicle in vehicles]),
        promised_from=on.ints(_offsets([len(vehicle.route) for vehicle in vehicles])),
        promised=on.ints([stop for vehicle in vehicles for stop in vehicle.route]),
        break_from=on.ints(_offsets([len(pauses) for pauses in breaks])),
        break_starts=on.floats([starts for pauses in breaks for starts, _ in pauses]),
        break_ends=on.floats([ends for pauses in breaks for _, ends in pauses]),
    )


def state_of(p: Problem, model: Model, on: Machine) -> State:
    """Where a search starts: nobody has anything yet."""
    rows, stops = p.vehicles + 2, (p.vehicles + 2) * p.room
    width = max(p.jobs, p.vehicles, p.stops) + 1
    ints, floats, same = on.ints, on.floats, on.same
    return State(
        routes=same(0, stops),
        length=same(0, rows),
        cost=same(0.0, rows),
        leaves=same(0.0, stops),
        spent=same(0.0, stops),
        latest=same(0.0, stops),
        ahead=same(0.0, stops),
        soft=same(0, stops),
        loads=same(0, stops * p.dimensions),
        vehicle_of=same(-1, p.jobs),
        penalty=floats([min(job.penalty, INF) for job in model.jobs]),
        out=same(0, p.jobs),
        near=same(0, p.jobs * (p.nearest_idle + p.nearest_busy)),
        near_count=same(-1, p.jobs),
        sees_all=same(0, p.jobs),
        relatives=same(0, p.jobs * p.related),
        relative_count=same(-1, p.jobs),
        options=same(0, p.vehicles + 1),
        seen=same(0, p.vehicles),
        seen_kind=ints([0] * (max((v.kind or 0 for v in model.vehicles), default=0) + 1)),
        spot=ints([0, 0]),
        orders=same(0, 2 * width),
        group=same(-1, GROUP),
        ways=same(0.0, GROUP * p.vehicles),
        wanted=same(0, width),
        key=same(0.0, width),
        chance=ints([(model.seed * 7919 + 1) % 2147483646 + 1]),
        stamp=ints([0]),
        ruined=same(0, p.vehicles),
        edition=ints([0]),
        version=same(0, p.vehicles),
        tried_version=same(-1, p.jobs * p.vehicles),
        tried_worth=same(0.0, p.jobs * p.vehicles),
        tried_cost=same(0.0, p.jobs * p.vehicles),
        touched=same(0, p.vehicles),
        kept_version=same(0, p.vehicles),
        kept_routes=same(0, stops),
        kept_length=same(0, rows),
        kept_vehicle_of=same(0, p.jobs),
        best_routes=same(0, stops),
        best_length=same(0, rows),
        best_vehicle_of=same(-1, p.jobs),
        best_cost=floats([INF]),
    )


def _amounts(job: Job, dimensions: int) -> list[list[int]]:
    rows = [_filled(stop.amount, dimensions) for stop in job.pickups]
    aboard = _filled(job.on_board, dimensions)
    return [*rows, [-sum(column) for column in zip(aboard, *rows, strict=True)]]


def _filled(amounts: tuple[int, ...], dimensions: int) -> list[int]:
    return [*amounts, *([0] * (dimensions - len(amounts)))]


def _offsets(lengths: Sequence[int]) -> list[int]:
    offsets = [0]
    for length in lengths:
        offsets.append(offsets[-1] + length)
    return offsets


def _promised(vehicles: Sequence[Vehicle], job_of: Sequence[int]) -> dict[int, int]:
    return {job_of[stop]: number for number, vehicle in enumerate(vehicles) for stop in vehicle.route}


def _may_move(
    job: int,
    first: Sequence[int],
    drop: Sequence[int],
    held: set[int],
    promised_of: Mapping[int, int],
    vehicles: Sequence[Vehicle],
) -> bool:
    """Nobody's jobs move, and promised ones within their route: not with a frozen stop, or for nothing."""
    if job not in promised_of:
        return True
    if len(vehicles[promised_of[job]].route) <= 2:
        return False
    return not any(stop in held for stop in range(first[job], drop[job] + 1))


def _rank(job: Job) -> float:
    return job.due if job.rank is None else job.rank


def _reach(job: Job, places: int, travel: Floats) -> float:
    """How far its stops lie apart."""
    goal = job.drop.place
    return max((travel[stop.place * places + goal] for stop in job.pickups), default=0.0)


def _extras(jobs: Sequence[Job], vehicles: Sequence[Vehicle], holder: Sequence[int]) -> list[float]:
    usual = [0.0 if vehicle.new else INF for vehicle in vehicles]
    elsewhere: dict[float, list[float]] = {}
    extras: list[float] = []
    for job, held in zip(jobs, holder, strict=True):
        if held >= 0:
            row = [INF] * len(vehicles)
            row[held] = 0.0
            extras += row
            continue
        row = list(usual)
        if job.announced is not None:
            if job.moving not in elsewhere:
                elsewhere[job.moving] = [max(extra, job.moving) for extra in usual]
            row = list(elsewhere[job.moving])
            row[job.announced] = usual[job.announced]
        for vehicle, extra in job.extra.items():
            row[vehicle] = max(row[vehicle], min(extra, INF))
        extras += row
    return extras
