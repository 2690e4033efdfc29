"""Keeping room for orders before they are paid, and giving it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.dispatch.application.ports import Holds, Store, ZoneMap
from services.dispatch.domain.commands import Hold
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import OutOfZone, SlotFull, SlotNotFound
from services.dispatch.domain.zone import SlotWindow, Zone
from shared.kernel.clock import Clock

ENOUGH_AT_ONCE = 200


def hold_at_once(command: Hold, *, zones: ZoneMap, holds: Holds, clock: Clock) -> Delivery | None:
    """Hold in one statement what nearly every order wants: to come soon, without anything known of it.

    None, and nothing held, when it takes :func:`hold` to find out what is to be done.
    """
    zone = None if command.slot_id is not None else zones.at(command.drop_off.place)
    if zone is None:
        return None
    delivery = Delivery(order_id=command.order_id)
    _hold(delivery, command, zone, None, clock.now())
    return delivery if holds.hold_anew(delivery) else None


def hold(command: Hold, *, store: Store, clock: Clock) -> Delivery:
    """Keep a place on a courier's way, and in the slot, for one order: all or nothing, once per order.

    Raises :class:`OutOfZone`, :class:`SlotNotFound`, :class:`SlotClosed`, :class:`SlotFull`, and
    :class:`HoldReleased` when the order was given up before.
    """
    now = clock.now()
    slot = None
    if command.slot_id is None:
        zone = store.zone_at(command.drop_off.place)
    else:
        slot = store.slot(command.slot_id)
        if slot is None:
            raise SlotNotFound(errors=[{"field": "slot_id", "message": "There is no such slot."}])
        zone = store.zone(slot.zone_id)
    if zone is None or not zone.covers(command.drop_off.place):
        raise OutOfZone(errors=[{"field": "drop_off", "message": "No zone delivers to this place."}])
    window = slot and SlotWindow(slot_id=slot.slot_id, starts_at=slot.starts_at, ends_at=slot.ends_at)
    delivery = Delivery(order_id=command.order_id)
    _hold(delivery, command, zone, window or None, now)
    delivery.slot_taken = delivery.wants_slot
    if not store.hold_anew(delivery):
        known = store.delivery(command.order_id)
        if known.drop_off is not None and known.released is None and known.cancelled is None:
            return known
        _hold(known, command, zone, window or None, now)
        delivery = known
        delivery.slot_taken = delivery.wants_slot
        store.save(deliveries=[delivery], changed_zones=[zone.zone_id])
    if slot is not None:
        slot.must_be_open(now)
        if not store.take_slot(slot.slot_id, now):
            raise SlotFull(errors=[{"field": "slot_id", "message": "This slot has no room left."}])
    return delivery


def _hold(delivery: Delivery, command: Hold, zone: Zone, window: SlotWindow | None, now: datetime) -> None:
    if window is not None:
        promised_at = window.ends_at
    else:
        pickups = [(pickup.place, float(pickup.preparation_minutes)) for pickup in command.pickups]
        promised_at = zone.promise(now, pickups, command.drop_off.place)
    delivery.hold(
        zone_id=zone.zone_id,
        slot=window,
        drop_off=command.drop_off,
        pickups=command.pickups,
        placed_at=now,
        promised_at=promised_at,
        expires_at=command.expires_at,
    )


def release_hold(order_id: str, reason: str, *, store: Store, clock: Clock) -> Delivery:
    """Give the room back, once. An unknown order is remembered, so that a late hold is refused."""
    delivery = store.delivery(order_id)
    if delivery.released is None:
        delivery.release(reason, clock.now())
        store.save(deliveries=[delivery])
    return delivery


def release_expired(*, store: Store, clock: Clock, grace: timedelta) -> int:
    """Give back what was held for orders that were never paid; answers how many."""
    now = clock.now()
    expired = store.expired_holds(now - grace, ENOUGH_AT_ONCE)
    for delivery in expired:
        delivery.release("expired", now)
    store.save(deliveries=expired)
    return len(expired)


def fail_unheld(*, store: Store, clock: Clock, grace: timedelta) -> int:
    """A paid order that no address was ever held for cannot be brought: say so, and the money goes back."""
    now = clock.now()
    lost = store.paid_without_hold(now - grace, ENOUGH_AT_ONCE)
    for delivery in lost:
        delivery.fail("nothing-held", now)
    store.save(deliveries=lost)
    return len(lost)
