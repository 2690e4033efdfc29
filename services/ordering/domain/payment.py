"""Attempts to pay an order. One success wins; every other one goes back by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.ordering.domain.errors import WrongState

CASH = "cash"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    DUE = "due"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


P = PaymentStatus

# A provider may report failure first and success later (or the reverse): its success is the truth.
MAY_BECOME: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    # Confirmed by the customer, to be collected at the door.
    P.DUE: frozenset({P.SUCCEEDED}),
    P.PENDING: frozenset({P.SUCCEEDED, P.FAILED, P.REFUNDED}),
    P.FAILED: frozenset({P.SUCCEEDED, P.REFUNDED}),
    P.SUCCEEDED: frozenset({P.REFUNDED}),
    P.REFUNDED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One attempt; ``amount`` is the order's total in its minor units."""

    payment_id: str
    order_id: str
    method: str
    scenario: str
    amount: int
    currency: str
    status: PaymentStatus = PaymentStatus.PENDING
    started_at: datetime

    def become(self, status: PaymentStatus) -> Payment:
        """The payment in its next state; raises :class:`WrongState` when the table forbids it."""
        if status not in MAY_BECOME[self.status]:
            raise WrongState(f"A payment that is {self.status} cannot become {status}.")
        return replace(self, status=status)


Action = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An attempt, and what the customer's device has to do for it."""

    payment: Payment
    action: Action | None = None


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Money that a provider took for an attempt; ``captured`` when it pays the order."""

    charge_id: str
    payment_id: str
    order_id: str
    amount: int
    captured: bool
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Surplus:
    """A charge that pays for nothing (a second success, or a success for a dead order) and goes back."""

    charge_id: str
    payment_id: str
    order_id: str
    amount: int
    reason: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProviderRow:
    """A row of a provider's own settlement file: money it took, gave back, or kept as its fee.

    ``reference_id`` is our payment's or refund's id. ``amount`` is in minor units and positive.
    """

    kind: str
    provider_id: str
    reference_id: str
    amount: int
    currency: str
    at: datetime
