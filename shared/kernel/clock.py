"""Time, injected: UTC, aware, and able to run faster than the wall for replays."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.kernel.errors import InvalidInput


class Clock(Protocol):
    """Business time."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""

    def wall_seconds(self, span: timedelta) -> float:
        """How many seconds of wall time ``span`` of business time takes."""


class SystemClock:
    """Business time is wall time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()


@dataclass(frozen=True)
class AcceleratedClock:
    """Business time that passes ``speed`` times as fast as the wall.

    ``anchor`` is the business time at wall time ``wall`` (seconds since the epoch). The clock is a pure
    function of wall time, so every process with the same three figures tells the same time.
    """

    anchor: datetime
    wall: float
    speed: float

    def __post_init__(self) -> None:
        if self.anchor.tzinfo is None:
            raise ValueError("the anchor needs a time zone")
        if self.speed <= 0:
            raise ValueError("the speed must be above zero")

    def now(self) -> datetime:
        return self.anchor + timedelta(seconds=(time.time() - self.wall) * self.speed)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds() / self.speed

    def to_environment(self) -> str:
        """The value of ``LINLI_CLOCK`` that makes another process tell this clock's time."""
        return f"anchor={to_wire(self.anchor)};wall={self.wall!r};speed={self.speed!r}"


def clock_from_environment(value: str | None = None) -> Clock:
    """The clock that ``LINLI_CLOCK`` names: ``system``, or ``anchor=…;wall=…;speed=…``.

    Raises :class:`InvalidInput` naming the variable when the text is neither.
    """
    text = os.environ.get("LINLI_CLOCK", "system") if value is None else value
    if text in {"", "system"}:
        return SystemClock()
    try:
        parts = dict(part.split("=", 1) for part in text.split(";"))
        return AcceleratedClock(from_wire(parts["anchor"]), float(parts["wall"]), float(parts["speed"]))
    except (KeyError, ValueError, InvalidInput) as error:
        message = 'Expected "system" or "anchor=<RFC 3339>;wall=<epoch seconds>;speed=<factor>".'
        raise InvalidInput(message, errors=[{"field": "LINLI_CLOCK", "message": message}]) from error


def to_wire(moment: datetime) -> str:
    """``moment`` as RFC 3339 in UTC with milliseconds. A naive datetime raises :class:`ValueError`."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone means nothing")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_wire(text: str, field: str = "time") -> datetime:
    """Read an RFC 3339 time with an offset; raises :class:`InvalidInput` naming ``field``."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _not_a_time(field) from error
    if moment.tzinfo is None:
        raise _not_a_time(field)
    return moment.astimezone(UTC)


def _not_a_time(field: str) -> InvalidInput:
    message = "Expected a time such as 2026-01-05T08:00:00Z, with its offset."
    return InvalidInput(message, errors=[{"field": field, "message": message}])
