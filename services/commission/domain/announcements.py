"""What commission tells the other services, in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.commission.domain.offers import Offer
from services.commission.domain.promotion import Accrual


@dataclass(frozen=True, kw_only=True, slots=True)
class CommissionAccrued:
    """A store order was delivered: its promoter has earned, and the earning is frozen."""

    accrual: Accrual
    currency: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CommissionReversed:
    """A refund took ``amount`` of an earned commission back."""

    accrual: Accrual
    amount: int
    refund_id: str
    currency: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CommissionReleased:
    """The after-sale time is over: what is left of the commission is payable."""

    accrual: Accrual
    currency: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SettlementPosted:
    """``amount`` moved to a payee's account for one order, made up of ``parts`` (kind, amount)."""

    settlement_id: str
    transaction_id: str
    order_id: str
    store_order_id: str | None
    kind: str
    payee_kind: str
    payee_id: str | None
    currency: str
    amount: int
    parts: tuple[tuple[str, int], ...]
    correction: bool
    rate_plan: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferPublished:
    """A version of an offer is in force: sourced goods may be promoted within its bounds."""

    offer: Offer
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferAccepted:
    """A shop promotes the goods of an offer from now on, or on other terms."""

    link_id: str
    shop_id: str
    offer: Offer
    rate_bp: int
    price: int | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferWithdrawn:
    """A shop promotes the goods no more."""

    link_id: str
    shop_id: str
    offer_id: str
    listing_id: str
    at: datetime


OfferNews = OfferPublished | OfferAccepted | OfferWithdrawn
Announcement = CommissionAccrued | CommissionReversed | CommissionReleased | SettlementPosted
