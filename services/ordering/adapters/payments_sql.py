"""Payment attempts, the charges they led to, and refunds on their way to a provider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.ordering.adapters import rows
from services.ordering.application.ports import Attempt, ProviderRefund
from services.ordering.domain.commands import PayOrder
from services.ordering.domain.payment import Payment

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
_GET = "SELECT * FROM payment WHERE payment_id = %(payment_id)s"
_OPEN = "SELECT * FROM payment WHERE order_id = %(order_id)s AND status = 'pending' ORDER BY started_at"
# A claim is a pause that grows: whoever dies with it only delays what it claimed.
_CLAIM_REFUNDS = """
UPDATE provider_refund
SET attempt = attempt + 1,
    next_at = clock_timestamp() + least(60, 2 ^ least(attempt, 6)) * interval '1 second'
WHERE provider_refund_id IN (
    SELECT provider_refund_id FROM provider_refund
    WHERE sent_at IS NULL AND next_at <= clock_timestamp()
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING provider_refund_id AS refund_id, charge_id, method, amount, currency, reason
"""
_REFUNDS_SENT = """
UPDATE provider_refund SET sent_at = clock_timestamp() WHERE provider_refund_id = ANY(%(refund_ids)s)
"""


class PaymentsSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
            payment = self._get(command.payment_id)
        return Attempt(payment=payment, order_status=status, order_expires_at=expires_at)

    def open_of(self, order_id: str) -> Sequence[Payment]:
        found = self._connection.exec_driver_sql(_OPEN, {"order_id": order_id})
        return [rows.payment_from(row) for row in found.mappings()]

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        found = self._connection.exec_driver_sql(_CLAIM_REFUNDS, {"limit": limit})
        return [ProviderRefund(**row) for row in found.mappings()]

    def refunds_sent(self, refund_ids: Sequence[str]) -> None:
        self._connection.exec_driver_sql(_REFUNDS_SENT, {"refund_ids": list(refund_ids)})

    def _get(self, payment_id: str) -> Payment | None:
        row = self._connection.exec_driver_sql(_GET, {"payment_id": payment_id}).mappings().one_or_none()
        return None if row is None else rows.payment_from(row)
