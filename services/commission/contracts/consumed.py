"""What commission reads of others' events: only the fields it uses, checked for adding up.

Each reader turns an event's data into facts. A missing field raises :class:`InvalidInput`; figures that
contradict each other raise :class:`ContradictoryEvent`, so that the event is parked, never half believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from services.commission.domain.errors import ContradictoryEvent
from services.commission.domain.facts import (
    Delivered,
    HandedBack,
    OrderFacts,
    Paid,
    PaidLine,
    PaidPart,
    Refund,
    RefundedLine,
    Sourcing,
    Trip,
    with_delivery_fee,
)
from services.commission.domain.guarantee import Shift
from services.commission.domain.promotion import Listing, Shop
from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money

Data = Mapping[str, Any]
PLATFORM = "platform"
Result = TypeVar("Result")


class _Amounts:
    """Reads amounts that must all be of one currency and not negative."""

    def __init__(self) -> None:
        self.currency: str | None = None

    def read(self, data: Data, field: str) -> int:
        money = Money.from_wire(data[field], field)
        if self.currency not in {None, money.currency}:
            raise ContradictoryEvent(f"{field} is in {money.currency}, the rest in {self.currency}.")
        if money.amount < 0:
            raise ContradictoryEvent(f"{field} is negative.")
        self.currency = money.currency
        return money.amount

    def of_all(self, discounts: list[Data]) -> int:
        return sum(self.read(each, "amount") for each in discounts)

    def of_platform(self, discounts: list[Data]) -> int:
        return sum(self.read(each, "amount") for each in discounts if each["funder"] == PLATFORM)


def order_paid(data: Data) -> OrderFacts:
    amounts = _Amounts()
    total, delivery_fee = amounts.read(data, "total"), amounts.read(data, "delivery_fee")
    parts = tuple(_part(part, amounts) for part in data["store_orders"])
    tip = amounts.read(data, "tip") if "tip" in data else 0
    if sum(part.paid for part in parts) + delivery_fee + tip != total:
        raise ContradictoryEvent("The store orders, the delivery fee and the tip do not add up to the total.")
    return OrderFacts(
        order_id=data["order_id"],
        currency=amounts.currency,
        paid=Paid(
            customer_id=data["customer_id"],
            paid_at=from_wire(data["paid_at"], "paid_at"),
            total=total,
            delivery_fee=delivery_fee,
            parts=with_delivery_fee(parts, delivery_fee),
            zone_id=data.get("zone_id"),
            sourcing=tuple(_sourcing(data)),
            tip=tip,
            payment_id=data.get("payment_id"),
            method=data.get("method"),
        ),
    )


def _sourcing(data: Data) -> Iterator[Sourcing]:
    """The lines that may be somebody's promotion: of sourced goods, or with a link."""
    for part in data["store_orders"]:
        for line in part["lines"]:
            link_id = line.get("promotion_link_id")
            if link_id is not None or line.get("sourced"):
                yield Sourcing(line_id=line["line_id"], quantity=line["quantity"], link_id=link_id)


def _part(data: Data, amounts: _Amounts) -> PaidPart:
    lines = tuple(
        PaidLine(
            line_id=line["line_id"],
            listing_id=line["listing_id"],
            category=line.get("category") or "",
            paid=amounts.read(line, "paid"),
            goods=amounts.read(line, "goods"),
            platform_discount=amounts.of_platform(line["discounts"]),
            promotion_link_id=line.get("promotion_link_id"),
        )
        for line in data["lines"]
    )
    if sum(line.paid for line in lines) != amounts.read(data, "paid"):
        raise ContradictoryEvent(f"The lines of store order {data['store_order_id']} do not add up.")
    return PaidPart(
        store_order_id=data["store_order_id"],
        shop_id=data["shop_id"],
        merchant_id=data["merchant_id"],
        lines=lines,
    )


def refund_issued(data: Data) -> OrderFacts:
    amounts = _Amounts()
    refund = Refund(
        refund_id=data["refund_id"],
        store_order_id=data["store_order_id"],
        amount=amounts.read(data, "amount"),
        delivery_fee=amounts.read(data, "delivery_fee"),
        tip=amounts.read(data, "tip") if "tip" in data else 0,
        lines=tuple(
            RefundedLine(
                line_id=line["line_id"],
                amount=amounts.read(line, "amount"),
                platform_discount=amounts.of_platform(line["discounts"]),
                goods=line["amount"]["amount"] + amounts.of_all(line["discounts"]),
            )
            for line in data["lines"]
        ),
        borne_by=data.get("borne_by", "shop"),
        issued_at=from_wire(data["issued_at"], "issued_at") if "issued_at" in data else None,
    )
    if sum(line.amount for line in refund.lines) + refund.delivery_fee + refund.tip != refund.amount:
        raise ContradictoryEvent(f"The lines of refund {refund.refund_id} do not add up to its amount.")
    return OrderFacts(
        order_id=data["order_id"], currency=amounts.currency, refunds={refund.refund_id: refund}
    )


def order_delivered(data: Data) -> OrderFacts:
    amounts = _Amounts()
    collected = amounts.read(data, "collected") if "collected" in data else 0
    return OrderFacts(
        order_id=data["order_id"],
        currency=amounts.currency,
        delivered=Delivered(
            delivered_at=from_wire(data["delivered_at"], "delivered_at"),
            store_order_ids=tuple(data["store_order_ids"]),
            courier_id=data.get("courier_id"),
            collected=collected,
        ),
    )


def refund_handed_back(data: Data) -> OrderFacts:
    amounts = _Amounts()
    back = HandedBack(amount=amounts.read(data, "amount"), courier_id=data["courier_id"])
    return OrderFacts(
        order_id=data["order_id"], currency=amounts.currency, handed_back={data["refund_id"]: back}
    )


def order_completed(data: Data) -> OrderFacts:
    return OrderFacts(order_id=data["order_id"], completed_at=from_wire(data["completed_at"], "completed_at"))


def order_cancelled(data: Data) -> OrderFacts:
    return OrderFacts(order_id=data["order_id"], cancelled_at=from_wire(data["cancelled_at"], "cancelled_at"))


def delivery_completed(data: Data) -> OrderFacts:
    return OrderFacts(order_id=data["order_id"], trip=_trip(data))


def trip_completed(data: Data) -> OrderFacts:
    """One of two trips of a split delivery; DeliveryCompleted may tell of it again."""
    return OrderFacts(order_id=data["order_id"], earlier_trips={data["delivery_id"]: _trip(data)})


def _trip(data: Data) -> Trip:
    trip = Trip(
        courier_id=data["courier_id"],
        completed_at=from_wire(data["completed_at"], "completed_at"),
        pickups=int(data["pickups"]),
        distance_m=round(data["distance_m"]),
        zone_id=data.get("zone_id"),
        delivery_id=data.get("delivery_id"),
    )
    if trip.pickups < 0 or trip.distance_m < 0:
        raise ContradictoryEvent("A delivery has no negative distance or pickups.")
    return trip


def courier_shift(event_type: str, data: Data) -> Shift:
    """What CourierOnShift or CourierOffShift tells of a shift."""
    field = "started_at" if event_type == "CourierOnShift" else "ended_at"
    return _reading(
        event_type,
        lambda: Shift(
            shift_id=data["shift_id"],
            courier_id=data["courier_id"],
            **{field: from_wire(data[field], field)},
        ),
    )


_FACTS: dict[str, Callable[[Data], OrderFacts]] = {
    "OrderPaid": order_paid,
    "RefundIssued": refund_issued,
    "OrderDelivered": order_delivered,
    "OrderCompleted": order_completed,
    "OrderCancelled": order_cancelled,
    "RefundHandedBack": refund_handed_back,
    "DeliveryCompleted": delivery_completed,
    "TripCompleted": trip_completed,
}


def order_facts(event_type: str, data: Data) -> OrderFacts:
    """The facts that an event of ``event_type`` tells of its order."""
    return _reading(event_type, lambda: _FACTS[event_type](data))


def shop_opened(data: Data) -> Shop:
    return _reading(
        "ShopOpened",
        lambda: Shop(
            shop_id=data["shop_id"],
            owner_id=data["owner_id"],
            category=data.get("category") or "",
            lat=data.get("area", {}).get("lat"),
            lon=data.get("area", {}).get("lon"),
        ),
    )


def listing(data: Data) -> Listing:
    """What ListingPublished says of a listing."""
    return _reading(
        "ListingPublished",
        lambda: Listing(
            listing_id=data["listing_id"],
            shop_id=data["shop_id"],
            category=data.get("category") or "",
            sourced=bool(data.get("sourced", False)),
        ),
    )


def _reading(event_type: str, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"{event_type} cannot be read: {error!r}.") from error
