"""Keeping a zone while a plan for it is thought about."""

from __future__ import annotations

from collections.abc import Callable

from services.dispatch.application.ports import DueZone, PlanningDesk

# A lease is begun anew while most of it is still to come: one late answer of the database loses nothing.
_WHEN_GONE = 1 / 3


class Lease:
    """A lease that is renewed by whoever asks whether it still holds; once it is lost, it stays lost."""

    def __init__(
        self, desk: PlanningDesk, due: DueZone, seconds: float, stopwatch: Callable[[], float]
    ) -> None:
        self._desk = desk
        self._due = due
        self._pause = seconds * _WHEN_GONE
        self._stopwatch = stopwatch
        self._renewed = stopwatch()
        self._lost = False

    def holds(self) -> bool:
        """Whether it makes sense to go on; asks the database only now and then."""
        now = self._stopwatch()
        if not self._lost and now - self._renewed >= self._pause:
            self._renewed = now
            self._lost = not self._desk.renew(self._due)
        return not self._lost
