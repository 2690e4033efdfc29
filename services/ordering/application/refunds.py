"""How far the money of an order's refunds has come, and handing back what was collected at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.ordering.application.paying import Providers
from services.ordering.application.ports import Transactions
from services.ordering.domain.commands import Actor, HandBackRefund
from services.ordering.domain.errors import NotForThisRole, RefundNotFound, WrongState
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.order import Order
from services.ordering.domain.payment import CASH
from services.ordering.domain.provider_refund import (
    NOT_DUE,
    ProviderRefundProgress,
    RefundOnTheWay,
    RefundState,
)
from services.ordering.domain.refund import Refund
from services.ordering.domain.seeing import seen_order
from shared.kernel.clock import Clock
from shared.kernel.money import Money

COURIER = "courier"


def refunds_of_order(
    actor: Actor, order_id: str, *, transactions: Transactions, providers: Providers
) -> tuple[Order, Sequence[RefundOnTheWay]]:
    """All that goes back of an order, oldest first, for its customer and for operators."""
    with transactions.single() as work:
        order = seen_order(work.orders.find(order_id), actor)
        refunds = work.orders.refunds_of(order_id)
        under_way = {each.refund_id: each for each in work.payments.refunds_under_way(order_id)}
    takes = {method: provider.refund_takes for method, provider in providers.items()}
    shown = [_shown(refund, under_way.pop(refund.refund_id, None), takes) for refund in refunds]
    return order, [*shown, *(_surplus(each, takes) for each in under_way.values())]


def hand_back(command: HandBackRefund, *, transactions: Transactions, clock: Clock) -> ProviderRefundProgress:
    """A refund of what was collected at the door is in the customer's hands.

    The courier who collected it says so, or an operator; saying so again changes nothing. Raises
    :class:`WrongState` for what goes back through a provider.
    """
    actor = command.actor
    with transactions.begin() as work:
        found = work.payments.lock_refund(command.refund_id)
        order = None if found is None else work.orders.find(found.order_id)
        is_courier = order is not None and order.delivery.delivered_by == actor.account_id
        if found is None or order is None or not (actor.is_operator or is_courier):
            raise RefundNotFound
        if not actor.is_operator and actor.role != COURIER:
            raise NotForThisRole("A courier or an operator hands money back.")
        if found.method != CASH:
            raise WrongState("This refund goes back through its provider.", status=str(found.state))
        if found.state is RefundState.CONFIRMED:
            return found
        work.payments.handed_back(
            RefundHandedBack(
                order_id=found.order_id,
                refund_id=found.refund_id,
                customer_id=order.customer_id,
                amount=Money(found.amount, found.currency),
                handed_back_at=clock.now(),
                courier_id=None if actor.is_operator else actor.account_id,
            )
        )
        done = work.payments.lock_refund(command.refund_id)
    if done is None:
        raise RefundNotFound
    return done


def _shown(
    refund: Refund, progress: ProviderRefundProgress | None, takes: Mapping[str, timedelta]
) -> RefundOnTheWay:
    return RefundOnTheWay(
        refund_id=refund.refund_id,
        amount=refund.amount,
        reason=refund.reason,
        issued_at=refund.issued_at,
        state=NOT_DUE if progress is None else str(progress.state),
        refund=refund,
        progress=progress,
        expected_at=None if progress is None else _expected(progress, takes),
    )


def _surplus(progress: ProviderRefundProgress, takes: Mapping[str, timedelta]) -> RefundOnTheWay:
    """Money that was taken for nothing, and goes back without a refund of the order."""
    return RefundOnTheWay(
        refund_id=progress.refund_id,
        amount=progress.amount,
        reason=progress.reason,
        issued_at=progress.asked_at,
        state=str(progress.state),
        refund=None,
        progress=progress,
        expected_at=_expected(progress, takes),
    )


def _expected(progress: ProviderRefundProgress, takes: Mapping[str, timedelta]) -> datetime | None:
    if progress.state is RefundState.TO_HAND_BACK:
        return None
    since = progress.sent_at or progress.asked_at
    return since + takes.get(progress.method, timedelta())
