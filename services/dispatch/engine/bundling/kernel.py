"""The bundling kernel: what a courier's bundles cost, where an order fits best, and how a plan gets better.

It runs as plain Python over lists and compiled over arrays, with the same result. All rows are
:class:`~services.dispatch.engine.bundling.rows.Town`'s.
"""

from __future__ import annotations

from math import ceil, sqrt

from services.dispatch.engine.bundling.rows import MOST_BUNDLES, MOST_REMOVED, Town
from services.dispatch.engine.kernel import INF

_WORTH = 1e-6
# Beyond this the second best courier makes an order no more urgent.
_FAR = 5000.0


def ride(t: Town, from_x: float, from_y: float, to_x: float, to_y: float) -> float:
    """Whole minutes from one point to another."""
    east, north = to_x - from_x, to_y - from_y
    return float(ceil(sqrt(east * east + north * north) / t.pace))


def serve(t: Town, row: int, courier: int, now: float) -> float:
    """What it costs that the courier serves the bundles of ``row``, leaving no sooner than ``now``; or INF.

    Minutes from placing to handing over for each order, ``riding`` for each minute under way, and
    ``engaged`` for each minute of the shift until the courier is free again.
    """
    minute, x, y, total = t.free_at[courier], t.x[courier], t.y[courier], 0.0
    for k in range(t.bundles[row]):
        bundle = row * MOST_BUNDLES + k
        shop = t.shop[bundle]
        leg = 0.0
        if k > 0 or t.at_shop[courier] != shop:
            minute = max(minute, now)
            leg = ride(t, x, y, t.shop_x[shop], t.shop_y[shop])
        taken = minute + leg + t.pickup_half
        taken = max(taken, now)
        first = bundle * t.most_together
        for i in range(first, first + t.size[bundle]):
            taken = max(taken, t.ready[t.orders[i]])
        if taken > t.off[courier]:
            return INF
        if k == 0:
            t.first[row] = taken
        minute, x, y = taken + t.pickup_half, t.shop_x[shop], t.shop_y[shop]
        total += t.riding * leg
        for i in range(first, first + t.size[bundle]):
            order = t.orders[i]
            leg = ride(t, x, y, t.door_x[order], t.door_y[order])
            minute += leg + t.drop_half
            total += minute - t.placed[order] + t.riding * leg
            minute += t.drop_half
            x, y = t.door_x[order], t.door_y[order]
    return total + _engaged(t, courier, minute) if t.bundles[row] > 0 else total


def _engaged(t: Town, courier: int, until: float) -> float:
    """What the courier's time costs until then; after the shift nobody else could have had it."""
    # From the plan's minute on, not from when the ride begins: setting off later saves nothing.
    return t.engaged * (min(until, t.off[courier]) - max(t.free_at[courier], t.clock[0]))


def _serve_alone(t: Town, courier: int, order: int, now: float) -> float:
    """As :func:`serve`, for a courier who has nothing else and this one order."""
    minute, shop = t.free_at[courier], t.shop_of[order]
    leg = 0.0
    if t.at_shop[courier] != shop:
        minute = max(minute, now)
        leg = ride(t, t.x[courier], t.y[courier], t.shop_x[shop], t.shop_y[shop])
    taken = minute + leg + t.pickup_half
    taken = max(taken, now)
    taken = max(taken, t.ready[order])
    if taken > t.off[courier]:
        return INF
    home = ride(t, t.shop_x[shop], t.shop_y[shop], t.door_x[order], t.door_y[order])
    # Summed up in serve()'s order, so that both come to the same last digit.
    total = t.riding * leg
    minute = taken + t.pickup_half + (home + t.drop_half)
    total += minute - t.placed[order] + t.riding * home
    return total + _engaged(t, courier, minute + t.drop_half)


def copy_row(t: Town, source: int, target: int) -> None:
    """Make the bundles in one row those in another."""
    t.bundles[target] = t.bundles[source]
    for k in range(t.bundles[source]):
        a, b = source * MOST_BUNDLES + k, target * MOST_BUNDLES + k
        t.shop[b], t.size[b] = t.shop[a], t.size[a]
        for i in range(t.size[a]):
            t.orders[b * t.most_together + i] = t.orders[a * t.most_together + i]


def _swap(t: Town, a: int, b: int) -> None:
    t.shop[a], t.shop[b] = t.shop[b], t.shop[a]
    t.size[a], t.size[b] = t.size[b], t.size[a]
    for i in range(t.most_together):
        one, other = a * t.most_together + i, b * t.most_together + i
        t.orders[one], t.orders[other] = t.orders[other], t.orders[one]


def join(t: Town, bundle: int, order: int, place: int) -> None:
    """Make ``order`` the ``place``-th of a bundle."""
    first = bundle * t.most_together
    for i in range(first + t.size[bundle], first + place, -1):
        t.orders[i] = t.orders[i - 1]
    t.orders[first + place] = order
    t.size[bundle] += 1


def leave(t: Town, bundle: int, place: int) -> None:
    """Take the ``place``-th order out of a bundle."""
    first = bundle * t.most_together
    t.size[bundle] -= 1
    for i in range(first + place, first + t.size[bundle]):
        t.orders[i] = t.orders[i + 1]


def best_way(t: Town, courier: int, order: int, now: float) -> float:
    """What it costs least to give ``order`` to the courier, or INF.

    ``spot`` says where it goes: which bundle, and as which order of it, -1 for a bundle of its own.
    """
    count, best, shop = t.bundles[courier], INF, t.shop_of[order]
    if count == 0:
        t.spot[0], t.spot[1] = 0, -1
        return _serve_alone(t, courier, order, now)
    trial = t.couriers
    copy_row(t, courier, trial)
    for k in range(count):
        bundle = trial * MOST_BUNDLES + k
        if t.shop[bundle] != shop or t.size[bundle] >= t.most_together:
            continue
        for place in range(t.size[bundle] + 1):
            join(t, bundle, order, place)
            cost = serve(t, trial, courier, now) - t.cost[courier]
            leave(t, bundle, place)
            if cost < best:
                best = cost
                t.spot[0], t.spot[1] = k, place
    if count < MOST_BUNDLES:
        # A bundle of its own, behind all others first, and then one place sooner each time.
        bundle = trial * MOST_BUNDLES + count
        t.shop[bundle], t.size[bundle], t.orders[bundle * t.most_together] = shop, 1, order
        t.bundles[trial] = count + 1
        for k in range(count, -1, -1):
            cost = serve(t, trial, courier, now) - t.cost[courier]
            if cost < best:
                best = cost
                t.spot[0], t.spot[1] = k, -1
            if k > 0:
                _swap(t, trial * MOST_BUNDLES + k, trial * MOST_BUNDLES + k - 1)
    return best if best < INF / 2 else INF


def give(t: Town, courier: int, order: int, now: float) -> bool:
    """Give ``order`` to the courier, where it costs least; false when that is not possible."""
    if best_way(t, courier, order, now) >= INF:
        return False
    row = courier * MOST_BUNDLES
    if t.spot[1] >= 0:
        join(t, row + t.spot[0], order, t.spot[1])
    else:
        t.bundles[courier] += 1
        for k in range(t.bundles[courier] - 1, t.spot[0], -1):
            _swap(t, row + k, row + k - 1)
        bundle = row + t.spot[0]
        t.shop[bundle], t.size[bundle], t.orders[bundle * t.most_together] = t.shop_of[order], 1, order
    t.courier_of[order] = courier
    t.cost[courier] = serve(t, courier, courier, now)
    return True


def take(t: Town, order: int, now: float) -> None:
    """Take ``order`` from whoever has it."""
    courier = t.courier_of[order]
    row = courier * MOST_BUNDLES
    for k in range(t.bundles[courier]):
        for place in range(t.size[row + k]):
            if t.orders[(row + k) * t.most_together + place] == order:
                leave(t, row + k, place)
                if t.size[row + k] == 0:
                    drop_bundle(t, courier, k)
                t.courier_of[order] = -1
                t.cost[courier] = serve(t, courier, courier, now)
                return


def drop_bundle(t: Town, courier: int, k: int) -> None:
    """Take the ``k``-th bundle out of the courier's row."""
    row = courier * MOST_BUNDLES
    t.bundles[courier] -= 1
    for later in range(k, t.bundles[courier]):
        _swap(t, row + later, row + later + 1)


def keep_possible(t: Town, actives: int, now: float) -> None:
    """Cost every active courier's row anew; bundles that have become impossible are nobody's."""
    for a in range(actives):
        courier = t.active[a]
        while True:
            t.cost[courier] = serve(t, courier, courier, now)
            if t.cost[courier] < INF:
                break
            last = courier * MOST_BUNDLES + t.bundles[courier] - 1
            for i in range(t.size[last]):
                t.courier_of[t.orders[last * t.most_together + i]] = -1
            t.bundles[courier] -= 1


def draw(t: Town, below: int) -> int:
    """A number from 0 on, under ``below``, by chance."""
    t.chance[0] = t.chance[0] * 48271 % 2147483647
    return t.chance[0] % below


def share(t: Town) -> float:
    """A number from 0 to 1, by chance."""
    return draw(t, 1 << 20) / (1 << 20)


def plan(t: Town, actives: int, orders: int, now: float, rounds: int) -> None:
    """Give every order of the pool away, if anybody can take it, and improve that for so many rounds.

    A round takes some orders that lie near each other in place and time from their couriers and gives them
    out again, those first that lose most by not getting their best courier; what made it dearer is undone.
    """
    t.clock[0] = now
    keep_possible(t, actives, now)
    waiting = 0
    for at in range(orders):
        if t.courier_of[t.pool[at]] < 0:
            t.removed[waiting] = t.pool[at]
            waiting += 1
    _give_out(t, actives, waiting, now, 0, 0.0)
    for number in range(1, rounds + 1):
        if orders > 0:
            _improve(t, actives, orders, now, number)
    for courier in range(t.couriers):
        t.touched[courier] = 0


def _improve(t: Town, actives: int, orders: int, now: float, number: int) -> None:
    count = _choose(t, orders, 2 + draw(t, MOST_REMOVED - 1))
    before, unserved = 0.0, 0
    for at in range(count):
        order = t.removed[at]
        t.is_removed[order] = 0
        if t.courier_of[order] < 0:
            unserved += 1
        else:
            _touch(t, t.courier_of[order], number)
            take(t, order, now)
    still = _give_out(t, actives, count, now, number, 0.6)
    after = t.unserved * (still - unserved)
    for a in range(actives):
        courier = t.active[a]
        if t.touched[courier] == number:
            before += t.kept_cost[courier]
            after += t.cost[courier]
    if after > before + _WORTH:
        _undo(t, actives, number, count)


def _choose(t: Town, orders: int, count: int) -> int:
    """One order by chance, and those of the pool that are nearest to it, into ``removed``."""
    seed = t.pool[draw(t, orders)]
    count = min(count, orders)
    for at in range(count):
        chosen, least = -1, INF
        for number in range(orders):
            order = t.pool[number]
            if t.is_removed[order] == 1:
                continue
            a, b = t.shop_of[seed], t.shop_of[order]
            apart = ride(t, t.shop_x[a], t.shop_y[a], t.shop_x[b], t.shop_y[b])
            apart += 0.5 * abs(t.ready[seed] - t.ready[order])
            apart += 0.3 * ride(t, t.door_x[seed], t.door_y[seed], t.door_x[order], t.door_y[order])
            apart *= 0.5 + share(t)
            if apart < least:
                chosen, least = order, apart
        t.removed[at] = chosen
        t.is_removed[chosen] = 1
    return count


def _give_out(t: Town, actives: int, left: int, now: float, number: int, blur: float) -> int:
    """Give the orders in ``removed`` away by regret; answers how many nobody can take."""
    width = t.couriers
    for at in range(left):
        for a in range(actives):
            t.ways[at * width + a] = best_way(t, t.active[a], t.removed[at], now)
    impossible = 0
    while left > 0:
        chosen, most, to = -1, -INF, -1
        for at in range(left):
            best, second, who = INF, INF, -1
            for a in range(actives):
                cost = t.ways[at * width + a]
                if cost < best:
                    best, second, who = cost, best, a
                elif cost < second:
                    second = cost
            if who < 0:
                continue
            regret = (second if second < _FAR else _FAR) - best
            if blur > 0.0:
                regret *= 1.0 - blur / 2.0 + blur * share(t)
            if regret > most:
                chosen, most, to = at, regret, who
        if chosen < 0:
            return impossible + left
        order, courier = t.removed[chosen], t.active[to]
        _touch(t, courier, number)
        if not give(t, courier, order, now):
            impossible += 1
        left -= 1
        t.removed[chosen], t.removed[left] = t.removed[left], t.removed[chosen]
        for a in range(actives):
            t.ways[chosen * width + a] = t.ways[left * width + a]
        for at in range(left):
            t.ways[at * width + to] = best_way(t, courier, t.removed[at], now)
    return impossible


def _touch(t: Town, courier: int, number: int) -> None:
    """Keep the courier's row as it is before the round changes it."""
    if number == 0 or t.touched[courier] == number:
        return
    t.touched[courier] = number
    t.kept_bundles[courier], t.kept_cost[courier] = t.bundles[courier], t.cost[courier]
    for bundle in range(courier * MOST_BUNDLES, courier * MOST_BUNDLES + t.bundles[courier]):
        t.kept_shop[bundle], t.kept_size[bundle] = t.shop[bundle], t.size[bundle]
        for i in range(bundle * t.most_together, bundle * t.most_together + t.size[bundle]):
            t.kept_orders[i] = t.orders[i]


def _undo(t: Town, actives: int, number: int, count: int) -> None:
    for at in range(count):
        t.courier_of[t.removed[at]] = -1
    for a in range(actives):
        courier = t.active[a]
        if t.touched[courier] != number:
            continue
        t.bundles[courier], t.cost[courier] = t.kept_bundles[courier], t.kept_cost[courier]
        for bundle in range(courier * MOST_BUNDLES, courier * MOST_BUNDLES + t.bundles[courier]):
            t.shop[bundle], t.size[bundle] = t.kept_shop[bundle], t.kept_size[bundle]
            for i in range(bundle * t.most_together, bundle * t.most_together + t.size[bundle]):
                t.orders[i] = t.kept_orders[i]
                t.courier_of[t.orders[i]] = courier
