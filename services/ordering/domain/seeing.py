"""Who may see an order, or one shop's part of it; for everybody else there is none."""

from __future__ import annotations

from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import OrderNotFound, StoreOrderNotFound
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreOrder


def seen_order(order: Order | None, actor: Actor) -> Order:
    """``order``, for its customer and operators; raises :class:`OrderNotFound` for others."""
    if order is None or not (actor.is_operator or order.customer_id == actor.account_id):
        raise OrderNotFound
    return order


def seen_store(order: Order | None, store_order_id: str, actor: Actor) -> tuple[Order, StoreOrder]:
    """A part with its order, for its customer, operators, and once it is paid for its merchant.

    Raises :class:`StoreOrderNotFound` for others.
    """
    if order is None:
        raise StoreOrderNotFound
    store = order.store(store_order_id)
    is_merchant = store.merchant_id == actor.account_id and order.paid_at is not None
    if not (actor.is_operator or is_merchant or order.customer_id == actor.account_id):
        raise StoreOrderNotFound
    return order, store
