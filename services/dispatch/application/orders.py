"""What the order's own life means for its delivery. Every fact may come at any time, and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.application.ports import Store
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.preparation import prepared
from shared.kernel.clock import Clock

COURIER = "courier"
_TELL_OF_KITCHENS = {"StoreOrderAccepted", "StoreOrderReady"}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What ordering said about one order; what follows from it is published under its ``cause``."""

    type: str
    data: Mapping[str, Any]
    cause: object = None


def take_facts(facts: Sequence[Fact], *, store: Store, clock: Clock) -> None:
    """Record what ordering said about any number of orders, and what follows from it."""
    now = clock.now()
    deliveries = store.deliveries_or_blank({fact.data["order_id"] for fact in facts})
    for fact in facts:
        trips = _trips(deliveries[fact.data["order_id"]])
        for delivery in trips:
            if _concerns(delivery, fact):
                _record(delivery, fact.type, fact.data, now)
        for delivery in trips:
            if delivery.events:
                store.tell(delivery, fact.cause)
    zones = {delivery.zone_id for delivery in deliveries.values() if delivery.zone_id and delivery.stops}
    known = [trip for delivery in deliveries.values() for trip in _trips(delivery)]
    store.save(deliveries=known, changed_zones=sorted(zones))
    told = [fact.data for fact in facts if fact.type in _TELL_OF_KITCHENS]
    learnt = {
        one.store_order_id: (deliveries[data["order_id"]].zone_id or "", one)
        for data in told
        for one in prepared(deliveries[data["order_id"]], [data["store_order_id"]])
    }
    if learnt:
        store.keep_prepared([learnt[name] for name in sorted(learnt)])


def _trips(delivery: Delivery) -> list[Delivery]:
    return [delivery] if delivery.other is None else [delivery, delivery.other]


def _concerns(delivery: Delivery, fact: Fact) -> bool:
    """What a shop will not give concerns the trip that was to bring it; all else concerns both."""
    if fact.type != "StoreOrderRejected" or delivery.trip is None or delivery.other is None:
        return True
    if fact.data["store_order_id"] in delivery.trip.parts:
        return True
    return delivery.split_from is None and fact.data["store_order_id"] not in _parts_of(delivery.other)


def _parts_of(delivery: Delivery) -> tuple[str, ...]:
    return () if delivery.trip is None else delivery.trip.parts


def _record(delivery: Delivery, type: str, fact: Mapping[str, Any], now: datetime) -> None:
    match type:
        case "OrderPaid":
            delivery.paid(fact["customer_id"], fact["paid_at"], now, fact["method"])
        case "StoreOrderAccepted":
            delivery.accepted(fact["store_order_id"], fact["accepted_at"], fact["ready_at"], now)
        case "StoreOrderReady":
            delivery.ready(fact["store_order_id"], fact["ready_at"], now)
        case "StoreOrderRejected":
            delivery.rejected(fact["store_order_id"], now)
        case "OrderCancelled":
            delivery.cancel(fact["reason"], now)
        case "OrderExpired":
            delivery.release("expired", now)


def take_account(fact: Mapping[str, Any], *, store: Store) -> None:
    """An account was made; only those of couriers matter here."""
    if fact["role"] == COURIER:
        courier = store.courier(fact["account_id"])
        courier.register(fact["registered_at"])
        store.save(couriers=[courier])
