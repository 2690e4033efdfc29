"""What slots take: derived from the rota, overridden by operators, told to everybody when it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from services.dispatch.application.ports import Store
from services.dispatch.domain.capacity import (
    Labour,
    Pace,
    SlotOverride,
    changed,
    expected_pace,
    is_by_rota,
    judged,
    labour_in,
)
from services.dispatch.domain.commands import Actor, OpenSlots, OverrideSlot
from services.dispatch.domain.errors import (
    OutOfZone,
    OverrideExists,
    SlotClosed,
    SlotExists,
    SlotFull,
    SlotNotFound,
    ZoneNotFound,
)
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.slots import SlotOutlook
from services.dispatch.domain.rota import RotaEntry, Worked, courier_spans, reaches_until
from services.dispatch.domain.zone import Slot, Zone
from shared.kernel.clock import Clock

# How long after a planned shift should have begun its courier is still counted on.
GRACE = timedelta(minutes=15)


class SlotBook(Protocol):
    """Rota, slots and what is said about them, in one transaction."""

    def zone(self, zone_id: str) -> Zone | None:
        """The zone, locked: nobody else changes its rota or what slots take until the transaction ends."""

    def has_zone(self, zone_id: str) -> bool: ...

    def zone_of_slot(self, slot_id: str) -> str | None: ...

    def zones_to_judge(self, now: datetime) -> list[str]:
        """Zones whose slots' capacity may have changed by time alone, or was never told."""

    def coming(self, zone_id: str, now: datetime) -> list[Slot]:
        """The zone's slots whose cut-off is still to come, soonest first."""

    def rota(self, zone_id: str, since: datetime) -> list[RotaEntry]:
        """Entries that end after ``since``, withdrawn ones too, soonest first."""

    def rota_of(self, courier_id: str, since: datetime) -> list[RotaEntry]:
        """A courier's entries that count and end after ``since``, in all zones."""

    def entry(self, entry_id: str) -> RotaEntry | None: ...

    def add_entries(self, entries: Sequence[RotaEntry]) -> None: ...

    def keep_entry(self, entry: RotaEntry) -> None:
        """Write down that an entry is withdrawn."""

    def worked(self, zone_id: str, since: datetime, now: datetime) -> list[Worked]:
        """Shifts in the zone that were to end after ``since``."""

    def pace(self, zone_id: str) -> Pace | None: ...

    def override_of(self, slot_id: str) -> SlotOverride | None:
        """The override that is in force."""

    def overrides_of(self, slot_ids: Collection[str]) -> dict[str, SlotOverride]: ...

    def override(self, override_id: str) -> SlotOverride | None: ...

    def keep_override(self, override: SlotOverride) -> None: ...

    def outlooks(self, slot_ids: Collection[str]) -> dict[str, SlotOutlook]:
        """The tentative plans of slots, as far as there are any."""

    def keep_capacities(self, slots: Sequence[Slot]) -> None:
        """Write what slots take from now on, and tell it; how many are taken is not touched."""


@dataclass(frozen=True, kw_only=True)
class SlotView:
    """A slot as operators see it."""

    slot: Slot
    override: SlotOverride | None = None
    outlook: SlotOutlook | None = None


def derive(zone_id: str, *, book: SlotBook, clock: Clock) -> list[Slot]:
    """Bring the capacity of a zone's coming slots up to date; answers those that changed.

    The same facts lead to the same capacities, however often it is asked for; what is taken stays taken.
    """
    zone = book.zone(zone_id)
    if zone is None:
        raise ZoneNotFound
    now = clock.now()
    slots = book.coming(zone_id, now)
    if not slots:
        return []
    since = min(slot.starts_at for slot in slots)
    entries = book.rota(zone_id, since)
    reaches = reaches_until(entries)
    by_rota = [slot for slot in slots if is_by_rota(slot, reaches)]
    labour: dict[str, Labour] = {}
    if by_rota:
        works = courier_spans(entries, book.worked(zone_id, since, now), now, GRACE)
        labour = labour_in(by_rota, works, zone.settings.slot_share)
    pace = expected_pace(book.pace(zone_id))
    overrides = book.overrides_of([slot.slot_id for slot in slots])
    after = [
        judged(
            slot,
            reaches=reaches,
            labour=labour.get(slot.slot_id, Labour()),
            pace=pace,
            override=overrides.get(slot.slot_id),
        )
        for slot in slots
    ]
    found = changed(slots, after)
    if found:
        book.keep_capacities(found)
    return found


def open_slots(command: OpenSlots, *, store: Store, book: SlotBook, clock: Clock) -> list[Slot]:
    """Open slots in a zone, each once per id. Without a capacity a slot takes what couriers bring."""
    command.actor.must_operate()
    zone = book.zone(command.zone_id)
    if zone is None:
        raise ZoneNotFound
    wanted = {slot.slot_id: (slot.zone_id, slot.starts_at, slot.ends_at) for slot in command.slots}
    opened = store.add_slots(
        [
            _with_cutoff(slot, zone) if slot.slot_id in command.without_cutoff else slot
            for slot in command.slots
        ]
    )
    if any(wanted[slot.slot_id] != (slot.zone_id, slot.starts_at, slot.ends_at) for slot in opened):
        raise SlotExists
    judged_now = {slot.slot_id: slot for slot in derive(command.zone_id, book=book, clock=clock)}
    return [judged_now.get(slot.slot_id, slot) for slot in opened]


def _with_cutoff(slot: Slot, zone: Zone) -> Slot:
    """A slot that was opened without a cut-off takes orders until the zone's time before it starts."""
    return replace(slot, cutoff_at=slot.starts_at - timedelta(minutes=zone.settings.slot_cutoff_minutes))


def open_slot(slot_id: str, *, store: Store, clock: Clock) -> Slot:
    """The slot, if it takes another order now; raises what :func:`hold` would."""
    slot = store.slot(slot_id)
    if slot is None:
        raise SlotNotFound(errors=[{"field": "slot_id", "message": "There is no such slot."}])
    slot.must_be_open(clock.now())
    if not slot.left:
        raise SlotFull(errors=[{"field": "slot_id", "message": "This slot has no room left."}])
    return slot


@dataclass(frozen=True, kw_only=True)
class RunningSlots:
    zone_id: str
    slots: Sequence[Slot]
    paused: bool


def running_slots(place: Position, *, store: Store, clock: Clock) -> RunningSlots:
    """The slots of a place that are not over yet; raises :class:`OutOfZone` where no zone delivers."""
    zone = store.zone_at(place)
    if zone is None:
        raise OutOfZone
    return RunningSlots(
        zone_id=zone.zone_id,
        slots=store.running_slots(zone.zone_id, clock.now()),
        paused=store.pause_of(zone.zone_id) is not None,
    )


def override_slot(command: OverrideSlot, *, book: SlotBook, clock: Clock) -> SlotView:
    """Say what a slot takes, once per id, in place of what was said before; it holds until it is undone."""
    command.actor.must_operate()
    zone_id = _locked_zone(command.slot_id, book)
    known = book.override(command.override_id)
    if known is not None:
        if (known.slot_id, known.kind, known.capacity) != (command.slot_id, command.kind, command.capacity):
            raise OverrideExists
        return view_of(command.slot_id, zone_id, book=book, clock=clock)
    now = clock.now()
    before = book.override_of(command.slot_id)
    if before is not None:
        book.keep_override(before.undo(command.actor.account_id, now))
    book.keep_override(
        SlotOverride(
            override_id=command.override_id,
            slot_id=command.slot_id,
            kind=command.kind,
            capacity=command.capacity,
            reason=command.reason,
            made_at=now,
            made_by=command.actor.account_id,
        )
    )
    derive(zone_id, book=book, clock=clock)
    return view_of(command.slot_id, zone_id, book=book, clock=clock)


def undo_override(actor: Actor, slot_id: str, *, book: SlotBook, clock: Clock) -> SlotView:
    """Let the slot take again what it would take by itself; without an override nothing changes."""
    actor.must_operate()
    zone_id = _locked_zone(slot_id, book)
    running = book.override_of(slot_id)
    if running is not None:
        book.keep_override(running.undo(actor.account_id, clock.now()))
        derive(zone_id, book=book, clock=clock)
    return view_of(slot_id, zone_id, book=book, clock=clock)


def view_of(slot_id: str, zone_id: str, *, book: SlotBook, clock: Clock) -> SlotView:
    """One coming slot; raises :class:`SlotClosed` once its cut-off has passed."""
    for slot in book.coming(zone_id, clock.now()):
        if slot.slot_id == slot_id:
            return views([slot], book=book)[0]
    raise SlotClosed("This slot's cut-off has passed; what it takes changes nothing any more.")


def views(slots: Iterable[Slot], *, book: SlotBook) -> list[SlotView]:
    """Slots with what is said about them."""
    found = list(slots)
    ids = [slot.slot_id for slot in found]
    overrides, outlooks = book.overrides_of(ids), book.outlooks(ids)
    return [
        SlotView(slot=slot, override=overrides.get(slot.slot_id), outlook=outlooks.get(slot.slot_id))
        for slot in found
    ]


def zone_slots(actor: Actor, zone_id: str, *, book: SlotBook, clock: Clock) -> list[SlotView]:
    """What a zone's coming slots take and why, for operators."""
    actor.must_operate()
    if not book.has_zone(zone_id):
        raise ZoneNotFound
    return views(book.coming(zone_id, clock.now()), book=book)


def _locked_zone(slot_id: str, book: SlotBook) -> str:
    zone_id = book.zone_of_slot(slot_id)
    if zone_id is None or book.zone(zone_id) is None:
        raise SlotNotFound
    return zone_id
