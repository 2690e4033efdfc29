"""A priced, itemised basket over many shops, valid for some minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from services.ordering.domain.lines import Line
from services.ordering.domain.load import Load
from services.ordering.domain.order import Order
from services.ordering.domain.places import DropOff, Position, Slot, Window
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.ids import derived_id


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A shop's terms as they were when the basket was priced.

    One that ``counts_preparation`` prepares only so much in an hour.
    """

    shop_id: str
    name: str
    category: str | None
    position: Position
    preparation_minutes: int
    merchant_id: str
    counts_preparation: bool = False


@dataclass(frozen=True, kw_only=True)
class QuotedShop:
    """What is bought at one shop; ``load`` is what it takes of a courier's box, where goods are measured."""

    shop: Shop
    lines: tuple[Line, ...]
    load: Load | None = None

    @cached_property
    def goods(self) -> int:
        return sum(line.goods for line in self.lines)

    @cached_property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @cached_property
    def paid(self) -> int:
        return self.goods - self.discount


@dataclass(frozen=True, kw_only=True)
class CouponRefusal:
    """A coupon that was asked for and does not apply, and why."""

    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Amounts are minor units of ``currency``. ``slot_id`` None means as soon as possible.

    ``window`` is when the slot begins and ends.
    """

    quote_id: str
    customer_id: str
    currency: str
    shops: tuple[QuotedShop, ...]
    delivery_fee: int
    slot_id: str | None
    drop_off: DropOff
    expires_at: datetime
    refused_coupons: tuple[CouponRefusal, ...] = ()
    window: Window | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for quoted in self.shops for line in quoted.lines)

    @property
    def goods(self) -> int:
        return sum(quoted.goods for quoted in self.shops)

    @property
    def discount(self) -> int:
        return sum(quoted.discount for quoted in self.shops)

    @property
    def total(self) -> int:
        return self.goods - self.discount + self.delivery_fee

    @property
    def campaigns(self) -> dict[str, int]:
        """What each campaign gives over the whole basket."""
        sums: dict[str, int] = {}
        for line in self.lines:
            for discount in line.discounts:
                sums[discount.campaign_id] = sums.get(discount.campaign_id, 0) + discount.amount
        return sums

    @property
    def quantities(self) -> dict[str, int]:
        """How many of each listing are wanted, over all lists of the basket."""
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.listing_id] = sums.get(line.listing_id, 0) + line.quantity
        return sums

    @property
    def items(self) -> dict[str, int]:
        """How many items each shop is to prepare."""
        return {quoted.shop.shop_id: sum(line.quantity for line in quoted.lines) for quoted in self.shops}

    @property
    def prices(self) -> dict[str, int]:
        return {line.listing_id: line.unit_price for line in self.lines}


@lru_cache(maxsize=1024)
def store_order_id(order_id: str, shop_id: str) -> str:
    """The id of a shop's part of an order; the same on every attempt to place it."""
    return derived_id("store-order", order_id, shop_id)


def order_from(
    quote: Quote, *, order_id: str, zone_id: str, slot: Slot, placed_at: datetime, expires_at: datetime
) -> Order:
    """The order that ``quote`` becomes: its figures move, nothing is computed anew."""
    order = Order(
        order_id=order_id,
        quote_id=quote.quote_id,
        customer_id=quote.customer_id,
        currency=quote.currency,
        delivery_fee=quote.delivery_fee,
        zone_id=zone_id,
        slot=slot,
        drop_off=quote.drop_off,
        placed_at=placed_at,
        expires_at=expires_at,
        stores=tuple(
            StoreOrder(
                store_order_id=store_order_id(order_id, quoted.shop.shop_id),
                shop_id=quoted.shop.shop_id,
                shop_name=quoted.shop.name,
                merchant_id=quoted.shop.merchant_id,
                lines=quoted.lines,
            )
            for quoted in quote.shops
        ),
    )
    order.record_placed()
    return order
