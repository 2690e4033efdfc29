"""What happened between customers and shops, as others told it: each fact has a natural key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    order_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Bought:
    """A shop's part of an order was paid for."""

    store_order_id: str
    order_id: str
    shop_id: str
    customer_id: str
    paid: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Refunded:
    """Part of the price of goods went back; ``refund_key`` names it for good."""

    refund_key: str
    refund_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """An order arrived with the parts in ``store_order_ids``; which shops' they are is told elsewhere."""

    order_id: str
    store_order_ids: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    order_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ShopOpened:
    shop_id: str
    owner_id: str
    at: datetime


Fact = OrderPlaced | Bought | Refunded | Delivered | Cancelled | ShopOpened
