"""Payouts in PostgreSQL, on one open transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters.settlements_sql import named, payee_in, terms_of
from services.commission.domain.payee import Payee, PayeeTerms
from services.commission.domain.payout import Payout, PayoutStatus

_THIS = "payee_kind = :kind AND payee_id = :payee_id AND currency = :currency"
_PAYABLE = text("""
SELECT * FROM payee AS p
WHERE available >= :minimum AND available > 0 AND NOT held AND bank_account IS NOT NULL
  AND NOT EXISTS (SELECT FROM payout AS o WHERE o.payee_kind = p.payee_kind AND o.payee_id = p.payee_id
                  AND o.currency = p.currency AND o.status IN ('created', 'sent', 'failed'))
ORDER BY payee_kind, payee_id, currency LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_AVAILABLE = text(f"SELECT available FROM payee WHERE {_THIS}")
_ADD_AVAILABLE = text(f"UPDATE payee SET available = available + :amount WHERE {_THIS}")
_MADE = text(f"SELECT count(*) FROM payout WHERE {_THIS}")
_OPEN = text(f"SELECT * FROM payout WHERE {_THIS} AND status IN ('created', 'sent', 'failed') FOR UPDATE")
_FIND = text("SELECT * FROM payout WHERE payout_id = :payout_id FOR UPDATE")
_SUCCESSOR = text("SELECT * FROM payout WHERE retries = :payout_id FOR UPDATE")
_ADD = text("""
INSERT INTO payout (payout_id, payee_kind, payee_id, currency, amount, fee, bank_account, status, created_at,
    changed_at, tell_at, nth, told, retries, reason)
VALUES (:payout_id, :kind, :payee_id, :currency, :amount, :fee, :bank_account, :status, :created_at,
    :changed_at, :tell_at, :nth, :told, :retries, :reason)
""")
_KEEP = text("""
UPDATE payout SET status = :status, changed_at = :changed_at, tell_at = :tell_at, told = :told,
    reason = :reason
WHERE payout_id = :payout_id
""")
_TO_TELL = text("""
SELECT * FROM payout WHERE status IN ('created', 'sent') AND tell_at <= :now
ORDER BY tell_at, payout_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_TO_RETRY = text("""
SELECT o.* FROM payout AS o JOIN payee AS p USING (payee_kind, payee_id, currency)
WHERE o.status = 'failed' AND o.tell_at <= :now AND NOT p.held
ORDER BY o.tell_at, o.payout_id LIMIT :limit FOR UPDATE OF o SKIP LOCKED
""")
_LISTED = "SELECT * FROM payout WHERE (created_at, payout_id) < (:created_at, :payout_id)"


class SqlPayouts:
    """Implements the Payouts port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def payable(self, minimum: int, limit: int) -> list[tuple[PayeeTerms, int]]:
        rows = self._connection.execute(_PAYABLE, {"minimum": minimum, "limit": limit})
        return [(terms_of(row), row.available) for row in rows]

    def available(self, payee: Payee) -> int:
        return int(self._connection.scalar(_AVAILABLE, named(payee)) or 0)

    def add_available(self, payee: Payee, amount: int) -> None:
        self._connection.execute(_ADD_AVAILABLE, {**named(payee), "amount": amount})

    def made(self, payee: Payee) -> int:
        return int(self._connection.scalar(_MADE, named(payee)) or 0)

    def open_of(self, payee: Payee) -> Payout | None:
        return self._one(_OPEN, named(payee))

    def find(self, payout_id: str) -> Payout | None:
        return self._one(_FIND, {"payout_id": payout_id})

    def successor_of(self, payout_id: str) -> Payout | None:
        return self._one(_SUCCESSOR, {"payout_id": payout_id})

    def add(self, payout: Payout) -> None:
        self._connection.execute(
            _ADD,
            {
                **named(payout.payee),
                "payout_id": payout.payout_id,
                "amount": payout.amount,
                "fee": payout.fee,
                "bank_account": payout.bank_account,
                "status": payout.status.value,
                "created_at": payout.created_at,
                "changed_at": payout.changed_at,
                "tell_at": payout.tell_at,
                "nth": payout.nth,
                "told": payout.told,
                "retries": payout.retries,
                "reason": payout.reason,
            },
        )

    def keep(self, payout: Payout) -> None:
        self._connection.execute(
            _KEEP,
            {
                "payout_id": payout.payout_id,
                "status": payout.status.value,
                "changed_at": payout.changed_at,
                "tell_at": payout.tell_at,
                "told": payout.told,
                "reason": payout.reason,
            },
        )

    def to_tell(self, now: datetime, limit: int) -> list[Payout]:
        rows = self._connection.execute(_TO_TELL, {"now": now, "limit": limit})
        return [_payout(row) for row in rows]

    def to_retry(self, now: datetime, limit: int) -> list[Payout]:
        rows = self._connection.execute(_TO_RETRY, {"now": now, "limit": limit})
        return [_payout(row) for row in rows]

    def listed(
        self,
        payee: Payee | None,
        status: PayoutStatus | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Payout]:
        created_at, payout_id = after or ("infinity", "")
        given: dict[str, Any] = {"created_at": created_at, "payout_id": payout_id, "limit": limit}
        conditions = ""
        if payee is not None:
            conditions += f" AND {_THIS}"
            given |= named(payee)
        if status is not None:
            conditions += " AND status = :status"
            given["status"] = status.value
        asked = f"{_LISTED}{conditions} ORDER BY created_at DESC, payout_id DESC LIMIT :limit"
        return [_payout(row) for row in self._connection.execute(text(asked), given)]

    def _one(self, statement: Any, given: dict[str, Any]) -> Payout | None:
        row = self._connection.execute(statement, given).one_or_none()
        return None if row is None else _payout(row)


def _payout(row: Any) -> Payout:
    return Payout(
        payout_id=row.payout_id,
        payee=payee_in(row),
        amount=row.amount,
        fee=row.fee,
        bank_account=row.bank_account,
        status=PayoutStatus(row.status),
        created_at=row.created_at,
        changed_at=row.changed_at,
        tell_at=row.tell_at,
        nth=row.nth,
        told=row.told,
        retries=row.retries,
        reason=row.reason,
    )
