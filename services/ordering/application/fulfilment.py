"""What shops and couriers do with the parts of a paid order."""

from __future__ import annotations

from datetime import datetime

from services.ordering.application.cases import count_refunds
from services.ordering.application.ports import Rules, Transactions, UnitOfWork
from services.ordering.domain import delivering, picking
from services.ordering.domain.commands import (
    AcceptStoreOrder,
    Actor,
    ReadyStoreOrder,
    RejectStoreOrder,
)
from services.ordering.domain.delivery import Split, delivery_id_of
from services.ordering.domain.errors import OrderNotFound, StoreOrderNotFound
from services.ordering.domain.history import COURIER, DISPATCH, By
from services.ordering.domain.order import Order
from services.ordering.domain.payment import CASH, Charge, PaymentStatus
from services.ordering.domain.store_order import StoreOrder, StoreStatus
from shared.kernel.clock import Clock

Part = tuple[Order, StoreOrder]


def accept(command: AcceptStoreOrder, *, transactions: Transactions, clock: Clock) -> Part:
    """The shop takes its part on. Accepting what it has accepted changes nothing."""
    with transactions.begin() as work:
        order, store = lock_for_shop(work, command.actor, command.store_order_id)
        if store.status is not StoreStatus.ACCEPTED:
            order.accept(store.store_order_id, command.ready_at, clock.now())
            work.orders.save(order)
    return order, order.store(command.store_order_id)


def reject(command: RejectStoreOrder, *, transactions: Transactions, clock: Clock) -> Part:
    """The shop refuses its part, which is refunded at once. Rejecting again changes nothing."""
    with transactions.begin() as work:
        order, store = lock_for_shop(work, command.actor, command.store_order_id)
        if store.status is not StoreStatus.REJECTED:
            order.reject(store.store_order_id, command.reason, clock.now())
            work.orders.save(order)
    return order, order.store(command.store_order_id)


def ready(command: ReadyStoreOrder, *, transactions: Transactions, clock: Clock) -> Part:
    """The goods wait for the courier, and weigh so much. Saying so again changes nothing."""
    with transactions.begin() as work:
        order, store = lock_for_shop(work, command.actor, command.store_order_id)
        if command.grams:
            picking.weigh(order, store.store_order_id, command.grams, clock.now())
        if store.status is not StoreStatus.READY:
            picking.require_decided(store)
            order.ready(store.store_order_id, clock.now())
        work.orders.save(order)
    return order, order.store(command.store_order_id)


def lock_for_shop(work: UnitOfWork, actor: Actor, store_order_id: str) -> tuple[Order, StoreOrder]:
    """The paid order that a shop's part belongs to. Raises StoreOrderNotFound for anybody else's part."""
    order = work.orders.lock_by_store_order(store_order_id)
    if order is None or order.paid_at is None:
        raise StoreOrderNotFound
    store = order.store(store_order_id)
    if not actor.is_operator and store.merchant_id != actor.account_id:
        raise StoreOrderNotFound
    order.by = By(role=actor.role, account_id=actor.account_id)
    return order, store


# -- told by dispatch; each converges whatever the order and number of the messages ----------------


def courier_changed(
    work: UnitOfWork,
    *,
    order_id: str,
    delivery_id: str,
    courier_id: str | None,
    eta: datetime | None,
    rank: int,
) -> None:
    work.orders.note_courier(order_id, courier_id, eta, rank, second=_is_second(order_id, delivery_id))


def split(work: UnitOfWork, *, order_id: str, told: Split) -> None:
    """A second courier brings some of the parts."""
    order = _lock(work, order_id, DISPATCH)
    delivering.split(order, told)
    work.orders.save(order)


def trip_completed(
    work: UnitOfWork,
    *,
    order_id: str,
    delivery_id: str,
    courier_id: str,
    at: datetime,
    store_order_ids: tuple[str, ...],
) -> None:
    """One of two couriers has handed over what they had."""
    order = _lock(work, order_id, By(role="courier", account_id=courier_id))
    delivering.hand_over(
        order,
        delivery_id=delivery_id,
        is_second=_is_second(order_id, delivery_id),
        courier_id=courier_id,
        at=at,
        store_order_ids=store_order_ids,
    )
    work.orders.save(order)


def picked_up(work: UnitOfWork, *, order_id: str, store_order_id: str, at: datetime) -> None:
    order = _lock(work, order_id, COURIER)
    order.picked_up(store_order_id, at)
    work.orders.save(order)


def pickup_failed(work: UnitOfWork, *, order_id: str, store_order_id: str, reason: str, at: datetime) -> None:
    order = _lock(work, order_id, DISPATCH)
    order.fail_pickup(store_order_id, reason, at)
    count_refunds(work, order, at)
    work.orders.save(order)


def delivered(
    work: UnitOfWork,
    *,
    order_id: str,
    delivery_id: str,
    courier_id: str,
    at: datetime,
    rules: Rules,
    pickups: int | None = None,
) -> None:
    order = _lock(work, order_id, By(role="courier", account_id=courier_id))
    collects = order.method == CASH and order.delivered_at is None
    refunds = work.orders.refunds_of(order_id) if collects else ()
    order.deliver(delivery_id, courier_id, at, at + rules.after_sale_window, refunds, pickups)
    payment = work.payments.get(order.payment_id or "") if collects and order.delivered_at else None
    if payment is None:
        work.orders.save(order)
        return
    charge = Charge(
        charge_id=order.charge_id or "",
        payment_id=payment.payment_id,
        order_id=order_id,
        amount=order.total - order.refunded + sum(refund.amount for refund in order.to_hand_back),
        captured=True,
        received_at=at,
    )
    work.orders.save_charged(order, payment.become(PaymentStatus.SUCCEEDED), charge)


def try_failed(
    work: UnitOfWork, *, order_id: str, delivery_id: str, at: datetime, choose_by: datetime
) -> None:
    """Nobody was at the door: nothing is paid back as long as it may be tried again."""
    order = _lock(work, order_id, DISPATCH)
    second = _is_second(order_id, delivery_id)
    order.delivery = order.delivery.with_trip(second, try_failed_at=at, choose_by=choose_by)
    work.orders.save(order)


def return_started(work: UnitOfWork, *, order_id: str, delivery_id: str, at: datetime) -> None:
    """The goods go back to their shops; the refund follows when the delivery has failed."""
    order = _lock(work, order_id, DISPATCH)
    order.delivery = order.delivery.with_trip(_is_second(order_id, delivery_id), returning_since=at)
    work.orders.save(order)


def delivery_failed(work: UnitOfWork, *, order_id: str, reason: str, at: datetime) -> None:
    order = _lock(work, order_id, DISPATCH)
    order.fail_delivery(reason, at)
    work.orders.save(order)


def _is_second(order_id: str, delivery_id: str) -> bool:
    """Whether this is the trip of a second courier."""
    return delivery_id != delivery_id_of(order_id)


def _lock(work: UnitOfWork, order_id: str, by: By) -> Order:
    order = work.orders.lock(order_id)
    if order is None:
        raise OrderNotFound
    order.by = by
    return order
