"""How deliveries turn out, by zone, for whoever watches: counted once what happened is committed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Counter, Histogram

from services.dispatch.contracts.published import data_of
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import (
    CourierAssigned,
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    PickupCompleted,
)
from services.dispatch.domain.stop import StopKind, StopStatus

_MINUTES = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 90, 120, 180)
_SHORT = (0, 1, 2, 5, 10, 15, 30, 60)
_MANY_SHOPS = 4

CLICK_TO_DOOR = Histogram(
    "linli_delivery_click_to_door_minutes",
    "From the order to the door; shops counts those that were collected at",
    ["zone", "kind", "shops"],
    buckets=_MINUTES,
)
READY_TO_DOOR = Histogram(
    "linli_delivery_ready_to_door_minutes",
    "From when the last shop was ready to the door",
    ["zone", "kind"],
    buckets=_MINUTES,
)
READY_TO_PICKUP = Histogram(
    "linli_delivery_ready_to_pickup_minutes",
    "How long a shop's part stood ready before it was picked up",
    ["zone"],
    buckets=_SHORT,
)
LATE = Histogram(
    "linli_delivery_late_minutes",
    "How much later than promised; none when in time",
    ["zone", "kind"],
    buckets=_SHORT,
)
WINDOWS = Counter(
    "linli_delivery_window_total",
    "Deliveries by whether they were early, inside or late of the first window their customer was told",
    ["zone", "kind", "result"],
)
METRES = Counter(
    "linli_delivery_metres_total", "What couriers rode to the stops of what they brought", ["zone"]
)
ASSIGNED = Counter("linli_delivery_assigned_total", "Deliveries that a courier took or was given", ["zone"])
UNASSIGNED = Counter(
    "linli_delivery_unassigned_total", "Deliveries that left their courier again", ["zone", "reason"]
)
FAILED = Counter("linli_delivery_failed_total", "Deliveries that were not brought", ["zone", "reason"])


def observe(delivery: Delivery, happened: Iterable[DeliveryEvent]) -> None:
    """Count what has just happened to a delivery."""
    zone = delivery.zone_id or "none"
    for event in happened:
        match event:
            case CourierAssigned():
                ASSIGNED.labels(zone).inc()
            case CourierUnassigned():
                UNASSIGNED.labels(zone, data_of(event)["reason"]).inc()
            case PickupCompleted(store_order_id=part, picked_up_at=at):
                _since(READY_TO_PICKUP.labels(zone), _ready(delivery, [part]), at)
            case DeliveryCompleted():
                _completed(delivery, event, zone)
            case DeliveryFailed():
                FAILED.labels(zone, data_of(event)["reason"]).inc()


def _completed(delivery: Delivery, event: DeliveryCompleted, zone: str) -> None:
    kind = "asap" if delivery.slot is None else "slot"
    shops = f"{_MANY_SHOPS}+" if event.pickups >= _MANY_SHOPS else str(event.pickups)
    collected = [
        stop.store_order_id or ""
        for stop in delivery.stops
        if stop.kind is StopKind.PICKUP and stop.status is StopStatus.DONE
    ]
    _since(CLICK_TO_DOOR.labels(zone, kind, shops), delivery.placed_at, event.completed_at)
    _since(READY_TO_DOOR.labels(zone, kind), _ready(delivery, collected), event.completed_at)
    _since(LATE.labels(zone, kind), delivery.promised_at, event.completed_at)
    METRES.labels(zone).inc(event.distance_m)
    window = delivery.told.window
    if window is not None:
        late = "late" if event.completed_at > window.ends_at else "inside"
        WINDOWS.labels(zone, kind, "early" if event.completed_at < window.starts_at else late).inc()


def _ready(delivery: Delivery, store_order_ids: Iterable[str]) -> datetime | None:
    """When the last of the parts was ready, as far as its shop has said so."""
    said = [delivery.parts[name].ready_at for name in store_order_ids if name in delivery.parts]
    return max((at for at in said if at is not None), default=None)


def _since(histogram: Histogram, begin: datetime | None, end: datetime) -> None:
    if begin is not None:
        histogram.observe(max(0.0, (end - begin).total_seconds() / 60))
