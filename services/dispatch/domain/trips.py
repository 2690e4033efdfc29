"""The two trips of a split order, and what the end of one means for the other.

Each trip is a delivery of its own, and knows of the other only whether and how it ended. Of the order itself
it is told once that it was delivered, when nothing is left to be brought, or that it has failed, when neither
trip handed anything over. Whoever ends a trip has the other one at hand, locked as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from services.dispatch.domain.events import DeliveryCompleted, DeliveryFailed, PickupFailed, TripCompleted
from services.dispatch.domain.facts import Part
from services.dispatch.domain.lifecycle import ENDED, Status
from services.dispatch.domain.stop import StopKind, StopStatus

if TYPE_CHECKING:
    from services.dispatch.domain.delivery import Delivery

# Whose part nobody collected: an event names a courier.
NOBODY = "nobody"


class WhySplit(StrEnum):
    """Why two couriers bring an order."""

    SHOP_LATE = "shop-late"
    TOO_LARGE = "too-large"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Trip:
    """What a trip knows: the key of the ``other`` one, and the ``parts`` that it brings itself.

    ``ending`` is how the other one ended, ``handed_over`` what is to be told of it if it was handed over.
    The plan that split the order has a number; 0 stands for an operator.
    """

    other: str
    parts: tuple[str, ...]
    why: WhySplit
    at: datetime
    plan_version: int = 0
    ending: Status | None = None
    handed_over: DeliveryCompleted | None = None


def link(deliveries: Iterable[Delivery]) -> None:
    """Let those of ``deliveries`` that are trips of one order find each other."""
    known = {delivery.order_id: delivery for delivery in deliveries}
    for delivery in known.values():
        if delivery.trip is not None and delivery.trip.other in known:
            delivery.other = known[delivery.trip.other]


def both(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """The deliveries, and behind those that have ended what their end was told to."""
    found = {delivery.order_id: delivery for delivery in deliveries}
    for delivery in list(found.values()):
        if delivery.status in ENDED and delivery.other is not None:
            found.setdefault(delivery.other.order_id, delivery.other)
    return list(found.values())


def may_end(delivery: Delivery) -> bool:
    """Whether its end can be told to whom it concerns: to the other trip, if that one goes on."""
    return delivery.trip is None or delivery.trip.ending is not None or delivery.other is not None


def hand_over(delivery: Delivery, completed: DeliveryCompleted) -> None:
    """It was handed over: the order is delivered, unless its other trip goes on."""
    trip = delivery.trip
    if trip is None or trip.ending is not None:
        delivery.events.append(completed)
    else:
        done = [s for s in delivery.stops if s.kind is StopKind.PICKUP and s.status is StopStatus.DONE]
        told = {field.name: getattr(completed, field.name) for field in fields(completed)}
        parts = tuple(stop.store_order_id or "" for stop in done)
        delivery.events.append(TripCompleted(**told, store_order_ids=parts))
    _tell_other(delivery, completed)


def give_up(delivery: Delivery, failed: DeliveryFailed) -> None:
    """It has failed: so has the order, unless the other trip goes on or was handed over.

    Otherwise its parts are left out, and nothing but that is said; with the other trip handed over the order
    is delivered by that.
    """
    trip = delivery.trip
    if trip is None or trip.ending in {Status.FAILED, Status.CANCELLED}:
        delivery.events.append(failed)
    else:
        _leave_out(delivery, trip.parts, failed)
        _tell_what_is_over(delivery)
    _tell_other(delivery)


def call_off(delivery: Delivery) -> None:
    """Nothing of it is wanted any more: with the other trip handed over, the order is delivered by that."""
    if delivery.cancelled is None:
        _tell_what_is_over(delivery)
    _tell_other(delivery)


def _tell_what_is_over(delivery: Delivery) -> None:
    if delivery.trip is not None and delivery.trip.handed_over is not None:
        delivery.events.append(delivery.trip.handed_over)


def _tell_other(delivery: Delivery, completed: DeliveryCompleted | None = None) -> None:
    other = delivery.other
    if other is None or other.trip is None:
        assert may_end(delivery), "a trip ends only where the other one is at hand"
        return
    other.trip = replace(other.trip, ending=delivery.status, handed_over=completed)


def _leave_out(delivery: Delivery, names: Iterable[str], failed: DeliveryFailed) -> None:
    shops = {stop.store_order_id: stop.shop_id for stop in delivery.stops if stop.store_order_id}
    for name in names:
        part = delivery.parts.get(name, Part())
        if part.rejected:
            continue
        delivery.parts[name] = replace(part, rejected=True)
        delivery.events.append(
            PickupFailed(
                delivery_id=failed.delivery_id,
                order_id=failed.order_id,
                store_order_id=name,
                shop_id=shops.get(name) or "",
                courier_id=failed.courier_id or NOBODY,
                reason=failed.reason,
                failed_at=failed.failed_at,
            )
        )
