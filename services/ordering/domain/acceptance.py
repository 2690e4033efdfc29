"""What becomes of a part that its shop does not answer: a reminder, then a rejection by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.ordering.domain import events
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreStatus

NO_ANSWER = "no-answer"


def press(order: Order, at: datetime) -> None:
    """Remind the shops for which half of the time is over, and give up those for which all of it is."""
    for store in order.stores:
        if store.status is not StoreStatus.PLACED or store.accept_by is None:
            continue
        if store.accept_by <= at:
            order.reject(store.store_order_id, NO_ANSWER, at)
        elif store.reminded_at is None and store.remind_at is not None and store.remind_at <= at:
            order.put(replace(store, reminded_at=at))
            order.tell(events.StoreOrderReminded, store, reminded_at=at, accept_by=store.accept_by)
