"""Money on its way back to where it came from, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ordering.domain.errors import WrongState
from services.ordering.domain.refund import Refund


class RefundState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    TO_HAND_BACK = "to_hand_back"


R = RefundState

# A provider is asked again after a failure, and again for what it has accepted, until it confirms. What was
# collected at the door is handed back by a person, and confirmed by one.
MAY_BECOME: dict[RefundState, frozenset[RefundState]] = {
    R.PENDING: frozenset({R.SENT, R.CONFIRMED, R.FAILED}),
    R.SENT: frozenset({R.CONFIRMED, R.FAILED}),
    R.FAILED: frozenset({R.SENT, R.CONFIRMED}),
    R.TO_HAND_BACK: frozenset({R.CONFIRMED}),
    R.CONFIRMED: frozenset(),
}
# What the provider is asked about, again and again.
ON_ITS_WAY = frozenset({R.PENDING, R.SENT, R.FAILED})


def require_may_become(before: RefundState, after: RefundState) -> None:
    """Raises :class:`WrongState` when the table forbids it; to stay as it is always may be."""
    if after is not before and after not in MAY_BECOME[before]:
        raise WrongState(f"A refund that is {before} cannot become {after}.", status=str(before))


def may_have_been(after: RefundState) -> list[str]:
    """The states from which one comes to ``after``, for a conditional write."""
    return sorted(str(before) for before, goals in MAY_BECOME.items() if after in goals)


@dataclass(frozen=True, kw_only=True)
class RefundOutcome:
    """What a provider says has become of a refund; ``failure`` says why it failed, in its words."""

    refund_id: str
    state: RefundState
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderRefundProgress:
    """One refund as it is on its way. ``order_id`` is the order it is for; amounts are minor units."""

    refund_id: str
    order_id: str
    payment_id: str
    method: str
    amount: int
    currency: str
    reason: str
    state: RefundState
    attempt: int
    asked_at: datetime
    sent_at: datetime | None
    confirmed_at: datetime | None
    failure: str | None


# Of money that no courier had collected yet: it is not due any more, so nothing is under way.
NOT_DUE = "not_due"


@dataclass(frozen=True, kw_only=True)
class RefundOnTheWay:
    """One refund as its customer sees it, ``state`` being one of the table's or ``NOT_DUE``.

    ``refund`` is None for a charge that paid for nothing, ``progress`` for what was never taken.
    ``expected_at`` is when the money is there at the latest, as far as the provider says.
    """

    refund_id: str
    amount: int
    reason: str
    issued_at: datetime
    state: str
    refund: Refund | None
    progress: ProviderRefundProgress | None
    expected_at: datetime | None
