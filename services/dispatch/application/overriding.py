"""Operators give deliveries to couriers, take them back, hand them on, and split them to a second one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import OverrideDelivery
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import OrderNotDispatched, OverrideExists, WrongState
from services.dispatch.domain.job import key_of
from services.dispatch.domain.lifecycle import UNPAID
from services.dispatch.domain.offer import Offer, take_question_back
from services.dispatch.domain.override import (
    BY_HAND,
    HANDED_ON,
    Override,
    OverrideKind,
    give,
    must_be_able,
    must_be_given_back,
    must_wait,
    take,
)
from services.dispatch.domain.splitting import must_be_splittable, split
from services.dispatch.domain.trips import WhySplit
from services.dispatch.domain.zone import Zone
from shared.kernel.clock import Clock


def override(command: OverrideDelivery, *, store: Store, clock: Clock) -> Override:
    """Do what ``command`` says, once per id, and keep who did it, when and why.

    Raises :class:`GoodsOnBoard`, :class:`CourierNotAvailable` or :class:`WrongState`, each with a sentence.
    """
    command.actor.must_operate()
    known = store.override(command.override_id)
    if known is not None:
        if (known.kind, known.order_id) != (command.kind, command.order_id):
            raise OverrideExists
        return known
    now = clock.now()
    scene = _locked(command, store)
    source, target = _decide(scene, command, store, now)
    done = Override(
        override_id=command.override_id,
        kind=command.kind,
        order_id=command.order_id,
        zone_id=scene.zone.zone_id,
        from_courier_id=source,
        to_courier_id=target,
        actor_id=command.actor.account_id,
        at=now,
        reason=command.reason,
        store_order_ids=command.store_order_ids,
    )
    store.keep_override(done)
    changed = [*scene.also_asked, scene.delivery, *scene.begun]
    deliveries = {one.order_id: one for one in changed}
    store.save(
        couriers=[scene.couriers[courier_id] for courier_id in (source, target) if courier_id],
        offers=[scene.offer] if scene.offer else [],
        deliveries=list(deliveries.values()),
        changed_zones=[scene.zone.zone_id],
    )
    return done


def _decide(
    scene: _Scene, command: OverrideDelivery, store: Store, now: datetime
) -> tuple[str | None, str | None]:
    """Who had the delivery and who has it now."""
    match command.kind:
        case OverrideKind.ASSIGN:
            return None, _assign(scene, command, store, now)
        case OverrideKind.TAKE_BACK:
            return _take_back(scene, now), None
        case OverrideKind.TRANSFER:
            return _transfer(scene, command, store, now)
        case OverrideKind.SPLIT:
            return _split(scene, command, store, now), None


@dataclass(kw_only=True)
class _Scene:
    """Everything concerned, locked in the order courier, offer, deliveries; ``begun`` is what is new."""

    zone: Zone
    delivery: Delivery
    couriers: dict[str, Courier]
    offer: Offer | None
    also_asked: list[Delivery]
    begun: list[Delivery] = field(default_factory=list)


def _locked(command: OverrideDelivery, store: Store) -> _Scene:
    key = key_of(command.order_id, command.delivery_id)
    seen = store.whereabouts(key)
    if seen is None or seen.zone_id is None:
        raise OrderNotDispatched
    concerned = {seen.courier_id, command.courier_id} - {None}
    couriers = store.couriers(sorted(filter(None, concerned)))
    offer = store.offer(seen.offer_id) if seen.offer_id else None
    deliveries = {one.order_id: one for one in store.deliveries({key, *_orders_of(offer)})}
    delivery = deliveries[key]
    if delivery.status in UNPAID:
        raise OrderNotDispatched
    if (delivery.courier_id, delivery.offer_id) != (seen.courier_id, seen.offer_id):
        raise WrongState("This delivery changed at this very moment; look at it again.")
    zone = store.zone(seen.zone_id)
    assert zone is not None, "a delivery's zone is never closed"
    asked = [one for one in deliveries.values() if offer and one.offer_id == offer.offer_id]
    return _Scene(zone=zone, delivery=delivery, couriers=couriers, offer=offer, also_asked=asked)


def _orders_of(offer: Offer | None) -> tuple[str, ...]:
    return offer.order_ids if offer else ()


def _assign(scene: _Scene, command: OverrideDelivery, store: Store, now: datetime) -> str:
    must_wait(scene.delivery)
    courier = must_be_able(scene.couriers.get(command.courier_id or ""), scene.delivery, now)
    if scene.offer is not None:
        take_question_back(scene.offer, scene.also_asked, "an operator decided otherwise", now)
    _give(scene, courier, store, BY_HAND, now)
    return courier.courier_id


def _take_back(scene: _Scene, now: datetime) -> str:
    courier_id = must_be_given_back(scene.delivery)
    take(scene.couriers[courier_id], scene.delivery, BY_HAND, now)
    # Or the next plan would give it to the same courier again.
    scene.delivery.barred[courier_id] = None
    return courier_id


def _transfer(scene: _Scene, command: OverrideDelivery, store: Store, now: datetime) -> tuple[str, str]:
    source = must_be_given_back(scene.delivery)
    if source == command.courier_id:
        raise WrongState("This courier has this delivery already.")
    target = must_be_able(scene.couriers.get(command.courier_id or ""), scene.delivery, now)
    take(scene.couriers[source], scene.delivery, HANDED_ON, now)
    _give(scene, target, store, HANDED_ON, now)
    return source, target.courier_id


def _split(scene: _Scene, command: OverrideDelivery, store: Store, now: datetime) -> str | None:
    """Who keeps the rest: a courier, if one has it. When the two come, the next plan says."""
    delivery, moved = scene.delivery, command.store_order_ids
    must_be_splittable(delivery, moved)
    if scene.offer is not None:
        take_question_back(scene.offer, scene.also_asked, "an operator decided otherwise", now)
    stops = {stop.stop_id for stop in delivery.stops if stop.store_order_id in moved}
    second = split(delivery, moved, WhySplit.OPERATOR, now)
    if not store.hold_anew(second):
        raise WrongState("This order is split already, and an order is split once at most.")
    scene.begun.append(second)
    if delivery.courier_id is not None:
        scene.couriers[delivery.courier_id].leave_out(stops)
    return delivery.courier_id


def _give(scene: _Scene, courier: Courier, store: Store, reason: str, now: datetime) -> None:
    riding = {one.order_id: one for one in store.deliveries_of(courier.courier_id)}
    kept = {stop.stop_id for one in riding.values() for stop in one.open_stops()}
    courier.leave_out({stop.stop_id for stop in courier.route} - kept)
    give(courier, scene.delivery, riding, scene.zone, reason, now)
