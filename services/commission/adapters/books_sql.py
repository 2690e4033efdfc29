"""The books of orders in PostgreSQL, on one open transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from services.commission.adapters.facts_json import (
    delivered_to_json,
    facts_from_row,
    paid_to_json,
    plan_from_json,
    refunds_to_json,
    trip_to_json,
)
from services.commission.application.ports import OpenOrder
from services.commission.contracts.published import to_message
from services.commission.domain.announcements import Announcement
from services.commission.domain.facts import LinkTerms, OrderFacts
from services.commission.domain.ledger import Figure, Heading, Posting, Sheet
from services.commission.domain.promotion import Accrual, AccrualStatus
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import from_wire
from shared.persistence import Transaction

# What is known stays; what is new is added. Both ways round give the same row, and the row is locked.
_ADD = text("""
INSERT INTO order_book AS b
    (order_id, currency, rate_plan, paid, delivered, trip, refunds, completed_at, cancelled_at)
VALUES (
    :order_id, :currency,
    (SELECT version FROM rate_plan WHERE currency = :currency AND effective_from <= :paid_at
     ORDER BY effective_from DESC, version DESC LIMIT 1),
    CAST(:paid AS jsonb), CAST(:delivered AS jsonb), CAST(:trip AS jsonb), CAST(:refunds AS jsonb),
    :completed_at, :cancelled_at)
ON CONFLICT (order_id) DO UPDATE SET
    currency = COALESCE(b.currency, excluded.currency),
    rate_plan = COALESCE(b.rate_plan, excluded.rate_plan),
    paid = COALESCE(b.paid, excluded.paid),
    delivered = COALESCE(b.delivered, excluded.delivered),
    trip = COALESCE(b.trip, excluded.trip),
    refunds = excluded.refunds || b.refunds,
    completed_at = COALESCE(b.completed_at, excluded.completed_at),
    cancelled_at = COALESCE(b.cancelled_at, excluded.cancelled_at)
RETURNING order_id, currency, rate_plan, paid, delivered, trip, refunds, completed_at, cancelled_at,
    xmax = 0 AS fresh, (SELECT to_jsonb(p) FROM rate_plan AS p WHERE p.version = b.rate_plan) AS plan
""")

_POSTED = text("""
SELECT account, kind, store_order_id, rate_bp, promotion_link_id, sum(amount) AS amount, sum(base) AS base,
    max(note) AS note, (array_agg(transaction_id ORDER BY entry_id DESC))[1] AS last
FROM ledger_entry WHERE order_id = :order_id
GROUP BY account, kind, store_order_id, rate_bp, promotion_link_id
""")

_POST = text("""
WITH written AS (
    INSERT INTO ledger_transaction
        (transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at)
    VALUES (:transaction_id, :natural_key, :event_type, :order_id, :currency, :rate_plan, :occurred_at,
            :posted_at)
)
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, store_order_id,
    promotion_link_id, rate_bp, base, note, reverses, posted_at)
SELECT :transaction_id, account, amount, :currency, kind, :order_id, store_order_id,
    promotion_link_id, rate_bp, base, note, reverses, :posted_at
FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS e (account text, amount bigint, kind text,
    store_order_id text, promotion_link_id text, rate_bp int, base bigint, note text, reverses text)
""")

_LINKS = text(
    "SELECT link_id, shop_id, owner_id, listing_id, rate_bp FROM promotion_link"
    " WHERE link_id = ANY(:link_ids) ORDER BY link_id"
)

_ACCRUALS = text(
    "SELECT accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,"
    " full_amount, amount, rate_bp, reason FROM accrual WHERE order_id = :order_id"
)

_KEEP_ACCRUAL = text("""
INSERT INTO accrual (accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,
    full_amount, amount, currency, rate_bp, reason, changed_at)
SELECT accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,
    full_amount, amount, :currency, rate_bp, reason, :at
FROM jsonb_to_recordset(CAST(:accruals AS jsonb)) AS a (accrual_id text, order_id text, store_order_id text,
    promotion_link_id text, promoter_shop_id text, status text, full_amount bigint, amount bigint,
    rate_bp int, reason text)
ON CONFLICT (accrual_id) DO UPDATE SET status = excluded.status, full_amount = excluded.full_amount,
    amount = excluded.amount, reason = excluded.reason, changed_at = excluded.changed_at
""")


class SqlBooks:
    """Implements the Books port."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    def add(self, facts: OrderFacts) -> OpenOrder:
        row = self._connection.execute(
            _ADD,
            {
                "order_id": facts.order_id,
                "currency": facts.currency,
                "paid_at": facts.paid.paid_at if facts.paid else None,
                "paid": _json(paid_to_json(facts.paid)) if facts.paid else None,
                "delivered": _json(delivered_to_json(facts.delivered)) if facts.delivered else None,
                "trip": _json(trip_to_json(facts.trip)) if facts.trip else None,
                "refunds": _json(refunds_to_json(facts.refunds)),
                "completed_at": facts.completed_at,
                "cancelled_at": facts.cancelled_at,
            },
        ).one()
        return OpenOrder(
            facts=facts_from_row(row),
            plan=_plan(row.plan) if row.plan else None,
            plan_version=row.rate_plan,
            fresh=row.fresh,
        )

    def link_terms(self, link_ids: Collection[str]) -> tuple[LinkTerms, ...]:
        rows = self._connection.execute(_LINKS, {"link_ids": list(link_ids)})
        return tuple(
            LinkTerms(
                link_id=row.link_id,
                promoter_shop_id=row.shop_id,
                promoter_owner_id=row.owner_id,
                listing_id=row.listing_id,
                rate_bp=row.rate_bp,
            )
            for row in rows
        )

    def posted(self, order_id: str) -> Sheet:
        rows = self._connection.execute(_POSTED, {"order_id": order_id})
        return Sheet(
            {
                Heading(
                    row.account, row.kind, row.store_order_id, row.rate_bp, row.promotion_link_id
                ): Figure(
                    amount=int(row.amount),
                    base=None if row.base is None else int(row.base),
                    note=row.note,
                    last=row.last,
                )
                for row in rows
            }
        )

    def post(self, posting: Posting) -> None:
        self._connection.execute(
            _POST,
            {
                "transaction_id": posting.transaction_id,
                "natural_key": f"event:{posting.cause.event_id}",
                "event_type": posting.cause.type,
                "order_id": posting.order_id,
                "currency": posting.currency,
                "rate_plan": posting.rate_plan,
                "occurred_at": posting.cause.occurred_at,
                "posted_at": posting.posted_at,
                "entries": _json(
                    [
                        {
                            **entry.heading._asdict(),
                            "amount": entry.amount,
                            "base": entry.base,
                            "note": entry.note,
                            "reverses": entry.reverses,
                        }
                        for entry in posting.entries
                    ]
                ),
            },
        )

    def accruals(self, order_id: str) -> dict[str, Accrual]:
        rows = self._connection.execute(_ACCRUALS, {"order_id": order_id})
        return {row.accrual_id: accrual_of(row) for row in rows}

    def keep_accruals(self, accruals: Collection[Accrual], currency: str, at: datetime) -> None:
        self._connection.execute(
            _KEEP_ACCRUAL,
            {
                "currency": currency,
                "at": at,
                "accruals": _json(
                    [
                        {
                            "accrual_id": accrual.accrual_id,
                            "order_id": accrual.order_id,
                            "store_order_id": accrual.store_order_id,
                            "promotion_link_id": accrual.promotion_link_id,
                            "promoter_shop_id": accrual.promoter_shop_id,
                            "status": accrual.status.value,
                            "full_amount": accrual.full,
                            "amount": accrual.amount,
                            "rate_bp": accrual.rate_bp,
                            "reason": accrual.reason,
                        }
                        for accrual in accruals
                    ]
                ),
            },
        )

    def announce(self, announcement: Announcement) -> None:
        message = to_message(announcement)
        self._transaction.publish(
            message.type, message.subject, message.data, partitionkey=message.partitionkey
        )


def accrual_of(row: Any) -> Accrual:
    """The accrual in a row of the table of that name."""
    return Accrual(
        accrual_id=row.accrual_id,
        order_id=row.order_id,
        store_order_id=row.store_order_id,
        promotion_link_id=row.promotion_link_id,
        promoter_shop_id=row.promoter_shop_id,
        status=AccrualStatus(row.status),
        full=row.full_amount,
        amount=row.amount,
        rate_bp=row.rate_bp,
        reason=row.reason,
    )


def _plan(row: dict[str, Any]) -> RatePlan:
    return plan_from_json(row["plan_id"], row["currency"], from_wire(row["effective_from"]), row["terms"])


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
