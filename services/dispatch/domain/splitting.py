"""A delivery is split to a second courier: what moves, what stays, and when it may not be.

The last resort, once for an order, into two trips. The first one keeps the order's delivery; the second is a
delivery of its own from then on, planned and brought as any other, with the shops' parts that moved.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import WrongState
from services.dispatch.domain.events import DeliverySplit
from services.dispatch.domain.job import trip_key_of
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.stop import StopKind, StopStatus, first_stops
from services.dispatch.domain.trips import Trip, WhySplit, link

# Something of it may still be to be collected.
MAY_BE_SPLIT = frozenset({Status.WAITING, Status.PLANNED, Status.ASSIGNED, Status.COLLECTING})
# Paid at the door: there one courier takes the money for all of it.
CASH = "cash"


def is_splittable(delivery: Delivery) -> bool:
    """Whether it may be split at all, whatever moves."""
    return (
        delivery.trip is None
        and delivery.status in MAY_BE_SPLIT
        and delivery.method != CASH
        and delivery.second_try is None
    )


def must_be_splittable(delivery: Delivery, moved: Collection[str]) -> None:
    """Raises :class:`WrongState`, with a sentence, unless these parts may move to a second courier."""
    if delivery.trip is not None:
        raise WrongState("This order is split already, and an order is split once at most.")
    if delivery.second_try is not None:
        raise WrongState("The courier was at the door with this order already; nothing of it can be moved.")
    if delivery.status not in MAY_BE_SPLIT:
        raise WrongState(f"This delivery is {delivery.status}; nothing of it can be moved.")
    if delivery.method == CASH:
        raise WrongState("This order is paid at the door; one courier brings all of it.")
    pickups = [stop for stop in delivery.stops if stop.kind is StopKind.PICKUP]
    to_come = {stop.store_order_id for stop in pickups if stop.is_open}
    if not moved or not set(moved) <= to_come:
        raise WrongState("Only parts of this order that are still to be collected can be moved.")
    kept = {s.store_order_id for s in pickups if s.is_open or s.status is StopStatus.DONE} - set(moved)
    if not kept:
        raise WrongState("A part of this order has to stay with its first courier.")


def split(
    delivery: Delivery,
    moved: Collection[str],
    why: WhySplit,
    at: datetime,
    *,
    eta: datetime | None = None,
    trip_eta: datetime | None = None,
    plan_version: int = 0,
) -> Delivery:
    """Move these parts to a second trip, which waits for a courier; answers that trip.

    ``eta`` and ``trip_eta`` are when the two are expected at the door. Raises :class:`WrongState` where it
    may not be. Whoever has the delivery on a route takes the moved stops off it.
    """
    must_be_splittable(delivery, moved)
    assert delivery.drop_off is not None, "what is on its way was held"
    key = trip_key_of(delivery.order_id)
    pickups = tuple(pickup for pickup in delivery.pickups if pickup.store_order_id in moved)
    parts = tuple(pickup.store_order_id for pickup in pickups)
    stay = tuple(p.store_order_id for p in delivery.pickups if p.store_order_id not in moved)
    known = Trip(other=delivery.order_id, parts=parts, why=why, at=at, plan_version=plan_version)
    second = Delivery(
        order_id=key,
        split_from=delivery.order_id,
        trip=known,
        status=Status.WAITING,
        zone_id=delivery.zone_id,
        slot=delivery.slot,
        drop_off=delivery.drop_off,
        pickups=pickups,
        placed_at=delivery.placed_at,
        promised_at=delivery.promised_at,
        expires_at=delivery.expires_at,
        customer_id=delivery.customer_id,
        paid_at=delivery.paid_at,
        method=delivery.method,
        rebooking=delivery.rebooking,
        parts=dict(delivery.parts),
        stops=first_stops(key, pickups, delivery.drop_off),
    )
    delivery.trip = replace(known, other=key, parts=stay)
    delivery.leave_to_another(parts, at)
    link([delivery, second])
    delivery.events.append(
        DeliverySplit(
            delivery_id=delivery.delivery_id,
            order_id=delivery.order_id,
            trip_id=second.delivery_id,
            zone_id=delivery.zone_id or "",
            store_order_ids=parts,
            reason=why.value,
            split_at=at,
            eta=eta,
            trip_eta=trip_eta,
        )
    )
    return second
