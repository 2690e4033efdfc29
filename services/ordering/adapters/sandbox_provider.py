"""A payment provider for development and tests: books of its own, outcomes on demand.

It stands for a foreign system. It shares the service's database server and nothing else: no transaction
spans its tables and ordering's, and it speaks to ordering through signed HTTP notifications alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from services.ordering.adapters.sandbox_notices import notices
from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.commands import Notice, ProviderNotice
from services.ordering.domain.payment import Payment, ProviderRow
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.clock import Clock, to_wire
from shared.kernel.ids import derived_id
from shared.persistence import Database

# How long after an order's expiry a late success is told: business time, and at least some wall time.
_LATE_BY = timedelta(minutes=1)
_LATE_BY_AT_LEAST_SECONDS = 3.0
_SECOND_CHARGE_AFTER_SECONDS = 0.2
GIVE_UP_AFTER_ATTEMPTS = 30

_START = """
WITH attempt AS (
    INSERT INTO sandbox_attempt (payment_id, amount, currency, scenario)
    VALUES (%(payment_id)s, %(amount)s, %(currency)s, %(scenario)s)
    ON CONFLICT (payment_id) DO NOTHING RETURNING payment_id, amount, currency
), charges AS (
    INSERT INTO sandbox_charge (charge_id, payment_id, amount, currency, charged_at)
    SELECT c.charge_id, a.payment_id, a.amount, a.currency, c.charged_at
    FROM attempt a, jsonb_to_recordset(CAST(%(charges)s AS jsonb)) AS c(
        charge_id text, charged_at timestamptz)
)
INSERT INTO sandbox_notification (notification_id, payment_id, body, attempt, due_at)
SELECT n.notification_id, a.payment_id, n.body, n.attempt, n.due_at
FROM attempt a, jsonb_to_recordset(CAST(%(notifications)s AS jsonb)) AS n(
    notification_id text, body text, attempt integer, due_at timestamptz)
"""
_CLOSE = """
WITH closed AS (
    UPDATE sandbox_attempt SET closed_at = clock_timestamp()
    WHERE payment_id = ANY(%(payment_ids)s) AND closed_at IS NULL
)
SELECT charge_id, payment_id, amount, currency FROM sandbox_charge
WHERE payment_id = ANY(%(payment_ids)s) AND charged_at <= %(now)s ORDER BY charged_at, charge_id
"""
# One that fails first is refused once, and the refusal is on record before it is answered.
_REFUND = """
WITH wanted AS (
    SELECT r.refund_id, r.charge_id, r.amount, a.scenario
    FROM jsonb_to_recordset(CAST(%(refunds)s AS jsonb)) AS r(refund_id text, charge_id text, amount bigint)
    LEFT JOIN sandbox_charge c USING (charge_id) LEFT JOIN sandbox_attempt a USING (payment_id)
), refused AS (
    INSERT INTO sandbox_refund_refusal (refund_id)
    SELECT refund_id FROM wanted WHERE scenario = 'refund_fails_first'
    ON CONFLICT (refund_id) DO NOTHING RETURNING refund_id
), paid AS (
    INSERT INTO sandbox_refund (refund_id, charge_id, amount)
    SELECT refund_id, charge_id, amount FROM wanted WHERE refund_id NOT IN (SELECT refund_id FROM refused)
    ON CONFLICT (refund_id) DO NOTHING
)
SELECT refund_id FROM refused
"""
_STATEMENT = """
SELECT 'charge' AS kind, charge_id AS provider_id, payment_id AS reference_id, amount, currency,
       charged_at AS at
FROM sandbox_charge WHERE charged_at >= %(since)s AND charged_at < %(until)s
UNION ALL
SELECT 'refund', refund_id, refund_id, r.amount, c.currency, r.refunded_at
FROM sandbox_refund r JOIN sandbox_charge c USING (charge_id)
WHERE r.refunded_at >= %(since)s AND r.refunded_at < %(until)s
ORDER BY at, provider_id
"""
_OVERDRAWN = """
SELECT c.charge_id FROM sandbox_charge c JOIN sandbox_refund r USING (charge_id)
WHERE c.charge_id = ANY(%(charge_ids)s) GROUP BY c.charge_id, c.amount HAVING sum(r.amount) > c.amount
"""
# A claim is a long pause: a notification whose sender died is only told later.
_CLAIM_SECONDS = 15
_EXCHANGE = """
WITH told AS (
    UPDATE sandbox_notification SET delivered_at = clock_timestamp() WHERE notification_id = ANY(%(told)s)
)
UPDATE sandbox_notification
SET attempt = attempt + 1, due_at = clock_timestamp() + make_interval(secs => %(claim)s)
WHERE notification_id IN (
    SELECT notification_id FROM sandbox_notification
    WHERE delivered_at IS NULL AND due_at <= clock_timestamp() AND attempt < %(give_up)s
      AND notification_id <> ALL(%(told)s)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING notification_id, body, attempt
"""
_TELL_AGAIN = """
UPDATE sandbox_notification SET due_at = clock_timestamp() + make_interval(secs => %(delay)s)
WHERE notification_id = %(notification_id)s
"""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A message to the shop's system that is due; ``attempt`` counts from 1."""

    notification_id: str
    body: str
    attempt: int


class SandboxProvider:
    """``tell`` takes what is due at once; without it, as with what is due later, it waits in the books.

    ``wake`` is called when something waits there, so that it need not wait for a long pause to end. ``key``
    signs what it tells.
    """

    refund_takes = timedelta(minutes=5)

    def __init__(
        self,
        database: Database,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
        tell: Callable[[Notification], None] | None = None,
        *,
        key: bytes,
    ) -> None:
        self._key = key
        self._database = database
        self._clock = clock
        self._wake = wake
        self._tell = tell

    # -- what a shop's system asks of its provider

    def start(self, payment: Payment, expires_in: timedelta, payer: str | None = None) -> None:  # noqa: ARG002
        now = time.time()
        outcomes = self._outcomes(payment, expires_in, now)
        charges = [
            {"charge_id": charge_id, "charged_at": _at(when)}
            for charge_id, when in outcomes
            if charge_id is not None
        ]
        at_once: list[Notification] = []
        notifications = []
        for nth, (charge_id, when) in enumerate(outcomes):
            notification_id = derived_id("notification", payment.payment_id, str(nth))
            body = _body(payment, charge_id, when)
            attempt, due = 0, when
            if self._tell is not None and when <= now:
                # Written down as claimed already: if it is not told now, the books have it told again.
                attempt, due = 1, now + _CLAIM_SECONDS
                at_once.append(Notification(notification_id=notification_id, body=body, attempt=1))
            notifications.append(
                {"notification_id": notification_id, "body": body, "attempt": attempt, "due_at": _at(due)}
            )
        with self._database.relaxed() as connection:
            noted = connection.exec_driver_sql(
                _START,
                {
                    "payment_id": payment.payment_id,
                    "amount": payment.amount,
                    "currency": payment.currency,
                    "scenario": payment.scenario,
                    "charges": _json(charges),
                    "notifications": _json(notifications),
                },
            )
        if not noted.rowcount:
            return
        if self._tell is not None:
            for notification in at_once:
                self._tell(notification)
        if len(at_once) < len(notifications):
            self._wake()

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        with self._database.relaxed() as connection:
            charges = connection.exec_driver_sql(
                _CLOSE, {"payment_ids": list(payment_ids), "now": datetime.now(UTC)}
            ).all()
        return [
            ProviderNotice(
                payment_id=charge.payment_id,
                succeeded=True,
                charge_id=charge.charge_id,
                amount=charge.amount,
                currency=charge.currency,
            )
            for charge in charges
        ]

    def refund(self, refunds: Sequence[ProviderRefund]) -> Sequence[RefundOutcome]:
        """Raises :class:`ValueError` when more would go back than a charge took; then nothing does."""
        wanted = [
            {"refund_id": item.refund_id, "charge_id": item.charge_id, "amount": item.amount}
            for item in refunds
        ]
        with self._database.transaction() as transaction:
            refused = set(
                transaction.connection.exec_driver_sql(_REFUND, {"refunds": _json(wanted)}).scalars()
            )
            overdrawn = transaction.connection.exec_driver_sql(
                _OVERDRAWN, {"charge_ids": [item.charge_id for item in refunds]}
            ).all()
            if overdrawn:
                raise ValueError(f"refunds exceed the charges {overdrawn}")
        return [
            RefundOutcome(refund_id=item.refund_id, state=RefundState.FAILED, failure="NOT_NOW")
            if item.refund_id in refused
            else RefundOutcome(refund_id=item.refund_id, state=RefundState.CONFIRMED)
            for item in refunds
        ]

    def notices(self, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
        return notices(self._key, headers, body)

    def statement(self, day: date) -> Sequence[ProviderRow]:
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        with self._database.read() as connection:
            found = connection.exec_driver_sql(
                _STATEMENT, {"since": since, "until": since + timedelta(days=1)}
            )
            return [ProviderRow(**row) for row in found.mappings()]

    # -- what it does by itself

    def exchange(self, told: Sequence[str], limit: int) -> Sequence[Notification]:
        """Note which notifications were heard, and claim those that are due now, oldest first."""
        with self._database.relaxed() as connection:
            claimed = connection.exec_driver_sql(
                _EXCHANGE,
                {
                    "told": list(told),
                    "limit": limit,
                    "give_up": GIVE_UP_AFTER_ATTEMPTS,
                    "claim": _CLAIM_SECONDS,
                },
            )
            return [Notification(**row) for row in claimed.mappings()]

    def tell_again(self, notification: Notification) -> None:
        """It was not heard: the next attempt follows after a pause that doubles each time."""
        delay = min(60.0, 0.25 * 2 ** min(notification.attempt, 8))
        with self._database.relaxed() as connection:
            connection.exec_driver_sql(
                _TELL_AGAIN, {"notification_id": notification.notification_id, "delay": delay}
            )

    def _outcomes(
        self, payment: Payment, expires_in: timedelta, now: float
    ) -> list[tuple[str | None, float]]:
        """When which charge is made and told, in wall seconds; a failure is told without a charge."""
        first = derived_id("charge", payment.payment_id, "1")
        match payment.scenario:
            case "success" | "refund_fails_first":
                return [(first, now)]
            case "double_success":
                second = derived_id("charge", payment.payment_id, "2")
                return [(first, now), (second, now + _SECOND_CHARGE_AFTER_SECONDS)]
            case "late_success":
                late = self._clock.wall_seconds(_LATE_BY)
                wait = self._clock.wall_seconds(expires_in) + max(late, _LATE_BY_AT_LEAST_SECONDS)
                return [(first, now + wait)]
            case "failure":
                return [(None, now)]
            case _:
                return []


def _body(payment: Payment, charge_id: str | None, when: float) -> str:
    outcome = "payment.failed" if charge_id is None else "payment.succeeded"
    return _json(
        {
            "type": outcome,
            "timestamp": to_wire(datetime.fromtimestamp(when, UTC)),
            "data": {
                "payment_id": payment.payment_id,
                "charge_id": charge_id,
                "amount": {"amount": payment.amount, "currency": payment.currency},
            },
        }
    )


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
