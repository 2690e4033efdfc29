"""One story for all tests: fruit and milk from one shop, bread and a rare fruit from another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.ordering.domain.lines import Discount, Line
from services.ordering.domain.order import Order
from services.ordering.domain.places import DropOff, Position, Slot
from services.ordering.domain.store_order import StoreOrder

NOON = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def an_id(number: int) -> str:
    return f"019b8c2e-{number:04x}-7a10-8b20-5f0c1d2e3a4b"


ORDER, CUSTOMER, PAYMENT, ZONE, SLOT, COURIER = (an_id(0x1001 + n) for n in range(6))
STORE_ORDERS = (an_id(0x2001), an_id(0x2002))
SHOPS = (an_id(0x2101), an_id(0x2102))
MERCHANTS = (an_id(0x2201), an_id(0x2202))
LINES = tuple(an_id(0x3001 + n) for n in range(4))
LISTINGS = tuple(an_id(0x3101 + n) for n in range(4))
SHOP_CAMPAIGN, PLATFORM_CAMPAIGN, LINK = an_id(0x4001), an_id(0x4002), an_id(0x4003)
REFUND = an_id(0x5001)
CHARGE = an_id(0x6001)
SUBSTITUTION = an_id(0x8001)


def by_shop(amount: int) -> Discount:
    return Discount(campaign_id=SHOP_CAMPAIGN, name="40 off 3", funder="shop", amount=amount)


def by_platform(amount: int) -> Discount:
    return Discount(campaign_id=PLATFORM_CAMPAIGN, name="welcome", funder="platform", amount=amount)


def a_line(
    number: int, category: str, quantity: int, unit_price: int, *discounts: Discount, **more: Any
) -> Line:
    return Line(
        **{
            "line_id": LINES[number],
            "listing_id": LISTINGS[number],
            "name": category,
            "unit": "份",
            "category": category,
            "sourced": False,
            "quantity": quantity,
            "unit_price": unit_price,
            "discounts": discounts,
        }
        | more
    )


def the_stores() -> tuple[StoreOrder, ...]:
    parts = (
        (
            a_line(0, "fruit", 3, 1250, by_shop(254), by_platform(295)),
            a_line(1, "dairy", 1, 680, by_shop(46), by_platform(54)),
        ),
        (
            a_line(2, "bakery", 2, 900, by_platform(152)),
            a_line(3, "fruit", 1, 5900, by_platform(499), sourced=True, promotion_link_id=LINK),
        ),
    )
    return tuple(
        StoreOrder(
            store_order_id=STORE_ORDERS[nth],
            shop_id=SHOPS[nth],
            shop_name=f"shop {nth}",
            merchant_id=MERCHANTS[nth],
            lines=lines,
        )
        for nth, lines in enumerate(parts)
    )


def an_order(**changes: Any) -> Order:
    """Placed, held, not paid."""
    return Order(
        **{
            "order_id": ORDER,
            "quote_id": an_id(0x7002),
            "customer_id": CUSTOMER,
            "currency": "CNY",
            "delivery_fee": 700,
            "zone_id": ZONE,
            "slot": Slot(slot_id=SLOT),
            "drop_off": DropOff(
                position=Position(lat=30.2741, lon=120.1512), address="Lotus lane 7", contact="138"
            ),
            "placed_at": NOON,
            "expires_at": NOON + timedelta(minutes=15),
            "stores": the_stores(),
        }
        | changes
    )


def a_paid_order(**changes: Any) -> Order:
    """Paid at ``NOON``; what was recorded so far is forgotten."""
    order = an_order(**changes)
    order.pay(PAYMENT, CHARGE, NOON)
    order.recorded.clear()
    return order
