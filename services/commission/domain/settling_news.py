"""What commission tells the other services of statements and payouts: ids, codes and amounts."""

from __future__ import annotations

from dataclasses import dataclass

from services.commission.domain.payout import Payout
from services.commission.domain.statement import Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementIssued:
    statement: Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class PayoutChanged:
    """The bank confirmed a payout, refused it, or brought its money back."""

    payout: Payout


SettlingNews = StatementIssued | PayoutChanged
