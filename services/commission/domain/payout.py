"""Payouts: money on its way from the platform to a payee, and what may become of it.

The bank's word decides. A payout is told to the bank again until it answers, always under the payout's id, so
that it is paid once; whatever the bank then says, and however often, the books follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.commission.domain.errors import PayoutState
from services.commission.domain.ledger import Move
from services.commission.domain.payee import CASH_OF_COURIER, Payee, PayeeKind
from services.commission.domain.statement import CASH_NETTING, PAYOUT, PAYOUT_FEE

BANK, FEES = "cash:bank", "revenue:payout_fee"


class PayoutStatus(StrEnum):
    CREATED = "created"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    RETRIED = "retried"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


P = PayoutStatus

# A bank may say "failed" first and "confirmed" later: that the money arrived is the truth, even where another
# payout took its place meanwhile; what was paid twice is then a debt. Nothing brings back what has ended.
MAY_BECOME: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    P.CREATED: frozenset({P.SENT, P.WITHDRAWN}),
    P.SENT: frozenset({P.CONFIRMED, P.FAILED}),
    P.FAILED: frozenset({P.RETRIED, P.CONFIRMED}),
    P.RETRIED: frozenset({P.CONFIRMED}),
    P.CONFIRMED: frozenset({P.RETURNED}),
    P.RETURNED: frozenset(),
    P.WITHDRAWN: frozenset(),
}
# While one of a payee's payouts is open there is no other: its amount is not given twice.
OPEN = frozenset({P.CREATED, P.SENT, P.FAILED})
# What the bank may answer, and the state that follows from it.
ANSWERS = frozenset({P.CONFIRMED, P.FAILED, P.RETURNED})


@dataclass(frozen=True, kw_only=True, slots=True)
class PayoutTerms:
    """Amounts are minor units: nothing below ``minimum`` is paid out, and ``fee`` is taken off each payout.

    A payout that failed is tried ``tries`` times in all, ``pause`` apart; one without an answer is told again
    after the same pause.
    """

    minimum: int = 100
    fee: int = 0
    tries: int = 3
    pause: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Payout:
    """``amount`` arrives at the payee; ``fee`` is taken off besides. ``nth`` counts the tries of one sum.

    ``told`` counts how often the bank was told; ``tell_at`` is when it is told next.
    """

    payout_id: str
    payee: Payee
    amount: int
    fee: int
    bank_account: str
    status: PayoutStatus
    created_at: datetime
    changed_at: datetime
    tell_at: datetime
    nth: int = 1
    told: int = 0
    retries: str | None = None
    reason: str | None = None

    @property
    def gross(self) -> int:
        """What it takes off the payable account."""
        return self.amount + self.fee

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def become(self, status: PayoutStatus, at: datetime, reason: str | None = None) -> Payout:
        """The payout in its next state; raises :class:`PayoutState` when the table forbids it."""
        if status not in MAY_BECOME[self.status]:
            raise PayoutState(f"A payout that is {self.status} cannot become {status}.")
        return replace(self, status=status, changed_at=at, reason=reason)

    def tell(self, at: datetime, pause: timedelta) -> Payout:
        """The payout once the bank is told, for the first time or again."""
        told = self if self.status is P.SENT else self.become(P.SENT, at)
        return replace(told, told=self.told + 1, tell_at=at + pause)

    def moves(self) -> list[Move]:
        """What a confirmed payout moves; the other way round when it is returned."""
        account = self.payee.payable
        sent = Move(amount=self.amount, debit=account, credit=BANK, kind=PAYOUT)
        fee = Move(amount=self.fee, debit=account, credit=FEES, kind=PAYOUT_FEE)
        return [move for move in (sent, fee) if move.amount]

    def moves_back(self) -> list[Move]:
        return [replace(move, amount=-move.amount) for move in self.moves()]


def payable_amount(available: int, terms: PayoutTerms) -> int:
    """What arrives of ``available``: nothing of a debt, or below the minimum, or that a fee eats up."""
    amount = available - terms.fee
    return amount if available >= terms.minimum and amount > 0 else 0


def netting(payee: Payee, payable: int, held: int) -> list[Move]:
    """Set cash that a courier holds for others off against what is payable: it is the courier's now.

    Where more is held than is payable the rest stays owed.
    """
    amount = min(payable, held)
    if payee.kind is not PayeeKind.COURIER or amount <= 0:
        return []
    cash = CASH_OF_COURIER + payee.payee_id
    return [Move(amount=amount, debit=payee.payable, credit=cash, kind=CASH_NETTING)]
