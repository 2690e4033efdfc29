"""Ordering's payments and refunds on their way, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.ordering.application.ports import Attempt, ProviderRefund
from services.ordering.contracts.published import Message, to_message
from services.ordering.domain.commands import PayOrder
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.payment import Payment, PaymentStatus
from services.ordering.domain.provider_refund import (
    ON_ITS_WAY,
    ProviderRefundProgress,
    RefundOutcome,
    RefundState,
    may_have_been,
)
from tests.simulation.database import MemoryConnection


@dataclass(frozen=True, kw_only=True)
class KeptRefund:
    refund: ProviderRefund
    asked_at: datetime
    next_at: float = 0.0
    state: RefundState = RefundState.PENDING
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    failure: str | None = None


class MemoryPayments:
    def __init__(
        self, connection: MemoryConnection, publish: Callable[[Message], None] | None = None
    ) -> None:
        self._connection = connection
        self._publish = publish

    def add(self, payment: Payment) -> bool:
        if payment.payment_id in self._connection.rows("payment"):
            return False
        self._connection.put("payment", payment.payment_id, payment)
        return True

    def get(self, payment_id: str) -> Payment | None:
        return self._connection.rows("payment").get(payment_id)

    def of_order(self, order_id: str) -> Sequence[Payment]:
        rows = self._connection.rows("payment").values()
        found = [payment for payment in rows if payment.order_id == order_id]
        return sorted(found, key=lambda payment: (payment.started_at, payment.payment_id))

    def start(self, command: PayOrder, now: datetime) -> Attempt | None:
        order = self._connection.rows("orders").get(command.order_id)
        if order is None or order.customer_id != command.actor.account_id:
            return None
        payment = self._connection.rows("payment").get(command.payment_id)
        if payment is None and order.is_payable(now):
            payment = Payment(
                payment_id=command.payment_id,
                order_id=command.order_id,
                method=command.method,
                scenario=command.scenario,
                amount=order.total,
                currency=order.currency,
                started_at=now,
            )
            self._connection.put("payment", payment.payment_id, payment)
            self._connection.put("orders", order.order_id, replace(order, payment_status="pending"))
        return Attempt(payment=payment, order_status=str(order.status), order_expires_at=order.expires_at)

    def open_of(self, order_id: str) -> Sequence[Payment]:
        rows = self._connection.rows("payment").values()
        found = [p for p in rows if p.order_id == order_id and p.status is PaymentStatus.PENDING]
        return sorted(found, key=lambda payment: payment.started_at)

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        wall = self._connection.database.world.seconds
        rows = self._connection.rows("provider_refund").values()
        due = [kept for kept in rows if kept.state in ON_ITS_WAY and kept.next_at <= wall]
        claimed = []
        for kept in sorted(due, key=lambda kept: kept.next_at)[:limit]:
            pause = min(60, 2 ** min(kept.refund.attempt, 6))
            refund = replace(kept.refund, attempt=kept.refund.attempt + 1)
            self._put(replace(kept, refund=refund, next_at=wall + pause))
            claimed.append(refund)
        return claimed

    def refunds_became(self, outcomes: Sequence[RefundOutcome], now: datetime) -> None:
        for outcome in outcomes:
            kept = self._connection.rows("provider_refund").get(outcome.refund_id)
            if kept is None or str(kept.state) not in may_have_been(outcome.state):
                continue
            is_sent = outcome.state in {RefundState.SENT, RefundState.CONFIRMED}
            self._put(
                replace(
                    kept,
                    state=outcome.state,
                    failure=outcome.failure if outcome.state is RefundState.FAILED else None,
                    sent_at=(kept.sent_at or now) if is_sent else kept.sent_at,
                    confirmed_at=now if outcome.state is RefundState.CONFIRMED else None,
                )
            )

    def refunds_under_way(self, order_id: str) -> Sequence[ProviderRefundProgress]:
        rows = self._connection.rows("provider_refund").values()
        found = [progress for kept in rows if (progress := self._progress(kept)).order_id == order_id]
        return sorted(found, key=lambda progress: (progress.asked_at, progress.refund_id))

    def refund_backlog(self) -> Mapping[RefundState, tuple[int, datetime]]:
        backlog: dict[RefundState, tuple[int, datetime]] = {}
        for kept in self._connection.rows("provider_refund").values():
            if kept.state is not RefundState.CONFIRMED:
                waiting, oldest = backlog.get(kept.state, (0, kept.asked_at))
                backlog[kept.state] = waiting + 1, min(oldest, kept.asked_at)
        return backlog

    def lock_refund(self, refund_id: str) -> ProviderRefundProgress | None:
        kept = self._connection.rows("provider_refund").get(refund_id)
        return None if kept is None else self._progress(kept)

    def handed_back(self, event: RefundHandedBack) -> None:
        if self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        confirmed = RefundOutcome(refund_id=event.refund_id, state=RefundState.CONFIRMED)
        self.refunds_became([confirmed], event.handed_back_at)
        self._publish(to_message(event))

    def _progress(self, kept: KeptRefund) -> ProviderRefundProgress:
        refund = kept.refund
        return ProviderRefundProgress(
            refund_id=refund.refund_id,
            order_id=self._connection.rows("charge")[refund.charge_id].order_id,
            payment_id=refund.payment_id,
            method=refund.method,
            amount=refund.amount,
            currency=refund.currency,
            reason=refund.reason,
            state=kept.state,
            attempt=refund.attempt,
            asked_at=kept.asked_at,
            sent_at=kept.sent_at,
            confirmed_at=kept.confirmed_at,
            failure=kept.failure,
        )

    def _put(self, kept: KeptRefund) -> None:
        self._connection.put("provider_refund", kept.refund.refund_id, kept)
