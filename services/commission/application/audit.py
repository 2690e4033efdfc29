"""Checking the books against what is known of the orders behind them, order by order.

That every transaction sums to zero finds neither a lost event nor one that counted twice; so each order, each
shift, each period of a contract and each payout is derived anew and compared with its entries. What else
concerns no order has no facts here: together with the orders it makes up each account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.commission.application.ports import AuditedOrder, Ledger
from services.commission.domain import ledger as accounts
from services.commission.domain.settlement import goal_of

# Findings beyond these are counted and not listed.
LISTED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    order_id: str
    problem: str
    expected: int
    found: int


@dataclass(slots=True)
class Audit:
    """What was looked at, and what is wrong. ``waiting`` orders were heard of, their payment was not.

    ``journal`` is what was posted for no order: (account, currency, signed sum).
    """

    orders: int = 0
    waiting: int = 0
    open: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    journal: list[tuple[str, str, int]] = field(default_factory=list)
    unbalanced: list[tuple[str, str, int]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    mismatches: list[Finding] = field(default_factory=list)
    unsettled: list[Finding] = field(default_factory=list)
    mismatch_count: int = 0
    unsettled_count: int = 0

    @property
    def sums_to_zero(self) -> bool:
        return not self.unbalanced and not any(self.sums.values())

    @property
    def is_sound(self) -> bool:
        return self.sums_to_zero and not (self.orphans or self.mismatch_count or self.unsettled_count)


def audit(ledger: Ledger) -> Audit:
    """Look at every transaction, account and order."""
    result = Audit(
        unbalanced=ledger.unbalanced(LISTED), orphans=ledger.orphans(LISTED), journal=ledger.journal()
    )
    per_account: dict[str, int] = {}
    recounted = ledger.recounted()
    kept = {(account, currency): amount for account, currency, amount in ledger.balances()}
    for account, currency, amount in recounted:
        told = kept.pop((account, currency), 0)
        if told != amount:
            result.mismatch_count += 1
            result.mismatches.append(_of_account(account, "its totals are not its entries", amount, told))
        result.sums[currency] = result.sums.get(currency, 0) + amount
        per_account[account] = per_account.get(account, 0) + amount
    for account, _, amount in result.journal:
        per_account[account] = per_account.get(account, 0) - amount
    for (account, _), told in kept.items():
        if told:
            result.mismatch_count += 1
            result.mismatches.append(_of_account(account, "it has totals and no entries", 0, told))
    for order in ledger.audited():
        result.orders += 1
        if order.facts.paid is None:
            result.waiting += 1
        for finding in mismatches(order):
            result.mismatch_count += 1
            result.mismatches.append(finding)
        for account, amount in order.ledger.items():
            per_account[account] = per_account.get(account, 0) - amount
        left = -order.ledger.get(accounts.ORDERS, 0)
        uncollected = order.ledger.get(accounts.CASH_ON_DELIVERY, 0)
        if is_over(order):
            if uncollected:
                result.unsettled_count += 1
                result.unsettled.append(
                    _finding(order, "still to be collected for a finished order", 0, uncollected)
                )
            if left:
                result.unsettled_count += 1
                result.unsettled.append(_finding(order, "still held for a finished order", 0, left))
        elif left:
            result.open += 1
    for promise in ledger.promises():
        if promise.wanted != promise.posted:
            result.mismatch_count += 1
            result.mismatches.append(
                Finding(
                    order_id="",
                    problem=f"{promise.what} is not what its facts call for",
                    expected=promise.wanted,
                    found=promise.posted,
                )
            )
    for account, difference in per_account.items():
        if difference:
            result.mismatch_count += 1
            result.mismatches.append(
                _of_account(account, "it is not the sum of its orders and of the journal", 0, difference)
            )
    result.mismatches = result.mismatches[:LISTED]
    result.unsettled = result.unsettled[:LISTED]
    return result


def is_over(order: AuditedOrder) -> bool:
    """Nothing of a delivered or cancelled order may stay in the clearing account."""
    return order.facts.paid is not None and (
        order.facts.delivered is not None or order.facts.cancelled_at is not None
    )


def mismatches(order: AuditedOrder) -> Iterator[Finding]:
    """Where an order's entries are not what its facts call for."""
    facts, ledger = order.facts, order.ledger
    captured = facts.paid.total if facts.paid else 0
    kept = captured - facts.refunded if facts.paid else 0
    # With the provider, in couriers' hands, still to be collected, less what is to be handed back.
    money = sum(amount for account, amount in ledger.items() if account.startswith(accounts.MONEY))
    if money != kept:
        yield _finding(order, "captured less refunded is not in cash", kept, money)
    # Everything else: what all parties get, and what is still held.
    given = -sum(amount for account, amount in ledger.items() if not account.startswith(accounts.MONEY))
    if given != kept:
        yield _finding(order, "captured less refunded is not what all parties get", kept, given)
    goal = goal_of(facts, order.plan).sheet.by_account()
    for account in sorted(goal.keys() | ledger.keys()):
        if goal.get(account, 0) != ledger.get(account, 0):
            yield _finding(
                order,
                f"{account} is not what the facts call for",
                goal.get(account, 0),
                ledger.get(account, 0),
            )
    if facts.refunded > captured and facts.paid is not None:
        yield _finding(order, "more was refunded than paid", captured, facts.refunded)


def _of_account(account: str, problem: str, expected: int, found: int) -> Finding:
    return Finding(order_id="", problem=f"{account}: {problem}", expected=expected, found=found)


def _finding(order: AuditedOrder, problem: str, expected: int, found: int) -> Finding:
    return Finding(order_id=order.facts.order_id, problem=problem, expected=expected, found=found)
