"""What has happened to an order; ``contracts/published.py`` says it to others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """An order's sums in minor units of ``currency``; total = goods − discount + delivery_fee."""

    currency: str
    goods: int
    discount: int
    delivery_fee: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Area:
    """A position rounded so far that it names a neighbourhood and no door."""

    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    order_id: str
    customer_id: str
    placed_at: datetime
    expires_at: datetime
    zone_id: str
    slot_id: str | None
    drop_off_area: Area
    amounts: Amounts
    store_orders: tuple[StoreOrder, ...]


@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    order_id: str
    customer_id: str
    payment_id: str
    paid_at: datetime
    zone_id: str
    amounts: Amounts
    store_orders: tuple[StoreOrder, ...]


@dataclass(frozen=True, kw_only=True)
class StoreOrderSplit:
    order_id: str
    customer_id: str
    parts: int
    paid_at: datetime
    currency: str
    store_order: StoreOrder


@dataclass(frozen=True, kw_only=True)
class StoreOrderAccepted:
    order_id: str
    store_order_id: str
    shop_id: str
    accepted_at: datetime
    ready_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoreOrderRejected:
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    rejected_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class StoreOrderReady:
    order_id: str
    store_order_id: str
    shop_id: str
    ready_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderCancelled:
    order_id: str
    customer_id: str
    cancelled_at: datetime
    reason: str
    was_paid: bool


@dataclass(frozen=True, kw_only=True)
class OrderExpired:
    order_id: str
    customer_id: str
    expired_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderDelivered:
    order_id: str
    customer_id: str
    delivered_at: datetime
    delivery_id: str
    courier_id: str
    store_order_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrderRebooked:
    """The ``number``-th move of an order; without slots it is brought as soon as possible."""

    order_id: str
    customer_id: str
    rebooking_id: str
    number: int
    rebooked_at: datetime
    by: str
    from_slot_id: str | None
    slot_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    promised_at: datetime | None
    shop_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrderCompleted:
    order_id: str
    customer_id: str
    completed_at: datetime


@dataclass(frozen=True, kw_only=True)
class RefundIssued:
    refund: Refund
    customer_id: str
    currency: str


Event = (
    OrderPlaced
    | OrderPaid
    | StoreOrderSplit
    | StoreOrderAccepted
    | StoreOrderRejected
    | StoreOrderReady
    | OrderCancelled
    | OrderExpired
    | OrderRebooked
    | OrderDelivered
    | OrderCompleted
    | RefundIssued
)
