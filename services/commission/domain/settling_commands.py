"""What can be asked about statements, payouts and reconciliations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.commission.domain.commands import Actor
from services.commission.domain.payee import Payee
from services.commission.domain.payout import PayoutStatus
from services.commission.domain.reconciliation import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class AskStatements:
    """Without a payee: everybody's, for operators."""

    actor: Actor
    payee: Payee | None
    since: datetime | None
    after: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AskPayouts:
    actor: Actor
    payee: Payee | None
    status: PayoutStatus | None
    after: tuple[datetime, str] | None
    limit: int


class PayeeAction(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    BANK_ACCOUNT = "bank_account"
    CYCLE = "cycle"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePayee:
    """``value`` is the bank's reference to an account, or a cycle (none: the platform's)."""

    actor: Actor
    payee: Payee
    action: PayeeAction
    value: str | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconcile:
    """Without a period: what the file itself spans; ``method`` says which payment provider's file it is."""

    actor: Actor
    reconciliation_id: str
    source: Source
    file: str
    content: str
    since: datetime | None
    until: datetime | None
    method: str | None = None
