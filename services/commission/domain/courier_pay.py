"""What a finished delivery pays its courier, and why that much."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from services.commission.domain import formula
from services.commission.domain.errors import InvalidRatePlan
from services.commission.domain.facts import Trip
from shared.kernel.money import BASIS_POINTS

METRES_PER_KM = 1000
MINUTES_PER_DAY = 24 * 60
# Asia/Shanghai: one offset all year, so no time zone database is needed on the machine.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAME = re.compile(r"[\w][\w .-]{0,39}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PeakRule:
    """Hours of the week, and zones if it names any, in which a delivery pays more.

    ``days`` are 0 (Monday) to 6, ``starts`` and ``ends`` minutes of that day in Asia/Shanghai; a rule that
    does not end after it starts goes on past midnight. What a trip earns is multiplied by ``factor_bp`` and
    raised by ``supplement``.
    """

    name: str
    days: tuple[int, ...]
    starts: int
    ends: int
    zones: tuple[str, ...] = ()
    factor_bp: int = BASIS_POINTS
    supplement: int = 0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidRatePlan("The name of a peak rule has letters, digits, spaces, dots and dashes.")
        if not self.days or not set(self.days) <= set(range(7)):
            raise InvalidRatePlan(f"The peak rule {self.name} names no day of the week.")
        if not (0 <= self.starts < MINUTES_PER_DAY and 0 <= self.ends <= MINUTES_PER_DAY):
            raise InvalidRatePlan(f"The hours of the peak rule {self.name} are not within a day.")
        if self.factor_bp < BASIS_POINTS or self.supplement < 0:
            raise InvalidRatePlan(f"The peak rule {self.name} pays less than no rule.")

    def in_words(self) -> str:
        """The rule in one line, such as ``mon tue 11:00-13:00: x 1.5``."""
        days = " ".join(_DAYS[day] for day in sorted(self.days))
        hours = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.starts, self.ends))
        zones = f" in {', '.join(self.zones)}" if self.zones else ""
        times = f" x {formula.factor(self.factor_bp)}" if self.factor_bp != BASIS_POINTS else ""
        plus = f" + {formula.number(self.supplement)}" if self.supplement else ""
        return f"{days} {hours}{zones}:{times}{plus}"

    def holds(self, at: datetime, zone_id: str | None) -> bool:
        if self.zones and zone_id not in self.zones:
            return False
        local = at.astimezone(LOCAL)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.starts < self.ends:
            return day in self.days and self.starts <= minute < self.ends
        yesterday = (day - 1) % 7
        return (day in self.days and minute >= self.starts) or (yesterday in self.days and minute < self.ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class CourierPay:
    """What finished deliveries pay, in minor units, and what an hour of a shift pays at least.

    Of the peak rules that hold when a delivery is completed, the one that pays most counts, alone.
    """

    per_drop: int
    per_extra_pickup: int
    per_km: int
    peaks: tuple[PeakRule, ...] = ()
    guaranteed_per_hour: int = 0

    def __post_init__(self) -> None:
        if min(self.per_drop, self.per_extra_pickup, self.per_km, self.guaranteed_per_hour) < 0:
            raise InvalidRatePlan("Courier pay is not negative.")
        if len({rule.name for rule in self.peaks}) != len(self.peaks):
            raise InvalidRatePlan("Peak rules have names of their own.")

    def of(self, trip: Trip) -> int:
        """The pay for ``trip``, rounded once, half up."""
        return self._best(trip)[0]

    def formula(self, trip: Trip) -> str:
        """How :meth:`of` comes to its amount."""
        amount, rule = self._best(trip)
        left = formula.number(self.per_drop)
        further = max(trip.pickups - 1, 0)
        if further and self.per_extra_pickup:
            left += f" + {formula.number(further)} x {formula.number(self.per_extra_pickup)}"
        if trip.distance_m and self.per_km:
            left += f" + {formula.number(trip.distance_m)} m x {formula.number(self.per_km)} / 1 000 m"
        if rule is None:
            return formula.equals(left, amount)
        if rule.factor_bp != BASIS_POINTS:
            left = f"({left}) x {formula.factor(rule.factor_bp)}"
        if rule.supplement:
            left += f" + {formula.number(rule.supplement)}"
        return formula.equals(left, amount, label=f"peak {rule.name}")

    def formula_of(self, trips: Sequence[Trip]) -> str:
        """How the pay for all of ``trips`` comes about: each by itself, and then their sum."""
        if len(trips) == 1:
            return self.formula(trips[0])
        each = [self.formula(trip) for trip in trips]
        # Only a whole note has a label.
        plain = [text.partition(": ")[2] or text for text in each]
        amounts = [self.of(trip) for trip in trips]
        return "; ".join([*plain, formula.equals(" + ".join(map(formula.number, amounts)), sum(amounts))])

    def _best(self, trip: Trip) -> tuple[int, PeakRule | None]:
        best, by = self._under(trip, None), None
        for rule in self.peaks:
            if rule.holds(trip.completed_at, trip.zone_id) and (amount := self._under(trip, rule)) > best:
                best, by = amount, rule
        return best, by

    def _under(self, trip: Trip, rule: PeakRule | None) -> int:
        fixed = self.per_drop + self.per_extra_pickup * max(trip.pickups - 1, 0)
        milli = fixed * METRES_PER_KM + trip.distance_m * self.per_km
        factor_bp, supplement = (rule.factor_bp, rule.supplement) if rule else (BASIS_POINTS, 0)
        whole = METRES_PER_KM * BASIS_POINTS
        return (2 * (milli * factor_bp + supplement * whole) + whole) // (2 * whole)
