"""One story: an order over a fruit shop and a bakery, brought by one courier, promoted by a florist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.commission.domain.courier_pay import CourierPay
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import to_wire
from shared.kernel.ids import derived_id
from shared.messaging.envelope import Event

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
CUSTOMER, COURIER, OPERATOR = "customer-1", "courier-1", "operator-1"
SECOND_COURIER = "courier-2"

_numbers = count(1)


def yuan(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def a_plan(**changes: Any) -> RatePlan:
    terms: dict[str, Any] = {
        "plan_id": "first",
        "currency": "CNY",
        "effective_from": datetime(2000, 1, 1, tzinfo=UTC),
        "take_rate_bp": 500,
        "distribution_bp": 1000,
        "distribution_max_bp": 2000,
        "courier_pay": CourierPay(per_drop=300, per_extra_pickup=100, per_km=80),
    }
    return RatePlan(**(terms | changes))


@dataclass(kw_only=True)
class Line:
    """What a line costs and who reduces it; the customer pays the rest."""

    goods: int
    quantity: int = 1
    shop_discount: int = 0
    platform_discount: int = 0
    category: str = "fruit"
    listing_id: str = "listing"
    link_id: str | None = None
    sourced: bool = False
    line_id: str = field(default_factory=lambda: f"line-{next(_numbers)}")

    @property
    def paid(self) -> int:
        return self.goods - self.shop_discount - self.platform_discount

    def discounts(self, shop: int, platform: int) -> list[dict[str, Any]]:
        given = (("campaign-s", "shop", shop), ("campaign-p", "platform", platform))
        return [
            {"campaign_id": campaign, "funder": funder, "amount": yuan(amount)}
            for campaign, funder, amount in given
            if amount
        ]

    def to_wire(self) -> dict[str, Any]:
        return {
            "line_id": self.line_id,
            "listing_id": self.listing_id,
            "category": self.category,
            "sourced": self.sourced or self.link_id is not None,
            "quantity": self.quantity,
            "unit_price": yuan(self.goods // self.quantity),
            "goods": yuan(self.goods),
            "discount": yuan(self.shop_discount + self.platform_discount),
            "discounts": self.discounts(self.shop_discount, self.platform_discount),
            "paid": yuan(self.paid),
            "promotion_link_id": self.link_id,
        }


@dataclass(kw_only=True)
class Part:
    shop_id: str
    lines: list[Line]
    merchant_id: str = ""
    store_order_id: str = field(default_factory=lambda: f"store-order-{next(_numbers)}")

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines)

    def to_wire(self) -> dict[str, Any]:
        shop, platform = (
            sum(line.shop_discount for line in self.lines),
            sum(line.platform_discount for line in self.lines),
        )
        return {
            "store_order_id": self.store_order_id,
            "shop_id": self.shop_id,
            "merchant_id": self.merchant_id or f"owner-of-{self.shop_id}",
            "goods": yuan(sum(line.goods for line in self.lines)),
            "discount": yuan(shop + platform),
            "discount_by_funder": {"shop": yuan(shop), "platform": yuan(platform)},
            "paid": yuan(self.paid),
            "lines": [line.to_wire() for line in self.lines],
        }


@dataclass(kw_only=True)
class Order:
    """An order and the events it can cause."""

    parts: list[Part]
    delivery_fee: int = 700
    tip: int = 0
    method: str | None = None
    customer_id: str = CUSTOMER
    paid_at: datetime = NOON
    order_id: str = field(default_factory=lambda: f"order-{next(_numbers)}")

    @property
    def total(self) -> int:
        return sum(part.paid for part in self.parts) + self.delivery_fee + self.tip

    def paid(self) -> Event:
        goods = sum(line.goods for part in self.parts for line in part.lines)
        return an_event(
            "OrderPaid",
            self.order_id,
            {
                "order_id": self.order_id,
                "customer_id": self.customer_id,
                "payment_id": f"payment-of-{self.order_id}",
                "paid_at": to_wire(self.paid_at),
                "zone_id": "zone-1",
                "goods": yuan(goods),
                "discount": yuan(goods - sum(part.paid for part in self.parts)),
                "delivery_fee": yuan(self.delivery_fee),
                "total": yuan(self.total),
                "store_orders": [part.to_wire() for part in self.parts],
                **({"tip": yuan(self.tip)} if self.tip else {}),
                **({"method": self.method} if self.method else {}),
            },
        )

    def delivered(self, *parts: Part, collected: int | None = None, courier_id: str = COURIER) -> Event:
        store_order_ids = [part.store_order_id for part in parts or self.parts]
        return self._event(
            "OrderDelivered",
            delivered_at=to_wire(self.paid_at + timedelta(minutes=40)),
            delivery_id=derived_id("delivery", self.order_id),
            courier_id=courier_id,
            store_order_ids=store_order_ids,
            **({} if collected is None else {"collected": yuan(collected)}),
        )

    def trip(self, pickups: int = 2, distance_m: int = 3140) -> Event:
        return self._handed_over("DeliveryCompleted", pickups, distance_m)

    def earlier_trip(self, pickups: int = 1, distance_m: int = 1500) -> Event:
        """The first of two couriers has handed over what they had."""
        names = [part.store_order_id for part in self.parts[:pickups]]
        return self._handed_over("TripCompleted", pickups, distance_m, store_order_ids=names)

    def _handed_over(self, type: str, pickups: int, distance_m: int, **more: Any) -> Event:
        return self._event(
            type,
            source="dispatch",
            delivery_id=derived_id("delivery", self.order_id),
            zone_id="zone-1",
            courier_id=COURIER,
            completed_at=to_wire(self.paid_at + timedelta(minutes=40)),
            pickups=pickups,
            distance_m=distance_m,
            **more,
        )

    def last_trip(self, pickups: int = 1, distance_m: int = 2500, courier_id: str = SECOND_COURIER) -> Event:
        """The second of two couriers has brought the rest."""
        return self._event(
            "DeliveryCompleted",
            source="dispatch",
            delivery_id=derived_id("trip", self.order_id, "2"),
            zone_id="zone-1",
            courier_id=courier_id,
            completed_at=to_wire(self.paid_at + timedelta(minutes=70)),
            pickups=pickups,
            distance_m=distance_m,
        )

    def told_again(self, earlier: Event) -> Event:
        """That what was told of as the earlier of two trips is all that comes."""
        data = {name: value for name, value in earlier.data.items() if name != "store_order_ids"}
        return self._event("DeliveryCompleted", source="dispatch", **data)

    def completed(self) -> Event:
        return self._event("OrderCompleted", completed_at=to_wire(self.paid_at + timedelta(days=7)))

    def cancelled(self) -> Event:
        return self._event(
            "OrderCancelled",
            cancelled_at=to_wire(self.paid_at + timedelta(minutes=5)),
            reason="changed-my-mind",
            was_paid=True,
        )

    def refund(
        self,
        part: Part | None = None,
        lines: Mapping[str, tuple[int, ...]] | None = None,
        delivery_fee: int = 0,
        tip: int = 0,
        **more: Any,
    ) -> Event:
        """Give back whole ``part``, or of each line in ``lines`` (money, platform's discount, shop's)."""
        if lines is None:
            lines = (
                {line.line_id: (line.paid, line.platform_discount, line.shop_discount) for line in part.lines}
                if part
                else {}
            )
        by_id = {line.line_id: line for each in self.parts for line in each.lines}
        goods = sum(amount for amount, *_ in lines.values())
        return self._event(
            "RefundIssued",
            refund_id=f"refund-{next(_numbers)}",
            store_order_id=part.store_order_id if part else None,
            shop_id=part.shop_id if part else None,
            issued_at=to_wire(self.paid_at + timedelta(minutes=30)),
            reason="bruised",
            amount=yuan(goods + delivery_fee + tip),
            **({"tip": yuan(tip)} if tip else {}),
            goods=yuan(goods),
            delivery_fee=yuan(delivery_fee),
            restock=False,
            lines=[
                {
                    "line_id": line_id,
                    "listing_id": by_id[line_id].listing_id,
                    "quantity": 1,
                    "amount": yuan(amount),
                    "discounts": by_id[line_id].discounts(sum(shop), platform),
                    "promotion_link_id": by_id[line_id].link_id,
                }
                for line_id, (amount, platform, *shop) in lines.items()
            ],
            **more,
        )

    def handed_back(self, refund: Event, courier_id: str | None = COURIER) -> Event:
        return self._event(
            "RefundHandedBack",
            refund_id=refund.data["refund_id"],
            amount=refund.data["amount"],
            handed_back_at=to_wire(self.paid_at + timedelta(hours=3)),
            courier_id=courier_id,
        )

    def _event(self, type: str, source: str = "ordering", **data: Any) -> Event:
        return an_event(
            type,
            self.order_id,
            {"order_id": self.order_id, "customer_id": self.customer_id, **data},
            source=source,
        )


def an_event(
    type: str, subject: str, data: Mapping[str, Any], source: str = "ordering", sequence: int = 1
) -> Event:
    return Event(
        id=f"event-{next(_numbers)}",
        type=type,
        source=source,
        subject=subject,
        time=to_wire(NOON),
        version=1,
        sequence=sequence,
        data=data,
    )


def an_order(**changes: Any) -> Order:
    """Fruit for 60.00 (5.00 off, 3.00 of it the platform's) and bread for 18.00, delivery 7.00."""
    parts = [
        Part(shop_id="fruit", lines=[Line(goods=6000, shop_discount=200, platform_discount=300)]),
        Part(shop_id="bakery", lines=[Line(goods=1800, category="bakery", quantity=3)]),
    ]
    return Order(**({"parts": parts} | changes))


def a_promoted_order(link_id: str, listing_id: str = "rare-fruit", **changes: Any) -> Order:
    """Rare fruit for 24.00 of the sourced shop, bought through ``link_id``, and bread for 18.00."""
    parts = [
        Part(shop_id="sourced", lines=[Line(goods=2400, quantity=3, link_id=link_id, listing_id=listing_id)]),
        Part(shop_id="bakery", lines=[Line(goods=1800, category="bakery")]),
    ]
    return Order(**({"parts": parts} | changes))


def a_shop_opened(shop_id: str, owner_id: str = "", category: str = "fruit") -> Event:
    data = {
        "shop_id": shop_id,
        "owner_id": owner_id or f"owner-of-{shop_id}",
        "category": category,
        "area": {"lat": 30.27, "lon": 120.15},
    }
    return an_event("ShopOpened", shop_id, data, source="storefront")


def a_listing_published(
    listing_id: str, shop_id: str, *, category: str = "fruit", sourced: bool = True, sequence: int = 1
) -> Event:
    data = {
        "listing_id": listing_id,
        "shop_id": shop_id,
        "category": category,
        "price": yuan(800),
        "sourced": sourced,
    }
    return an_event("ListingPublished", listing_id, data, source="storefront", sequence=sequence)


def operator() -> dict[str, str]:
    return {"account_id": OPERATOR, "role": "operator"}


def merchant(shop_id: str) -> dict[str, str]:
    return {"account_id": f"owner-of-{shop_id}", "role": "merchant"}


def courier(account_id: str = COURIER) -> dict[str, str]:
    return {"account_id": account_id, "role": "courier"}
