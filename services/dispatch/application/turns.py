"""What a planner does now and then only: by the clock, so that it does not matter who plans a zone when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_BEGAN = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, kw_only=True)
class Turns:
    """A turn begins ``every`` so often, ``after`` the moments that divide the day evenly."""

    every: timedelta
    after: timedelta = timedelta()

    def is_time(self, before: datetime | None, now: datetime) -> bool:
        """Whether another turn has begun since the plan ``before``: the same for every planner."""
        return before is None or self._turn_of(before) != self._turn_of(now)

    def next_time(self, now: datetime) -> datetime:
        """When the next turn begins."""
        return now + self.every - (now - _BEGAN - self.after) % self.every

    def _turn_of(self, moment: datetime) -> int:
        return (moment - _BEGAN - self.after) // self.every
