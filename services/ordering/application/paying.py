"""Paying an order through a provider: attempts, notifications, and what comes of them.

Only what the provider says counts. The first charge of an order that can still be paid pays it; every
other charge goes back by itself. What is paid at the door is confirmed here and collected there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.ordering.application.ports import PaymentProvider, Rules, Transactions, UnitOfWork
from services.ordering.domain.commands import Notice, PayOrder, ProviderNotice
from services.ordering.domain.errors import (
    AmountMismatch,
    CommandIdUsed,
    MethodNotOffered,
    OrderNotFound,
    OrderNotPayable,
    PaymentNotFound,
    ProviderUnavailable,
    TooMuchForCash,
)
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.payment import CASH, Begun, Charge, Payment, PaymentStatus, Surplus
from services.ordering.domain.provider_refund import RefundOutcome
from shared.kernel import failpoints
from shared.kernel.clock import Clock

Providers = Mapping[str, PaymentProvider]


def pay(command: PayOrder, *, transactions: Transactions, providers: Providers, clock: Clock) -> Begun:
    """Begin to pay; the outcome comes as a notification. The same ``payment_id`` gives the same attempt."""
    if command.method not in providers:
        raise MethodNotOffered
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
        provider = _provider(providers, payment.method)
        action = provider.start(payment, attempt.order_expires_at - now, command.payer)
        failpoints.reach("provider.charged")
        return Begun(payment=payment, action=action)
    return Begun(payment=payment)


def confirm_cash(
    command: PayOrder, *, transactions: Transactions, providers: Providers, clock: Clock, rules: Rules
) -> Begun:
    """The customer pays at the door: the order goes to its shops, and a courier collects what it costs then.

    Attempts at providers are closed first; a charge that is found there pays the order instead. Raises
    :class:`TooMuchForCash`. The same ``payment_id`` gives the same answer.
    """
    with transactions.single() as work:
        known, order = work.payments.get(command.payment_id), work.orders.find(command.order_id)
    if order is None or order.customer_id != command.actor.account_id:
        raise OrderNotFound
    if known is None:
        order.require_payable(clock.now())
        if order.total > rules.cash_maximum:
            raise TooMuchForCash(
                f"At the door at most {rules.cash_maximum} is paid, in minor units of {order.currency}."
            )
        close_attempts(order.order_id, transactions=transactions, providers=providers, clock=clock)
    with transactions.begin() as work:
        order = work.orders.lock(command.order_id)
        known = work.payments.get(command.payment_id)
        if order is None or (known is not None and known.order_id != command.order_id):
            raise CommandIdUsed
        if known is not None:
            return Begun(payment=known)
        now = clock.now()
        order.require_payable(now)
        payment = Payment(
            payment_id=command.payment_id,
            order_id=order.order_id,
            method=CASH,
            scenario="",
            amount=order.total,
            currency=order.currency,
            status=PaymentStatus.DUE,
            started_at=now,
        )
        if not work.payments.add(payment):
            raise CommandIdUsed
        order.pay(payment.payment_id, None, now, CASH)
        work.orders.save(order)
    return Begun(payment=payment)


def take_notice(notice: Notice, *, transactions: Transactions, clock: Clock) -> None:
    """Believe a verified notification; repeating it changes nothing.

    Raises :class:`PaymentNotFound` for an attempt that nobody made here.
    """
    if isinstance(notice, RefundOutcome):
        with transactions.single_kept() as work:
            work.payments.refunds_became([notice], clock.now())
        return
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
        for notice in _provider(providers, method).close(payment_ids):
            with transactions.begin() as work:
                found = work.orders.lock_by_payment(notice.payment_id)
                if found is not None:
                    order, payment = found
                    unpaid = order.status is OrderStatus.PENDING_PAYMENT
                    _take_charge(work, order, payment, notice, clock.now(), in_time=unpaid)


def send_refunds(*, transactions: Transactions, providers: Providers, clock: Clock) -> int:
    """Tell the providers what they owe to customers, and ask how far it is; answers of how many they spoke.

    A provider that fails holds up no other; what it raised is raised in the end.
    """
    told = 0
    failures: list[Exception] = []
    with transactions.single() as work:
        due = work.payments.refunds_to_send(limit=100)
    for method in sorted({refund.method for refund in due}):
        batch = [refund for refund in due if refund.method == method]
        try:
            outcomes = _provider(providers, method).refund(batch)
        except Exception as error:
            failures.append(error)
            continue
        failpoints.reach("provider.refunded")
        with transactions.single() as work:
            work.payments.refunds_became(outcomes, clock.now())
        told += len(outcomes)
    if failures:
        raise failures[0]
    return told


def _provider(providers: Providers, method: str) -> PaymentProvider:
    """The provider of an attempt; raises :class:`ProviderUnavailable` when it is configured no more."""
    if method not in providers:
        raise ProviderUnavailable(f"The payment method {method} is not configured any more.")
    return providers[method]


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
        order.pay(payment.payment_id, charge.charge_id, now, payment.method)
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
        received_at=now,
    )
    if payment.status in {PaymentStatus.PENDING, PaymentStatus.FAILED}:
        payment = payment.become(PaymentStatus.REFUNDED)
        if order.paid_at is None:
            order.payment_status = PaymentStatus.REFUNDED.value
    work.orders.save_charged(order, payment, charge, surplus)
