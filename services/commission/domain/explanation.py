"""An explanation: a tree of amounts and reasons, and the sums that it was held against."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Branch:
    """One thing that money was or went to; its branches say what it is made of. Positive is for the party."""

    what: str
    amount: int | None = None
    why: str | None = None
    account: str | None = None
    entry_id: int | None = None
    branches: list[Branch] = field(default_factory=list)

    def add(self, branch: Branch) -> Branch:
        self.branches.append(branch)
        return branch


@dataclass(frozen=True, slots=True)
class Check:
    """Two amounts that have to be the same."""

    what: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        return self.expected == self.found


@dataclass(slots=True)
class Explanation:
    """Of what (``order``, ``entry``), which one, and how it comes about."""

    of: str
    subject: str
    title: str
    currency: str
    branches: list[Branch] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        return all(check.holds for check in self.checks)

    def check(self, what: str, expected: int, found: int) -> None:
        self.checks.append(Check(what, expected, found))
