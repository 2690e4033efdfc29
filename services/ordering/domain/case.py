"""An after-sale case: what a customer says is wrong with goods that arrived, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.ordering.domain import case_events
from services.ordering.domain.errors import WrongState
from services.ordering.domain.refund import SHOP
from shared.kernel.ids import derived_id


class CaseStatus(StrEnum):
    OPEN = "open"  # The shop is to answer.
    REJECTED = "rejected"  # The customer may appeal.
    APPEALED = "appealed"  # An operator is to decide.
    RESENDING = "resending"  # The shop is to send the goods again.
    RESENT = "resent"  # The customer is to say that they came.
    REFUNDED = "refunded"
    RESOLVED = "resolved"  # What was sent again has come.
    DISMISSED = "dismissed"  # The rejection stands.
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"  # Other refunds paid all that was asked for.


C = CaseStatus

# Who has rejected may still give in; who waits for an operator takes the operator's word. What was decided
# against the customer, withdrawn or thought solved can be reopened by an operator, for an operator to decide.
MAY_BECOME: dict[CaseStatus, frozenset[CaseStatus]] = {
    C.OPEN: frozenset({C.REFUNDED, C.RESENDING, C.REJECTED, C.WITHDRAWN, C.OVERTAKEN}),
    C.REJECTED: frozenset({C.APPEALED, C.REFUNDED, C.RESENDING, C.DISMISSED, C.WITHDRAWN, C.OVERTAKEN}),
    C.APPEALED: frozenset({C.REFUNDED, C.RESENDING, C.DISMISSED, C.WITHDRAWN, C.OVERTAKEN}),
    C.RESENDING: frozenset({C.RESENT, C.REFUNDED, C.WITHDRAWN, C.OVERTAKEN}),
    C.RESENT: frozenset({C.RESOLVED, C.APPEALED, C.REFUNDED, C.OVERTAKEN}),
    C.RESOLVED: frozenset({C.APPEALED}),
    C.DISMISSED: frozenset({C.APPEALED}),
    C.WITHDRAWN: frozenset({C.APPEALED}),
    C.REFUNDED: frozenset(),
    C.OVERTAKEN: frozenset(),
}
# An order is not completed while one of its cases is going on.
GOING_ON = frozenset({C.OPEN, C.REJECTED, C.APPEALED, C.RESENDING, C.RESENT})
# No other case may be about units that are being decided about, or that were decided against the customer.
HOLDS_UNITS = GOING_ON | {C.DISMISSED}

REASONS = ("damaged", "missing", "wrong-item", "quality", "other")
MOST_PHOTOS = 6


class Party(StrEnum):
    """Who moved a case: somebody, or the clock because somebody did not."""

    CUSTOMER = "customer"
    SHOP = "shop"
    OPERATOR = "operator"
    CLOCK = "clock"
    ELSEWHERE = "elsewhere"  # A refund that no case asked for.


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Units of one line: ``quantity`` is what was asked for, ``left`` what the case is still about."""

    line_id: str
    listing_id: str
    name: str
    quantity: int
    left: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One move of a case, with what was said; ``words`` are for those who may see the case, nobody else."""

    at: datetime
    by: Party
    status: CaseStatus
    words: str | None = None


@dataclass(kw_only=True)
class Case:
    """About lines of one store order, so that one shop answers it. ``due_at`` is when the clock decides.

    ``fault`` is whose it was, as far as anybody has ruled; ``refunded`` is what it paid back in minor units
    of ``currency``, ``borne_by`` who bears that.
    Methods change it and record what has happened in ``recorded``.
    """

    case_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    merchant_id: str
    customer_id: str
    currency: str
    reason: str
    claims: tuple[Claim, ...]
    opened_at: datetime
    status: CaseStatus
    due_at: datetime | None
    steps: tuple[Step, ...] = ()
    photo_ids: tuple[str, ...] = ()
    fault: str = SHOP
    borne_by: str | None = None
    refunded: int = 0
    recorded: list[case_events.Event] = field(default_factory=list)

    @property
    def is_going_on(self) -> bool:
        return self.status in GOING_ON

    @property
    def refund_id(self) -> str:
        """The id of the one refund that this case can lead to."""
        return derived_id("refund", "case", self.case_id)

    @property
    def claimed(self) -> dict[str, int]:
        """Units by line that the case is still about."""
        return {claim.line_id: claim.left for claim in self.claims if claim.left}

    def was_moved(self, status: CaseStatus, by: Party) -> bool:
        """True when ``by`` moved it to ``status`` last: a command that is repeated changes nothing."""
        return self.status is status and bool(self.steps) and self.steps[-1].by is by

    def require(self, status: CaseStatus) -> None:
        """Raises :class:`WrongState` unless the table lets the case become ``status``."""
        if status not in MAY_BECOME[self.status]:
            message = f"A case that is {self.status} cannot become {status}."
            raise WrongState(message, status=str(self.status))

    def become(
        self,
        status: CaseStatus,
        *,
        by: Party,
        at: datetime,
        due_at: datetime | None = None,
        words: str | None = None,
    ) -> None:
        """Move on; raises :class:`WrongState` when the table forbids it."""
        self.require(status)
        self.status, self.due_at = status, due_at
        self.steps = (*self.steps, Step(at=at, by=by, status=status, words=words))
        if self.is_going_on:
            self.recorded.append(case_events.changed(self, by, at))
        else:
            self.recorded.append(case_events.closed(self, by, at))

    def pay_back(self, amount: int, *, by: Party, at: datetime, words: str | None) -> None:
        """What it is still about was paid back: ``amount``, at the cost of whose fault it was."""
        self.refunded, self.borne_by = amount, self.fault
        self.become(C.REFUNDED, by=by, at=at, words=words)

    def give_way(self, taken: Mapping[str, int], at: datetime) -> dict[str, int]:
        """Units that were paid back elsewhere count against this case; answers how many did, by line.

        A case that goes on and is about nothing any more is overtaken.
        """
        if self.status not in HOLDS_UNITS:
            return {}
        used = {claim.line_id: min(claim.left, taken.get(claim.line_id, 0)) for claim in self.claims}
        used = {line_id: units for line_id, units in used.items() if units > 0}
        self.claims = tuple(
            replace(claim, left=claim.left - used.get(claim.line_id, 0)) for claim in self.claims
        )
        if self.is_going_on and not self.claimed:
            self.become(C.OVERTAKEN, by=Party.ELSEWHERE, at=at)
        return used
