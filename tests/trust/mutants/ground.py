"""The stage that all scenarios share, and what a scenario is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from linli.day.town import Record
from tests.trust.fault import Injected
from tests.trust.load import Load
from tests.trust.stage import Stage

RATE = 2.0


@dataclass(kw_only=True)
class Ground:
    """The stage that all scenarios share, and the people on it."""

    stage: Stage
    load: Load
    chance: random.Random
    injected: list[Injected] = field(default_factory=list)
    """Everything that has to be parked by now, over all scenarios."""
    specials: int = 0

    async def orders(self, count: int, change: Callable[[Record], Record] = lambda record: record) -> None:
        """So many orders at the usual rhythm, each changed beforehand."""
        for _ in range(count):
            record = change(self.load.hood.order(self.load.numbers, self.load.town.time.minute()))
            self.load.numbers += 1
            self.load._begin(record)
            await asyncio.sleep(1 / RATE)


Scenario = Callable[[Ground], Awaitable[None]]
