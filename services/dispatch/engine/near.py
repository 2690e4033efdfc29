"""The kernel: which jobs lie near each other, and which vehicles are worth a try."""

from __future__ import annotations

from services.dispatch.engine.kernel import INF
from services.dispatch.engine.problem import Problem, State


def apart(p: Problem, job: int, other: int) -> float:
    """How far two jobs lie from each other, by where they start and where they end."""
    total = p.travel[p.place[p.drop[job]] * p.places + p.place[p.drop[other]]]
    closest = INF
    for stop in range(p.first[job], p.drop[job]):
        row = p.place[stop] * p.places
        for goal in range(p.first[other], p.drop[other]):
            leg = p.travel[row + p.place[goal]]
            closest = min(closest, leg)
    return total + closest if closest < INF else total


def relatives(p: Problem, s: State, job: int) -> int:
    """The jobs nearest to this one are put into its row of ``relatives``; answers how many."""
    if s.relative_count[job] >= 0:
        return s.relative_count[job]
    base, count = job * p.related, 0
    for other in range(p.jobs):
        if other == job:
            continue
        key = apart(p, job, other)
        if count == p.related:
            if key >= s.key[count - 1]:
                continue
            k = count - 1
        else:
            k = count
            count += 1
        while k > 0 and s.key[k - 1] > key:
            s.key[k], s.relatives[base + k] = s.key[k - 1], s.relatives[base + k - 1]
            k -= 1
        s.key[k], s.relatives[base + k] = key, other
    s.relative_count[job] = count
    return count


def _distance(p: Problem, vehicle: int, job: int) -> float:
    """How far the vehicle, or a stop it has promised, is from where ``job`` starts."""
    first, last = p.first[job], p.drop[job]
    if first == last:
        last += 1
    closest = INF
    promised = p.promised_from[vehicle + 1] - p.promised_from[vehicle]
    for stop in range(first, last):
        if promised == 0:
            leg = p.travel[p.start[vehicle] * p.places + p.place[stop]]
            closest = min(closest, leg)
        for k in range(p.promised_from[vehicle], p.promised_from[vehicle + 1]):
            leg = p.travel[p.place[p.promised[k]] * p.places + p.place[stop]]
            closest = min(closest, leg)
    return closest


def _look_around(p: Problem, s: State, job: int) -> None:
    """The vehicles that could be at ``job`` soonest, idle ones and busy ones, into its row of ``near``."""
    width, pickups = p.nearest_idle + p.nearest_busy, p.drop[job] - p.first[job]
    base, total, passed = job * width, 0, 0
    for busy in range(2):
        most, count, offset = p.nearest_busy if busy == 1 else p.nearest_idle, 0, base + total
        for vehicle in range(p.vehicles):
            promised = 1 if p.promised_from[vehicle + 1] > p.promised_from[vehicle] else 0
            if promised != busy or p.extra_of[job * p.vehicles + vehicle] >= INF:
                continue
            if s.length[vehicle] + pickups >= p.most_stops:
                continue
            key = _distance(p, vehicle, job)
            if count == most:
                passed += 1
                if most == 0 or key >= s.key[count - 1]:
                    continue
                k = count - 1
            else:
                k = count
                count += 1
            while k > 0 and s.key[k - 1] > key:
                s.key[k], s.near[offset + k] = s.key[k - 1], s.near[offset + k - 1]
                k -= 1
            s.key[k], s.near[offset + k] = key, vehicle
        total += count
    s.near_count[job] = total
    # Where nobody was passed over, relatives can name nobody else.
    s.sees_all[job] = 1 if passed == 0 else 0


def candidates(p: Problem, s: State, job: int) -> int:
    """The vehicles worth a try are put into ``options``; answers how many. Of empty ones alike, one."""
    if p.holder[job] >= 0:
        s.options[0] = p.holder[job]
        return 1
    if s.near_count[job] < 0:
        _look_around(p, s, job)
    s.stamp[0] += 1
    stamp, count, width = s.stamp[0], 0, p.nearest_idle + p.nearest_busy
    for k in range(s.near_count[job]):
        vehicle = s.near[job * width + k]
        if s.length[vehicle] == 0 and p.kind[vehicle] >= 0:
            if s.seen_kind[p.kind[vehicle]] == stamp:
                continue
            s.seen_kind[p.kind[vehicle]] = stamp
        s.seen[vehicle] = stamp
        s.options[count] = vehicle
        count += 1
    if s.sees_all[job] == 0:
        for k in range(relatives(p, s, job)):
            vehicle = s.vehicle_of[s.relatives[job * p.related + k]]
            if vehicle >= 0 and s.seen[vehicle] != stamp:
                s.seen[vehicle] = stamp
                s.options[count] = vehicle
                count += 1
    return count
