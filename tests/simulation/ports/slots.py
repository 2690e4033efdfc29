"""Dispatch's rota and slots, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from services.dispatch.adapters.slots import told
from services.dispatch.contracts.published import publish
from services.dispatch.domain.capacity import Pace, SlotOverride
from services.dispatch.domain.planning.slots import SlotOutlook
from services.dispatch.domain.rota import RotaEntry, Span, Worked
from services.dispatch.domain.zone import Slot, SlotSource, Zone
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


class MemorySlotBook:
    """:class:`services.dispatch.application.slotting.SlotBook`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._connection: MemoryConnection = tx.connection  # type: ignore[assignment]

    def zone(self, zone_id: str) -> Zone | None:
        return self._connection.rows("zone").get(zone_id)

    def has_zone(self, zone_id: str) -> bool:
        return zone_id in self._connection.rows("zone")

    def zone_of_slot(self, slot_id: str) -> str | None:
        slot = self._connection.rows("slot").get(slot_id)
        return slot and slot.zone_id  # type: ignore[no-any-return]

    def zones_to_judge(self, now: datetime) -> list[str]:
        entries = self._connection.rows("rota").values()
        return sorted(
            {
                slot.zone_id
                for slot in self._connection.rows("slot").values()
                if slot.cutoff_at > now
                and (
                    slot.version == 0
                    or slot.source is not SlotSource.TYPED
                    or any(e.zone_id == slot.zone_id and e.span.ends_at > slot.starts_at for e in entries)
                )
            }
        )

    def coming(self, zone_id: str, now: datetime) -> list[Slot]:
        slots = self._connection.rows("slot").values()
        found = [slot for slot in slots if slot.zone_id == zone_id and slot.cutoff_at > now]
        return sorted(found, key=lambda slot: (slot.starts_at, slot.slot_id))[:2000]

    def rota(self, zone_id: str, since: datetime) -> list[RotaEntry]:
        return [e for e in self._entries() if e.zone_id == zone_id and e.span.ends_at > since]

    def rota_of(self, courier_id: str, since: datetime) -> list[RotaEntry]:
        mine = [e for e in self._entries() if e.courier_id == courier_id and e.counts]
        return [entry for entry in mine if entry.span.ends_at > since]

    def entry(self, entry_id: str) -> RotaEntry | None:
        return self._connection.rows("rota").get(entry_id)

    def add_entries(self, entries: Sequence[RotaEntry]) -> None:
        for entry in entries:
            self._connection.put("rota", entry.entry_id, entry)

    def keep_entry(self, entry: RotaEntry) -> None:
        self._connection.put("rota", entry.entry_id, entry)

    def worked(self, zone_id: str, since: datetime, now: datetime) -> list[Worked]:
        couriers = self._connection.rows("courier")
        found = []
        for shift in self._connection.rows("shift").values():
            if shift.zone_id == zone_id and shift.ends_at > since:
                current = couriers[shift.courier_id].shift
                running = current is not None and current.shift_id == shift.shift_id and not current.ending
                ends_at = shift.ends_at if running else max(now, shift.started_at)
                span = Span(starts_at=shift.started_at, ends_at=ends_at)
                found.append(Worked(courier_id=shift.courier_id, span=span, running=running))
        return found

    def pace(self, zone_id: str) -> Pace | None:
        return self._connection.rows("zone_pace").get(zone_id)

    def override_of(self, slot_id: str) -> SlotOverride | None:
        return self.overrides_of([slot_id]).get(slot_id)

    def overrides_of(self, slot_ids: Collection[str]) -> dict[str, SlotOverride]:
        kept = self._connection.rows("slot_override").values()
        return {one.slot_id: one for one in kept if one.slot_id in slot_ids and one.undone_at is None}

    def override(self, override_id: str) -> SlotOverride | None:
        return self._connection.rows("slot_override").get(override_id)

    def keep_override(self, override: SlotOverride) -> None:
        self._connection.put("slot_override", override.override_id, override)

    def outlooks(self, slot_ids: Collection[str]) -> dict[str, SlotOutlook]:
        kept = self._connection.rows("slot_outlook")
        return {slot_id: kept[slot_id] for slot_id in slot_ids if slot_id in kept}

    def keep_capacities(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            taken = self._connection.rows("slot")[slot.slot_id].taken
            self._connection.put("slot", slot.slot_id, replace(slot, taken=taken))
            publish(self._tx, told(slot))

    def _entries(self) -> list[RotaEntry]:
        kept = self._connection.rows("rota").values()
        return sorted(kept, key=lambda entry: (entry.span.starts_at, entry.entry_id))
