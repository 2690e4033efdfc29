"""A priced, itemised basket over many shops, valid for some minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from services.ordering.domain.delivery_fee import FreeDelivery
from services.ordering.domain.errors import ForeignTip
from services.ordering.domain.lines import Line
from services.ordering.domain.load import Load
from services.ordering.domain.order import Order
from services.ordering.domain.places import DropOff, Position, Slot, Window
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.ids import derived_id
from shared.kernel.money import Money


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
    accept_minutes: int | None = None


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
    free_delivery: FreeDelivery | None = None
    tip: int = 0
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
        return self.goods - self.discount + self.delivery_fee + self.tip

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
        """What each listing has to cost still when the order is placed, where that is its price here."""
        return {line.listing_id: line.unit_price for line in self.lines if not line.price_of_promoter}


def tip_in(currency: str, tip: Money | None) -> int:
    """The tip in minor units of ``currency``; raises :class:`ForeignTip` for one of another."""
    if tip is None:
        return 0
    if tip.currency != currency:
        raise ForeignTip(errors=[{"field": "tip.currency", "message": f"Expected {currency}."}])
    return tip.amount


@lru_cache(maxsize=1024)
def store_order_id(order_id: str, shop_id: str) -> str:
    """The id of a shop's part of an order; the same on every attempt to place it."""
    return derived_id("store-order", order_id, shop_id)


def order_from(
    quote: Quote,
    *,
    order_id: str,
    zone_id: str,
    slot: Slot,
    placed_at: datetime,
    expires_at: datetime,
    accept_within: timedelta | None = None,
    tip: Money | None = None,
) -> Order:
    """The order that ``quote`` becomes: its figures move, nothing is computed anew.

    Its shops have ``accept_within``, or a time of their own, from its payment on to take it on; None where
    there is no deadline at all.
    ``tip`` takes the place of the quote's own. Raises :class:`ForeignTip`.
    """
    order = Order(
        order_id=order_id,
        quote_id=quote.quote_id,
        customer_id=quote.customer_id,
        currency=quote.currency,
        delivery_fee=quote.delivery_fee,
        tip=quote.tip if tip is None else tip_in(quote.currency, tip),
        zone_id=zone_id,
        slot=slot,
        drop_off=quote.drop_off,
        placed_at=placed_at,
        expires_at=expires_at,
        free_delivery=quote.free_delivery,
        stores=tuple(
            StoreOrder(
                store_order_id=store_order_id(order_id, quoted.shop.shop_id),
                shop_id=quoted.shop.shop_id,
                shop_name=quoted.shop.name,
                merchant_id=quoted.shop.merchant_id,
                lines=quoted.lines,
                accept_within=_time_to_accept(quoted.shop, accept_within),
            )
            for quoted in quote.shops
        ),
    )
    order.record_placed()
    return order


def _time_to_accept(shop: Shop, usual: timedelta | None) -> timedelta | None:
    if usual is None or shop.accept_minutes is None:
        return usual
    return timedelta(minutes=shop.accept_minutes)
