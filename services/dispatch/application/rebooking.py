"""Moving an order to another slot: room there is taken and the old given back, or nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import Rebook
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import (
    DeliveryChanged,
    OrderNotDispatched,
    OutOfZone,
    SlotFull,
    SlotNotFound,
)
from services.dispatch.domain.lifecycle import RIDING
from services.dispatch.domain.offer import Offer, take_question_back
from services.dispatch.domain.override import take
from services.dispatch.domain.rebooking import REBOOKED, is_decided, move, must_be_movable, refuse
from services.dispatch.domain.zone import Slot, SlotWindow, Zone
from shared.kernel.clock import Clock
from shared.kernel.errors import Refusal, RemoteRefusal


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The delivery as it is now, and why it was not moved, if it was not."""

    delivery: Delivery
    refusal: Refusal | None = None


def rebook(command: Rebook, *, store: Store, clock: Clock) -> Moved:
    """Bring the order in another slot, once per number. A refusal is an answer, and stays one.

    Whoever is being asked for it is not any more; a courier who has it, and nothing of it, loses it. Raises
    :class:`DeliveryChanged` when it has to be asked again, :class:`MovedOn` for a number that is past.
    """
    now = clock.now()
    scene = _locked(command.order_id, store)
    delivery = scene.delivery
    if is_decided(delivery, command.number):
        known = delivery.rebooking.refusal
        return Moved(delivery=delivery, refusal=None if known is None else RemoteRefusal.from_wire(known))
    try:
        must_be_movable(delivery)
        slot = _slot(command, scene.zone, store, now)
        before = delivery.slot.slot_id if delivery.slot and delivery.slot_taken else None
        after = slot.slot_id if slot else None
        if before != after and not store.move_slot(before, after, now):
            raise SlotFull(errors=[{"field": "slot_id", "message": "This slot has no room left."}])
    except Refusal as refusal:
        refuse(delivery, command.number, refusal.to_wire())
        store.save(deliveries=[delivery])
        return Moved(delivery=delivery, refusal=refusal)
    also = _let_go(scene, now)
    window = None
    if slot is not None:
        window = SlotWindow(slot_id=slot.slot_id, starts_at=slot.starts_at, ends_at=slot.ends_at)
    move(
        delivery,
        slot=window,
        promised_at=slot.ends_at if slot else _soon(delivery, scene.zone, now),
        number=command.number,
        at=now,
    )
    delivery.slot_taken = window is not None
    store.save(
        couriers=[scene.courier] if scene.courier else [],
        offers=[scene.offer] if scene.offer else [],
        deliveries=[delivery, *also],
        changed_zones=[scene.zone.zone_id],
    )
    return Moved(delivery=delivery)


@dataclass(frozen=True, kw_only=True)
class _Scene:
    zone: Zone
    delivery: Delivery
    courier: Courier | None
    offer: Offer | None
    asked: list[Delivery]


def _locked(order_id: str, store: Store) -> _Scene:
    """Everything concerned, locked in the order courier, offer, deliveries."""
    seen = store.whereabouts(order_id)
    if seen is None or seen.zone_id is None:
        raise OrderNotDispatched
    couriers = store.couriers([seen.courier_id]) if seen.courier_id else {}
    offer = store.offer(seen.offer_id) if seen.offer_id else None
    names = {order_id, *(offer.order_ids if offer else ())}
    deliveries = {one.order_id: one for one in store.deliveries(names)}
    delivery = deliveries.pop(order_id)
    if (delivery.courier_id, delivery.offer_id) != (seen.courier_id, seen.offer_id):
        raise DeliveryChanged
    zone = store.zone(seen.zone_id)
    assert zone is not None, "a delivery's zone is never closed"
    riding = delivery.status in RIDING
    return _Scene(
        zone=zone,
        delivery=delivery,
        courier=couriers.get(seen.courier_id or "") if riding else None,
        offer=offer,
        asked=list(deliveries.values()),
    )


def _slot(command: Rebook, zone: Zone, store: Store, now: datetime) -> Slot | None:
    if command.slot_id is None:
        return None
    slot = store.slot(command.slot_id)
    if slot is None:
        raise SlotNotFound(errors=[{"field": "slot_id", "message": "There is no such slot."}])
    if slot.zone_id != zone.zone_id:
        raise OutOfZone(errors=[{"field": "slot_id", "message": "This slot is another zone's."}])
    slot.must_be_open(now)
    return slot


def _let_go(scene: _Scene, now: datetime) -> list[Delivery]:
    """Nobody rides for it or is asked for it any more; answers what else was asked for with it."""
    if scene.courier is not None:
        take(scene.courier, scene.delivery, REBOOKED, now)
    if scene.offer is None:
        return []
    asked = take_question_back(
        scene.offer, [scene.delivery, *scene.asked], "the customer chose another time", now
    )
    return [delivery for delivery in asked if delivery is not scene.delivery]


def _soon(delivery: Delivery, zone: Zone, now: datetime) -> datetime:
    assert delivery.drop_off is not None, "what can be moved was held"
    pickups = [(pickup.place, float(pickup.preparation_minutes)) for pickup in delivery.pickups]
    return zone.promise(now, pickups, delivery.drop_off.place)
