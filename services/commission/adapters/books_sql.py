"""The books of orders in PostgreSQL, on one open transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from services.commission.adapters.facts_json import (
    delivered_to_json,
    earlier_trips_to_json,
    facts_from_row,
    handed_back_to_json,
    paid_to_json,
    refunds_to_json,
    trip_to_json,
    verdicts_to_json,
)
from services.commission.adapters.market_sql import SqlMarket
from services.commission.adapters.plan_json import plan_from_json
from services.commission.application.market import Market
from services.commission.application.ports import OpenOrder
from services.commission.contracts.published import to_message
from services.commission.domain.announcements import Announcement
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Figure, Heading, Posting, Sheet
from services.commission.domain.promotion import Accrual, AccrualStatus
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import from_wire
from shared.messaging.context import WorkContext, current, working_on
from shared.persistence import Transaction

# What is known stays; what is new is added. Both ways round give the same row, and the row is locked.
_ADD = text("""
INSERT INTO order_book AS b
    (order_id, currency, rate_plan, paid, delivered, trip, refunds, completed_at, cancelled_at, handed_back,
     earlier_trips)
SELECT
    f.order_id, f.currency,
    (SELECT p.version FROM rate_plan AS p WHERE p.currency = f.currency AND p.effective_from <= f.paid_at
     AND NOT EXISTS (SELECT FROM rate_plan_withdrawal AS w WHERE w.version = p.version)
     ORDER BY p.effective_from DESC, p.version DESC LIMIT 1),
    f.paid, f.delivered, f.trip, f.refunds, f.completed_at, f.cancelled_at, f.handed_back,
    f.earlier_trips
FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (order_id text, currency text, paid_at timestamptz,
    paid jsonb, delivered jsonb, trip jsonb, refunds jsonb, completed_at timestamptz,
    cancelled_at timestamptz, handed_back jsonb, earlier_trips jsonb)
ORDER BY f.order_id
ON CONFLICT (order_id) DO UPDATE SET
    currency = COALESCE(b.currency, excluded.currency),
    rate_plan = COALESCE(b.rate_plan, excluded.rate_plan),
    paid = COALESCE(b.paid, excluded.paid),
    delivered = COALESCE(b.delivered, excluded.delivered),
    trip = COALESCE(b.trip, excluded.trip),
    refunds = excluded.refunds || b.refunds,
    completed_at = COALESCE(b.completed_at, excluded.completed_at),
    cancelled_at = COALESCE(b.cancelled_at, excluded.cancelled_at),
    handed_back = excluded.handed_back || b.handed_back,
    earlier_trips = excluded.earlier_trips || b.earlier_trips
RETURNING order_id, currency, rate_plan, paid, delivered, trip, refunds, completed_at, cancelled_at,
    verdicts, handed_back, earlier_trips, xmax = 0 AS fresh,
    (SELECT to_jsonb(p) FROM rate_plan AS p WHERE p.version = b.rate_plan) AS plan
""")

_POSTED = text("""
SELECT order_id, account, kind, store_order_id, rate_bp, promotion_link_id, sum(amount) AS amount,
    sum(base) AS base, max(note) AS note, (array_agg(transaction_id ORDER BY entry_id DESC))[1] AS last
FROM ledger_entry WHERE order_id = ANY(:order_ids)
GROUP BY order_id, account, kind, store_order_id, rate_bp, promotion_link_id
""")

_POST = text("""
WITH posting AS (
    SELECT * FROM jsonb_to_recordset(CAST(:postings AS jsonb)) AS p (transaction_id text, natural_key text,
        event_type text, order_id text, currency text, rate_plan int, occurred_at timestamptz,
        posted_at timestamptz, entries jsonb)
), written AS (
    INSERT INTO ledger_transaction
        (transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at)
    SELECT transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at
    FROM posting
)
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, store_order_id,
    promotion_link_id, rate_bp, base, note, reverses, posted_at)
SELECT p.transaction_id, e.account, e.amount, p.currency, e.kind, p.order_id, e.store_order_id,
    e.promotion_link_id, e.rate_bp, e.base, e.note, e.reverses, p.posted_at
FROM posting AS p, jsonb_to_recordset(p.entries) AS e (account text, amount bigint, kind text,
    store_order_id text, promotion_link_id text, rate_bp int, base bigint, note text, reverses text)
""")

_JUDGE = text("""
UPDATE order_book AS b SET verdicts = v.verdicts
FROM jsonb_to_recordset(CAST(:verdicts AS jsonb)) AS v (order_id text, verdicts jsonb)
WHERE b.order_id = v.order_id AND b.verdicts IS NULL
""")

_ACCRUALS = text(
    "SELECT accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,"
    " full_amount, amount, rate_bp, reason, level, attributed_by, offer_id, units"
    " FROM accrual WHERE order_id = ANY(:order_ids)"
)

_KEEP_ACCRUALS = text("""
INSERT INTO accrual (accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,
    full_amount, amount, currency, rate_bp, reason, level, attributed_by, offer_id, units, changed_at)
SELECT accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status,
    full_amount, amount, currency, rate_bp, reason, level, attributed_by, offer_id, units, :at
FROM jsonb_to_recordset(CAST(:accruals AS jsonb)) AS a (accrual_id text, order_id text, store_order_id text,
    promotion_link_id text, promoter_shop_id text, status text, full_amount bigint, amount bigint,
    currency text, rate_bp int, reason text, level int, attributed_by text, offer_id text, units int)
ON CONFLICT (accrual_id) DO UPDATE SET status = excluded.status, full_amount = excluded.full_amount,
    amount = excluded.amount, reason = excluded.reason, units = excluded.units,
    changed_at = excluded.changed_at
""")


class SqlBooks:
    """Implements the Books port."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self.market: Market = SqlMarket(transaction.connection)

    def add(self, facts: Sequence[OrderFacts]) -> list[OpenOrder]:
        told = {each.order_id: each for each in facts}
        rows = self._connection.execute(_ADD, {"facts": to_json([_facts_row(each) for each in facts])})
        return [
            OpenOrder(
                # Of an order that is new here nothing is known but what was told.
                facts=told[row.order_id] if row.fresh else facts_from_row(row),
                plan=_plan(row.plan) if row.plan else None,
                plan_version=row.rate_plan,
                fresh=row.fresh,
            )
            for row in rows
        ]

    def judge(self, verdicts: Mapping[str, Mapping[tuple[str, int], str]]) -> None:
        if verdicts:
            rows = [
                {"order_id": order_id, "verdicts": verdicts_to_json(found)}
                for order_id, found in sorted(verdicts.items())
            ]
            self._connection.execute(_JUDGE, {"verdicts": to_json(rows)})

    def posted(self, order_ids: Sequence[str]) -> dict[str, Sheet]:
        sheets: dict[str, Sheet] = {}
        if not order_ids:
            return sheets
        for row in self._connection.execute(_POSTED, {"order_ids": list(order_ids)}):
            heading = Heading(row.account, row.kind, row.store_order_id, row.rate_bp, row.promotion_link_id)
            sheets.setdefault(row.order_id, Sheet()).figures[heading] = Figure(
                amount=int(row.amount),
                base=None if row.base is None else int(row.base),
                note=row.note,
                last=row.last,
            )
        return sheets

    def post(self, postings: Sequence[Posting]) -> None:
        if postings:
            rows = [posting_row(posting) for posting in postings]
            self._connection.execute(_POST, {"postings": to_json(rows)})

    def accruals(self, order_ids: Sequence[str]) -> dict[str, dict[str, Accrual]]:
        found: dict[str, dict[str, Accrual]] = {}
        if not order_ids:
            return found
        for row in self._connection.execute(_ACCRUALS, {"order_ids": list(order_ids)}):
            found.setdefault(row.order_id, {})[row.accrual_id] = accrual_of(row)
        return found

    def keep_accruals(self, accruals: Sequence[tuple[Accrual, str]], at: datetime) -> None:
        if accruals:
            rows = [_accrual_row(accrual, currency) for accrual, currency in accruals]
            self._connection.execute(_KEEP_ACCRUALS, {"at": at, "accruals": to_json(rows)})

    def announce(self, announcements: Sequence[Announcement], context: object) -> None:
        with working_on(context if isinstance(context, WorkContext) else current()):
            for announcement in announcements:
                message = to_message(announcement)
                self._transaction.publish(
                    message.type, message.subject, message.data, partitionkey=message.partitionkey
                )


def _facts_row(facts: OrderFacts) -> dict[str, Any]:
    return {
        "order_id": facts.order_id,
        "currency": facts.currency,
        "paid_at": facts.paid.paid_at if facts.paid else None,
        "paid": paid_to_json(facts.paid) if facts.paid else None,
        "delivered": delivered_to_json(facts.delivered) if facts.delivered else None,
        "trip": trip_to_json(facts.trip) if facts.trip else None,
        "refunds": refunds_to_json(facts.refunds),
        "completed_at": facts.completed_at,
        "cancelled_at": facts.cancelled_at,
        "handed_back": handed_back_to_json(facts.handed_back),
        "earlier_trips": earlier_trips_to_json(facts.earlier_trips),
    }


def posting_row(posting: Posting) -> dict[str, Any]:
    """The transaction and its entries as the statements that write them read them."""
    return {
        "transaction_id": posting.transaction_id,
        "natural_key": posting.natural_key,
        "event_type": posting.cause.type,
        "order_id": posting.order_id,
        "currency": posting.currency,
        "rate_plan": posting.rate_plan,
        "occurred_at": posting.cause.occurred_at,
        "posted_at": posting.posted_at,
        "entries": [
            {
                **entry.heading._asdict(),
                "amount": entry.amount,
                "base": entry.base,
                "note": entry.note,
                "reverses": entry.reverses,
            }
            for entry in posting.entries
        ],
    }


def _accrual_row(accrual: Accrual, currency: str) -> dict[str, Any]:
    return {
        "accrual_id": accrual.accrual_id,
        "order_id": accrual.order_id,
        "store_order_id": accrual.store_order_id,
        "promotion_link_id": accrual.promotion_link_id,
        "promoter_shop_id": accrual.promoter_shop_id,
        "status": accrual.status.value,
        "full_amount": accrual.full,
        "amount": accrual.amount,
        "currency": currency,
        "rate_bp": accrual.rate_bp,
        "reason": accrual.reason,
        "level": accrual.level,
        "attributed_by": accrual.by,
        "offer_id": accrual.offer_id,
        "units": accrual.units,
    }


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
        level=row.level,
        by=row.attributed_by,
        offer_id=row.offer_id,
        units=row.units,
    )


def _plan(row: dict[str, Any]) -> RatePlan:
    return plan_from_json(row["plan_id"], row["currency"], from_wire(row["effective_from"]), row["terms"])


def to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
