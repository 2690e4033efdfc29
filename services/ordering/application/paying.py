"""Paying an order through a provider: attempts, notifications, and what comes of them.

Only what the provider says counts. The first charge of an order that can still be paid pays it; every
other charge goes back by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.ordering.application.ports import PaymentProvider, Transactions, UnitOfWork
from services.ordering.domain.commands import PayOrder, ProviderNotice
from services.ordering.domain.errors import (
    AmountMismatch,
    CommandIdUsed,
    OrderNotFound,
    OrderNotPayable,
    PaymentNotFound,
)
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.payment import Charge, Payment, PaymentStatus, Surplus
from shared.kernel import failpoints
from shared.kernel.clock import Clock

Providers = Mapping[str, PaymentProvider]


def pay(command: PayOrder, *, transactions: Transactions, providers: Providers, clock: Clock) -> Payment:
    """Begin to pay; the outcome comes as a notification. The same ``payment_id`` gives the same attempt."""
    now = clock.now()
    with transactions.single_kept() as work:
        attempt = work.payments.start(command, now)
    if attempt is None:
        raise OrderNotFound
    payment = attempt.payment
    if payment is None:
        raise OrderNotPayable(status=attempt.order_status)
    if payment.order_id != command.order_id:
        raise CommandIdUsed
    if payment.status is PaymentStatus.PENDING:
        # Also for an attempt of old: a crash may have come between keeping it and telling the provider.
        providers[payment.method].start(payment, attempt.order_expires_at - now)
        failpoints.reach("provider.charged")
    return payment


def take_notice(notice: ProviderNotice, *, transactions: Transactions, clock: Clock) -> None:
    """Believe a verified notification; repeating it changes nothing.

    Raises :class:`PaymentNotFound` for an attempt that nobody made here.
    """
    with transactions.begin() as work:
        found = work.orders.lock_by_payment(notice.payment_id)
        if found is None:
            raise PaymentNotFound
        order, payment = found
        now = clock.now()
        if notice.succeeded:
            _take_charge(work, order, payment, notice, now, in_time=order.is_payable(now))
        else:
            _take_failure(work, order, payment)


def close_attempts(order_id: str, *, transactions: Transactions, providers: Providers, clock: Clock) -> None:
    """Close the order's open attempts at their providers, before the order ends unpaid.

    A charge that a provider made in the meantime counts as if its notification had come in time: the
    holds outlast the order's own expiry for exactly that.
    """
    with transactions.single() as work:
        open_attempts = work.payments.open_of(order_id)
    by_method: dict[str, list[str]] = {}
    for payment in open_attempts:
        by_method.setdefault(payment.method, []).append(payment.payment_id)
    for method, payment_ids in by_method.items():
        for notice in providers[method].close(payment_ids):
            with transactions.begin() as work:
                found = work.orders.lock_by_payment(notice.payment_id)
                if found is not None:
                    order, payment = found
                    unpaid = order.status is OrderStatus.PENDING_PAYMENT
                    _take_charge(work, order, payment, notice, clock.now(), in_time=unpaid)


def send_refunds(*, transactions: Transactions, providers: Providers) -> int:
    """Tell the providers what they owe to customers; answers how many refunds were sent."""
    sent = 0
    with transactions.single() as work:
        due = work.payments.refunds_to_send(limit=100)
    for method in {refund.method for refund in due}:
        batch = [refund for refund in due if refund.method == method]
        providers[method].refund(batch)
        failpoints.reach("provider.refunded")
        with transactions.single() as work:
            work.payments.refunds_sent([refund.refund_id for refund in batch])
        sent += len(batch)
    return sent


def _take_failure(work: UnitOfWork, order: Order, payment: Payment) -> None:
    if payment.status is not PaymentStatus.PENDING:
        return
    if order.status is OrderStatus.PENDING_PAYMENT:
        order.payment_status = PaymentStatus.FAILED.value
    work.orders.save(order, payment.become(PaymentStatus.FAILED))


def _take_charge(
    work: UnitOfWork, order: Order, payment: Payment, notice: ProviderNotice, now: datetime, *, in_time: bool
) -> None:
    if (notice.amount, notice.currency) != (payment.amount, payment.currency):
        raise AmountMismatch
    charge = Charge(
        charge_id=notice.charge_id or notice.payment_id,
        payment_id=payment.payment_id,
        order_id=order.order_id,
        amount=notice.amount,
        captured=in_time,
        received_at=now,
    )
    if in_time:
        order.pay(payment.payment_id, charge.charge_id, now)
        work.orders.save_charged(order, payment.become(PaymentStatus.SUCCEEDED), charge)
        return
    if order.status is OrderStatus.PENDING_PAYMENT:
        order.expire(now)
    surplus = Surplus(
        charge_id=charge.charge_id,
        payment_id=payment.payment_id,
        order_id=order.order_id,
        amount=notice.amount,
        reason=f"order-{order.status}" if order.paid_at is None else "paid-twice",
    )
    if payment.status in {PaymentStatus.PENDING, PaymentStatus.FAILED}:
        payment = payment.become(PaymentStatus.REFUNDED)
        if order.paid_at is None:
            order.payment_status = PaymentStatus.REFUNDED.value
    work.orders.save_charged(order, payment, charge, surplus)
