"""What the order's own life means for its delivery. Every fact may come at any time, and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch.application.ports import Store
from shared.kernel.clock import Clock

COURIER = "courier"


def take_fact(type: str, fact: Mapping[str, Any], *, store: Store, clock: Clock) -> None:
    """Record what ordering said about an order, and what follows from it."""
    now = clock.now()
    delivery = store.delivery(fact["order_id"])
    match type:
        case "OrderPaid":
            delivery.paid(fact["customer_id"], fact["paid_at"], now)
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
    zones = [delivery.zone_id] if delivery.zone_id and delivery.stops else []
    store.save(deliveries=[delivery], changed_zones=zones)


def take_account(fact: Mapping[str, Any], *, store: Store) -> None:
    """An account was made; only those of couriers matter here."""
    if fact["role"] == COURIER:
        courier = store.courier(fact["account_id"])
        courier.register(fact["registered_at"])
        store.save(couriers=[courier])
