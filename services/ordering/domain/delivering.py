"""What reaches the customer, and when the order is delivered.

A delivery that was split is handed over in two trips. Dispatch says of the first that it was handed over, and
of the last that all has been. Whichever of it is heard of first, and what was left out meanwhile, lead to the
same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from services.ordering.domain import events, history
from services.ordering.domain.delivery import Handover, Split
from services.ordering.domain.history import By, Subject
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.payment import CASH
from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import BEFORE_PICKUP, StoreStatus
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

if TYPE_CHECKING:
    from services.ordering.domain.order import Order

SPLIT, HANDED_OVER = "split", "handed_over"
_UNDER_WAY = frozenset({OrderStatus.PAID, OrderStatus.IN_FULFILMENT})


def split(order: Order, told: Split) -> None:
    """A second courier brings some parts; heard of again, nothing changes."""
    if order.delivery.split is not None:
        return
    order.delivery = replace(order.delivery, split=told)
    for store_order_id in told.store_order_ids:
        history.note(
            order,
            Subject.DELIVERY,
            told.trip_id,
            store_order_id,
            before=None,
            after=SPLIT,
            at=told.split_at,
            reason=told.reason,
        )


def hand_over(
    order: Order,
    *,
    delivery_id: str,
    is_second: bool,
    courier_id: str,
    at: datetime,
    store_order_ids: tuple[str, ...],
) -> None:
    """One trip has brought these parts while the other goes on; what is gone of them stays gone."""
    is_new = not order.delivery.trip(is_second).handed_over
    order.delivery = order.delivery.with_trip(
        is_second, handed_over=store_order_ids, handed_over_by=courier_id, handed_over_at=at
    )
    for store_order_id in store_order_ids:
        store = order.store(store_order_id)
        if store.status in BEFORE_PICKUP or store.status is StoreStatus.PICKED_UP:
            order.move(store, StoreStatus.DELIVERED, at)
    if is_new:
        history.note(order, Subject.DELIVERY, delivery_id, None, before=None, after=HANDED_OVER, at=at)
    deliver_what_waited(order)


def deliver(order: Order, handover: Handover, refunds: Iterable[Refund] = ()) -> None:
    """Everything that is still part of the order has reached the customer: see :meth:`Order.deliver`."""
    order.delivery = order.delivery.with_delivered(handover.courier_id, handover.at)
    # All parts that go on may have come before dispatch says that this was all.
    has_come = order.status is OrderStatus.DELIVERED and order.delivered_at is None
    if order.status not in _UNDER_WAY and not has_come:
        return
    live = [store for store in order.stores if store.is_live]
    is_cash = order.method == CASH
    if not is_cash and order.delivery.leaves_open(handover, (store.store_order_id for store in live)):
        order.delivery = replace(order.delivery, waits=handover)
        return
    order.delivery = replace(order.delivery, waits=None)
    for store in live:
        if store.status is not StoreStatus.DELIVERED:
            order.move(store, StoreStatus.DELIVERED, handover.at)
    order.to_hand_back = [refund for refund in refunds if refund.issued_at > handover.at]
    collected = order.to_collect + sum(refund.amount for refund in order.to_hand_back)
    if is_cash:
        order.charge_id = derived_id("charge", order.payment_id or "")
        order.payment_status = "succeeded"
    order.delivered_at, order.completes_at = handover.at, handover.completes_at
    order.recorded.append(
        events.OrderDelivered(
            order_id=order.order_id,
            customer_id=order.customer_id,
            delivered_at=handover.at,
            delivery_id=handover.delivery_id,
            courier_id=handover.courier_id,
            store_order_ids=tuple(store.store_order_id for store in live),
            collected=Money(collected, order.currency) if is_cash else None,
        )
    )


def deliver_what_waited(order: Order) -> None:
    """The handover that told of less than the order, now that more is known."""
    waits, by = order.delivery.waits, order.by
    if waits is not None:
        order.by = By(role="courier", account_id=waits.courier_id)
        deliver(order, waits)
        order.by = by
