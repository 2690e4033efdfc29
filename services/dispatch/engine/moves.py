"""The kernel: building by regret, and taking out to put back better."""

from __future__ import annotations

from math import log

from services.dispatch.engine.insertion import best_insertion, copy_row, recalled_insertion
from services.dispatch.engine.kernel import INF, refresh
from services.dispatch.engine.near import candidates, relatives
from services.dispatch.engine.problem import GROUP, Problem, State

TOLERANCE = 1e-6
_MODULUS = 2147483647


def draw(s: State, below: int) -> int:
    """A number from 0 up to and without ``below``."""
    s.chance[0] = s.chance[0] * 48271 % _MODULUS
    return s.chance[0] * below // _MODULUS


def share(s: State) -> float:
    """A number between 0 and 1, neither of them."""
    s.chance[0] = s.chance[0] * 48271 % _MODULUS
    return s.chance[0] / _MODULUS


# -- building ------------------------------------------------------------------------------------------------


def touch(p: Problem, s: State, vehicle: int) -> None:
    """Keep the vehicle's route as it is before the round changes it."""
    if s.touched[vehicle] == 0:
        s.touched[vehicle] = 1
        base = vehicle * p.room
        for k in range(base, base + s.length[vehicle]):
            s.kept_routes[k] = s.routes[k]
        s.kept_length[vehicle], s.kept_version[vehicle] = s.length[vehicle], s.version[vehicle]


def accept(p: Problem, s: State, vehicle: int, job: int, worth: float) -> bool:
    """Give ``job`` to the vehicle at its best place; false when that is not possible after all."""
    if best_insertion(p, s, vehicle, job, worth) >= INF:
        return False
    if refresh(p, s, p.vehicles + 1, vehicle) >= INF:
        return False
    touch(p, s, vehicle)
    copy_row(p, s, p.vehicles + 1, vehicle)
    refresh(p, s, vehicle, vehicle)
    s.vehicle_of[job] = vehicle
    return True


def start_group(p: Problem, s: State, begin_at: int) -> int:
    """Try the next jobs by urgency, ``GROUP`` at most, on every vehicle worth it; answers where to go on."""
    count = 0
    while begin_at < len(p.urgent) and count < GROUP:
        job = p.urgent[begin_at]
        begin_at += 1
        if s.vehicle_of[job] >= 0:
            continue
        s.group[count] = job
        for vehicle in range(p.vehicles):
            s.ways[count * p.vehicles + vehicle] = -INF
        for k in range(candidates(p, s, job)):
            vehicle = s.options[k]
            s.ways[count * p.vehicles + vehicle] = recalled_insertion(p, s, vehicle, job, s.penalty[job])
        count += 1
    for k in range(count, GROUP):
        s.group[k] = -1
    return begin_at


def _is_relative(p: Problem, s: State, job: int, other: int) -> bool:
    if s.sees_all[job] == 1:
        return False
    for k in range(relatives(p, s, job)):
        if s.relatives[job * p.related + k] == other:
            return True
    return False


def insert_next(p: Problem, s: State) -> bool:
    """Give one job of the group away, the one with most to lose by waiting; false when none can be."""
    chosen, taker, most = -1, -1, -1.0
    for k in range(GROUP):
        job = s.group[k]
        if job < 0:
            continue
        first = second = s.penalty[job]
        favourite = -1
        for vehicle in range(p.vehicles):
            extra = s.ways[k * p.vehicles + vehicle]
            if extra == -INF:
                continue
            if extra < first:
                first, second, favourite = extra, first, vehicle
            elif extra < second:
                second = extra
        if favourite >= 0 and second - first > most:
            chosen, taker, most = k, favourite, second - first
    if chosen < 0:
        return False
    given = s.group[chosen]
    if not accept(p, s, taker, given, s.penalty[given]):
        s.ways[chosen * p.vehicles + taker] = INF
        return True
    s.group[chosen] = -1
    for k in range(GROUP):
        job = s.group[k]
        if job >= 0 and (s.ways[k * p.vehicles + taker] > -INF or _is_relative(p, s, job, given)):
            s.ways[k * p.vehicles + taker] = recalled_insertion(p, s, taker, job, s.penalty[job])
    return True


# -- improving -----------------------------------------------------------------------------------------------


def total(p: Problem, s: State) -> float:
    """What the whole costs: the routes, what is given to whom, and what nobody has."""
    cost = 0.0
    for vehicle in range(p.vehicles):
        cost += s.cost[vehicle]
    for job in range(p.jobs):
        vehicle = s.vehicle_of[job]
        cost += s.penalty[job] if vehicle < 0 else p.extra_of[job * p.vehicles + vehicle]
    return cost


def _ruin(p: Problem, s: State, average: float, longest: float) -> int:
    """Take strings of stops that lie near each other out of some routes; answers how many jobs are out."""
    stops, used, count = 0, 0, 0
    for vehicle in range(p.vehicles):
        if s.length[vehicle] > 0:
            stops += s.length[vehicle]
            used += 1
    limit = min(longest, max(1.0, stops / max(used, 1)))
    strings = int(share(s) * max(0.0, 4.0 * average / (1.0 + limit) - 1.0) + 1.0)
    s.stamp[0] += 1
    stamp, seed = s.stamp[0], p.movable[draw(s, len(p.movable))]
    for number in range(-1, relatives(p, s, seed)):
        if strings == 0:
            break
        job = seed if number < 0 else s.relatives[seed * p.related + number]
        vehicle = s.vehicle_of[job]
        if vehicle < 0 or p.may_move[job] == 0 or s.out[job] == 1 or s.ruined[vehicle] == stamp:
            continue
        s.ruined[vehicle] = stamp
        strings -= 1
        base, length, lowest = vehicle * p.room, s.length[vehicle], p.frozen[vehicle]
        cut = 1 + int(share(s) * min(float(length), limit))
        spared = 1 if cut < length - lowest and share(s) < 0.5 else 0
        cut = min(cut + spared, length - lowest)
        wanted = p.first[job] + draw(s, p.drop[job] - p.first[job] + 1)
        at = lowest
        while s.routes[base + at] != wanted:
            at += 1
        at = max(lowest, min(at - draw(s, cut), length - cut))
        skip = at + draw(s, cut) if spared == 1 else -1
        for k in range(at, at + cut):
            other = p.job_of[s.routes[base + k]]
            if k != skip and p.may_move[other] == 1 and s.out[other] == 0:
                s.out[other] = 1
                s.wanted[count] = other
                count += 1
    for k in range(count):
        vehicle = s.vehicle_of[s.wanted[k]]
        if vehicle >= 0:
            _take_out(p, s, vehicle)
    return count


def _take_out(p: Problem, s: State, vehicle: int) -> None:
    """Close the vehicle's route over the jobs that are out."""
    touch(p, s, vehicle)
    base, kept = vehicle * p.room, 0
    for k in range(s.length[vehicle]):
        stop = s.routes[base + k]
        job = p.job_of[stop]
        if s.out[job] == 0:
            s.routes[base + kept] = stop
            kept += 1
        else:
            s.vehicle_of[job] = -1
    s.length[vehicle] = kept
    refresh(p, s, vehicle, vehicle)


def _recreate(p: Problem, s: State, count: int, blink: float) -> None:
    """Put back what was taken out, and try some of what nobody has."""
    tried = 0
    for k in range(len(p.urgent)):
        job = p.urgent[k]
        if tried == p.most_waiting:
            break
        if s.vehicle_of[job] < 0 and s.out[job] == 0:
            s.wanted[count] = job
            count += 1
            tried += 1
    way = draw(s, 11)
    for k in range(count):
        job = s.wanted[k]
        s.out[job] = 0
        key = share(s) if way < 4 else p.rank[job] if way < 8 else p.reach[job] if way < 9 else -p.reach[job]
        at = k
        while at > 0 and s.key[at - 1] > key:
            s.key[at], s.wanted[at] = s.key[at - 1], s.wanted[at - 1]
            at -= 1
        s.key[at], s.wanted[at] = key, job
    for k in range(count):
        _insert(p, s, s.wanted[k], blink)


def _insert(p: Problem, s: State, job: int, blink: float) -> None:
    """Give ``job`` to whom it costs least, now and then passing somebody over."""
    bound, taker = s.penalty[job], -1
    for k in range(candidates(p, s, job)):
        if blink > 0.0 and share(s) < blink:
            continue
        extra = recalled_insertion(p, s, s.options[k], job, bound)
        if extra < bound:
            bound, taker = extra, s.options[k]
    if taker >= 0:
        accept(p, s, taker, job, s.penalty[job])


def _undo(p: Problem, s: State) -> None:
    for vehicle in range(p.vehicles):
        if s.touched[vehicle] == 1:
            base = vehicle * p.room
            for k in range(base, base + s.kept_length[vehicle]):
                s.routes[k] = s.kept_routes[k]
            s.length[vehicle] = s.kept_length[vehicle]
            refresh(p, s, vehicle, vehicle)
            s.version[vehicle] = s.kept_version[vehicle]
    for job in range(p.jobs):
        s.vehicle_of[job] = s.kept_vehicle_of[job]


def keep_best(p: Problem, s: State, cost: float) -> None:
    """Remember where the search stands as the best seen."""
    s.best_cost[0] = cost
    for vehicle in range(p.vehicles):
        s.best_length[vehicle] = s.length[vehicle]
        base = vehicle * p.room
        for k in range(base, base + s.length[vehicle]):
            s.best_routes[k] = s.routes[k]
    for job in range(p.jobs):
        s.best_vehicle_of[job] = s.vehicle_of[job]


def improve(
    p: Problem,
    s: State,
    rounds: int,
    heat: float,
    cooling: float,
    blink: float,
    average: float,
    longest: float,
    learning: float,
) -> int:
    """So many rounds of taking out and putting back; answers how many were made.

    With no ``heat`` what is dearer is never kept; with some, now and then, and ``best_cost`` and what belongs
    to it hold the best seen. With ``learning``, what nobody has becomes dearer to leave from round to round,
    and the end is when somebody has everything.
    """
    cost = total(p, s)
    for done in range(rounds):
        for vehicle in range(p.vehicles):
            s.touched[vehicle] = 0
        for job in range(p.jobs):
            s.kept_vehicle_of[job] = s.vehicle_of[job]
        _recreate(p, s, _ruin(p, s, average, longest), blink)
        after = total(p, s)
        limit = cost - TOLERANCE if heat == 0.0 else cost - heat * log(share(s))
        if after < limit:
            cost = after
            if heat > 0.0 and cost < s.best_cost[0] - TOLERANCE:
                keep_best(p, s, cost)
        else:
            _undo(p, s)
        heat *= cooling
        if learning > 0.0:
            waiting = 0
            for job in range(p.jobs):
                if s.vehicle_of[job] < 0:
                    waiting += 1
                    s.penalty[job] += learning
                    cost += learning
            if waiting == 0:
                return done + 1
    return rounds
