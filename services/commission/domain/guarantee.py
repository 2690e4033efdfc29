"""The guaranteed minimum of a shift: what its deliveries paid less than an hour's worth for each hour of it.

A shift that has not ended, or of which the beginning is not known yet, guarantees nothing. Tips are the
customer's thanks and do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.commission.domain import formula

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """What is known of a courier's shift, in whatever order it was learnt."""

    shift_id: str
    courier_id: str
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def seconds(self) -> int:
        """How long it was; nothing until both ends are known."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return max((self.ended_at - self.started_at) // timedelta(seconds=1), 0)

    def with_(self, told: Shift) -> Shift:
        """What is known stays, what is new is added."""
        return Shift(
            shift_id=self.shift_id,
            courier_id=self.courier_id,
            started_at=self.started_at or told.started_at,
            ended_at=self.ended_at or told.ended_at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidTrip:
    """A finished delivery and what it pays."""

    order_id: str
    completed_at: datetime
    pay: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarantee:
    """What has to be added to the pay of a shift, and how that comes about."""

    amount: int
    formula: str | None = None


def guarantee_of(shift: Shift, pay: int, per_hour: int) -> Guarantee:
    """What ``pay`` for the deliveries of ``shift`` falls short of ``per_hour`` for each hour, half up."""
    whole = (2 * shift.seconds * per_hour + SECONDS_PER_HOUR) // (2 * SECONDS_PER_HOUR)
    amount = max(whole - pay, 0)
    if not amount:
        return Guarantee(amount=0)
    hours = f"{formula.number(shift.seconds)} s / 3 600 s"
    return Guarantee(
        amount=amount,
        formula=formula.equals(f"{hours} x {formula.number(per_hour)} - {formula.number(pay)}", amount),
    )


def pay_by_shift(shifts: Sequence[Shift], trips: Iterable[PaidTrip]) -> Mapping[str, int]:
    """What the deliveries of each of a courier's shifts pay.

    A delivery belongs to the last shift that began before it was completed, so one that is completed after
    the courier went home still counts.
    """
    begun = sorted((shift.started_at, shift.shift_id) for shift in shifts if shift.started_at is not None)
    pay = {shift.shift_id: 0 for shift in shifts}
    for trip in trips:
        before = [shift_id for started_at, shift_id in begun if started_at <= trip.completed_at]
        if before:
            pay[before[-1]] += trip.pay
    return pay
