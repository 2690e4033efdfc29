"""The minutes of the day, told on the platform's business clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.clock import Clock, to_wire


@dataclass(frozen=True, kw_only=True)
class Timeline:
    clock: Clock
    start: datetime

    def minute(self) -> float:
        """How many minutes of the day have passed; below zero before it begins."""
        return (self.clock.now() - self.start).total_seconds() / 60

    def wire(self, minute: float) -> str:
        return to_wire(self.start + timedelta(minutes=minute))

    def seconds(self, minutes: float) -> float:
        """How long these minutes take on the wall."""
        return self.clock.wall_seconds(timedelta(minutes=minutes))

    def minutes(self, seconds: float) -> float:
        """How many minutes of the day pass in these seconds of the wall."""
        return seconds / self.clock.wall_seconds(timedelta(minutes=1))

    async def until(self, minute: float) -> None:
        """Sleep until that minute; at once when it has passed."""
        while (left := minute - self.minute()) > 0:
            await asyncio.sleep(self.seconds(left))
