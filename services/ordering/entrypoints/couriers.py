"""What dispatch tells of couriers and deliveries, on its way into the orders."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.unit_of_work import UnitOfWorkSql
from services.ordering.application import fulfilment
from services.ordering.contracts import consumed
from services.ordering.domain.delivery import Split
from services.ordering.settings import Settings
from shared.messaging.envelope import Event
from shared.persistence import Transaction


def take_dispatch_event(tx: Transaction, event: Event, settings: Settings) -> None:
    """What dispatch tells, as changes of the order; (un)assignments are ranked by the event's sequence."""
    fact = consumed.read(event.type, event.data)
    work = UnitOfWorkSql.over(tx)
    order_id = fact["order_id"]
    named = {"order_id": order_id, "delivery_id": fact["delivery_id"]}
    match event.type:
        case "CourierAssigned":
            fulfilment.courier_changed(
                work, **named, courier_id=fact["courier_id"], eta=fact["eta"], rank=event.sequence
            )
        case "CourierUnassigned":
            fulfilment.courier_changed(work, **named, courier_id=None, eta=None, rank=event.sequence)
        case "PickupCompleted":
            fulfilment.picked_up(
                work, order_id=order_id, store_order_id=fact["store_order_id"], at=fact["picked_up_at"]
            )
        case "PickupFailed":
            fulfilment.pickup_failed(
                work,
                order_id=order_id,
                store_order_id=fact["store_order_id"],
                reason=fact["reason"],
                at=fact["failed_at"],
            )
        case "DeliveryCompleted":
            fulfilment.delivered(
                work,
                **named,
                courier_id=fact["courier_id"],
                at=fact["completed_at"],
                rules=settings.rules,
                pickups=fact["pickups"],
            )
        case "DeliverySplit":
            fulfilment.split(work, order_id=order_id, told=_split(fact, event.sequence))
        case "TripCompleted":
            fulfilment.trip_completed(
                work,
                **named,
                courier_id=fact["courier_id"],
                at=fact["completed_at"],
                store_order_ids=tuple(fact["store_order_ids"]),
            )
        case "DropOffFailed":
            fulfilment.try_failed(work, **named, at=fact["failed_at"], choose_by=fact["choose_by"])
        case "ReturnStarted":
            fulfilment.return_started(work, **named, at=fact["started_at"])
        case "DeliveryFailed":
            fulfilment.delivery_failed(work, order_id=order_id, reason=fact["reason"], at=fact["failed_at"])


def _split(fact: dict[str, Any], rank: int) -> Split:
    return Split(
        trip_id=fact["trip_id"],
        store_order_ids=tuple(fact["store_order_ids"]),
        reason=fact["reason"],
        split_at=fact["split_at"],
        rank=rank,
        eta=fact["eta"],
        trip_eta=fact["trip_eta"],
    )
