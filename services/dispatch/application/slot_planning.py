"""Planning slots hours ahead, and measuring how fast a zone's couriers are; beside the live planner.

Nothing of it touches what couriers have been asked or told: it answers how many couriers each coming slot
needs, with tentative rounds, until the live planner takes the slot over.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.dispatch.domain.capacity import Pace
from services.dispatch.domain.planning.pace import measured_pace
from services.dispatch.domain.planning.slots import (
    Booked,
    Planned,
    SlotOutlook,
    SlotSolver,
    SlotWork,
    in_best_order,
    outlook,
)
from services.dispatch.domain.zone import Slot, Zone
from shared.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class SlotPolicy:
    """How far ahead slots are planned, for how long each, and how often a zone's pace is measured anew.

    ``seconds`` are of the processor, for each slot; the rest is business time.
    """

    ahead: timedelta = timedelta(hours=36)
    seconds: float = 5.0
    measure_every: timedelta = timedelta(hours=12)
    look_back: timedelta = timedelta(days=28)


@dataclass(frozen=True, kw_only=True)
class ComingSlot:
    """A coming slot with what it was planned for last, if it was."""

    slot: Slot
    zone: Zone
    planned_for: str | None


class SlotDesk(Protocol):
    """What slots are planned from, and where that is kept."""

    def slots_to_plan(self, now: datetime, ahead: timedelta) -> list[ComingSlot]:
        """Coming slots with orders in them that the live planner has not taken over."""

    def booked(self, slot_id: str) -> list[Booked]:
        """The orders that have the slot, in the order of their ids."""

    def keep_outlook(self, outlook: SlotOutlook, fingerprint: str) -> None:
        """Keep a slot's plan in place of an older one."""

    def zones_to_measure(self, now: datetime, before: datetime) -> list[Zone]:
        """Zones with coming slots whose pace was not measured since ``before``."""

    def history(self, zone_id: str, since: datetime, most: int) -> list[Booked]:
        """The latest deliveries of a zone that were completed."""

    def keep_pace(self, zone_id: str, pace: Pace) -> None: ...


_MOST_HISTORY = 400
# A slot with few orders is soon planned as well as it can be.
_SECONDS_EACH = 0.1


def plan_slots(
    desk: SlotDesk,
    solver: SlotSolver,
    *,
    clock: Clock,
    policy: SlotPolicy,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Plan every coming slot whose orders are others than when it was planned; answers how many."""
    done = 0
    for coming in desk.slots_to_plan(clock.now(), policy.ahead):
        if not go_on():
            break
        speed = coming.zone.settings.metres_per_minute
        booked = tuple(
            Booked(order_id=one.order_id, shops=in_best_order(one.shops, one.door, speed), door=one.door)
            for one in desk.booked(coming.slot.slot_id)
        )
        fingerprint = fingerprint_of(solver.name, booked)
        if fingerprint == coming.planned_for:
            continue
        work = SlotWork(slot=coming.slot, settings=coming.zone.settings, booked=booked)
        seed = int(fingerprint[:8], 16)
        seconds = min(policy.seconds, _SECONDS_EACH * len(booked))
        planned = solver.solve(work, seconds, seed) if booked else Planned(rounds=(), solver=solver.name)
        desk.keep_outlook(outlook(work, planned, clock.now()), fingerprint)
        done += 1
    return done


def fingerprint_of(solver: str, booked: Sequence[Booked]) -> str:
    """Says whether a plan was made by the same solver for the same orders with the same shops."""
    said = "\n".join([solver, *(f"{one.order_id} {len(one.shops)}" for one in booked)])
    return hashlib.sha256(said.encode()).hexdigest()


def measure_paces(
    desk: SlotDesk,
    *,
    clock: Clock,
    policy: SlotPolicy,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Measure the pace of every zone where that was long ago; answers how many. Slots follow later."""
    done = 0
    now = clock.now()
    for zone in desk.zones_to_measure(now, now - policy.measure_every):
        if not go_on():
            break
        history = desk.history(zone.zone_id, now - policy.look_back, _MOST_HISTORY)
        seed = random.Random(f"{zone.zone_id} {len(history)}").getrandbits(32)
        found = measured_pace(history, zone.settings, seed)
        samples = 0 if found is None else len(history)
        # That there was too little to measure is kept, too: it is looked for again as late as a measurement.
        desk.keep_pace(zone.zone_id, Pace(per_hour=found or 0.0, samples=samples, measured_at=now))
        done += found is not None
    return done
