"""Faults of whole processes: killed, stopped for a while, restarted one after the other."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence

from linli.failures import Failure
from tests.trust.fault import Fault, Struck
from tests.trust.stage import SERVERS, Stage

LONGEST_STOP_SECONDS = 20.0
_SUCCESSOR_SECONDS = 90.0
Targets = Callable[[Stage], Sequence[str]]


class Killed:
    """SIGKILL to one process or server; whoever looks after it has to notice and start it again."""

    def __init__(self, target: str) -> None:
        self.kind = f"kill {target}"
        self._target = target

    def fits(self, stage: Stage) -> bool:
        return self._target in {*stage.processes, *stage.private_servers}

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        del chance
        await stage.until_ready(self._target)
        begun = time.time()
        before = stage.process(self._target)
        stage.kill(self._target)
        # Only a successor shows that it died: a killed process may be there for another moment.
        while (now := stage.process(self._target)) is None or before is None or now.pid == before.pid:
            if time.time() - begun > _SUCCESSOR_SECONDS:
                raise Failure(f"{self._target} was not started again within {_SUCCESSOR_SECONDS:.0f} s.")
            await asyncio.sleep(0.05)
        return Struck(
            kind=self.kind,
            target=self._target,
            begun=begun,
            over=time.time(),
            evidence={"pid before": before.pid, "pid after": now.pid},
        )


class Stopped:
    """SIGSTOP to some process or server for up to 20 s: it is there, it says nothing, and then it goes on."""

    kind = "stop for a while"

    def fits(self, stage: Stage) -> bool:
        del stage
        return True

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        targets = [*stage.processes, *(name for name in stage.private_servers if name in SERVERS)]
        target, seconds = chance.choice(targets), chance.uniform(2.0, LONGEST_STOP_SECONDS)
        await stage.until_ready(target)
        begun = time.time()
        before = stage.process(target)
        stage.kill(target, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            stage.kill(target, signal.SIGCONT)
        return Struck(
            kind=self.kind,
            target=target,
            begun=begun,
            over=time.time(),
            evidence={"pid": before.pid if before else None, "seconds": round(seconds, 1)},
        )


class RolledOver:
    """Every process is ended politely and started again, one after the other, as in a new release."""

    kind = "rolling restart"

    def fits(self, stage: Stage) -> bool:
        del stage
        return True

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        names = list(stage.processes)
        chance.shuffle(names)
        begun = time.time()
        took = {name: round(await stage.restart(name), 2) for name in names}
        return Struck(
            kind=self.kind,
            target="every process",
            begun=begun,
            over=time.time(),
            evidence={"seconds": took},
        )


_TO_KILL = (
    "gateway",
    "storefront",
    "ordering",
    "dispatch",
    "commission",
    "crm",
    "campaigns",
    "relay",
    "planner",
    "planner-1",
    "planner-2",
    "platform",
    *SERVERS,
)

FAULTS: tuple[Fault, ...] = (*(Killed(target) for target in _TO_KILL), Stopped(), RolledOver())
