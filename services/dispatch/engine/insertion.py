"""The kernel: where a job fits best into a route."""

from __future__ import annotations

from services.dispatch.engine.kernel import EPSILON, INF, at_door, begin, fits, refresh, tail
from services.dispatch.engine.problem import Problem, State


def pair(
    p: Problem, s: State, row: int, vehicle: int, pickup: int, drop: int, lowest: int, bound: float
) -> float:
    """The cheapest way under ``bound`` to put a pickup and, anywhere behind it, the drop-off; else INF.

    Where they go is left in ``spot``: both before the stop that has that place now.
    """
    base, count, slow, best = row * p.room, s.length[row], p.slowness[vehicle], INF
    places, travel, place, riding = p.places, p.travel, p.place, p.riding
    routes, leaves, spent, latest = s.routes, s.leaves, s.spent, s.latest
    opens, service, is_drop = p.opens, p.service, p.is_drop
    to_pickup, to_drop = place[pickup], place[drop]
    closes, drop_closes = p.closes[pickup], p.closes[drop]
    pauses, whole = p.break_from[vehicle + 1] > p.break_from[vehicle], s.cost[row]
    if closes > p.loads_until[vehicle]:
        closes = p.loads_until[vehicle]
    for i in range(lowest, count + 1):
        if i == 0:
            minute, total, at = p.free_at[vehicle], p.fixed[vehicle], p.start[vehicle]
        else:
            minute, total, at = leaves[base + i - 1], spent[base + i - 1], place[routes[base + i - 1]]
        if total >= bound or minute > closes:
            break
        if not fits(p, s, row, vehicle, i, pickup):
            continue
        leg = travel[at * places + to_pickup] * slow
        total += riding * leg
        minute += leg
        if pauses:
            minute = begin(p, vehicle, minute, pickup)
        elif minute < opens[pickup]:
            minute = opens[pickup]
        if minute > closes + EPSILON:
            continue
        minute += service[pickup]
        at = to_pickup
        for j in range(i, count + 1):
            leg = travel[at * places + to_drop] * slow
            done = minute + leg
            if pauses:
                done = begin(p, vehicle, done, drop)
            elif done < opens[drop]:
                done = opens[drop]
            if done <= drop_closes + EPSILON:
                done += service[drop]
                cost = total + riding * leg + at_door(p, drop, done)
                if cost < bound:
                    cost = tail(p, s, row, vehicle, j, to_drop, done, cost, bound)
                    if cost < bound:
                        best = bound = cost
                        s.spot[0], s.spot[1] = i, j
            if j == count:
                break
            # On to the next stop of the route, with the goods on board.
            stop = routes[base + j]
            leg = travel[at * places + place[stop]] * slow
            minute += leg
            if minute > latest[base + j] + EPSILON or minute > drop_closes:
                break
            if is_drop[stop] == 0 and not fits(p, s, row, vehicle, j + 1, pickup):
                break
            total += riding * leg
            if pauses:
                minute = begin(p, vehicle, minute, stop)
            elif minute < opens[stop]:
                minute = opens[stop]
            minute += service[stop]
            if is_drop[stop] == 1:
                total += at_door(p, stop, minute)
            if minute >= leaves[base + j] and total + whole - spent[base + j] >= bound:
                break
            at = place[stop]
    return best


def single(
    p: Problem, s: State, row: int, vehicle: int, stop: int, lowest: int, highest: int, bound: float
) -> float:
    """The cheapest way under ``bound`` to put one stop before the ``lowest``-th to ``highest``-th; else INF.

    A pickup's goods stay on board up to the ``highest``-th. Where it goes is left in ``spot``.
    """
    base, slow, best, places, travel = row * p.room, p.slowness[vehicle], INF, p.places, p.travel
    goal, closes, opens, service = p.place[stop], p.closes[stop], p.opens[stop], p.service[stop]
    pauses = p.break_from[vehicle + 1] > p.break_from[vehicle]
    if p.is_drop[stop] == 0:
        if closes > p.loads_until[vehicle]:
            closes = p.loads_until[vehicle]
        # Behind the last place where the goods would be too much.
        k = highest
        while k >= lowest and fits(p, s, row, vehicle, k, stop):
            k -= 1
        lowest = k + 1
    for i in range(lowest, highest + 1):
        if i == 0:
            minute, total, at = p.free_at[vehicle], p.fixed[vehicle], p.start[vehicle]
        else:
            minute, total = s.leaves[base + i - 1], s.spent[base + i - 1]
            at = p.place[s.routes[base + i - 1]]
        if total >= bound or minute > closes:
            break
        leg = travel[at * places + goal] * slow
        total += p.riding * leg
        minute += leg
        if pauses:
            minute = begin(p, vehicle, minute, stop)
        elif minute < opens:
            minute = opens
        if minute > closes + EPSILON:
            continue
        minute += service
        if p.is_drop[stop] == 1:
            total += at_door(p, stop, minute)
        if total >= bound:
            continue
        cost = tail(p, s, row, vehicle, i, goal, minute, total, bound)
        if cost < bound:
            best = bound = cost
            s.spot[0] = i
    return best


def put(p: Problem, s: State, row: int, stop: int, k: int) -> None:
    """Make ``stop`` the ``k``-th of the route in ``row``."""
    base, count = row * p.room, s.length[row]
    for later in range(base + count, base + k, -1):
        s.routes[later] = s.routes[later - 1]
    s.routes[base + k] = stop
    s.length[row] = count + 1


def copy_row(p: Problem, s: State, source: int, target: int) -> None:
    """Make the route in ``target`` that in ``source``; its times are not copied."""
    count = s.length[source]
    for k in range(count):
        s.routes[target * p.room + k] = s.routes[source * p.room + k]
    s.length[target] = count


def _order_pickups(p: Problem, s: State, vehicle: int, job: int, attempt: int) -> int:
    """The pickups of ``job`` into ``orders``, the last to get ready first, at the second attempt the nearest.

    Answers 1 when the second order is the first again, which lies behind it.
    """
    first, count, pickups = p.first[job], 0, p.drop[job] - p.first[job]
    for stop in range(first, p.drop[job]):
        if attempt == 1:
            key = p.travel[p.start[vehicle] * p.places + p.place[stop]]
        else:
            key = -p.opens[stop]
        k = count
        while k > 0 and s.key[k - 1] > key:
            s.key[k], s.orders[k] = s.key[k - 1], s.orders[k - 1]
            k -= 1
        s.key[k], s.orders[k] = key, stop
        count += 1
    same = 1
    for k in range(pickups):
        if attempt == 0:
            s.orders[pickups + k] = s.orders[k]
        elif s.orders[pickups + k] != s.orders[k]:
            same = 0
    return same if attempt == 1 else -1


def recalled_insertion(p: Problem, s: State, vehicle: int, job: int, worth: float) -> float:
    """What :func:`best_insertion` answers, from memory while the vehicle's route is as at the last try.

    Most routes stay the same from one round to the next. The last row is not to be relied on after it.
    """
    at = job * p.vehicles + vehicle
    if p.extra_of[at] >= worth:
        return INF
    if s.tried_version[at] == s.version[vehicle]:
        known = s.tried_cost[at]
        if known < INF:
            return known if known < worth else INF
        if worth <= s.tried_worth[at]:
            return INF
    found = best_insertion(p, s, vehicle, job, worth)
    s.tried_version[at], s.tried_worth[at], s.tried_cost[at] = s.version[vehicle], worth, found
    return found


def best_insertion(p: Problem, s: State, vehicle: int, job: int, worth: float) -> float:
    """What it costs least to add ``job`` to the vehicle's route, or INF when there is no way under ``worth``.

    The route with the job in it is left in the last row. Frozen stops keep their place; every pickup comes
    before the drop-off. Pickups are placed one after the other, the last to get ready first, and again the
    nearest first.
    """
    first, drop, trial, kept = p.first[job], p.drop[job], p.vehicles, p.vehicles + 1
    pickups, count = drop - first, s.length[vehicle]
    aside = p.extra_of[job * p.vehicles + vehicle]
    if aside >= worth or count + pickups + 1 > p.room:
        return INF
    if p.holder[job] < 0 and count + pickups >= p.most_stops:
        return INF
    bound = s.cost[vehicle] + worth - aside
    lowest = min(p.frozen[vehicle], count)
    best = INF
    if pickups == 0:
        best = single(p, s, vehicle, vehicle, drop, lowest, count, bound)
        if best < INF:
            copy_row(p, s, vehicle, kept)
            put(p, s, kept, drop, s.spot[0])
    for attempt in range(0 if pickups == 0 else 1 if pickups == 1 else 2):
        if _order_pickups(p, s, vehicle, job, attempt) == attempt:
            break
        found = pair(p, s, vehicle, vehicle, s.orders[0], drop, lowest, bound)
        if found >= bound:
            continue
        copy_row(p, s, vehicle, trial)
        put(p, s, trial, drop, s.spot[1])
        put(p, s, trial, s.orders[0], s.spot[0])
        door = s.spot[1] + 1
        for number in range(1, pickups):
            refresh(p, s, trial, vehicle)
            found = single(p, s, trial, vehicle, s.orders[number], lowest, door, bound)
            if found >= bound:
                break
            put(p, s, trial, s.orders[number], s.spot[0])
            door += 1
        if found < bound:
            best = bound = found
            copy_row(p, s, trial, kept)
    return best - s.cost[vehicle] + aside if best < INF else INF
