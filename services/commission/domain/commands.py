"""What commission can be asked to do, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.commission.domain.shop_contract import ContractKind
from services.commission.domain.totals import AsOf

OPERATOR, ANALYST, MERCHANT, COURIER = "operator", "analyst", "merchant", "courier"


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    account_id: str
    role: str

    @property
    def is_operator(self) -> bool:
        return self.role == OPERATOR

    @property
    def reads_all_books(self) -> bool:
        """Entries hold ids and amounts alone, so analysts may read them too."""
        return self.role in {OPERATOR, ANALYST}


class Party(StrEnum):
    """Whose account it is."""

    SHOP = "shop"
    COURIER = "courier"
    PLATFORM = "platform"


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateLink:
    actor: Actor
    link_id: str
    shop_id: str
    listing_id: str
    rate_bp: int | None = None
    offer_id: str | None = None
    price: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetRatePlan:
    """``terms`` are fields of a plan; what is left out stays as it is in the plan in force."""

    actor: Actor
    plan_id: str
    currency: str
    effective_from: datetime | None
    terms: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawRatePlan:
    actor: Actor
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AskWhatIf:
    """What orders paid from ``since`` until ``until`` would have earned everybody under other ``terms``."""

    actor: Actor
    currency: str
    since: datetime
    until: datetime
    terms: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class BookContract:
    """``fee`` and ``per_order`` are named where they are not the rate plan's."""

    actor: Actor
    contract_id: str
    kind: ContractKind
    shop_id: str
    product: str
    currency: str
    starts_on: date
    ends_on: date | None
    fee: int | None = None
    per_order: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EndContract:
    actor: Actor
    contract_id: str
    ends_before: date
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskBalance:
    actor: Actor
    party: Party
    owner_id: str
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskStatement:
    actor: Actor
    party: Party
    owner_id: str
    currency: str
    since: datetime | None
    until: datetime | None
    after: int
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AskEntries:
    actor: Actor
    account: str | None
    order_id: str | None
    after: int
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AskTrialBalance:
    """``expanded``: each account for itself instead of one line for a family."""

    actor: Actor
    as_of: AsOf
    currency: str | None = None
    expanded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAccountBalance:
    actor: Actor
    account: str
    currency: str
    as_of: AsOf


@dataclass(frozen=True, kw_only=True, slots=True)
class AskExplanation:
    """Of an order, or of one entry."""

    actor: Actor
    order_id: str | None = None
    entry_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReverseTransaction:
    actor: Actor
    transaction_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAccounts:
    actor: Actor
    prefix: str
    after: tuple[str, str] | None
    limit: int
