"""`docs/ledger.md`: the ledger for accountants. The chart and the words of each kind come from the code."""

from __future__ import annotations

from pathlib import Path
from string import Template

from services.commission.domain.chart import CHART, AccountType
from services.commission.domain.ledger import Kind
from services.commission.domain.reasons import name_of

_PROSE = Path(__file__).with_suffix(".md")
_TITLES = {
    AccountType.ASSET: "Assets: what the platform has, and what it is owed",
    AccountType.LIABILITY: "Liabilities: what it owes",
    AccountType.REVENUE: "Revenue",
    AccountType.EXPENSE: "Expenses",
}


def ledger_page() -> str:
    """The page, with every account of the chart and every kind of movement."""
    kinds = "\n".join(f"| `{kind.value}` | {name_of(kind.value)} |" for kind in Kind)
    chart = "\n".join(_accounts(type) for type in AccountType)
    return Template(_PROSE.read_text(encoding="utf-8")).substitute(chart=chart, kinds=kinds)


def _accounts(type: AccountType) -> str:
    accounts = [account for account in CHART if account.type is type]
    rows = "\n".join(
        f"| `{account.code}` | {account.name} | {account.owner.value} | {account.means} |"
        for account in accounts
    )
    return (
        f"### {_TITLES[type]}\n\nNormally {accounts[0].normal_side.value}.\n\n"
        f"| account | name | whose | stands for |\n|---|---|---|---|\n{rows}\n"
    )
