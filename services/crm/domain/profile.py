"""What a shop knows of a customer who bought from it, and of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks."""

    account_id: str
    role: str

    @property
    def is_operator(self) -> bool:
        return self.role == "operator"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A customer's purchases from one shop in one currency.

    ``spend`` is what was paid for goods less what went back; ``refunded`` is what went back. First and
    last seen are the first and the last purchase.
    """

    shop_id: str
    customer_id: str
    order_count: int
    refund_count: int
    spend: Money
    refunded: Money
    first_seen: datetime
    last_seen: datetime


class Happening(StrEnum):
    """The kinds of facts on a timeline."""

    PLACED = "placed"
    PAID = "paid"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One fact on a customer's timeline with a shop."""

    kind: Happening
    at: datetime
    order_id: str
    store_order_id: str
    refund_id: str | None
    amount: Money | None

    @property
    def key(self) -> str:
        """Unique on a timeline, and sorts facts of one instant."""
        return f"{self.store_order_id}/{self.kind.value}/{self.refund_id or ''}"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One customer of one shop; ``tallies`` has one entry per currency, the main one first."""

    tallies: Sequence[Tally]
    delivered_count: int
    cancelled_count: int
    timeline: Sequence[Moment]
    timeline_goes_on: bool


@dataclass(frozen=True, kw_only=True)
class Turnover:
    """What a shop's customers bought in one currency."""

    order_count: int
    refund_count: int
    spend: Money
    refunded: Money


@dataclass(frozen=True, kw_only=True)
class ShopSummary:
    """All customers of one shop; ``turnover`` has one entry per currency, the main one first."""

    shop_id: str
    customer_count: int
    returning_count: int
    first_seen: datetime | None
    last_seen: datetime | None
    turnover: Sequence[Turnover]
