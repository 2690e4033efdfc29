"""What is answered about the books as a whole, as plain data."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from typing import Any

from services.commission.application.trial_balance import TrialBalance
from services.commission.contracts.message import money
from services.commission.domain.chain import Head
from services.commission.domain.chart import CHART
from services.commission.domain.commands import AskAccountBalance
from services.commission.domain.explanation import Branch, Explanation
from services.commission.domain.ledger import is_debit_side, natural
from services.commission.domain.totals import AsOf
from shared.kernel.clock import to_wire

Json = dict[str, Any]


def trial_balance(as_of: AsOf, found: Sequence[TrialBalance]) -> Json:
    return _as_of(as_of) | {
        "adds_up": all(balance.adds_up for balance in found),
        "currencies": [
            {
                "currency": balance.currency,
                "debit": money(balance.debit, balance.currency),
                "credit": money(balance.credit, balance.currency),
                "adds_up": balance.adds_up,
                "lines": [
                    {
                        "code": line.code,
                        "name": line.name,
                        "type": line.type,
                        "accounts": line.accounts,
                        "debit": money(line.debit, balance.currency),
                        "credit": money(line.credit, balance.currency),
                    }
                    for line in balance.lines
                ],
            }
            for balance in found
        ],
    }


def trial_balance_csv(found: Sequence[TrialBalance]) -> str:
    """A row for each line, amounts in minor units; after those of a currency its total."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", "name", "type", "accounts", "currency", "debit", "credit"])
    for balance in found:
        for line in balance.lines:
            row = [line.code, line.name, line.type, line.accounts, balance.currency, line.debit, line.credit]
            writer.writerow(row)
        writer.writerow(["total", "", "", "", balance.currency, balance.debit, balance.credit])
    return text.getvalue()


def document(text: str, media_type: str) -> Json:
    return {"media_type": media_type, "content": base64.b64encode(text.encode()).decode()}


def account_balance(ask: AskAccountBalance, by_kind: dict[str, int]) -> Json:
    total = sum(by_kind.values())
    return _as_of(ask.as_of) | {
        "account": ask.account,
        "currency": ask.currency,
        "balance": money(total, ask.currency),
        "side": "debit" if is_debit_side(ask.account) else "credit",
        "natural": money(natural(ask.account, total), ask.currency),
        "by_kind": {kind: money(amount, ask.currency) for kind, amount in by_kind.items()},
    }


def explanation(found: Explanation) -> Json:
    return {
        "of": found.of,
        "subject": found.subject,
        "title": found.title,
        "currency": found.currency,
        "adds_up": found.adds_up,
        "checks": [
            {
                "what": check.what,
                "expected": money(check.expected, found.currency),
                "found": money(check.found, found.currency),
                "holds": check.holds,
            }
            for check in found.checks
        ],
        "branches": [_branch(branch, found.currency) for branch in found.branches],
    }


def _branch(branch: Branch, currency: str) -> Json:
    return {
        "what": branch.what,
        "amount": None if branch.amount is None else money(branch.amount, currency),
        "why": branch.why,
        "account": branch.account,
        "entry_id": branch.entry_id,
        "branches": [_branch(below, currency) for below in branch.branches],
    }


def chart() -> Json:
    return {
        "items": [
            {
                "code": account.code,
                "name": account.name,
                "type": account.type.value,
                "normal_side": account.normal_side.value,
                "owner": account.owner.value,
                "means": account.means,
            }
            for account in CHART
        ],
        "next_cursor": None,
    }


def head(found: Head, unsealed: int) -> Json:
    return {"position": found.position, "hash": found.hash.hex(), "unsealed": unsealed}


def _as_of(as_of: AsOf) -> Json:
    return {"at": None if as_of.before is None else to_wire(as_of.before), "entry_id": as_of.entry}
