"""Every scenario on the sound platform, which has to hold, then again with its mutant, which must not.

All share one stage, whose processes are started through :mod:`tests.trust.mutants.start`.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from linli.stack.plan import Process
from linli.stack.platform import state_folder
from tests.trust.client_log import ClientLog
from tests.trust.load import load
from tests.trust.mutants.ground import Ground
from tests.trust.mutants.judging import State, look, newly_wrong, not_judged, wait_until_calm
from tests.trust.mutants.scenarios import SCENARIOS
from tests.trust.mutants.table import MUTANTS, Mutant
from tests.trust.neighbourhood import Size, neighbourhood
from tests.trust.proof import CASE_SETTINGS, SETTINGS, SPEED
from tests.trust.report import MUTANTS as MUTANTS_FILE
from tests.trust.stage import Setting, Stage, set_stage

NAME = "trust-mutants"
SEED = 11
_SIZE = Size(shops=4, listings=3, customers=40, couriers=12, hot_stock=10_000, hot_buyers=0, coupon_uses=500)
_SOUND_SECONDS = 60.0
# What a mutant has lost never comes to rest.
_DAMAGED_SECONDS = 10.0
_PASSING_SECONDS = 5.0
_UNREST = "all-is-quiet"
# A case outlasts the window by more than the pause between two looks at what may be completed.
_SETTINGS = SETTINGS | dict.fromkeys(CASE_SETTINGS, str(40 * 60))

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A mutant, and the invariants that noticed it, each with one offender."""

    name: str
    what: str
    process: str
    caught_by: Mapping[str, str] = field(default_factory=dict)
    seconds: float

    @property
    def is_caught(self) -> bool:
        return bool(self.caught_by)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``control`` is what the sound platform broke in the same scenarios: nothing, or all is void."""

    control: Mapping[str, Sequence[str]]
    control_seconds: float
    results: Sequence[Result]

    @property
    def holds(self) -> bool:
        return not self.control and all(result.is_caught for result in self.results)


def run(names: Sequence[str], told: Told) -> Outcome:
    """Try these mutants, or all."""
    chosen = [MUTANTS[name] for name in names] or list(MUTANTS.values())
    setting = Setting(
        name=NAME, speed=SPEED, environment=_SETTINGS, failpoints=True, recasts=(_through_start,)
    )
    with set_stage(setting, told) as stage:
        return asyncio.run(_run(stage, chosen, told))


def write(outcome: Outcome) -> Path:
    """Leave the outcome where the report looks for it."""
    MUTANTS_FILE.parent.mkdir(parents=True, exist_ok=True)
    MUTANTS_FILE.write_text(json.dumps(asdict(outcome), indent=1) + "\n")
    return MUTANTS_FILE


async def _run(stage: Stage, chosen: Sequence[Mutant], told: Told) -> Outcome:
    log = ClientLog(stage.folder / "client.jsonl")
    hood = neighbourhood(SEED, _SIZE, last_minute=60 * SPEED)
    told("opening shops, registering people")
    async with load(stage, hood, log) as played:
        ground = Ground(stage=stage, load=played, chance=random.Random(SEED))
        before = await _settled(ground, {}, _SOUND_SECONDS)
        began = time.monotonic()
        scenarios = list(dict.fromkeys(SCENARIOS[mutant.name] for mutant in chosen))
        for number, scenario in enumerate(scenarios, start=1):
            told(f"the sound platform, scenario {number} of {len(scenarios)}")
            await scenario(ground)
        after = await _twice(ground, before, {}, _SOUND_SECONDS)
        control = newly_wrong(before, after) | not_judged(after)
        control_seconds = time.monotonic() - began
        told(f"the sound platform: {'broken' if control else 'holds'}, {control_seconds:.0f} s")
        results = []
        for mutant in chosen:
            result, after = await _try(ground, mutant, after)
            results.append(result)
            told(f"{mutant.name}: {', '.join(result.caught_by) or 'NOT CAUGHT'}, {result.seconds:.0f} s")
    log.close()
    return Outcome(control=control, control_seconds=control_seconds, results=results)


async def _try(ground: Ground, mutant: Mutant, before: State) -> tuple[Result, State]:
    began = time.monotonic()
    await _become(ground.stage, mutant.where, mutant.name)
    await SCENARIOS[mutant.name](ground)
    damaged = await _twice(ground, before, before.undone, _DAMAGED_SECONDS)
    caught = {name: found[0] for name, found in newly_wrong(before, damaged).items()}
    # Unrest alone may be a slow machine.
    if len(caught) > 1:
        caught.pop(_UNREST, None)
    await _become(ground.stage, mutant.where, "none")
    result = Result(
        name=mutant.name,
        what=mutant.what,
        process=", ".join(mutant.where),
        caught_by=caught,
        seconds=round(time.monotonic() - began, 1),
    )
    return result, await asyncio.to_thread(look, ground)


async def _twice(ground: Ground, before: State, undone: Mapping[str, int], patience: float) -> State:
    """What is wrong, and a moment later still is: what is only on its way looks lost too."""
    first = await _settled(ground, undone, patience, before)
    await asyncio.sleep(_PASSING_SECONDS)
    second = await asyncio.to_thread(look, ground, before)
    return second.and_also(first)


async def _settled(
    ground: Ground, undone: Mapping[str, int], patience: float, before: State | None = None
) -> State:
    """Let everything end that still can, until no more is ``undone`` than that, and look."""
    await ground.stage.until_ready()
    await ground.load.settle(patience)
    await asyncio.to_thread(wait_until_calm, ground.stage.platform.database_urls, undone, patience)
    return await asyncio.to_thread(look, ground, before)


async def _become(stage: Stage, processes: Sequence[str], name: str) -> None:
    for process in processes:
        _file(process).write_text(name)
        await stage.restart(process)


def _file(process: str) -> Path:
    return state_folder(NAME) / f"mutant-{process}"


def _through_start(process: Process) -> Process:
    arguments = (f"@{_file(process.name)}", process.module, *process.arguments)
    return replace(process, module="tests.trust.mutants.start", arguments=arguments)
