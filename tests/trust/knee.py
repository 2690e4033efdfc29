"""Finding the knee: the rate from which on answers begin to take their time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from linli.day.figures import percentile
from tests.trust.blows import Told
from tests.trust.load import Load

# Nine in ten calls of a checkout may take this long. An order is at the door after five seconds or so of
# the wall: where more are under way than come in nine, couriers and planner do not keep up.
_SLOW_SECONDS = 1.5
_BACKLOG_SECONDS = 9.0
_STEP_SECONDS = 12.0
_FIRST, _FACTOR, _LAST = 1.0, 1.4, 40.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a rate of orders a second did; answers in seconds."""

    rate: float
    answered: float
    p90: float
    under_way: int
    held: bool

    def __str__(self) -> str:
        kept_up = "held" if self.held else "too many"
        return f"{self.rate:.1f} orders a second: {kept_up}; p90 {self.p90:.2f} s, {self.under_way} under way"


async def find_knee(load: Load, told: Told) -> tuple[float, list[Step]]:
    """The highest rate that was held, stepping up until one is not; the load has settled afterwards."""
    steps: list[Step] = []
    rate = _FIRST
    while rate < _LAST:
        steps.append(await _step(load, rate))
        told(f"{steps[-1]}")
        if not steps[-1].held:
            break
        rate *= _FACTOR
    await load.settle(patience=90.0)
    held = [step.rate for step in steps if step.held]
    return (held[-1] if held else _FIRST / 2), steps


async def _step(load: Load, rate: float) -> Step:
    began = time.time()
    await load.order_for(_STEP_SECONDS, rate)
    asked = load.checkouts(began, time.time() - 1.0)
    took = [wish.took for wish in asked if wish.took is not None]
    answered = sum(wish.outcome != "unknown" for wish in asked) / max(1, len(asked))
    p90, under_way = percentile(took, 0.9), len(load.under_way)
    held = answered > 0.95 and p90 < _SLOW_SECONDS and under_way < rate * _BACKLOG_SECONDS + 10
    return Step(rate=rate, answered=answered, p90=p90, under_way=under_way, held=held)
