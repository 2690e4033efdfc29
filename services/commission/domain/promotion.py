"""Promotion links, and the commissions that accrue through them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.commission.domain.facts import LinkTerms, Paid, PaidLine, PaidPart


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    shop_id: str
    owner_id: str
    category: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    listing_id: str
    shop_id: str
    category: str
    sourced: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PromotionLink:
    """A link of one shop, the promoter, to a sourced listing of another."""

    link_id: str
    code: str
    shop_id: str
    owner_id: str
    listing_id: str
    rate_bp: int | None


class AccrualStatus(StrEnum):
    PENDING = "pending"
    ACCRUED = "accrued"
    RELEASED = "released"
    REVERSED = "reversed"
    DENIED = "denied"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accrual:
    """What one link earns on one store order: ``amount`` is what is left of ``full`` after refunds."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    status: AccrualStatus
    full: int
    amount: int
    rate_bp: int
    reason: str | None = None


def denial(line: PaidLine, part: PaidPart, paid: Paid, terms: LinkTerms) -> str | None:
    """Why ``line`` earns no commission through its link; ``None`` when it earns one."""
    if terms.listing_id != line.listing_id:
        return "other-listing"
    if terms.promoter_shop_id == part.shop_id or terms.promoter_owner_id == part.merchant_id:
        return "own-goods"
    if terms.promoter_owner_id == paid.customer_id:
        return "self-purchase"
    return None
