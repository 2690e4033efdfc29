"""Where couriers who have nothing to do should wait: where they spare customers the most waiting.

Each shop's next order is expected to be taken to by the nearest idle courier, or, if that one has just been
sent off, by the second nearest (the maximum expected covering location of Daskin 1983, with delays in place
of a radius). How much later than ready an approach of so many minutes comes is learnt from how long shops
have taken so far: who arrives while the goods are being prepared delays nobody.
"""

from __future__ import annotations

from services.dispatch.engine.bundling.kernel import ride
from services.dispatch.engine.bundling.rows import Town
from services.dispatch.engine.kernel import INF
from services.dispatch.engine.problem import Floats, Ints

LONGEST = 80


def delays(preparations: Floats, count: int, pickup_half: float, expected: Floats) -> None:
    """Into ``expected``: how late a courier is on average who needs 0, 1, … minutes to a shop."""
    for minute in range(LONGEST):
        late = 0.0
        for number in range(count):
            over = minute + pickup_half - preparations[number]
            if over > 0.0:
                late += over
        expected[minute] = late / count if count > 0 else max(0.0, minute - 10.0)


def _late(expected: Floats, minutes: float) -> float:
    minute = int(minutes)
    return expected[minute] if minute < LONGEST else expected[LONGEST - 1]


def spared(nearest: float, second: float, here: float, expected: Floats, busy: float) -> float:
    """What it spares a shop's next customer that one more courier is ``here`` minutes away."""
    if here < nearest:
        first = (1.0 - busy) * (_late(expected, nearest) - _late(expected, here))
        return first + busy * (_late(expected, second) - _late(expected, nearest))
    if here < second:
        return busy * (_late(expected, second) - _late(expected, here))
    return 0.0


def better_place(
    t: Town,
    courier: int,
    idle: Ints,
    idles: int,
    now: float,
    demand: Floats,
    expected: Floats,
    nearest: Floats,
    second: Floats,
    riding: float,
    busy: float,
    worth: float,
) -> int:
    """The shop at which ``courier`` had better wait, or -1 when it is not ``worth`` the ride.

    ``demand`` weighs the shops, each minute of the ride costs ``riding``, and ``worth`` is in minutes of the
    next customer's waiting; the town's ``gain`` says how much it is. ``nearest`` and ``second`` are rows to
    work in. It grows with the shops squared.
    """
    for shop in range(t.shops):
        nearest[shop] = second[shop] = float(LONGEST - 1)
    for at in range(idles):
        other = idle[at]
        if other == courier:
            continue
        until_free = max(0.0, t.free_at[other] - now)
        for shop in range(t.shops):
            away = until_free + ride(t, t.x[other], t.y[other], t.shop_x[shop], t.shop_y[shop])
            if away < nearest[shop]:
                second[shop], nearest[shop] = nearest[shop], away
            elif away < second[shop]:
                second[shop] = away
    total, here = 0.0, 0.0
    for shop in range(t.shops):
        away = ride(t, t.x[courier], t.y[courier], t.shop_x[shop], t.shop_y[shop])
        here += demand[shop] * spared(nearest[shop], second[shop], away, expected, busy)
        total += demand[shop]
    chosen, most = -1, worth
    for place in range(t.shops):
        away = ride(t, t.x[courier], t.y[courier], t.shop_x[place], t.shop_y[place])
        if place == t.at_shop[courier] or away == 0.0:
            continue
        there = 0.0
        for shop in range(t.shops):
            between = ride(t, t.shop_x[place], t.shop_y[place], t.shop_x[shop], t.shop_y[shop])
            if between < second[shop]:
                there += demand[shop] * spared(nearest[shop], second[shop], between, expected, busy)
        gain = (there - here) / total - riding * away if total > 0.0 else -INF
        if gain > most:
            chosen, most = place, gain
    t.gain[0] = most
    return chosen
