"""How deliveries turn out, by zone, for whoever watches: counted once what happened is committed."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from services.dispatch.contracts.published import data_of
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import (
    CourierAssigned,
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliverySplit,
    PickupCompleted,
    TripCompleted,
)
from services.dispatch.domain.outcome import is_own_handover, outcome_of, ready_at_of

_MINUTES = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 90, 120, 180)
_SHORT = (0, 1, 2, 5, 10, 15, 30, 60)

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
RINGS = Counter(
    "linli_delivery_doorbell_rings_total",
    "How often couriers came to the doors of deliveries that ended",
    ["zone"],
)
SPLITS = Counter(
    "linli_delivery_split_total", "Orders that were split to a second courier", ["zone", "reason"]
)


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
                ready_at = ready_at_of(delivery, part)
                if ready_at is not None:
                    _observe(READY_TO_PICKUP.labels(zone), (at - ready_at).total_seconds() / 60)
            case DeliverySplit(reason=reason):
                SPLITS.labels(zone, reason).inc()
            case DeliveryCompleted() | TripCompleted() if is_own_handover(event, delivery):
                _completed(delivery, event, zone)
            case DeliveryFailed():
                FAILED.labels(zone, data_of(event)["reason"]).inc()
                _at_the_door(delivery, zone)


def _completed(delivery: Delivery, event: DeliveryCompleted | TripCompleted, zone: str) -> None:
    outcome = outcome_of(delivery)
    _observe(CLICK_TO_DOOR.labels(zone, outcome.kind, outcome.shops), outcome.click_to_door)
    _observe(READY_TO_DOOR.labels(zone, outcome.kind), outcome.ready_to_door)
    _observe(LATE.labels(zone, outcome.kind), outcome.late)
    METRES.labels(zone).inc(outcome.metres)
    window, completed_at = delivery.told.window, event.completed_at
    if window is not None:
        late = "late" if completed_at > window.ends_at else "inside"
        WINDOWS.labels(zone, outcome.kind, "early" if completed_at < window.starts_at else late).inc()
    _at_the_door(delivery, zone)


def _at_the_door(delivery: Delivery, zone: str) -> None:
    RINGS.labels(zone).inc(outcome_of(delivery).rings)


def _observe(histogram: Histogram, minutes: float | None) -> None:
    if minutes is not None:
        histogram.observe(max(0.0, minutes))
