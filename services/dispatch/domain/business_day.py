"""Business days: from midnight to midnight where the business is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, kw_only=True)
class BusinessDay:
    """A day with the moments at which it begins and at which the next one does."""

    day: date
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, day: date) -> BusinessDay:
        begins, ends = (
            datetime.combine(one, time(), BUSINESS_ZONE).astimezone(UTC)
            for one in (day, day + timedelta(days=1))
        )
        return cls(day=day, begins=begins, ends=ends)

    def minutes(self, moment: datetime) -> float:
        """How many minutes after the day's beginning."""
        return (moment - self.begins).total_seconds() / 60


def days_before(now: datetime, count: int) -> list[BusinessDay]:
    """The last days that are over, the newest first."""
    today = now.astimezone(BUSINESS_ZONE).date()
    return [BusinessDay.of(today - timedelta(days=back)) for back in range(1, count + 1)]
