"""The network between the processes and their servers is bad for a while."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.trust.fault import CameToNothing, Fault, Struck
from tests.trust.gates import Weather
from tests.trust.proxies import Proxies, Way
from tests.trust.stage import Stage


@dataclass(frozen=True, kw_only=True)
class BadNetwork:
    """For some seconds the ways of one process, or of all, to one server have this ``weather``.

    Where that is to refuse connections, those that are open are cut first.
    """

    kind: str
    weather: Weather
    seconds: tuple[float, float]
    for_all: float = 0.5
    """How often it meets every process at once instead of one."""

    def fits(self, stage: Stage) -> bool:
        return stage.setting.proxies is not None

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        proxies = stage.setting.proxies
        assert proxies is not None
        ways = await asyncio.to_thread(self._choose, proxies, chance)
        seconds = chance.uniform(*self.seconds)
        begun, before = time.time(), await asyncio.to_thread(proxies.counts, ways)
        await asyncio.to_thread(proxies.change, ways, self.weather)
        try:
            if self.weather.refuses:
                await asyncio.to_thread(proxies.cut, ways)
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(proxies.change, ways)
        after = await asyncio.to_thread(proxies.counts, ways)
        met = {name: after[name] - before[name] for name in ("cut", "passed", "swallowed")}
        evidence = {"ways": [str(way) for way in ways], "seconds": round(seconds, 3), **met}
        return Struck(kind=self.kind, target=_named(ways), begun=begun, over=time.time(), evidence=evidence)

    def _choose(self, proxies: Proxies, chance: random.Random) -> Sequence[Way]:
        # A process is told of servers that it never asks, and asks some only now and then.
        used = sorted(way for way in proxies.ways if proxies.counts([way])["open"])
        if not used:
            raise CameToNothing("Nobody has connected to anything yet.")
        server = chance.choice(sorted({way.server for way in used}))
        ways = [way for way in used if way.server == server]
        return ways if chance.random() < self.for_all else [chance.choice(ways)]


def _named(ways: Sequence[Way]) -> str:
    return str(ways[0]) if len(ways) == 1 else f"all-{ways[0].server}"


FAULTS: tuple[Fault, ...] = (
    BadNetwork(kind="connections cut", weather=Weather(refuses=True), seconds=(0.0, 3.0)),
    BadNetwork(kind="black hole", weather=Weather(swallows=True), seconds=(5.0, 25.0)),
    BadNetwork(kind="latency", weather=Weather(latency=0.25), seconds=(5.0, 15.0)),
)
