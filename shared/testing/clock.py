"""A clock that stands still until it is told to move, and ids that count."""

from __future__ import annotations

from datetime import datetime, timedelta


class StoppedClock:
    """Tells ``now`` until :meth:`advance` moves it."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("a clock needs a time zone")
        self._now = now

    def now(self) -> datetime:
        return self._now

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    def advance(self, span: timedelta) -> None:
        self._now += span


class CountedIds:
    """Gives ``prefix-1``, ``prefix-2``, … in turn, shaped as UUIDs when ``prefix`` is empty."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._count = 0

    def new(self) -> str:
        self._count += 1
        if self._prefix:
            return f"{self._prefix}-{self._count}"
        return f"00000000-0000-7000-8000-{self._count:012d}"
