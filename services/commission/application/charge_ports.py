"""What charging shops needs of the outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from services.commission.domain.shop_contract import Charge, ShopContract


@dataclass(frozen=True, kw_only=True, slots=True)
class Charged:
    """What is posted for a period, after how many postings, and which was the last."""

    charge: Charge
    postings: int
    last_transaction: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractBook:
    """A contract, the day before which it was ended if it was, and what is posted for it, by period."""

    contract: ShopContract
    ends_before: date | None = None
    next_period: date | None = None
    charges: dict[date, Charged] = field(default_factory=dict)


class Contracts(Protocol):
    """Subscriptions and placements of shops, inside one transaction."""

    def add(self, contract: ShopContract) -> None:
        """Add the contract, to be charged from its first period on, unless there is one with its id."""

    def held(self, contract_id: str) -> ContractBook | None:
        """The contract, held by the running transaction."""

    def of_shop(self, shop_id: str, after: str | None, limit: int) -> list[ContractBook]:
        """The contracts of a shop in the order of their ids, those after ``after``."""

    def end(self, contract_id: str, ends_before: date, reason: str, by: str, at: datetime) -> None:
        """Note when it ends; the last note counts."""

    def due(self, now: datetime, limit: int) -> list[str]:
        """Contracts that something is to be charged for by ``now``, the longest due first."""

    def keep_charge(self, contract_id: str, period: date, charge: Charge, transaction_id: str) -> None:
        """From now on this is posted for the period, lastly by that transaction."""

    def set_next(self, contract_id: str, period: date | None, due_at: datetime | None) -> None:
        """The period that is to be charged next, and when; none when the contract is over."""

    def delivered(self, shop_id: str, since: datetime, until: datetime) -> int:
        """How many store orders of the shop were settled in that time."""
