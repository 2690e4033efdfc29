"""The kernel: when a route's stops are served, and what it costs.

Everything here runs as plain Python over lists and, compiled by :mod:`services.dispatch.engine.machine`, over
arrays, with the same result: only arithmetic, loops and calls within the kernel. So do ``insertion``,
``near`` and ``moves``.
"""

from __future__ import annotations

from services.dispatch.engine.problem import Problem, State

INF = 1e300
EPSILON = 1e-9


def begin(p: Problem, vehicle: int, minute: float, stop: int) -> float:
    """When a vehicle that arrives at ``minute`` starts to serve ``stop``: once it opens, and in no break."""
    if minute < p.opens[stop]:
        minute = p.opens[stop]
    for pause in range(p.break_from[vehicle], p.break_from[vehicle + 1]):
        starts, ends = p.break_starts[pause], p.break_ends[pause]
        if minute < ends and (minute >= starts or minute + p.service[stop] > starts):
            minute = ends
    return minute


def at_door(p: Problem, stop: int, minute: float) -> float:
    """What it costs that a drop-off is done at ``minute``."""
    job = p.job_of[stop]
    cost = p.waiting[job] * (minute - p.clicked[job])
    if minute > p.due[job]:
        cost += p.late * (minute - p.due[job] - p.overdue[job])
    return cost


def home(p: Problem, vehicle: int, place: int) -> float:
    """How long it takes from the last stop to where the vehicle has to end, if anywhere."""
    if p.end[vehicle] < 0:
        return 0.0
    return p.travel[place * p.places + p.end[vehicle]] * p.slowness[vehicle]


def refresh(p: Problem, s: State, row: int, vehicle: int) -> float:
    """Time and judge the route in ``row`` for ``vehicle``: its cost, or INF when a hard rule breaks."""
    base, count = row * p.room, s.length[row]
    if row == vehicle:
        s.edition[0] += 1
        s.version[vehicle] = s.edition[0]
    if count == 0:
        s.cost[row] = 0.0
        return 0.0
    slow, minute, total, at = p.slowness[vehicle], p.free_at[vehicle], p.fixed[vehicle], p.start[vehicle]
    possible = True
    for k in range(base, base + count):
        stop = s.routes[k]
        leg = p.travel[at * p.places + p.place[stop]] * slow
        total += p.riding * leg
        minute = begin(p, vehicle, minute + leg, stop)
        if minute > p.closes[stop] + EPSILON:
            possible = False
        if p.is_drop[stop] == 0 and minute > p.loads_until[vehicle] + EPSILON:
            possible = False
        minute += p.service[stop]
        if p.is_drop[stop] == 1:
            total += at_door(p, stop, minute)
        for d in range(p.dimensions):
            if k == base:
                load = p.load[vehicle * p.dimensions + d]
            else:
                load = s.loads[(k - 1) * p.dimensions + d]
            load += p.amount[stop * p.dimensions + d]
            s.loads[k * p.dimensions + d] = load
            if p.is_drop[stop] == 0 and load > p.capacity[vehicle * p.dimensions + d]:
                possible = False
        s.leaves[k] = minute
        s.spent[k] = total
        at = p.place[stop]
    leg = home(p, vehicle, at)
    total += p.riding * leg
    if minute + leg > p.until[vehicle] + EPSILON:
        possible = False
    s.cost[row] = total
    _look_back(p, s, row, vehicle, leg)
    return total if possible else INF


def _look_back(p: Problem, s: State, row: int, vehicle: int, leg: float) -> None:
    base, slow = row * p.room, p.slowness[vehicle]
    latest, ahead, soft = p.until[vehicle] - leg, p.riding * leg, 0
    for k in range(base + s.length[row] - 1, base - 1, -1):
        stop = s.routes[k]
        job = p.job_of[stop]
        latest -= p.service[stop]
        if latest > p.closes[stop]:
            latest = p.closes[stop]
        if p.is_drop[stop] == 0 and latest > p.loads_until[vehicle]:
            latest = p.loads_until[vehicle]
        for pause in range(p.break_from[vehicle + 1] - 1, p.break_from[vehicle] - 1, -1):
            starts = p.break_starts[pause]
            inside = latest >= starts or latest + p.service[stop] > starts
            if latest < p.break_ends[pause] and inside:
                # Served before the break; without a moment to spare, since its first moment belongs to it.
                latest = starts - p.service[stop] if p.service[stop] > 0.0 else starts - EPSILON
        if latest < p.opens[stop] - EPSILON:
            latest = -INF
        if p.is_drop[stop] == 1 and (p.waiting[job] > 0.0 or p.due[job] < INF):
            soft = 1
        s.latest[k] = latest
        s.ahead[k] = ahead
        s.soft[k] = soft
        came_from = p.place[s.routes[k - 1]] if k > base else p.start[vehicle]
        leg = p.travel[came_from * p.places + p.place[stop]] * slow
        latest -= leg
        ahead += p.riding * leg


def tail(
    p: Problem,
    s: State,
    row: int,
    vehicle: int,
    k: int,
    at: int,
    minute: float,
    total: float,
    bound: float,
) -> float:
    """What the whole costs when the stops of ``row`` from the ``k``-th on follow, INF from ``bound`` on."""
    base, slow, places, travel, place = row * p.room, p.slowness[vehicle], p.places, p.travel, p.place
    routes, latest, soft, leaves, spent, whole = s.routes, s.latest, s.soft, s.leaves, s.spent, s.cost[row]
    opens, service, is_drop, riding = p.opens, p.service, p.is_drop, p.riding
    job_of, waiting, clicked, due = p.job_of, p.waiting, p.clicked, p.due
    pauses = p.break_from[vehicle + 1] > p.break_from[vehicle]
    for here in range(base + k, base + s.length[row]):
        stop = routes[here]
        leg = travel[at * places + place[stop]] * slow
        minute += leg
        if minute > latest[here] + EPSILON:
            return INF
        total += riding * leg
        if soft[here] == 0:
            return total + s.ahead[here]
        if pauses:
            minute = begin(p, vehicle, minute, stop)
        elif minute < opens[stop]:
            minute = opens[stop]
        minute += service[stop]
        if is_drop[stop] == 1:
            job = job_of[stop]
            total += waiting[job] * (minute - clicked[job])
            if minute > due[job]:
                total += p.late * (minute - due[job] - p.overdue[job])
        if minute >= leaves[here]:
            # Later than now, so what follows costs no less than now.
            least = total + whole - spent[here]
            if minute == leaves[here]:
                return least
            if least >= bound:
                return INF
        at = place[stop]
    if p.end[vehicle] >= 0:
        leg = home(p, vehicle, at)
        minute += leg
        total += riding * leg
    return INF if minute > p.until[vehicle] + EPSILON else total


def fits(p: Problem, s: State, row: int, vehicle: int, k: int, stop: int) -> bool:
    """Whether what ``stop`` loads may be on board when the vehicle leaves the stop before the ``k``-th."""
    dimensions, before = p.dimensions, (row * p.room + k - 1) * p.dimensions
    for d in range(dimensions):
        load = p.load[vehicle * dimensions + d] if k == 0 else s.loads[before + d]
        if load + p.amount[stop * dimensions + d] > p.capacity[vehicle * dimensions + d]:
            return False
    return True
