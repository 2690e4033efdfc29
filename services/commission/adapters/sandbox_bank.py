"""A bank for development and tests: books of its own, outcomes on demand.

It stands for a foreign system. It shares the service's database server and nothing else: no transaction spans
its tables and commission's. What becomes of a payout, the account's reference says:

* ``sandbox-failure-…``: it is refused.
* ``sandbox-silent-…``: it is paid, and the bank says so only when told again.
* ``sandbox-late-…``: the bank answers after an hour.
* ``sandbox-double-…``: it says everything twice.
* ``sandbox-returned-…``: it is paid, and the money comes back a day later.
* Every other account is paid at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.commission.adapters.books_sql import to_json
from services.commission.application.settling_ports import BankAnswer
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.reconciliation import COLUMNS
from shared.kernel.clock import Clock, to_wire
from shared.kernel.ids import derived_id
from shared.persistence import Database

LATE_BY, RETURNED_AFTER, TWICE_AFTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)

_TELL = text("""
INSERT INTO sandbox_bank_transfer AS t (payout_id, reference, bank_account, amount, currency, told)
VALUES (:payout_id, :reference, :bank_account, :amount, :currency, 1)
ON CONFLICT (payout_id) DO UPDATE SET told = t.told + 1 RETURNING told
""")
_ANSWER = text("""
INSERT INTO sandbox_bank_answer (answer_id, payout_id, status, reason, due_at, booked)
SELECT answer_id, payout_id, status, reason, due_at, booked
FROM jsonb_to_recordset(CAST(:answers AS jsonb)) AS a (answer_id text, payout_id text, status text,
    reason text, due_at timestamptz, booked boolean)
ON CONFLICT (answer_id) DO NOTHING
""")
_DUE = text("""
SELECT answer_id, payout_id, status, reason, due_at AS at FROM sandbox_bank_answer
WHERE NOT heard AND due_at <= :now ORDER BY due_at, answer_id LIMIT :limit
""")
_HEARD = text("UPDATE sandbox_bank_answer SET heard = true WHERE answer_id = ANY(:answer_ids)")
_FILE = text("""
SELECT CASE a.status WHEN 'confirmed' THEN 'payout' ELSE 'return' END AS kind, t.reference AS provider_id,
    t.payout_id, t.amount, t.currency, a.due_at AS at
FROM sandbox_bank_answer AS a JOIN sandbox_bank_transfer AS t USING (payout_id)
WHERE a.booked AND a.due_at >= :since AND a.due_at < :until ORDER BY a.due_at, a.answer_id
""")


class SandboxBank:
    """Implements the PayoutProvider port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def send(self, payouts: Sequence[Payout]) -> None:
        with self._database.transaction() as transaction:
            for payout in payouts:
                told = transaction.connection.scalar(
                    _TELL,
                    {
                        "payout_id": payout.payout_id,
                        "reference": derived_id("bank-transfer", payout.payout_id),
                        "bank_account": payout.bank_account,
                        "amount": payout.amount,
                        "currency": payout.payee.currency,
                    },
                )
                answers = outcomes(payout, int(told or 1), self._clock.now())
                if answers:
                    transaction.connection.execute(_ANSWER, {"answers": to_json(answers)})

    def answers(self, limit: int) -> list[BankAnswer]:
        with self._database.read() as connection:
            rows = connection.execute(_DUE, {"now": self._clock.now(), "limit": limit}).all()
        return [
            BankAnswer(
                answer_id=row.answer_id,
                payout_id=row.payout_id,
                status=PayoutStatus(row.status),
                at=row.at,
                reason=row.reason,
            )
            for row in rows
        ]

    def heard(self, answer_ids: Sequence[str]) -> None:
        with self._database.transaction() as transaction:
            transaction.connection.execute(_HEARD, {"answer_ids": list(answer_ids)})

    def file(self, since: datetime, until: datetime) -> str:
        with self._database.read() as connection:
            rows = connection.execute(_FILE, {"since": since, "until": until}).all()
        return as_file(
            [row.kind, row.provider_id, row.payout_id, row.amount, row.currency, to_wire(row.at)]
            for row in rows
        )


def as_file(rows: Any) -> str:
    """Rows as the bank's file, with its heading."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return written.getvalue()


def outcomes(payout: Payout, told: int, now: datetime) -> list[dict[str, Any]]:
    """What the bank will say of a payout that it was told ``told`` times; ``booked`` where money moved."""

    def answer(
        nth: int, status: str, after: timedelta, reason: str | None = None, *, booked: bool
    ) -> dict[str, Any]:
        return {
            "answer_id": derived_id("bank-answer", payout.payout_id, str(nth)),
            "payout_id": payout.payout_id,
            "status": status,
            "reason": reason,
            "due_at": (now + after).isoformat(),
            "booked": booked,
        }

    at_once = timedelta(0)
    scenario = payout.bank_account.lower()
    if not scenario.startswith("sandbox-"):
        return [answer(1, "confirmed", at_once, booked=True)]
    match scenario.split("-")[1]:
        case "failure":
            return [answer(1, "failed", at_once, "account-refused", booked=False)]
        case "silent":
            return [answer(1, "confirmed", at_once, booked=True)] if told > 1 else []
        case "late":
            return [answer(1, "confirmed", LATE_BY, booked=True)]
        case "double":
            return [
                answer(1, "confirmed", at_once, booked=True),
                answer(2, "confirmed", TWICE_AFTER, booked=False),
            ]
        case "returned":
            return [
                answer(1, "confirmed", at_once, booked=True),
                answer(2, "returned", RETURNED_AFTER, "account-closed", booked=True),
            ]
        case _:
            return [answer(1, "confirmed", at_once, booked=True)]
