"""What everybody would have earned under other rates: the same facts, another plan, nothing posted.

What is earned is what the books would show, so everything that is earned, together with what customers paid,
sums to zero before and after; and customers pay the same under every plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from services.commission.domain.facts import OrderFacts
from services.commission.domain.guarantee import Shift, guarantee_of
from services.commission.domain.ledger import COURIER_GUARANTEE, courier_payable
from services.commission.domain.rates import RatePlan
from services.commission.domain.settlement import goal_of

SHOP, PROMOTER, COURIER, PLATFORM, CUSTOMERS = "shop", "promoter", "courier", "platform", "customers"

_PARTIES = {
    "payable:shop:": SHOP,
    "payable:promoter:": PROMOTER,
    "frozen:promoter:": PROMOTER,
    "payable:courier:": COURIER,
}
_PLATFORM = ("revenue:", "expense:")


class Party(NamedTuple):
    """Who earns: a shop, promoter or courier by id, the platform by account, all customers together."""

    kind: str
    owner_id: str


@dataclass(slots=True)
class Outcome:
    """What each party earned, and would have; costs and what customers paid are negative."""

    currency: str
    orders: int = 0
    shifts: int = 0
    before: dict[Party, int] = field(default_factory=dict)
    after: dict[Party, int] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[Party, int, int]]:
        """(party, before, after), in the order of kinds and ids."""
        for party in sorted(self.before.keys() | self.after.keys()):
            yield party, self.before.get(party, 0), self.after.get(party, 0)

    def totals(self) -> dict[str, tuple[int, int]]:
        """By kind of party, before and after."""
        totals: dict[str, tuple[int, int]] = {}
        for party, before, after in self.rows():
            so_far = totals.get(party.kind, (0, 0))
            totals[party.kind] = (so_far[0] + before, so_far[1] + after)
        return totals

    def add_order(self, facts: OrderFacts, plan: RatePlan, other: RatePlan) -> None:
        self.orders += 1
        was = goal_of(facts, plan).sheet.by_account()
        _earn(self.before, was)
        _earn(self.after, was if other is plan else goal_of(facts, other).sheet.by_account())

    def add_shift(self, shift: Shift, pay: tuple[int, int], plan: RatePlan, other: RatePlan) -> None:
        """Count the guarantee of a shift whose deliveries paid ``pay``, before and after."""
        self.shifts += 1
        for earned, paid, under in ((self.before, pay[0], plan), (self.after, pay[1], other)):
            missing = guarantee_of(shift, paid, under.courier_pay.guaranteed_per_hour).amount
            _earn(earned, {COURIER_GUARANTEE: missing, courier_payable(shift.courier_id): -missing})


class Changed:
    """Plans with other terms; one that they leave as it is stays the same object."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self._terms = terms
        self._known: dict[str, RatePlan] = {}

    def of(self, plan: RatePlan) -> RatePlan:
        known = self._known.get(plan.plan_id)
        if known is None:
            changed = replace(plan, **self._terms)
            known = self._known[plan.plan_id] = plan if changed == plan else changed
        return known


def party_of(account: str) -> Party:
    for prefix, kind in _PARTIES.items():
        if account.startswith(prefix):
            return Party(kind, account.removeprefix(prefix))
    return Party(PLATFORM, account) if account.startswith(_PLATFORM) else Party(CUSTOMERS, "")


def _earn(earned: dict[Party, int], by_account: Mapping[str, int]) -> None:
    for account, amount in by_account.items():
        if amount:
            party = party_of(account)
            earned[party] = earned.get(party, 0) - amount
