"""Time that passes only when it is told to, for databases in memory that nobody disturbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAWN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


class StillWorld:
    """As much of a scheduler as a :class:`tests.simulation.database.MemoryDatabase` asks of one."""

    def __init__(self, at: datetime = DAWN) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def pass_by(self, span: timedelta) -> None:
        self._at += span

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    @property
    def seconds(self) -> float:
        return self._at.timestamp()

    def step(self, where: str, weight: float = 1.0) -> None:
        """Nobody else's turn."""

    def may_die(self, where: str) -> None:
        """Nobody does."""

    def count(self, what: str) -> None:
        """Nothing is counted."""
