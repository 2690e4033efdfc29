"""Lending a courier to a neighbouring zone, and who is one.

A courier belongs to one zone at a time, the shift's, and changes it with nothing to do and nothing asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.dispatch.domain.courier import Courier
from services.dispatch.domain.errors import CourierNotAvailable, WrongState
from services.dispatch.domain.loan import Loan, LoanStatus
from services.dispatch.domain.places import Position
from services.dispatch.domain.zone import Zone

# Zones whose borders are farther apart are no neighbours.
NEIGHBOURS_M = 2000.0


def are_neighbours(one: Zone, other: Zone) -> bool:
    """Whether their areas touch, or lie less than :data:`NEIGHBOURS_M` apart."""
    if one.zone_id == other.zone_id:
        return False
    a, b = one.area, other.area
    lat = _between(a.south, a.north, b.south, b.north)
    lon = _between(a.west, a.east, b.west, b.east)
    start = Position(lat=lat[0], lon=lon[0])
    return start.metres_to(Position(lat=lat[1], lon=lon[1])) <= NEIGHBOURS_M


def _between(low: float, high: float, other_low: float, other_high: float) -> tuple[float, float]:
    """The two nearest points of two spans; any common point twice when they meet."""
    if high < other_low:
        return high, other_low
    if other_high < low:
        return low, other_high
    return max(low, other_low), max(low, other_low)


def must_be_lendable(courier: Courier | None, now: datetime) -> Courier:
    """The courier, if one may be lent now; raises :class:`CourierNotAvailable` saying why not."""
    if courier is None or courier.shift is None:
        raise CourierNotAvailable("This courier is not on shift.")
    if courier.shift.ending or now >= courier.shift.ends_at:
        raise CourierNotAvailable("This courier's shift is ending.")
    if courier.loan is not None:
        raise CourierNotAvailable("This courier is lent already.")
    return courier


def offer(courier: Courier, loan: Loan, asked: bool) -> None:
    """Lend the courier: at once when there is nothing to do, else as soon as that is so."""
    courier.note_loan(loan)
    settle(courier, asked, loan.offered_at)


def settle(courier: Courier, asked: bool, now: datetime) -> bool:
    """Let the courier change zones if the loan says so and nothing keeps one; true when that has happened.

    ``asked``: there is an open offer. A loan that was over before it began just ends.
    """
    loan = courier.loan
    if loan is None or not loan.is_moving(now) or courier.route or asked:
        return False
    if loan.is_over(now):
        _give_back(courier, loan, now)
    else:
        courier.shift = replace(courier.on_shift(), zone_id=loan.to_zone_id)
        courier.note_loan(loan.lend(now))
    return True


def recall(courier: Courier, by: str, asked: bool, now: datetime) -> None:
    """Call the courier back: nothing new is asked, and once all is done the old zone has one again."""
    loan = courier.loan
    if loan is None:
        raise WrongState("This courier is not lent.")
    if loan.status is LoanStatus.OFFERED:
        _give_back(courier, loan, now)
        return
    courier.note_loan(loan.recall(by, now))
    settle(courier, asked, now)


def to_lend(
    idle: Sequence[Courier], wanting: Mapping[str, tuple[Position, int]], places: Mapping[str, Position]
) -> list[tuple[Courier, str]]:
    """Which idle couriers go to which zone: half of them at most, the nearest first to where most is wanted.

    ``wanting`` has a zone's middle and how many couriers are missed there.
    """
    left = {courier.courier_id: courier for courier in idle}
    spare = len(left) // 2
    chosen: list[tuple[Courier, str]] = []
    for zone_id, (middle, missed) in sorted(wanting.items(), key=lambda item: (-item[1][1], item[0])):
        near = sorted(left.values(), key=lambda c: (places[c.courier_id].metres_to(middle), c.courier_id))
        for courier in near[: min(missed, spare - len(chosen))]:
            chosen.append((courier, zone_id))
            del left[courier.courier_id]
    return chosen


def _give_back(courier: Courier, loan: Loan, now: datetime) -> None:
    if loan.is_abroad:
        courier.shift = replace(courier.on_shift(), zone_id=loan.from_zone_id)
    courier.note_loan(loan.end(now))
