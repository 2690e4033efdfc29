"""A world from its first second to quiet, and what was wrong with it in the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.actors import People
from tests.simulation.case import Case
from tests.simulation.goods import a_slot_takes_what_there_is
from tests.simulation.oracle import everything_comes_to_an_end, examine, unsettled
from tests.simulation.platform import Platform, on_memory
from tests.simulation.scheduler import Faults, Process, Scheduler
from tests.simulation.town import Town

TROUBLE_SECONDS = 1500.0
STEP_SECONDS = 120.0
QUIET_BY_SECONDS = 6 * 3600.0


def as_it_is(platform: Platform) -> None:
    """Changes nothing."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A broken platform: ``breaking`` patches code for the length of a run, ``wiring`` changes the parts."""

    name: str
    breaking: Callable[[], AbstractContextManager[object]] = nullcontext
    wiring: Callable[[Platform], None] = as_it_is


SOUND = Variant(name="sound")


@dataclass(kw_only=True)
class Outcome:
    """How the world of ``seed`` ended; ``wrong`` holds the broken invariants, each with its evidence."""

    seed: int
    wrong: list[str]
    counts: dict[str, int]
    orders: dict[str, int]
    seconds: float
    steps: int
    trace: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class World:
    """All services, all people, one scheduler."""

    def __init__(
        self, seed: int, variant: Variant = SOUND, *, faults: Faults | None = None, traced: bool = False
    ):
        self.seed = seed
        self.scheduler = Scheduler(seed, faults, traced=traced)
        self.outside = Process("outside", mortal=False, alive=True)
        self.platform = Platform(self.scheduler, self.outside)
        self.platform.databases["dispatch"].watching["slot"] = a_slot_takes_what_there_is
        variant.wiring(self.platform)
        self.town = Town(self.platform)
        self.people = People(self.platform, self.town, self.outside)

    def live(self) -> None:
        """Settle in peace, live through trouble, and come to rest."""
        scheduler = self.scheduler
        scheduler.troubled = False
        self.platform.start()
        scheduler.spawn(self.outside, "town", self.town.settle)
        scheduler.run(30.0)
        scheduler.troubled = True
        self.people.start()
        while scheduler.seconds < TROUBLE_SECONDS and not (scheduler.failures or self._is_over()):
            scheduler.run(scheduler.seconds + STEP_SECONDS)
        scheduler.note("trouble is over")
        scheduler.troubled = False
        for process in self.platform.processes:
            scheduler.start(process)
        while not scheduler.failures and not self.is_quiet() and scheduler.seconds < QUIET_BY_SECONDS:
            scheduler.run(scheduler.seconds + STEP_SECONDS)

    def end(self) -> None:
        self.scheduler.end([self.outside, *self.platform.processes])

    def _is_over(self) -> bool:
        return not self.people.busy and not any(everything_comes_to_an_end(Case(self)))

    def is_quiet(self) -> bool:
        """Nothing is under way, nobody waits, and nothing will happen by itself any more."""
        return not unsettled(self)


def run(seed: int, variant: Variant = SOUND, *, traced: bool = False) -> Outcome:
    """The world of ``seed``, lived to its end and examined."""
    with on_memory(), variant.breaking():
        world = World(seed, variant, traced=traced)
        world.live()
        outcome = Outcome(
            seed=seed,
            wrong=examine(world),
            counts=world.scheduler.counts,
            orders=_endings(world),
            seconds=world.scheduler.seconds,
            steps=world.scheduler.steps,
            trace=world.scheduler.trace or [],
        )
        world.end()
        return outcome


def _endings(world: World) -> dict[str, int]:
    found: dict[str, int] = {}
    for order in world.platform.databases["ordering"].tables.get("orders", {}).values():
        found[str(order.status)] = found.get(str(order.status), 0) + 1
    return found
