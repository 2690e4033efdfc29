"""What is known of one order, in whatever order it was learnt. Amounts are minor units of one currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

CASH = "cash"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkTerms:
    """The terms of a promotion link as they stood when the order was paid."""

    link_id: str
    promoter_shop_id: str
    promoter_owner_id: str
    listing_id: str
    rate_bp: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidLine:
    line_id: str
    listing_id: str
    category: str
    paid: int
    goods: int
    platform_discount: int
    promotion_link_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidPart:
    """One store order as it was paid for."""

    store_order_id: str
    shop_id: str
    merchant_id: str
    lines: tuple[PaidLine, ...]

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paid:
    customer_id: str
    paid_at: datetime
    total: int
    delivery_fee: int
    parts: tuple[PaidPart, ...]
    links: tuple[LinkTerms, ...] = ()
    tip: int = 0
    method: str | None = None

    @property
    def is_cash(self) -> bool:
        """Confirmed by the customer, and collected at the door."""
        return self.method == CASH


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """``collected`` is what the courier took at the door."""

    delivered_at: datetime
    store_order_ids: tuple[str, ...]
    courier_id: str | None = None
    collected: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """The courier's finished work for the order."""

    courier_id: str
    completed_at: datetime
    pickups: int
    distance_m: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundedLine:
    line_id: str
    amount: int
    platform_discount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    refund_id: str
    store_order_id: str | None
    amount: int
    delivery_fee: int
    lines: tuple[RefundedLine, ...]
    tip: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedBack:
    """A refund of collected money that is in the customer's hands: from a courier's, or the platform's."""

    amount: int
    courier_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFacts:
    """Everything heard of one order. Parts may be missing: they were not heard yet, or never happened."""

    order_id: str
    currency: str | None = None
    paid: Paid | None = None
    delivered: Delivered | None = None
    trip: Trip | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    handed_back: dict[str, HandedBack] = field(default_factory=dict)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values())
