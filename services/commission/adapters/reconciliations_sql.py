"""What the books know of money that others moved, and the comparisons that were made, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters.books_sql import to_json
from services.commission.adapters.facts_json import facts_from_row
from services.commission.application.settling_ports import Reconciliation
from services.commission.domain.facts import OrderFacts
from services.commission.domain.reconciliation import Comparison, Difference, Problem, Row, Source

# How orders were paid before their events said it.
_FIRST_METHOD = "sandbox"

# An order is looked at where its payment, or one of its refunds, is in the period or in the file.
_ORDERS = text("""
SELECT * FROM order_book AS b
WHERE paid IS NOT NULL AND (
    (paid->>'paid_at')::timestamptz >= :since AND (paid->>'paid_at')::timestamptz < :until
    OR paid->>'payment_id' = ANY(:subject_ids) OR refunds ?| CAST(:subject_ids AS text[])
    OR EXISTS (SELECT FROM ledger_transaction AS t JOIN ledger_entry AS e USING (transaction_id)
               WHERE e.order_id = b.order_id AND e.kind = 'refund'
               AND t.occurred_at >= :since AND t.occurred_at < :until))
ORDER BY order_id
""")
_PAYOUTS = text(r"""
SELECT CASE WHEN t.natural_key LIKE '%\:returned' THEN 'return' ELSE 'payout' END AS kind, o.payout_id,
    o.amount, o.currency, t.occurred_at
FROM payout AS o JOIN ledger_transaction AS t
    ON t.natural_key IN ('journal:payout:' || o.payout_id, 'journal:payout:' || o.payout_id || '\:returned')
WHERE o.status IN ('confirmed', 'returned')
  AND (t.occurred_at >= :since AND t.occurred_at < :until OR o.payout_id = ANY(:subject_ids))
ORDER BY t.occurred_at, o.payout_id
""")
_ADD = text("""
INSERT INTO reconciliation (reconciliation_id, source, method, file, digest, since, until, made_by, made_at,
    rows, matched, given_back, differences)
VALUES (:reconciliation_id, :source, :method, :file, :digest, :since, :until, :made_by, :made_at,
    :rows, :matched, :given_back, CAST(:differences AS jsonb))
ON CONFLICT (reconciliation_id) DO NOTHING
""")
_FIND = text("SELECT * FROM reconciliation WHERE reconciliation_id = :reconciliation_id")
_LISTED = text("""
SELECT * FROM reconciliation WHERE (made_at, reconciliation_id) < (:made_at, :reconciliation_id)
ORDER BY made_at DESC, reconciliation_id DESC LIMIT :limit
""")


class SqlReconciliations:
    """Implements the Reconciliations port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def expected(
        self,
        source: Source,
        since: datetime,
        until: datetime,
        subject_ids: Collection[str],
        method: str | None = None,
    ) -> list[Row]:
        asked = {"since": since, "until": until, "subject_ids": sorted(subject_ids)}
        if source is Source.BANK:
            return [
                Row(
                    kind=row.kind,
                    subject_id=row.payout_id,
                    amount=row.amount,
                    currency=row.currency,
                    at=row.occurred_at,
                )
                for row in self._connection.execute(_PAYOUTS, asked)
            ]
        found = []
        for order in self._connection.execute(_ORDERS, asked):
            found += [
                row
                for row in rows_of(facts_from_row(order), method)
                if since <= row.at < until or row.subject_id in subject_ids
            ]
        return found

    def add(self, reconciliation: Reconciliation) -> Reconciliation:
        made = reconciliation
        self._connection.execute(
            _ADD,
            {
                "reconciliation_id": made.reconciliation_id,
                "source": made.source.value,
                "method": made.method,
                "file": made.file,
                "digest": made.digest,
                "since": made.since,
                "until": made.until,
                "made_by": made.made_by,
                "made_at": made.made_at,
                "rows": made.comparison.rows,
                "matched": made.comparison.matched,
                "given_back": made.comparison.given_back,
                "differences": to_json([_told(each) for each in made.comparison.differences]),
            },
        )
        return self.find(made.reconciliation_id) or made

    def find(self, reconciliation_id: str) -> Reconciliation | None:
        row = self._connection.execute(_FIND, {"reconciliation_id": reconciliation_id}).one_or_none()
        return None if row is None else _reconciliation(row)

    def listed(self, after: tuple[datetime, str] | None, limit: int) -> list[Reconciliation]:
        made_at, reconciliation_id = after or ("infinity", "")
        rows = self._connection.execute(
            _LISTED, {"made_at": made_at, "reconciliation_id": reconciliation_id, "limit": limit}
        )
        return [_reconciliation(row) for row in rows]


def rows_of(facts: OrderFacts, method: str | None = None) -> Iterator[Row]:
    """What a payment provider (the one of ``method``, if given) moved for an order: charge and refunds.

    Nothing for an order paid in cash, nor for one that was heard of before its payment's id was kept.
    """
    paid = facts.paid
    if paid is None or paid.payment_id is None or paid.method == "cash":
        return
    if method is not None and method != (paid.method or _FIRST_METHOD):
        return
    currency = facts.currency or ""
    yield Row(
        kind="charge", subject_id=paid.payment_id, amount=paid.total, currency=currency, at=paid.paid_at
    )
    for refund in facts.refunds.values():
        if refund.amount:
            yield Row(
                kind="refund",
                subject_id=refund.refund_id,
                amount=refund.amount,
                currency=currency,
                at=refund.issued_at or paid.paid_at,
            )


def _told(difference: Difference) -> dict[str, Any]:
    return {
        "problem": difference.problem.value,
        "kind": difference.kind,
        "subject_id": difference.subject_id,
        "currency": difference.currency,
        "books": difference.books,
        "file": difference.file,
        "line": difference.line,
    }


def _reconciliation(row: Any) -> Reconciliation:
    return Reconciliation(
        reconciliation_id=row.reconciliation_id,
        source=Source(row.source),
        method=row.method,
        file=row.file,
        digest=row.digest,
        since=row.since,
        until=row.until,
        made_by=row.made_by,
        made_at=row.made_at,
        comparison=Comparison(
            rows=row.rows,
            matched=row.matched,
            given_back=row.given_back,
            differences=tuple(
                Difference(**{**each, "problem": Problem(each["problem"])}) for each in row.differences
            ),
        ),
    )
