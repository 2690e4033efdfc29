"""Withdrawing from an order, and paying back parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.ordering.application.cases import count_refunds
from services.ordering.application.fulfilment import lock_for_shop
from services.ordering.application.paying import Providers, close_attempts
from services.ordering.application.ports import Transactions, UnitOfWork
from services.ordering.domain.commands import CancelOrder, RefundOrder
from services.ordering.domain.errors import CommandIdUsed, NotForThisRole, OrderNotFound
from services.ordering.domain.history import By
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.refund import Refund
from shared.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Refunded:
    """What one command paid back: one refund for each store order, and one for the delivery fee."""

    refund_id: str
    order: Order
    refunds: Sequence[Refund]


def cancel(command: CancelOrder, *, transactions: Transactions, providers: Providers, clock: Clock) -> Order:
    """Withdraw, free of charge until the first pickup. Cancelling again changes nothing.

    Money that arrives for it later goes back by itself.
    """
    with transactions.single() as work:
        order = _own(work.orders.find(command.order_id), command)
    if order.status is OrderStatus.PENDING_PAYMENT:
        close_attempts(order.order_id, transactions=transactions, providers=providers, clock=clock)
    with transactions.begin() as work:
        order = _own(work.orders.lock(command.order_id), command)
        if order.status is not OrderStatus.CANCELLED:
            order.by = By(role=command.actor.role, account_id=command.actor.account_id)
            order.cancel(command.reason, clock.now())
            work.orders.save(order)
    return order


def refund(command: RefundOrder, *, transactions: Transactions, clock: Clock) -> Refunded:
    """Pay back lines of a store order (its shop, or an operator) or of a whole order (an operator).

    The same ``refund_id`` pays once and gives the same answer.
    """
    with transactions.begin() as work:
        order = _lock_for_refund(work, command)
        known = work.orders.refunds_of_command(command.refund_id)
        if known:
            if known[0].order_id != order.order_id:
                raise CommandIdUsed
            return Refunded(refund_id=command.refund_id, order=order, refunds=_as_issued(order, known))
        order.refund(
            refund_id=command.refund_id,
            store_order_id=command.store_order_id,
            lines=None if command.lines is None else dict(command.lines),
            reason=command.reason,
            return_delivery_fee=command.return_delivery_fee,
            at=clock.now(),
        )
        count_refunds(work, order, clock.now())
        issued = tuple(order.new_refunds)
        work.orders.save(order)
    return Refunded(refund_id=command.refund_id, order=order, refunds=issued)


def _as_issued(order: Order, refunds: Sequence[Refund]) -> Sequence[Refund]:
    """Refunds of one command in the order in which it issued them: shop by shop, the delivery fee last."""
    places: dict[str | None, int] = {store.store_order_id: place for place, store in enumerate(order.stores)}
    return sorted(refunds, key=lambda refund: places.get(refund.store_order_id, len(places)))


def _lock_for_refund(work: UnitOfWork, command: RefundOrder) -> Order:
    if command.return_delivery_fee and not command.actor.is_operator:
        raise NotForThisRole("Only an operator returns a delivery fee.")
    if command.store_order_id is not None:
        order, _ = lock_for_shop(work, command.actor, command.store_order_id)
        return order
    if not command.actor.is_operator:
        raise NotForThisRole("Only an operator refunds a whole order.")
    order_found = work.orders.lock(command.order_id or "")
    if order_found is None:
        raise OrderNotFound
    order_found.by = By(role=command.actor.role, account_id=command.actor.account_id)
    return order_found


def _own(order: Order | None, command: CancelOrder) -> Order:
    if order is None:
        raise OrderNotFound
    if order.customer_id != command.actor.account_id and not command.actor.is_operator:
        raise OrderNotFound
    return order
