"""What commission answers, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.commission.application.accounts import AccountBalance, Balance, Statement
from services.commission.application.audit import Audit, Finding
from services.commission.application.ports import EntryRow
from services.commission.contracts.message import money
from services.commission.domain.commands import AskAccounts, AskEntries
from services.commission.domain.ledger import is_debit_side, natural
from services.commission.domain.promotion import Accrual
from services.commission.domain.reasons import formula
from shared.kernel.clock import to_wire

Json = dict[str, Any]


def balance(found: Balance) -> Json:
    return {
        "account_kind": found.party.value,
        "owner_id": found.owner_id,
        "currency": found.currency,
        "payable": money(found.payable, found.currency),
        "frozen": money(found.frozen, found.currency),
        "accounts": [
            {"account": account, "balance": money(amount, found.currency)}
            for account, amount in found.by_account.items()
        ],
    }


def statement(found: Statement) -> Json:
    ask, currency = found.ask, found.ask.currency
    return {
        "account_kind": ask.party.value,
        "owner_id": ask.owner_id,
        "currency": currency,
        "since": _time(ask.since),
        "until": _time(ask.until),
        "final": found.final,
        "opening": money(found.opening, currency),
        "total_by_kind": {kind: money(amount, currency) for kind, amount in found.total_by_kind.items()},
        "total": money(found.closing - found.opening, currency),
        "closing": money(found.closing, currency),
        "lines": [_line(row) for row in found.lines],
        "next_cursor": str(found.lines[-1].entry_id) if found.more else None,
    }


def _line(row: EntryRow) -> Json:
    """An entry as the party it belongs to reads it: positive is in its favour."""
    entry_json = entry(row)
    return entry_json | {"amount": money(-row.amount, row.currency)}


def entry(row: EntryRow) -> Json:
    return {
        "entry_id": row.entry_id,
        "transaction_id": row.transaction_id,
        "posted_at": to_wire(row.posted_at),
        "occurred_at": to_wire(row.occurred_at),
        "event_type": row.event_type,
        "account": row.account,
        "amount": money(row.amount, row.currency),
        "kind": row.kind,
        "reason": reason(row),
        "order_id": row.order_id,
        "store_order_id": row.store_order_id,
        "promotion_link_id": row.promotion_link_id,
        "rate_plan": row.rate_plan,
        "rate_bp": row.rate_bp,
        "base": None if row.base is None else money(row.base, row.currency),
        "reverses": row.reverses,
    }


def reason(row: EntryRow) -> str:
    """Why the entry is this amount, in a sentence, from what is stored with it."""
    words = formula(
        row.kind,
        rate_bp=row.rate_bp,
        base=row.base,
        currency=row.currency,
        note=row.note,
        plan=row.rate_plan,
    )
    return f"Correction after {row.event_type}: {words}" if row.reverses else words


def entries(ask: AskEntries, rows: Sequence[EntryRow]) -> Json:
    shown = rows[: ask.limit]
    return {
        "items": [entry(row) for row in shown],
        "next_cursor": str(shown[-1].entry_id) if len(rows) > ask.limit else None,
    }


def accounts(ask: AskAccounts, rows: Sequence[AccountBalance]) -> Json:
    shown = rows[: ask.limit]
    last = shown[-1] if len(rows) > ask.limit else None
    return {
        "items": [
            {
                "account": row.account,
                "currency": row.currency,
                "balance": money(row.amount, row.currency),
                "side": "debit" if is_debit_side(row.account) else "credit",
                "natural": money(natural(row.account, row.amount), row.currency),
            }
            for row in shown
        ],
        "next_cursor": f"{last.account} {last.currency}" if last else None,
    }


def accruals(rows: Sequence[tuple[Accrual, str, datetime]]) -> Json:
    return {
        "items": [
            {
                "accrual_id": accrual.accrual_id,
                "order_id": accrual.order_id,
                "store_order_id": accrual.store_order_id,
                "promotion_link_id": accrual.promotion_link_id,
                "status": accrual.status.value,
                "full": money(accrual.full, currency),
                "amount": money(accrual.amount, currency),
                "rate_bp": accrual.rate_bp,
                "reason": accrual.reason,
                "level": accrual.level,
                "attributed_by": accrual.by,
                "changed_at": to_wire(changed_at),
            }
            for accrual, currency, changed_at in rows
        ],
        "next_cursor": None,
    }


def audit(found: Audit) -> Json:
    return {
        "sound": found.is_sound,
        "sums_to_zero": found.sums_to_zero,
        "sums": found.sums,
        "orders": found.orders,
        "open_orders": found.open,
        "waiting_orders": found.waiting,
        "unbalanced_transactions": [
            {"transaction_id": transaction_id, "sum": money(amount, currency)}
            for transaction_id, currency, amount in found.unbalanced
        ],
        "orphan_orders": found.orphans,
        "journal": [
            {"account": account, "balance": money(amount, currency)}
            for account, currency, amount in found.journal
        ],
        "per_order_mismatches": [_finding(each) for each in found.mismatches],
        "per_order_mismatch_count": found.mismatch_count,
        "unsettled_orders": [_finding(each) for each in found.unsettled],
        "unsettled_order_count": found.unsettled_count,
    }


def _finding(found: Finding) -> Json:
    return {
        "order_id": found.order_id,
        "problem": found.problem,
        "expected": found.expected,
        "found": found.found,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_wire(moment)
