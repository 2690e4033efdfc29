"""Which faults strike in which order, and what each did to the load."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from linli.failures import Failure
from shared.kernel.ids import derived_id
from tests.trust.fault import CameToNothing, Fault, Struck
from tests.trust.stage import Stage

_RECOVERY_SECONDS = 120.0
# How often kinds that came to nothing are tried once more, each.
_AGAIN = 10
# A poisoned message is tried for almost two minutes before it is parked; quiet has to come in two.
_LASTING = frozenset({"poison message"})
Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Blow:
    """A fault that has struck, and the seconds from its beginning until every process was ready again."""

    struck: Struck
    ready_after: float

    @property
    def recovered_at(self) -> float:
        return self.struck.begun + self.ready_after


@dataclass(frozen=True, kw_only=True)
class Missed:
    """A fault that could not strike, or that the platform did not get over."""

    kind: str
    reason: str


def scheduled(faults: Sequence[Fault], seed: int, count: int, least: int) -> list[Fault]:
    """At least ``count`` faults and ``least`` of each kind, in an order that the seed decides."""
    if not faults:
        return []
    chance = random.Random(derived_id("faults", str(seed)))
    chosen = [fault for fault in faults for _ in range(least)]
    while len(chosen) < count:
        chosen += chance.sample(faults, min(len(faults), count - len(chosen)))
    chance.shuffle(chosen)
    return _lasting_ones_earlier(chosen, chance)


def _lasting_ones_earlier(faults: list[Fault], chance: random.Random) -> list[Fault]:
    late = len(faults) - len(faults) // 5
    earlier = [place for place in range(late) if faults[place].kind not in _LASTING]
    for place in range(late, len(faults)):
        if faults[place].kind in _LASTING and earlier:
            other = earlier.pop(chance.randrange(len(earlier)))
            faults[place], faults[other] = faults[other], faults[place]
    return faults


async def strike_all(
    stage: Stage, faults: Sequence[Fault], seed: int, seconds: float, told: Told = lambda _step: None
) -> tuple[list[Blow], list[Missed]]:
    """One fault after the other, spread over ``seconds`` where there is time to spare between them."""
    blows: list[Blow] = []
    missed: list[Missed] = []
    began = time.monotonic()
    waiting, again = deque(enumerate(faults)), Counter[str]()
    while waiting:
        number, fault = waiting.popleft()
        due = began + seconds * (number + 0.5) / len(faults)
        chance = random.Random(derived_id("fault", str(seed), str(number)))
        # Never at once after a recovery: there have to be calm moments to compare with.
        await asyncio.sleep(max(chance.uniform(0.5, 1.5), due - time.monotonic()))
        try:
            struck = await fault.strike(stage, chance)
            told(f"{struck.kind}: {struck.target}")
            await stage.until_ready(patience=_RECOVERY_SECONDS)
        except CameToNothing as nothing:
            # Somebody may come by the next time. That a kind never strikes is told.
            again[fault.kind] += 1
            told(f"{fault.kind} came to nothing: {nothing}")
            if again[fault.kind] <= _AGAIN:
                waiting.append((len(faults) + again.total(), fault))
            else:
                missed.append(Missed(kind=fault.kind, reason=str(nothing)))
        except Exception as error:  # what a fault could not do is part of the report
            missed.append(Missed(kind=fault.kind, reason=f"{error!r}"[:500]))
            told(f"{fault.kind} failed: {error}")
            if isinstance(error, Failure):
                continue
        else:
            blows.append(Blow(struck=struck, ready_after=time.time() - struck.begun))
    return blows, missed
