"""What ordering has written down of one order: its parts and lines, its cases and refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Discount(NamedTuple):
    campaign_id: str
    funder: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Fall:
    """Units of a line, from ``first`` on, that cost ``goods`` less; ``amount`` of it is the customer's."""

    first: int
    units: int
    goods: int
    amount: int
    discounts: tuple[int, ...] = ()
    substitution_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    line_id: str
    listing_id: str
    quantity: int
    paid: int
    refunded_quantity: int = 0
    unit_price: int = 0
    category: str = ""
    discounts: tuple[Discount, ...] = ()
    falls: tuple[Fall, ...] = ()
    unit_grams: int | None = None
    grams: int | None = None
    promotion_link_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Something else for missing units, and what became of it."""

    substitution_id: str
    line_id: str
    quantity: int
    unit_price: int
    status: str
    listing_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A store order."""

    store_order_id: str
    shop_id: str
    status: str
    paid: int
    refunded: int
    lines: tuple[Line, ...]
    merchant_id: str = ""
    proposals: tuple[Proposal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BookedOrder:
    order_id: str
    quote_id: str
    customer_id: str
    status: str
    discount: int
    total: int
    refunded: int
    delivery_fee: int
    paid_at: datetime | None
    parts: tuple[Part, ...]
    tip: int = 0
    method: str | None = None
    charge_id: str | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_cash(self) -> bool:
        """Its money is collected at the door; no provider knows of it."""
        return self.method == "cash"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Units of one line; ``left`` is what the case is still about."""

    line_id: str
    quantity: int
    left: int


@dataclass(frozen=True, kw_only=True)
class AfterSale:
    """A case, with the moments at which it moved."""

    case_id: str
    order_id: str
    store_order_id: str
    status: str
    claims: tuple[Claim, ...]
    steps: tuple[tuple[datetime, str], ...] = ()
    borne_by: str | None = None
    refunded: int = 0


class Back(NamedTuple):
    """Units of a line on their way back, or (of no unit) what its price fell by."""

    line_id: str
    quantity: int
    amount: int
    discounts: tuple[Discount, ...] = ()
    substitution_id: str | None = None
    listing_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refund:
    refund_id: str
    command_id: str
    order_id: str
    store_order_id: str | None
    goods: int
    delivery_fee: int
    restock: bool = False
    lines: tuple[Back, ...] = ()
    """In the order in which they were issued."""
    tip: int = 0
    reason: str = ""
    borne_by: str = "shop"
    issued_at: datetime | None = None

    @property
    def amount(self) -> int:
        return self.goods + self.delivery_fee + self.tip


def of_orders(refunds: Sequence[Refund]) -> dict[str, list[Refund]]:
    """Refunds by their order."""
    found: dict[str, list[Refund]] = {}
    for refund in refunds:
        found.setdefault(refund.order_id, []).append(refund)
    return found
