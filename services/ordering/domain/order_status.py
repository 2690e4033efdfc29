"""The status of an order, read off its store orders by one written table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from services.ordering.domain.store_order import GONE, StoreStatus


class OrderStatus(StrEnum):
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    IN_FULFILMENT = "in_fulfilment"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


S = StoreStatus

# When nothing is left of an order: the first row that holds every store order's status.
WHEN_ALL_ARE_GONE: tuple[tuple[OrderStatus, frozenset[StoreStatus]], ...] = (
    (OrderStatus.EXPIRED, frozenset({S.EXPIRED})),
    (OrderStatus.CANCELLED, frozenset({S.REJECTED, S.CANCELLED, S.EXPIRED})),
)
# Otherwise, leaving aside what is gone: the first row that holds the status of every part that goes on.
WHEN_SOME_GO_ON: tuple[tuple[OrderStatus, frozenset[StoreStatus]], ...] = (
    (OrderStatus.PENDING_PAYMENT, frozenset({S.AWAITING_PAYMENT})),
    (OrderStatus.PAID, frozenset({S.PLACED})),
    (OrderStatus.COMPLETED, frozenset({S.COMPLETED})),
    (OrderStatus.DELIVERED, frozenset({S.DELIVERED, S.COMPLETED})),
    (
        OrderStatus.IN_FULFILMENT,
        frozenset({S.PLACED, S.ACCEPTED, S.READY, S.PICKED_UP, S.DELIVERED, S.COMPLETED}),
    ),
)


def order_status(stores: Iterable[StoreStatus]) -> OrderStatus:
    """The order's status; raises :class:`ValueError` for a mix that cannot come about."""
    every = frozenset(stores)
    going_on = every - GONE
    table, held = (WHEN_SOME_GO_ON, going_on) if going_on else (WHEN_ALL_ARE_GONE, every)
    for status, holds in table:
        if every and held <= holds:
            return status
    raise ValueError(f"an order cannot consist of {sorted(every)}")
