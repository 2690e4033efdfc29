"""Payment attempts, the charges they led to, and refunds on their way to a provider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from services.ordering.adapters import rows
from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.payment import Payment

_START = text("""
WITH attempt AS (
    INSERT INTO payment (payment_id, order_id, method, scenario, amount, currency, status, started_at)
    VALUES (:payment_id, :order_id, :method, :scenario, :amount, :currency, :status, :started_at)
    ON CONFLICT (payment_id) DO NOTHING RETURNING order_id
)
UPDATE orders SET payment_status = :status WHERE order_id = (SELECT order_id FROM attempt)
""")
_GET = text("SELECT * FROM payment WHERE payment_id = :payment_id")
_OPEN = text("SELECT * FROM payment WHERE order_id = :order_id AND status = 'pending' ORDER BY started_at")
_ADD_CHARGE = text("""
INSERT INTO charge (charge_id, payment_id, order_id, amount, captured, received_at)
VALUES (:charge_id, :payment_id, :order_id, :amount, :captured, :at)
ON CONFLICT (charge_id) DO NOTHING
""")
# A claim is a pause that grows: whoever dies with it only delays what it claimed.
_CLAIM_REFUNDS = text("""
UPDATE provider_refund
SET attempt = attempt + 1,
    next_at = clock_timestamp() + least(60, 2 ^ least(attempt, 6)) * interval '1 second'
WHERE provider_refund_id IN (
    SELECT provider_refund_id FROM provider_refund
    WHERE sent_at IS NULL AND next_at <= clock_timestamp()
    ORDER BY next_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING provider_refund_id AS refund_id, charge_id, method, amount, currency, reason
""")
_REFUNDS_SENT = text("""
UPDATE provider_refund SET sent_at = clock_timestamp() WHERE provider_refund_id = ANY(:refund_ids)
""")


class PaymentsSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, payment: Payment) -> Payment:
        started = self._connection.execute(
            _START,
            {
                "payment_id": payment.payment_id,
                "order_id": payment.order_id,
                "method": payment.method,
                "scenario": payment.scenario,
                "amount": payment.amount,
                "currency": payment.currency,
                "status": str(payment.status),
                "started_at": payment.started_at,
            },
        )
        if started.rowcount:
            return payment
        kept = self.get(payment.payment_id)
        return payment if kept is None else kept

    def get(self, payment_id: str) -> Payment | None:
        row = self._connection.execute(_GET, {"payment_id": payment_id}).mappings().one_or_none()
        return None if row is None else rows.payment_from(row)

    def open_of(self, order_id: str) -> Sequence[Payment]:
        found = self._connection.execute(_OPEN, {"order_id": order_id})
        return [rows.payment_from(row) for row in found.mappings()]

    def add_charge(
        self, charge_id: str, payment_id: str, order_id: str, amount: int, *, captured: bool, at: datetime
    ) -> bool:
        added = self._connection.execute(
            _ADD_CHARGE,
            {
                "charge_id": charge_id,
                "payment_id": payment_id,
                "order_id": order_id,
                "amount": amount,
                "captured": captured,
                "at": at,
            },
        )
        return added.rowcount == 1

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        found = self._connection.execute(_CLAIM_REFUNDS, {"limit": limit})
        return [ProviderRefund(**row) for row in found.mappings()]

    def refunds_sent(self, refund_ids: Sequence[str]) -> None:
        self._connection.execute(_REFUNDS_SENT, {"refund_ids": list(refund_ids)})
