"""What commission can be asked to do, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.commission.domain.rates import CourierPay, TakeRateBase
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


@dataclass(frozen=True, kw_only=True, slots=True)
class SetRatePlan:
    """What is left out stays as it is in the plan in force."""

    actor: Actor
    plan_id: str
    currency: str
    effective_from: datetime | None = None
    take_rate_bp: int | None = None
    take_rate_by_category: dict[str, int] | None = None
    take_rate_by_shop: dict[str, int] | None = None
    take_rate_base: TakeRateBase | None = None
    distribution_bp: int | None = None
    distribution_max_bp: int | None = None
    courier_pay: CourierPay | None = None


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
