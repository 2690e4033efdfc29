"""When a search has to end, by the processor's time."""

from __future__ import annotations

from collections.abc import Callable

from services.dispatch.application.leasing import Lease


class Deadline:
    """How long a search may build and improve, and how far it came.

    ``built`` is after how many looks time ended the building, if it did. A lost lease ends both.
    """

    def __init__(self, build: float, improve: float, effort: Callable[[], float], lease: Lease) -> None:
        self._build, self._improve = build, improve
        self._effort, self._lease = effort, lease
        self._began = effort()
        self._improving: float | None = None
        self._looks = 0
        self.built: int | None = None
        self.improvement_ended = False
        self.seconds = 0.0

    def keep_building(self) -> bool:
        self._looks += 1
        if self._lease.holds() and self._effort() - self._began < self._build:
            return True
        self.built = self._looks
        return False

    def keep_going(self) -> bool:
        # Improvement has its own time, however long the building took.
        if self._improving is None:
            self._improving = self._effort()
        if self._lease.holds() and self._effort() - self._improving < self._improve:
            return True
        self.improvement_ended = True
        return False

    def end(self) -> None:
        self.seconds = self._effort() - self._began
