"""What operators do: open zones and slots, let couriers ride."""

from __future__ import annotations

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import Actor, OpenSlots, OpenZone
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.errors import SlotExists, ZoneExists, ZoneNotFound
from services.dispatch.domain.zone import Slot, Zone
from shared.kernel.clock import Clock


def open_zone(command: OpenZone, *, store: Store) -> Zone:
    """Open a zone, once per id; another zone under the same id is refused."""
    command.actor.must_operate()
    if store.add_zone(command.zone):
        return command.zone
    known = store.zone(command.zone.zone_id)
    if known != command.zone:
        raise ZoneExists
    return known


def open_slots(command: OpenSlots, *, store: Store) -> list[Slot]:
    """Open slots in a zone, each once per id."""
    command.actor.must_operate()
    if store.zone(command.zone_id) is None:
        raise ZoneNotFound
    opened = store.add_slots(command.slots)
    wanted = {slot.slot_id: (slot.zone_id, slot.starts_at, slot.ends_at) for slot in command.slots}
    if any(wanted[slot.slot_id] != (slot.zone_id, slot.starts_at, slot.ends_at) for slot in opened):
        raise SlotExists
    return opened


def approve_courier(actor: Actor, courier_id: str, *, store: Store, clock: Clock) -> Courier:
    """Let a courier ride; it may come before the account is heard of."""
    actor.must_operate()
    courier = store.courier(courier_id)
    courier.approve(clock.now())
    store.save(couriers=[courier])
    return courier
