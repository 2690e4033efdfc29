"""What goes back to the customer of an order: parts of its goods, its delivery fee, its tip.

Each piece changes the order's figures and records one :class:`Refund`; nothing here decides whether it may.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.ordering.domain import events
from services.ordering.domain.lines import LinePart
from services.ordering.domain.refund import (
    Refund,
    refund_of_delivery_fee,
    refund_of_goods,
    refund_of_tip,
)
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.ids import derived_id

if TYPE_CHECKING:
    from services.ordering.domain.order import Order


def give_back_whole(order: Order, store: StoreOrder, reason: str, at: datetime, *, restock: bool) -> None:
    """All that is left of ``store``; nothing, when nothing is."""
    after, parts = store.give_back(None)
    if parts:
        refund_id = derived_id("refund", "whole", store.store_order_id)
        give_back(order, refund_id, refund_id, after, parts, reason, at, restock=restock)


def give_back(
    order: Order,
    refund_id: str,
    command_id: str,
    store: StoreOrder,
    parts: tuple[LinePart, ...],
    reason: str,
    at: datetime,
    *,
    restock: bool,
) -> None:
    """``parts`` of a store order, which is ``store`` afterwards."""
    order.stores = tuple(
        store if each.store_order_id == store.store_order_id else each for each in order.stores
    )
    refund = refund_of_goods(
        refund_id=refund_id,
        command_id=command_id,
        order_id=order.order_id,
        store_order_id=store.store_order_id,
        shop_id=store.shop_id,
        issued_at=at,
        reason=reason,
        restock=restock,
        lines=parts,
    )
    _record(order, refund)


def give_back_delivery_fee(order: Order, command_id: str, reason: str, at: datetime) -> None:
    """What is left of the delivery fee."""
    left = order.delivery_fee - order.delivery_fee_refunded
    if left:
        order.delivery_fee_refunded = order.delivery_fee
        refund = refund_of_delivery_fee(
            command_id=command_id, order_id=order.order_id, issued_at=at, reason=reason, amount=left
        )
        _record(order, refund)


def give_back_tip(order: Order, reason: str, at: datetime) -> None:
    """The tip, which is for a delivery that there was."""
    left = order.tip - order.tip_refunded
    if left:
        order.tip_refunded = order.tip
        _record(order, refund_of_tip(order_id=order.order_id, issued_at=at, reason=reason, amount=left))


def _record(order: Order, refund: Refund) -> None:
    order.new_refunds.append(refund)
    order.recorded.append(
        events.RefundIssued(refund=refund, customer_id=order.customer_id, currency=order.currency)
    )
    if order.refunded == order.total:
        # Where nothing was taken yet there is nothing to bring back: it is not due any more.
        order.payment_status = "refunded" if order.charge_id is not None else "waived"
