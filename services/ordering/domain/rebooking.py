"""An order that its customer, or an operator, moves to another slot before anything of it is collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.ordering.domain import events
from services.ordering.domain.errors import NothingToRebook, TooLateToRebook, WrongState
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.places import Slot, Window
from services.ordering.domain.store_order import StoreStatus

_MOVABLE = frozenset({OrderStatus.PAID, OrderStatus.IN_FULFILMENT})
_COLLECTED = frozenset({StoreStatus.PICKED_UP, StoreStatus.DELIVERED, StoreStatus.COMPLETED})


class RebookingState(StrEnum):
    """A move is under way, then made, or refused; a refused one is released once nothing is held for it."""

    MOVING = "moving"
    MOVED = "moved"
    REFUSED = "refused"
    RELEASED = "released"


@dataclass(frozen=True, kw_only=True)
class Rebooking:
    """One move: to ``slot_id`` and its ``window``, or (without) to "as soon as possible".

    ``number`` counts the moves of an order; ``before`` and ``after`` are its slots.
    """

    rebooking_id: str
    order_id: str
    number: int
    slot_id: str | None
    window: Window | None
    asked_by: str
    role: str
    asked_at: datetime
    before: Slot
    state: RebookingState = RebookingState.MOVING
    decided_at: datetime | None = None
    after: Slot | None = None
    refusal: Mapping[str, Any] | None = None

    def made(self, after: Slot, at: datetime) -> Rebooking:
        return replace(self, state=RebookingState.MOVED, after=after, decided_at=at)

    def refused(self, refusal: Mapping[str, Any], at: datetime) -> Rebooking:
        return replace(self, state=RebookingState.REFUSED, refusal=dict(refusal), decided_at=at)


def must_be_rebookable(order: Order, slot_id: str | None) -> None:
    """Raises unless the order is paid, nothing of it was collected, and it has another slot."""
    if any(store.status in _COLLECTED for store in order.stores):
        raise TooLateToRebook
    if order.paid_at is None or order.status not in _MOVABLE:
        raise WrongState(f"An order that is {order.status} cannot be moved.", status=str(order.status))
    if order.slot.slot_id == slot_id:
        raise NothingToRebook


def live_items(order: Order) -> dict[str, int]:
    """How many items each shop that still has a part prepares."""
    return {
        store.shop_id: sum(line.left for line in store.lines) or 1 for store in order.stores if store.is_live
    }


def rebook(order: Order, rebooking: Rebooking, after: Slot, at: datetime) -> Rebooking:
    """The order has the slot ``after`` from now on; answers the move as it was made."""
    order.recorded.append(
        events.OrderRebooked(
            order_id=order.order_id,
            customer_id=order.customer_id,
            rebooking_id=rebooking.rebooking_id,
            number=rebooking.number,
            rebooked_at=at,
            by="operator" if rebooking.role == "operator" else "customer",
            from_slot_id=order.slot.slot_id,
            slot_id=after.slot_id,
            starts_at=after.starts_at,
            ends_at=after.ends_at,
            promised_at=after.promised_at,
            shop_ids=tuple(live_items(order)),
        )
    )
    order.slot = after
    return rebooking.made(after, at)
