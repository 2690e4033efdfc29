"""How many orders a slot takes: what the couriers who will be there bring, or what an operator says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from services.dispatch.domain.rota import Span
from services.dispatch.domain.zone import Slot, SlotSource

# What a courier brings in an hour where nothing has been measured yet, and how many measured deliveries weigh
# as much as this guess.
USUAL_PACE = 2.0
WEIGHT_OF_USUAL = 20.0
# A measured pace is that of a plan in which nothing goes wrong.
LIFE = 0.85
_WORTH_TELLING = 0.05


class OverrideOfSlot(StrEnum):
    """``cap``: at most so many; ``fixed``: exactly so many, whoever works."""

    CAP = "cap"
    FIXED = "fixed"


@dataclass(frozen=True, kw_only=True)
class SlotOverride:
    """An operator's word about a slot's capacity; undone, it is kept as what was once said."""

    override_id: str
    slot_id: str
    kind: OverrideOfSlot
    capacity: int
    reason: str
    made_at: datetime
    made_by: str
    undone_at: datetime | None = None
    undone_by: str | None = None

    def undo(self, by: str, at: datetime) -> SlotOverride:
        return replace(self, undone_at=max(at, self.made_at), undone_by=by)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Deliveries a courier brings in an hour, measured by planning ``samples`` of a zone's own deliveries."""

    per_hour: float
    samples: int
    measured_at: datetime

    @property
    def expected(self) -> float:
        """What is counted on: the measurement as far as there is enough of it, and as life has it."""
        return expected_pace(self)


def expected_pace(pace: Pace | None) -> float:
    """Deliveries a courier-hour that slots may count on; the usual guess where nothing was measured."""
    if pace is None:
        return USUAL_PACE
    weight = pace.samples / (pace.samples + WEIGHT_OF_USUAL)
    return round(USUAL_PACE * (1 - weight) + pace.per_hour * LIFE * weight, 2)


@dataclass(frozen=True, kw_only=True)
class Labour:
    """Who works in a slot: how many couriers, and their minutes that are this slot's."""

    couriers: int = 0
    minutes: float = 0.0


def labour_in(
    slots: Sequence[Slot], works: Mapping[str, Sequence[Span]], share: float = 1.0
) -> dict[str, Labour]:
    """The couriers' minutes in each slot by its id; where slots overlap they share them evenly.

    ``share`` of the minutes are the slots', the rest is kept for who orders to have it soon.
    """
    edges = sorted({edge for slot in slots for edge in (slot.starts_at, slot.ends_at)})
    covering: list[tuple[Span, list[str]]] = []
    for start, end in pairwise(edges):
        here = [slot.slot_id for slot in slots if slot.starts_at <= start and end <= slot.ends_at]
        if here:
            covering.append((Span(starts_at=start, ends_at=end), here))
    minutes = {slot.slot_id: 0.0 for slot in slots}
    couriers: dict[str, set[str]] = {slot.slot_id: set() for slot in slots}
    for courier_id, spans in works.items():
        for span in spans:
            for piece, here in covering:
                both = _common(span, piece)
                for slot_id in here if both else ():
                    minutes[slot_id] += both * share / len(here)
                    couriers[slot_id].add(courier_id)
    return {
        slot.slot_id: Labour(couriers=len(couriers[slot.slot_id]), minutes=minutes[slot.slot_id])
        for slot in slots
    }


def _common(one: Span, other: Span) -> float:
    starts_at, ends_at = max(one.starts_at, other.starts_at), min(one.ends_at, other.ends_at)
    return (ends_at - starts_at).total_seconds() / 60 if starts_at < ends_at else 0.0


def is_by_rota(slot: Slot, reaches: datetime | None) -> bool:
    """Whether couriers' hours decide: where a rota reaches the slot, or nobody typed a capacity in."""
    return slot.typed is None or (reaches is not None and slot.starts_at < reaches)


def judged(
    slot: Slot,
    *,
    reaches: datetime | None,
    labour: Labour,
    pace: float,
    override: SlotOverride | None = None,
) -> Slot:
    """The slot with the capacity that these facts give it, and where that comes from.

    By the rota it is what the couriers bring, without one what was typed in. An operator's override comes
    last. Orders that have the slot keep it, whatever its capacity.
    """
    capacity, source = slot.typed or 0, SlotSource.TYPED
    by_rota = is_by_rota(slot, reaches)
    if by_rota:
        capacity, source = math.floor(pace * labour.minutes / 60 + 1e-9), SlotSource.ROTA
    match override:
        case SlotOverride(kind=OverrideOfSlot.FIXED):
            capacity, source = override.capacity, SlotSource.FIXED
        case SlotOverride(kind=OverrideOfSlot.CAP) if override.capacity < capacity:
            capacity, source = override.capacity, SlotSource.CAP
    return replace(
        slot,
        capacity=capacity,
        source=source,
        couriers=labour.couriers if by_rota else 0,
        courier_minutes=round(labour.minutes) if by_rota else 0,
        pace=pace if by_rota else 0.0,
    )


def changed(before: Iterable[Slot], after: Iterable[Slot]) -> list[Slot]:
    """The slots whose capacity is to change and to be told, each with its next version.

    Small shifts of a large figure are let be, so that nobody is told of every minute. Zero is exact.
    """
    found = []
    for old, new in zip(before, after, strict=True):
        if old.version == 0 or old.source is not new.source or _is_worth_telling(old, new):
            found.append(replace(new, version=old.version + 1))
    return found


def _is_worth_telling(old: Slot, new: Slot) -> bool:
    if old.capacity == new.capacity:
        return False
    # An operator's figure is meant as it was said, and whether there is room at all is never approximate.
    if new.source is not SlotSource.ROTA or 0 in {old.capacity, new.capacity}:
        return True
    if (old.left == 0) != (new.left == 0):
        return True
    return abs(new.capacity - old.capacity) >= max(1.0, _WORTH_TELLING * old.capacity)
