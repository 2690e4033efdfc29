"""Payment attempts, the charges they led to, and refunds on their way back to where the money came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.adapters import rows
from services.ordering.application.ports import Attempt, ProviderRefund
from services.ordering.contracts.published import Message, to_message
from services.ordering.domain.commands import PayOrder
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.payment import Payment
from services.ordering.domain.provider_refund import (
    ProviderRefundProgress,
    RefundOutcome,
    RefundState,
    may_have_been,
)

# The order is locked first, so that it is seen as it is when nobody else changes it any more.
_START = """
WITH asked AS (
    SELECT order_id, status, total, currency, expires_at FROM orders
    WHERE order_id = %(order_id)s AND customer_id = %(customer_id)s FOR UPDATE
), attempt AS (
    INSERT INTO payment (payment_id, order_id, method, scenario, amount, currency, status, started_at)
    SELECT %(payment_id)s, order_id, %(method)s, %(scenario)s, total, currency, 'pending', %(now)s
    FROM asked WHERE status = 'pending_payment' AND expires_at > %(now)s
    ON CONFLICT (payment_id) DO NOTHING RETURNING order_id
), noted AS (
    UPDATE orders SET payment_status = 'pending' WHERE order_id = (SELECT order_id FROM attempt)
)
SELECT status, total, currency, expires_at, EXISTS (SELECT FROM attempt) FROM asked
"""
_ADD = """
INSERT INTO payment (payment_id, order_id, method, scenario, amount, currency, status, started_at)
VALUES (%(payment_id)s, %(order_id)s, %(method)s, %(scenario)s, %(amount)s, %(currency)s, %(status)s,
        %(started_at)s)
ON CONFLICT (payment_id) DO NOTHING
"""
_GET = "SELECT * FROM payment WHERE payment_id = %(payment_id)s"
_OF = "SELECT * FROM payment WHERE order_id = %(order_id)s ORDER BY started_at, payment_id"
_OPEN = "SELECT * FROM payment WHERE order_id = %(order_id)s AND status = 'pending' ORDER BY started_at"
# A claim is a pause that grows: whoever dies with it only delays what it claimed.
_CLAIM_REFUNDS = """
UPDATE provider_refund r
SET attempt = attempt + 1,
    next_at = clock_timestamp() + least(60, 2 ^ least(attempt, 6)) * interval '1 second'
FROM charge c, payment p
WHERE provider_refund_id IN (
    SELECT provider_refund_id FROM provider_refund
    WHERE state IN ('pending', 'sent', 'failed') AND next_at <= clock_timestamp()
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
  AND c.charge_id = r.charge_id AND p.payment_id = c.payment_id
RETURNING r.provider_refund_id AS refund_id, r.charge_id, c.payment_id, c.amount AS charged, r.method,
          r.amount, r.currency, r.reason, r.attempt
"""
# What the table of states forbids changes nothing: a notice that comes late finds the refund further on.
_REFUND_BECAME = """
UPDATE provider_refund r
SET state = o.state, failure = CASE o.state WHEN 'failed' THEN o.failure END,
    sent_at = CASE WHEN o.state IN ('sent', 'confirmed') THEN COALESCE(r.sent_at, %(now)s) ELSE r.sent_at END,
    confirmed_at = CASE o.state WHEN 'confirmed' THEN %(now)s END
FROM jsonb_to_recordset(CAST(%(outcomes)s AS jsonb)) AS o(
    refund_id text, state text, failure text, before jsonb)
WHERE r.provider_refund_id = o.refund_id AND o.before ? r.state
"""
_BACKLOG = """
SELECT state, count(*), min(asked_at) FROM provider_refund WHERE state <> 'confirmed' GROUP BY state
"""
PROGRESS = """
SELECT r.provider_refund_id AS refund_id, c.order_id, c.payment_id, r.method, r.amount, r.currency, r.reason,
       r.state, r.attempt, r.asked_at, r.sent_at, r.confirmed_at, r.failure
FROM provider_refund r JOIN charge c ON c.charge_id = r.charge_id
"""
_OF_ORDER = PROGRESS + "WHERE c.order_id = %(order_id)s ORDER BY r.asked_at, r.provider_refund_id"
_LOCK_REFUND = PROGRESS + "WHERE r.provider_refund_id = %(refund_id)s FOR UPDATE OF r"


class PaymentsSql:
    """``publish`` is None where each statement stands for itself."""

    def __init__(self, connection: Connection, publish: Any = None) -> None:
        self._connection = connection
        self._publish = publish

    def start(self, command: PayOrder, now: datetime) -> Attempt | None:
        row = self._connection.exec_driver_sql(
            _START,
            {
                "order_id": command.order_id,
                "customer_id": command.actor.account_id,
                "payment_id": command.payment_id,
                "method": command.method,
                "scenario": command.scenario,
                "now": now,
            },
        ).one_or_none()
        if row is None:
            return None
        status, total, currency, expires_at, started = row
        payment: Payment | None
        if started:
            payment = Payment(
                payment_id=command.payment_id,
                order_id=command.order_id,
                method=command.method,
                scenario=command.scenario,
                amount=total,
                currency=currency,
                started_at=now,
            )
        else:
            payment = self.get(command.payment_id)
        return Attempt(payment=payment, order_status=status, order_expires_at=expires_at)

    def add(self, payment: Payment) -> bool:
        added = self._connection.exec_driver_sql(_ADD, {**vars(payment), "status": str(payment.status)})
        return added.rowcount == 1

    def get(self, payment_id: str) -> Payment | None:
        row = self._connection.exec_driver_sql(_GET, {"payment_id": payment_id}).mappings().one_or_none()
        return None if row is None else rows.payment_from(row)

    def of_order(self, order_id: str) -> Sequence[Payment]:
        found = self._connection.exec_driver_sql(_OF, {"order_id": order_id})
        return [rows.payment_from(row) for row in found.mappings()]

    def open_of(self, order_id: str) -> Sequence[Payment]:
        found = self._connection.exec_driver_sql(_OPEN, {"order_id": order_id})
        return [rows.payment_from(row) for row in found.mappings()]

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        found = self._connection.exec_driver_sql(_CLAIM_REFUNDS, {"limit": limit})
        return [ProviderRefund(**row) for row in found.mappings()]

    def refunds_became(self, outcomes: Sequence[RefundOutcome], now: datetime) -> None:
        told = [
            {
                "refund_id": outcome.refund_id,
                "state": str(outcome.state),
                "failure": outcome.failure,
                "before": may_have_been(outcome.state),
            }
            for outcome in outcomes
        ]
        self._connection.exec_driver_sql(_REFUND_BECAME, {"outcomes": _json(told), "now": now})

    def refunds_under_way(self, order_id: str) -> Sequence[ProviderRefundProgress]:
        found = self._connection.exec_driver_sql(_OF_ORDER, {"order_id": order_id})
        return [progress_from(row) for row in found.mappings()]

    def refund_backlog(self) -> Mapping[RefundState, tuple[int, datetime]]:
        found = self._connection.exec_driver_sql(_BACKLOG)
        return {RefundState(state): (waiting, oldest) for state, waiting, oldest in found}

    def lock_refund(self, refund_id: str) -> ProviderRefundProgress | None:
        found = self._connection.exec_driver_sql(_LOCK_REFUND, {"refund_id": refund_id})
        row = found.mappings().one_or_none()
        return None if row is None else progress_from(row)

    def handed_back(self, event: RefundHandedBack) -> None:
        if self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        confirmed = RefundOutcome(refund_id=event.refund_id, state=RefundState.CONFIRMED)
        self.refunds_became([confirmed], event.handed_back_at)
        message: Message = to_message(event)
        self._publish(message)


def progress_from(row: Mapping[Any, Any]) -> ProviderRefundProgress:
    return ProviderRefundProgress(**{**row, "state": RefundState(row["state"])})


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
