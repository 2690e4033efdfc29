"""What commission answers about statements, payouts and reconciliations, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.commission.application.settling_ports import PayeeChange, Reconciliation
from services.commission.contracts.message import money
from services.commission.contracts.settling_requests import cursor
from services.commission.domain.cycle import BUSINESS_ZONE
from services.commission.domain.payee import PayeeTerms
from services.commission.domain.payout import Payout
from services.commission.domain.reconciliation import listed
from services.commission.domain.statement import Document, OrderSummary, Statement, StatementLine
from shared.kernel.clock import to_wire

Json = dict[str, Any]


def statement(found: Statement) -> Json:
    currency = found.payee.currency
    return {
        "statement_id": found.statement_id,
        "payee_kind": found.payee.kind.value,
        "payee_id": found.payee.payee_id,
        "currency": currency,
        "number": found.number,
        "cycle": found.cycle.value,
        "since": to_wire(found.since),
        "until": to_wire(found.until),
        "time_zone": BUSINESS_ZONE.key,
        "issued_at": to_wire(found.issued_at),
        "opening": money(found.opening, currency),
        "sums": {kind: money(amount, currency) for kind, amount in found.sums.items()},
        "earned": money(found.earned, currency),
        "paid_out": money(found.paid_out, currency),
        "closing": money(found.closing, currency),
        "debt": money(found.debt, currency),
        "line_count": found.line_count,
    }


def document(found: Document) -> Json:
    currency = found.statement.payee.currency
    return statement(found.statement) | {
        "lines": [_line(each, currency) for each in found.lines],
        "orders": [_order(each, currency) for each in found.orders],
    }


def _line(line: StatementLine, currency: str) -> Json:
    movement = line.movement
    return {
        "entry_id": movement.entry_id,
        "transaction_id": movement.transaction_id,
        "posted_at": to_wire(movement.posted_at),
        "occurred_at": to_wire(movement.occurred_at),
        "event_type": movement.event_type,
        "account": movement.account,
        "kind": movement.kind,
        "amount": money(line.amount, currency),
        "formula": line.formula,
        "order_id": movement.order_id,
        "store_order_id": movement.store_order_id,
        "promotion_link_id": movement.promotion_link_id,
        "promoter_shop_id": movement.promoter_shop_id,
        "rate_plan": movement.rate_plan,
        "rate_bp": movement.rate_bp,
        "base": None if movement.base is None else money(movement.base, currency),
        "note": movement.note,
        "reverses": movement.reverses,
    }


def _order(order: OrderSummary, currency: str) -> Json:
    return {
        "store_order_id": order.store_order_id,
        "order_id": order.order_id,
        "paid_at": to_wire(order.paid_at),
        "delivered_at": None if order.delivered_at is None else to_wire(order.delivered_at),
        "goods": money(order.goods, currency),
        "shop_discount": money(order.shop_discount, currency),
        "platform_discount": money(order.platform_discount, currency),
        "paid": money(order.paid, currency),
        "refunded": money(order.refunded, currency),
        "platform_discount_returned": money(order.discount_returned, currency),
    }


def statements(rows: Sequence[Statement], limit: int) -> Json:
    shown = rows[:limit]
    return {
        "items": [statement(each) for each in shown],
        "next_cursor": cursor(shown[-1].until, shown[-1].statement_id) if len(rows) > limit else None,
    }


def payout(found: Payout) -> Json:
    currency = found.payee.currency
    return {
        "payout_id": found.payout_id,
        "payee_kind": found.payee.kind.value,
        "payee_id": found.payee.payee_id,
        "amount": money(found.amount, currency),
        "fee": money(found.fee, currency),
        "status": found.status.value,
        "bank_account": PayeeTerms(payee=found.payee, bank_account=found.bank_account).masked_account,
        "created_at": to_wire(found.created_at),
        "changed_at": to_wire(found.changed_at),
        "attempt": found.nth,
        "told": found.told,
        "retries": found.retries,
        "reason": found.reason,
    }


def payouts(rows: Sequence[Payout], limit: int) -> Json:
    shown = rows[:limit]
    return {
        "items": [payout(each) for each in shown],
        "next_cursor": cursor(shown[-1].created_at, shown[-1].payout_id) if len(rows) > limit else None,
    }


def payee(terms: PayeeTerms, default_cycle: str) -> Json:
    currency = terms.payee.currency
    return {
        "payee_kind": terms.payee.kind.value,
        "payee_id": terms.payee.payee_id,
        "currency": currency,
        "cycle": terms.cycle.value if terms.cycle else default_cycle,
        "held": terms.held,
        "reason": terms.reason,
        "bank_account": terms.masked_account,
        "settled_until": None if terms.settled_until is None else to_wire(terms.settled_until),
        "statements": terms.statements,
        "closing": money(terms.closing, currency),
        "debt": money(max(-terms.closing, 0), currency),
    }


def payees(rows: Sequence[PayeeTerms], limit: int, default_cycle: str) -> Json:
    shown = rows[:limit]
    return {
        "items": [payee(each, default_cycle) for each in shown],
        "next_cursor": shown[-1].payee.key if len(rows) > limit else None,
    }


def changes(rows: Sequence[PayeeChange]) -> list[Json]:
    return [
        {
            "change": each.change,
            "value": each.value,
            "reason": each.reason,
            "made_by": each.made_by,
            "made_at": to_wire(each.made_at),
        }
        for each in rows
    ]


def reconciliation(found: Reconciliation, *, whole: bool = True) -> Json:
    made = found.comparison
    head: Json = {
        "reconciliation_id": found.reconciliation_id,
        "source": found.source.value,
        "method": found.method,
        "file": found.file,
        "digest": found.digest,
        "since": to_wire(found.since),
        "until": to_wire(found.until),
        "made_by": found.made_by,
        "made_at": to_wire(found.made_at),
        "clean": made.is_clean,
        "rows": made.rows,
        "matched": made.matched,
        "given_back": made.given_back,
        "problems": dict(listed(made.differences)),
    }
    if whole:
        head["differences"] = [
            {
                "problem": each.problem.value,
                "kind": each.kind,
                "subject_id": each.subject_id,
                "books": None if each.books is None else money(each.books, each.currency),
                "file": None if each.file is None else money(each.file, each.currency),
                "line": each.line,
            }
            for each in made.differences
        ]
    return head


def reconciliations(rows: Sequence[Reconciliation], limit: int) -> Json:
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return {
        "items": [reconciliation(each, whole=False) for each in shown],
        "next_cursor": cursor(last.made_at, last.reconciliation_id) if last else None,
    }
