"""Business days and weeks: they begin at midnight in Shanghai, weeks on Monday."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.commission.domain.payee import Cycle

# Every shop is in one zone, and statements are read by people: a day is theirs, not UTC's.
BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def last_closing(cycle: Cycle, now: datetime) -> datetime:
    """The newest end of a cycle that is not after ``now``."""
    day = now.astimezone(BUSINESS_ZONE).date()
    if cycle is Cycle.WEEKLY:
        day -= timedelta(days=day.weekday())
    return datetime.combine(day, time(), BUSINESS_ZONE).astimezone(UTC)


def next_closing(cycle: Cycle, after: datetime) -> datetime:
    """The first end of a cycle after ``after``."""
    days = 7 if cycle is Cycle.WEEKLY else 1
    begun = last_closing(cycle, after).astimezone(BUSINESS_ZONE).date()
    return datetime.combine(begun + timedelta(days=days), time(), BUSINESS_ZONE).astimezone(UTC)
