"""Something else in the place of goods that are missing: proposed by the shop, answered before a deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.ordering.domain.errors import WrongState


class SubstitutionStatus(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    VOID = "void"


S = SubstitutionStatus

# Void: the units went back in another way while the proposal was open, so there was nothing left to answer.
MAY_BECOME: dict[SubstitutionStatus, frozenset[SubstitutionStatus]] = {
    S.PROPOSED: frozenset({S.ACCEPTED, S.DECLINED, S.VOID}),
    S.ACCEPTED: frozenset(),
    S.DECLINED: frozenset(),
    S.VOID: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Substitute:
    """What a shop offers instead: a listing of its own, or something that it names; prices are a unit's."""

    listing_id: str | None
    name: str
    unit_price: int
    photo_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Substitution:
    """A proposal for ``quantity`` units of a line. ``replaced_price`` is what one of them was sold at."""

    substitution_id: str
    line_id: str
    quantity: int
    replaced_price: int
    substitute: Substitute
    proposed_at: datetime
    decide_by: datetime
    status: SubstitutionStatus = SubstitutionStatus.PROPOSED
    decided_at: datetime | None = None
    decided_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status is SubstitutionStatus.PROPOSED

    @property
    def is_dearer(self) -> bool:
        return self.substitute.unit_price > self.replaced_price

    def become(self, status: SubstitutionStatus, by: str, at: datetime) -> Substitution:
        """The substitution once it is decided; raises :class:`WrongState` when the table forbids it."""
        if status not in MAY_BECOME[self.status]:
            raise WrongState(
                f"A substitution that is {self.status} cannot become {status}.", status=str(self.status)
            )
        return replace(self, status=status, decided_by=by, decided_at=at)


def by_rule(if_missing: str, proposal: Substitution) -> SubstitutionStatus:
    """What the customer's rule says when no answer came in time (rule 15).

    Only who asked for a substitute gets one unasked, and only one that is not dearer than what it replaces.
    """
    if if_missing == "substitute" and not proposal.is_dearer:
        return SubstitutionStatus.ACCEPTED
    return SubstitutionStatus.DECLINED
