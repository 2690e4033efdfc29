"""Payees and their statements in PostgreSQL, on one open transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.commission.adapters.books_sql import to_json
from services.commission.adapters.facts_json import facts_from_row
from services.commission.application.settling_ports import PayeeChange, Stranger
from services.commission.contracts.published_settling import to_message
from services.commission.domain.facts import OrderFacts
from services.commission.domain.payee import Cycle, Maturity, Payee, PayeeKind, PayeeTerms, payee_of
from services.commission.domain.settling_news import SettlingNews
from services.commission.domain.statement import Document, Movement, OrderSummary, Statement, StatementLine
from shared.kernel.clock import to_wire
from shared.persistence import Transaction

_TERMS = """payee_kind, payee_id, currency, cycle, held, reason, bank_account, settled_until, looked_from,
    statements, closing"""
_THIS = "payee_kind = :kind AND payee_id = :payee_id AND currency = :currency"

_STRANGERS = text("""
SELECT account, currency, min(posted_at) AS first_at FROM ledger_entry
WHERE entry_id > (SELECT COALESCE(max(seen), 0) FROM settlement_run)
  AND (starts_with(account, 'payable:') OR starts_with(account, 'cash:courier:'))
GROUP BY account, currency ORDER BY account, currency
""")
_SEEN = text("""
SELECT GREATEST(
    (SELECT COALESCE(max(seen), 0) FROM settlement_run),
    (SELECT COALESCE(max(entry_id), 0) FROM ledger_entry WHERE posted_at < :before
     AND entry_id > (SELECT COALESCE(max(seen), 0) FROM settlement_run)))
""")
_MEET = text("""
INSERT INTO payee (payee_kind, payee_id, currency, cycle, held, reason, bank_account, settled_until,
    looked_from)
VALUES (:kind, :payee_id, :currency, :cycle, :held, :reason, :bank_account, :settled_until, :looked_from)
ON CONFLICT (payee_kind, payee_id, currency) DO NOTHING
""")
_LATE = """settled_until < CASE COALESCE(cycle, :default) WHEN 'weekly' THEN CAST(:weekly AS timestamptz)
    ELSE CAST(:daily AS timestamptz) END"""
_ANYBODY_LATE = text(f"SELECT EXISTS (SELECT FROM payee WHERE {_LATE})")
_DUE = text(f"""
SELECT {_TERMS} FROM payee
WHERE {_LATE}
  AND payee_kind || ':' || payee_id || ':' || currency <> ALL(:left_out)
ORDER BY settled_until, payee_kind, payee_id, currency LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_ONE = text(f"SELECT {_TERMS} FROM payee WHERE {_THIS} FOR UPDATE")
_PAYEES = text(f"""
SELECT {_TERMS} FROM payee
WHERE (payee_kind, payee_id, currency) > (:kind, :payee_id, :currency) AND (held OR NOT :only_held)
ORDER BY payee_kind, payee_id, currency LIMIT :limit
""")
_KEEP = text(f"""
UPDATE payee SET cycle = :cycle, held = :held, reason = :reason, bank_account = :bank_account,
    settled_until = :settled_until, looked_from = :looked_from, statements = :statements, closing = :closing
WHERE {_THIS}
""")
_NOTE = text("""
INSERT INTO payee_change (payee_kind, payee_id, currency, change, value, reason, made_by, made_at)
VALUES (:kind, :payee_id, :currency, :change, :value, :reason, :made_by, :made_at)
""")
_CHANGES = text(
    f"SELECT change, value, reason, made_by, made_at FROM payee_change WHERE {_THIS}"
    " ORDER BY position DESC LIMIT :limit"
)
_MOVEMENT = """
e.entry_id, e.transaction_id, t.event_type, t.occurred_at, e.posted_at, e.account, e.kind, e.amount,
    e.order_id, e.store_order_id, e.promotion_link_id, p.shop_id AS promoter_shop_id, t.rate_plan, e.rate_bp,
    e.base, e.note, e.reverses
"""
_JOINED = """
FROM ledger_entry AS e JOIN ledger_transaction AS t USING (transaction_id)
LEFT JOIN promotion_link AS p ON p.link_id = e.promotion_link_id
"""
_IN_NO_STATEMENT = "NOT EXISTS (SELECT FROM statement_line AS s WHERE s.entry_id = e.entry_id)"
_UNSETTLED = text(f"""
SELECT {_MOVEMENT} {_JOINED} LEFT JOIN order_book AS b ON b.order_id = e.order_id
WHERE e.account = ANY(:accounts) AND e.currency = :currency AND e.posted_at >= :since AND e.posted_at < :until
  AND (NOT :wait OR e.order_id IS NULL OR b.completed_at < :until OR b.cancelled_at < :until)
  AND {_IN_NO_STATEMENT}
ORDER BY e.entry_id
""")
_OLDEST = text(f"""
SELECT min(e.posted_at) FROM ledger_entry AS e
WHERE e.account = ANY(:accounts) AND e.currency = :currency AND e.posted_at >= :since AND e.posted_at < :until
  AND {_IN_NO_STATEMENT}
""")
_FACTS = text("SELECT * FROM order_book WHERE order_id = ANY(:order_ids)")
_ISSUE = text("""
INSERT INTO statement (statement_id, payee_kind, payee_id, currency, number, cycle, since, until, issued_at,
    opening, earned, paid_out, closing, sums, line_count, order_count)
VALUES (:statement_id, :kind, :payee_id, :currency, :number, :cycle, :since, :until, :issued_at,
    :opening, :earned, :paid_out, :closing, CAST(:sums AS jsonb), :line_count, :order_count)
""")
_LINES = text("""
INSERT INTO statement_line (entry_id, statement_id, formula)
SELECT entry_id, :statement_id, formula
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (entry_id bigint, formula text)
""")
_ORDERS = text("""
INSERT INTO statement_order (statement_id, store_order_id, order_id, paid_at, delivered_at, goods,
    shop_discount, platform_discount, paid, refunded, discount_returned)
SELECT :statement_id, store_order_id, order_id, paid_at, delivered_at, goods, shop_discount,
    platform_discount, paid, refunded, discount_returned
FROM jsonb_to_recordset(CAST(:orders AS jsonb)) AS o (store_order_id text, order_id text, paid_at timestamptz,
    delivered_at timestamptz, goods bigint, shop_discount bigint, platform_discount bigint, paid bigint,
    refunded bigint, discount_returned bigint)
""")
_STATEMENTS = "SELECT * FROM statement WHERE (until, statement_id) < (:until, :statement_id)"
_DOCUMENT = text("SELECT * FROM statement WHERE statement_id = :statement_id")
_DOCUMENT_LINES = text(f"""
SELECT l.formula, {_MOVEMENT} FROM statement_line AS l JOIN ledger_entry AS e USING (entry_id)
JOIN ledger_transaction AS t USING (transaction_id)
LEFT JOIN promotion_link AS p ON p.link_id = e.promotion_link_id
WHERE l.statement_id = :statement_id ORDER BY l.entry_id
""")
_DOCUMENT_ORDERS = text("""
SELECT store_order_id, order_id, paid_at, delivered_at, goods, shop_discount, platform_discount, paid,
    refunded, discount_returned
FROM statement_order WHERE statement_id = :statement_id ORDER BY paid_at, store_order_id
""")
_HELD = text(
    "SELECT account, sum(amount) AS amount FROM ledger_entry WHERE account = ANY(:accounts)"
    " AND currency = :currency GROUP BY account"
)


class SqlSettlements:
    """Implements the Settlements port."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    def is_closed(self, until: datetime) -> bool:
        found = self._connection.scalar(
            text("SELECT EXISTS (SELECT FROM settlement_run WHERE until >= :until)"), {"until": until}
        )
        return bool(found)

    def close(self, until: datetime, seen: int) -> None:
        self._connection.execute(
            text("INSERT INTO settlement_run (until, seen) VALUES (:until, :seen) ON CONFLICT DO NOTHING"),
            {"until": until, "seen": seen},
        )

    def strangers(self, settled_before: datetime) -> tuple[list[Stranger], int]:
        # How far was looked is asked first: what is written between the two is looked at next time, too.
        seen = int(self._connection.scalar(_SEEN, {"before": settled_before}) or 0)
        first: dict[Payee, datetime] = {}
        for row in self._connection.execute(_STRANGERS):
            payee = payee_of(row.account, row.currency)
            if payee is not None:
                first[payee] = min(first.get(payee, row.first_at), row.first_at)
        return [Stranger(payee=payee, first_at=at) for payee, at in first.items()], seen

    def meet(self, terms: Iterable[PayeeTerms]) -> None:
        for each in terms:
            self._connection.execute(_MEET, _row(each))

    def due(
        self, closings: Mapping[Cycle, datetime], default: Cycle, left_out: Collection[Payee]
    ) -> PayeeTerms | None:
        row = self._connection.execute(
            _DUE,
            _until(closings, default) | {"left_out": [payee.key for payee in left_out]},
        ).one_or_none()
        return None if row is None else terms_of(row)

    def is_anybody_late(self, closings: Mapping[Cycle, datetime], default: Cycle) -> bool:
        return bool(self._connection.scalar(_ANYBODY_LATE, _until(closings, default)))

    def terms(self, payee: Payee) -> PayeeTerms | None:
        row = self._connection.execute(_ONE, named(payee)).one_or_none()
        return None if row is None else terms_of(row)

    def payees(self, after: Payee | None, limit: int, *, only_held: bool = False) -> list[PayeeTerms]:
        begin = named(after) if after else {"kind": "", "payee_id": "", "currency": ""}
        rows = self._connection.execute(_PAYEES, {**begin, "only_held": only_held, "limit": limit})
        return [terms_of(row) for row in rows]

    def keep(self, terms: PayeeTerms) -> None:
        self._connection.execute(_KEEP, _row(terms))

    def note(self, change: PayeeChange) -> None:
        self._connection.execute(
            _NOTE,
            {
                **named(change.payee),
                "change": change.change,
                "value": change.value,
                "reason": change.reason,
                "made_by": change.made_by,
                "made_at": change.made_at,
            },
        )

    def changes(self, payee: Payee, limit: int) -> list[PayeeChange]:
        rows = self._connection.execute(_CHANGES, {**named(payee), "limit": limit})
        return [PayeeChange(payee=payee, **row._mapping) for row in rows]

    def unsettled(self, payee: Payee, since: datetime, until: datetime, maturity: Maturity) -> list[Movement]:
        rows = self._connection.execute(
            _UNSETTLED, {**_of(payee, since, until), "wait": maturity is Maturity.AFTER_SALE}
        )
        return [Movement(**row._mapping) for row in rows]

    def oldest_unsettled(self, payee: Payee, since: datetime, until: datetime) -> datetime | None:
        found: datetime | None = self._connection.scalar(_OLDEST, _of(payee, since, until))
        return found

    def facts(self, order_ids: Collection[str]) -> dict[str, OrderFacts]:
        if not order_ids:
            return {}
        rows = self._connection.execute(_FACTS, {"order_ids": sorted(order_ids)})
        return {row.order_id: facts_from_row(row) for row in rows}

    def issue(
        self, statement: Statement, lines: Sequence[StatementLine], orders: Sequence[OrderSummary]
    ) -> None:
        head = statement
        self._connection.execute(
            _ISSUE,
            {
                **named(head.payee),
                "statement_id": head.statement_id,
                "number": head.number,
                "cycle": head.cycle.value,
                "since": head.since,
                "until": head.until,
                "issued_at": head.issued_at,
                "opening": head.opening,
                "earned": head.earned,
                "paid_out": head.paid_out,
                "closing": head.closing,
                "sums": to_json(head.sums),
                "line_count": head.line_count,
                "order_count": head.order_count,
            },
        )
        told = [{"entry_id": each.movement.entry_id, "formula": each.formula} for each in lines]
        this = {"statement_id": head.statement_id}
        self._connection.execute(_LINES, {**this, "lines": to_json(told)})
        if orders:
            rows = [_order_row(each) for each in orders]
            self._connection.execute(_ORDERS, {**this, "orders": to_json(rows)})

    def statements(
        self, payee: Payee | None, since: datetime | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Statement]:
        until, statement_id = after or ("infinity", "")
        given: dict[str, Any] = {
            "until": until,
            "statement_id": statement_id,
        }
        conditions = ""
        if payee is not None:
            conditions += f" AND {_THIS}"
            given |= named(payee)
        if since is not None:
            conditions += " AND until > :since"
            given["since"] = since
        asked = f"{_STATEMENTS}{conditions} ORDER BY until DESC, statement_id DESC LIMIT :limit"
        rows = self._connection.execute(text(asked), {**given, "limit": limit})
        return [_statement(row) for row in rows]

    def document(self, statement_id: str) -> Document | None:
        this = {"statement_id": statement_id}
        head = self._connection.execute(_DOCUMENT, this).one_or_none()
        if head is None:
            return None
        lines = []
        for row in self._connection.execute(_DOCUMENT_LINES, this):
            told = dict(row._mapping)
            formula = told.pop("formula")
            lines.append(StatementLine(movement=Movement(**told), amount=-row.amount, formula=formula))
        orders = self._connection.execute(_DOCUMENT_ORDERS, this)
        return Document(
            statement=_statement(head),
            lines=tuple(lines),
            orders=tuple(OrderSummary(**row._mapping) for row in orders),
        )

    def held_cash(self, payee: Payee) -> tuple[int, int]:
        asked = {"accounts": list(payee.accounts), "currency": payee.currency}
        sums = {row.account: int(row.amount) for row in self._connection.execute(_HELD, asked)}
        payable = -sums.pop(payee.payable, 0)
        return payable, sum(sums.values())

    def announce(self, news: SettlingNews) -> None:
        message = to_message(news)
        self._transaction.publish(
            message.type, message.subject, message.data, partitionkey=message.partitionkey
        )


def _until(closings: Mapping[Cycle, datetime], default: Cycle) -> dict[str, Any]:
    return {"default": default.value, **{cycle.value: until for cycle, until in closings.items()}}


def named(payee: Payee) -> dict[str, str]:
    return {"kind": payee.kind.value, "payee_id": payee.payee_id, "currency": payee.currency}


def payee_in(row: Any) -> Payee:
    return Payee(PayeeKind(row.payee_kind), row.payee_id, row.currency)


def terms_of(row: Any) -> PayeeTerms:
    return PayeeTerms(
        payee=payee_in(row),
        cycle=Cycle(row.cycle) if row.cycle else None,
        held=row.held,
        reason=row.reason,
        bank_account=row.bank_account,
        settled_until=row.settled_until,
        looked_from=row.looked_from,
        statements=row.statements,
        closing=row.closing,
    )


def _row(terms: PayeeTerms) -> dict[str, Any]:
    return {
        **named(terms.payee),
        "cycle": terms.cycle.value if terms.cycle else None,
        "held": terms.held,
        "reason": terms.reason,
        "bank_account": terms.bank_account,
        "settled_until": terms.settled_until,
        "looked_from": terms.looked_from,
        "statements": terms.statements,
        "closing": terms.closing,
    }


def _of(payee: Payee, since: datetime, until: datetime) -> dict[str, Any]:
    return {"accounts": list(payee.accounts), "currency": payee.currency, "since": since, "until": until}


def _order_row(order: OrderSummary) -> dict[str, Any]:
    return {
        "store_order_id": order.store_order_id,
        "order_id": order.order_id,
        "paid_at": to_wire(order.paid_at),
        "delivered_at": None if order.delivered_at is None else to_wire(order.delivered_at),
        "goods": order.goods,
        "shop_discount": order.shop_discount,
        "platform_discount": order.platform_discount,
        "paid": order.paid,
        "refunded": order.refunded,
        "discount_returned": order.discount_returned,
    }


def _statement(row: Any) -> Statement:
    return Statement(
        statement_id=row.statement_id,
        payee=payee_in(row),
        number=row.number,
        cycle=Cycle(row.cycle),
        since=row.since,
        until=row.until,
        issued_at=row.issued_at,
        opening=row.opening,
        earned=row.earned,
        paid_out=row.paid_out,
        sums=row.sums,
        line_count=row.line_count,
        order_count=row.order_count,
    )
