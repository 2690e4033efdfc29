"""A courier lent to a neighbouring zone: offered, lent, recalled, returned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.dispatch.domain.errors import WrongState
from services.dispatch.domain.events import (
    CourierLent,
    CourierLoanOffered,
    CourierRecalled,
    CourierReturned,
    LoanEvent,
)

# Who lends when no operator does.
PLANNER = "planner"


class LoanStatus(StrEnum):
    OFFERED = "offered"
    LENT = "lent"
    RECALLED = "recalled"
    RETURNED = "returned"


MAY_BECOME: dict[LoanStatus, frozenset[LoanStatus]] = {
    LoanStatus.OFFERED: frozenset({LoanStatus.LENT, LoanStatus.RETURNED}),
    LoanStatus.LENT: frozenset({LoanStatus.RECALLED, LoanStatus.RETURNED}),
    LoanStatus.RECALLED: frozenset({LoanStatus.RETURNED}),
    LoanStatus.RETURNED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Loan:
    """Who is lent from where to where, and until when at most.

    ``offered``: still of the old zone, taking nothing new there. ``lent``: of the other zone. ``recalled``:
    still of the other zone, taking nothing new. ``returned``: over. The reason is for operators alone.
    """

    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    until: datetime
    offered_at: datetime
    by: str
    reason: str
    status: LoanStatus = LoanStatus.OFFERED
    lent_at: datetime | None = None
    recalled_at: datetime | None = None
    recalled_by: str | None = None
    returned_at: datetime | None = None

    @property
    def is_abroad(self) -> bool:
        """The courier is the other zone's."""
        return self.status in {LoanStatus.LENT, LoanStatus.RECALLED}

    def is_over(self, now: datetime) -> bool:
        """Recalled, or out of time: the courier goes back as soon as nothing is left to do."""
        return self.status in {LoanStatus.RECALLED, LoanStatus.RETURNED} or now >= self.until

    def is_moving(self, now: datetime) -> bool:
        """On the way out or back: nothing new may be asked meanwhile."""
        return self.status is LoanStatus.OFFERED or self.is_over(now)

    def lend(self, at: datetime) -> Loan:
        return self._become(LoanStatus.LENT, lent_at=at)

    def recall(self, by: str, at: datetime) -> Loan:
        return self._become(LoanStatus.RECALLED, recalled_at=at, recalled_by=by)

    def end(self, at: datetime) -> Loan:
        return self._become(LoanStatus.RETURNED, returned_at=at)

    def _become(self, status: LoanStatus, **known: object) -> Loan:
        if status not in MAY_BECOME[self.status]:
            raise WrongState(f"This loan is {self.status} and cannot be {status}.")
        return replace(self, status=status, **known)  # type: ignore[arg-type]


def event_of(loan: Loan) -> LoanEvent:
    """What has happened when a loan has become what it is."""
    who = {
        "loan_id": loan.loan_id,
        "courier_id": loan.courier_id,
        "from_zone_id": loan.from_zone_id,
        "to_zone_id": loan.to_zone_id,
    }
    match loan.status:
        case LoanStatus.OFFERED:
            return CourierLoanOffered(**who, offered_at=loan.offered_at, ends_at=loan.until)
        case LoanStatus.LENT:
            assert loan.lent_at is not None
            return CourierLent(**who, lent_at=loan.lent_at, ends_at=loan.until)
        case LoanStatus.RECALLED:
            assert loan.recalled_at is not None
            return CourierRecalled(**who, recalled_at=loan.recalled_at)
        case LoanStatus.RETURNED:
            assert loan.returned_at is not None
            return CourierReturned(**who, returned_at=loan.returned_at)
