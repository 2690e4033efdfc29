"""What has happened to an order; ``contracts/published.py`` says it to others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder
from services.ordering.domain.substitution import Substitution
from shared.kernel.money import Money

if TYPE_CHECKING:
    from services.ordering.domain.order import Order


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """An order's sums in minor units of ``currency``; total = goods − discount + delivery_fee + tip."""

    currency: str
    goods: int
    discount: int
    delivery_fee: int
    total: int
    tip: int = 0


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
    method: str | None = None


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
class StoreOrderReminded:
    order_id: str
    store_order_id: str
    shop_id: str
    reminded_at: datetime
    accept_by: datetime


@dataclass(frozen=True, kw_only=True)
class SubstitutionProposed:
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    currency: str
    proposal: Substitution
    listing_id: str


@dataclass(frozen=True, kw_only=True)
class SubstitutionAnswered:
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    proposal: Substitution
    listing_id: str


@dataclass(frozen=True, kw_only=True)
class LineWeighed:
    order_id: str
    store_order_id: str
    shop_id: str
    line_id: str
    listing_id: str
    weighed_at: datetime
    grams: int
    estimated_grams: int


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
    collected: Money | None = None


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


@dataclass(frozen=True, kw_only=True)
class RefundHandedBack:
    """A refund of money that was collected at the door is in the customer's hands.

    ``courier_id`` gave it of what they hold; None: the platform did.
    """

    order_id: str
    refund_id: str
    customer_id: str
    amount: Money
    handed_back_at: datetime
    courier_id: str | None


Event = (
    OrderPlaced
    | OrderPaid
    | StoreOrderSplit
    | StoreOrderAccepted
    | StoreOrderRejected
    | StoreOrderReady
    | StoreOrderReminded
    | SubstitutionProposed
    | SubstitutionAnswered
    | LineWeighed
    | OrderCancelled
    | OrderExpired
    | OrderRebooked
    | OrderDelivered
    | OrderCompleted
    | RefundIssued
    | RefundHandedBack
)


def placed(order: Order) -> OrderPlaced:
    """That ``order`` was placed."""
    return OrderPlaced(
        order_id=order.order_id,
        customer_id=order.customer_id,
        placed_at=order.placed_at,
        expires_at=order.expires_at,
        zone_id=order.zone_id,
        slot_id=order.slot.slot_id,
        drop_off_area=order.drop_off.area,
        amounts=order.amounts,
        store_orders=order.stores,
    )


def split(order: Order, store: StoreOrder, paid_at: datetime) -> StoreOrderSplit:
    """That ``store`` came into being as a part of the paid ``order``."""
    return StoreOrderSplit(
        order_id=order.order_id,
        customer_id=order.customer_id,
        parts=len(order.stores),
        paid_at=paid_at,
        currency=order.currency,
        store_order=store,
    )
