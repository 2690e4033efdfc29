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
    # About where it is, to a kilometre; unknown of shops that opened before it was asked for.
    lat: float | None = None
    lon: float | None = None


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
    """What a shop earns by one link on one store order: ``amount`` is what is left of ``full`` after refunds.

    The promoter's own part is level 1, that of the shop which recruited the promoter level 2.
    """

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
    level: int = 1
    by: str | None = None
    offer_id: str | None = None
    units: int = 0


def denial(line: PaidLine, part: PaidPart, paid: Paid, terms: LinkTerms) -> str | None:
    """Why ``line`` earns no commission through its link; ``None`` when it earns one."""
    if terms.refused is not None:
        return terms.refused
    if terms.listing_id != line.listing_id:
        return "other-listing"
    return _of_interest(terms.promoter_shop_id, terms.promoter_owner_id, part, paid)


def recruiter_denial(part: PaidPart, paid: Paid, terms: LinkTerms) -> str | None:
    """Why the recruiter of a promoter gets no part of its commission."""
    if terms.recruiter_shop_id is None or terms.recruiter_owner_id is None:
        return "no-recruiter"
    if terms.recruiter_owner_id == terms.promoter_owner_id:
        return "circular"
    return _of_interest(terms.recruiter_shop_id, terms.recruiter_owner_id, part, paid)


def _of_interest(shop_id: str, owner_id: str, part: PaidPart, paid: Paid) -> str | None:
    if shop_id == part.shop_id or owner_id == part.merchant_id:
        return "own-goods"
    if owner_id == paid.customer_id:
        return "self-purchase"
    # Goods that go back to the one who sells them were promoted to nobody.
    return "circular" if paid.customer_id == part.merchant_id else None
