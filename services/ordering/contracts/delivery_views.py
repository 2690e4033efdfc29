"""What ordering answers about the delivery of an order, and about both trips of one that was split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.ordering.contracts.moments import time_of
from services.ordering.domain.delivery import delivery_id_of
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.store_order import StoreOrder, StoreStatus

Wire = dict[str, Any]

_HAS_COME = frozenset({StoreStatus.DELIVERED, StoreStatus.COMPLETED})
# Of two trips that go on, the order shows what its customer has to know first.
_FIRST_OF = ("second_try", "waiting", "assigned", "collecting", "delivering", "returning")
_OVER = frozenset({"delivered", "failed", "cancelled"})


def delivery(item: Order) -> Wire | None:
    """How far it is; ``trips`` are both of a split delivery, and nothing of any other."""
    if item.paid_at is None:
        return None
    facts = item.delivery
    trips = [_trip(item, is_second) for is_second in (False, True)] if facts.split is not None else []
    status = _delivery_status(item)
    going_on = [trip for trip in trips if trip["status"] not in _OVER] or trips
    waits = [trip["choose_by"] for trip in going_on if trip["status"] == "second_try"]
    return {
        "delivery_id": delivery_id_of(item.order_id),
        "courier_id": facts.delivered_by or facts.first.courier_id,
        # What is ordered as one is there when the last of it is.
        "eta": max((trip["eta"] for trip in going_on if trip["eta"]), default=None)
        if trips
        else time_of(facts.first.eta),
        "status": status,
        "choose_by": min(waits, default=None) if trips else time_of(facts.first.choose_by),
        "trips": trips,
    }


def _trip(item: Order, is_second: bool) -> Wire:
    facts, parts = item.delivery, _parts(item, is_second)
    trip = facts.trip(is_second)
    at, by = _handed_over(item, is_second)
    return {
        "delivery_id": facts.split.trip_id if is_second and facts.split else delivery_id_of(item.order_id),
        "courier_id": by or trip.courier_id,
        "eta": time_of(facts.eta_of_second if is_second else facts.eta_of_first),
        "status": _trip_status(item, is_second),
        "choose_by": time_of(trip.choose_by),
        "store_order_ids": [store.store_order_id for store in parts],
        "handed_over_at": time_of(at),
    }


def _parts(item: Order, is_second: bool) -> list[StoreOrder]:
    return [store for store in item.stores if item.delivery.brings(is_second, store.store_order_id)]


def _handed_over(item: Order, is_second: bool) -> tuple[datetime | None, str | None]:
    """When the trip was handed over, and by whom: told of itself, or as the last one."""
    trip = item.delivery.trip(is_second)
    if trip.handed_over_at is not None:
        return trip.handed_over_at, trip.handed_over_by
    if any(store.status in _HAS_COME for store in _parts(item, is_second)):
        return item.delivered_at, item.delivery.delivered_by
    return None, None


def _delivery_status(item: Order) -> str:
    if item.status in {OrderStatus.DELIVERED, OrderStatus.COMPLETED}:
        return "delivered"
    if item.delivery.failed_at is not None:
        return "failed"
    if item.status is OrderStatus.CANCELLED:
        return "cancelled"
    trips = [_trip_status(item, is_second) for is_second in (False, True) if _parts(item, is_second)]
    going_on = [status for status in trips if status not in _OVER]
    return min(going_on, key=_FIRST_OF.index, default="delivering")


def _trip_status(item: Order, is_second: bool) -> str:
    trip, parts = item.delivery.trip(is_second), _parts(item, is_second)
    live = [store for store in parts if store.is_live]
    if not live:
        return "cancelled" if item.delivery.failed_at is None else "failed"
    if all(store.status in _HAS_COME for store in live):
        return "delivered"
    if trip.returning_since is not None:
        return "returning"
    if trip.try_failed_at is not None:
        return "second_try"
    return _on_the_way(live, trip.courier_id)


def _on_the_way(live: Sequence[StoreOrder], courier_id: str | None) -> str:
    collected = [store for store in live if store.status is StoreStatus.PICKED_UP]
    if len(collected) == len(live):
        return "delivering"
    if collected:
        return "collecting"
    return "waiting" if courier_id is None else "assigned"
