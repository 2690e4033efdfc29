"""The trial balance: every account in a debit or a credit column, which add up to the same; now or then."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.commission.application.ports import Catalogue, Ledger
from services.commission.application.rights import check_party, owner_of, readers_of_all_books_only
from services.commission.domain.chart import code_of, in_chart
from services.commission.domain.commands import AskAccountBalance, AskTrialBalance


@dataclass(slots=True)
class TrialLine:
    """One account, or a family of ``accounts``, each of which stands on the side where it stands."""

    code: str
    name: str
    type: str
    accounts: int = 0
    debit: int = 0
    credit: int = 0


@dataclass(slots=True)
class TrialBalance:
    currency: str
    lines: list[TrialLine] = field(default_factory=list)

    @property
    def debit(self) -> int:
        return sum(line.debit for line in self.lines)

    @property
    def credit(self) -> int:
        return sum(line.credit for line in self.lines)

    @property
    def adds_up(self) -> bool:
        return self.debit == self.credit


def trial_balance(ask: AskTrialBalance, *, ledger: Ledger) -> list[TrialBalance]:
    """The trial balance of each currency that the books are in, in the order of the chart's types."""
    readers_of_all_books_only(ask.actor)
    found: dict[str, dict[str, TrialLine]] = {}
    for account, currency, amount in ledger.balances(as_of=ask.as_of):
        if ask.currency not in {None, currency}:
            continue
        code = account if ask.expanded else code_of(account)
        lines = found.setdefault(currency, {})
        line = lines.get(code)
        if line is None:
            known = in_chart(account)
            line = lines[code] = TrialLine(
                code=code, name=known.name if known else "", type=known.type.value if known else ""
            )
        line.accounts += 1
        if amount > 0:
            line.debit += amount
        else:
            line.credit -= amount
    return [
        TrialBalance(currency=currency, lines=sorted(lines.values(), key=_place))
        for currency, lines in sorted(found.items())
    ]


_TYPES = ("asset", "liability", "revenue", "expense", "")


def _place(line: TrialLine) -> tuple[int, str]:
    return _TYPES.index(line.type), line.code


def account_balance(ask: AskAccountBalance, *, catalogue: Catalogue, ledger: Ledger) -> dict[str, int]:
    """The signed sum of an account by kind, now or then; a party may ask for its own."""
    check_party(ask.actor, *owner_of(ask.account), catalogue)
    sums = ledger.sums_as_of([ask.account], ask.currency, ask.as_of)
    return {kind: amount for (_, kind), amount in sums.items()}
