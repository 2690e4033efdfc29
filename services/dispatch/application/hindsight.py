"""Finished days are solved again beside the live planner, once each: how good were they?"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.dispatch.domain.business_day import BusinessDay, days_before
from services.dispatch.domain.finished_day import LivedDay, SolvedDay, finished_day
from services.dispatch.domain.planning.hindsight import in_hindsight, rounds_for
from shared.kernel.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class HindsightPolicy:
    """``seconds`` of the processor are spent on a zone's day at most; with none, no day is solved again.

    Days that ended longer ago than ``look_back`` days are left alone.
    """

    seconds: float = 60.0
    look_back: int = 7

    def days(self, now: datetime) -> list[BusinessDay]:
        """The days that are looked at, the newest first."""
        return days_before(now, self.look_back) if self.seconds > 0 else []


class HindsightDesk(Protocol):
    """Where lived days come from, and where what they came to is kept."""

    def finished(self, days: Sequence[BusinessDay]) -> list[tuple[str, BusinessDay]]:
        """Zones with the days on which they delivered something, that are done, and not solved again yet.

        A day is done once nothing of it is under way.
        """

    def is_mine_alone(self, zone_id: str) -> bool:
        """Whether nobody else solves a day of the zone now; then nobody will, until it is left to others."""

    def let_others(self, zone_id: str) -> None: ...

    def look(self, zone_id: str, day: BusinessDay) -> LivedDay | None:
        """The day as it was lived; ``None`` when it has been solved again meanwhile."""

    def keep(self, solved: SolvedDay) -> None:
        """Keep what a day came to; the first answer stays."""


def solve_days(
    desk: HindsightDesk,
    *,
    clock: Clock,
    policy: HindsightPolicy,
    go_on: Callable[[], bool] = lambda: True,
    effort: Callable[[], float] = time.thread_time,
) -> int:
    """Solve every finished day of a zone that nobody has solved yet; answers how many.

    Whoever dies at it has kept nothing of that day, and somebody makes it again. A day that cannot be solved
    is logged and does not keep the others waiting.
    """
    done = 0
    for zone_id, day in desk.finished(policy.days(clock.now())):
        if not go_on():
            break
        if not desk.is_mine_alone(zone_id):
            continue
        try:
            lived = desk.look(zone_id, day)
            solved = None if lived is None else _solved(lived, clock, policy, effort)
            if solved is not None:
                desk.keep(solved)
                done += 1
        finally:
            desk.let_others(zone_id)
    return done


def _solved(
    lived: LivedDay, clock: Clock, policy: HindsightPolicy, effort: Callable[[], float]
) -> SolvedDay | None:
    began, zone_id = effort(), lived.zone.zone_id
    try:
        day = finished_day(lived)
        found = in_hindsight(
            day,
            rounds=rounds_for(day),
            seed=seed_of(zone_id, lived.day.day),
            spent=lambda: (effort() - began) / policy.seconds,
        )
    except Exception:
        log.exception("the day %s of zone %s cannot be solved again", lived.day.day, zone_id)
        return None
    return SolvedDay(
        zone_id=zone_id,
        day=lived.day.day,
        solved_at=clock.now(),
        seconds=effort() - began,
        hindsight=found,
    )


def seed_of(zone_id: str, day: date) -> int:
    """The same for the same day of a zone, whoever solves it."""
    return int(hashlib.sha256(f"{zone_id} {day}".encode()).hexdigest()[:8], 16)
