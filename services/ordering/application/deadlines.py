"""What time does to orders: unpaid ones expire, silent shops and customers are decided for, the delivered
ones are completed once their cases are."""

from __future__ import annotations

import logging

from services.ordering.application.paying import Providers, close_attempts
from services.ordering.application.ports import Transactions
from services.ordering.domain import acceptance, picking
from services.ordering.domain.history import CLOCK
from services.ordering.domain.order_status import OrderStatus
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

log = logging.getLogger(__name__)

_AT_ONCE = 100


def expire_unpaid(*, transactions: Transactions, providers: Providers, clock: Clock) -> int:
    """End orders that nobody paid in time, once no provider can charge for them any more."""
    with transactions.single() as work:
        due = work.orders.unpaid_since(clock.now(), _AT_ONCE)
    expired = 0
    for order_id in due:
        try:
            close_attempts(order_id, transactions=transactions, providers=providers, clock=clock)
        except Unavailable as error:
            # One provider that is away holds up only what was tried with it.
            log.warning("order %s cannot expire yet: %s", order_id, error)
            continue
        with transactions.begin() as work:
            order = work.orders.lock(order_id)
            now = clock.now()
            if order is None or order.status is not OrderStatus.PENDING_PAYMENT or now < order.expires_at:
                continue
            order.expire(now)
            work.orders.save(order)
            expired += 1
    return expired


def complete_delivered(*, transactions: Transactions, clock: Clock) -> int:
    """Complete orders whose after-sale window has closed and of which no case is going on."""
    with transactions.single() as work:
        due = work.orders.to_complete(clock.now(), _AT_ONCE)
    completed = 0
    for order_id in due:
        with transactions.begin() as work:
            order = work.orders.lock(order_id)
            if order is None or order.status is not OrderStatus.DELIVERED:
                continue
            if any(case.is_going_on for case in work.cases.of_order(order_id)):
                continue
            order.complete(clock.now())
            work.orders.save(order)
            completed += 1
    return completed


def keep_deadlines(*, transactions: Transactions, clock: Clock) -> int:
    """Remind shops, reject for those that stay silent, and decide about substitutions nobody answered."""
    with transactions.single() as work:
        due = work.orders.with_something_due(clock.now(), _AT_ONCE)
    for order_id in due:
        with transactions.begin() as work:
            order = work.orders.lock(order_id)
            if order is not None:
                order.by, now = CLOCK, clock.now()
                picking.answer_late(order, now)
                acceptance.press(order, now)
                work.orders.save(order)
    return len(due)
