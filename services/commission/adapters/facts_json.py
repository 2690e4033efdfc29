"""How facts are written as JSON: compactly, since every paid order is. What was written stays readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

from services.commission.domain.facts import (
    Delivered,
    HandedBack,
    LinkTerms,
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
from shared.kernel.clock import from_wire

Json = dict[str, Any]

# What a link's terms have besides, where they have it.
_OF_OFFERS = (
    "offer_id",
    "offer_version",
    "recruiter_shop_id",
    "recruiter_owner_id",
    "recruiter_bp",
    "refused",
)


def paid_to_json(paid: Paid) -> Json:
    return {
        "customer_id": paid.customer_id,
        "paid_at": paid.paid_at.isoformat(),
        "total": paid.total,
        "delivery_fee": paid.delivery_fee,
        "parts": [
            [
                part.store_order_id,
                part.shop_id,
                part.merchant_id,
                [
                    [
                        line.line_id,
                        line.listing_id,
                        line.category,
                        line.paid,
                        line.goods,
                        line.platform_discount,
                        line.promotion_link_id,
                    ]
                    for line in part.lines
                ],
            ]
            for part in paid.parts
        ],
        "fees": [[line.delivery_fee for line in part.lines] for part in paid.parts],
        "links": [
            [
                link.link_id,
                link.promoter_shop_id,
                link.promoter_owner_id,
                link.listing_id,
                link.rate_bp,
                {name: value for name in _OF_OFFERS if (value := getattr(link, name))},
            ]
            for link in paid.links
        ],
        "zone_id": paid.zone_id,
        "sourcing": [
            [each.line_id, each.quantity, each.link_id, each.by, each.cost] for each in paid.sourcing
        ],
        "payment_id": paid.payment_id,
        **({"tip": paid.tip} if paid.tip else {}),
        **({"method": paid.method} if paid.method else {}),
    }


def paid_from_json(data: Json) -> Paid:
    parts: tuple[PaidPart, ...]
    if "fees" in data:
        parts = tuple(_part(part, fees) for part, fees in zip(data["parts"], data["fees"], strict=True))
    else:
        # It was written before the delivery fee was shared; sharing it now says the same.
        parts = with_delivery_fee((_part(part, repeat(0)) for part in data["parts"]), data["delivery_fee"])
    return Paid(
        customer_id=data["customer_id"],
        paid_at=from_wire(data["paid_at"]),
        total=data["total"],
        delivery_fee=data["delivery_fee"],
        parts=parts,
        links=tuple(
            LinkTerms(
                link_id=link_id,
                promoter_shop_id=promoter_shop_id,
                promoter_owner_id=promoter_owner_id,
                listing_id=listing_id,
                rate_bp=rate_bp,
                **(of_offers[0] if of_offers else {}),
            )
            for link_id, promoter_shop_id, promoter_owner_id, listing_id, rate_bp, *of_offers in data["links"]
        ),
        zone_id=data.get("zone_id"),
        sourcing=tuple(
            Sourcing(line_id=line_id, quantity=quantity, link_id=link_id, by=by, cost=cost)
            for line_id, quantity, link_id, by, cost in data.get("sourcing", ())
        ),
        payment_id=data.get("payment_id"),
        tip=data.get("tip", 0),
        method=data.get("method"),
    )


def _part(data: list[Any], fees: Iterable[int]) -> PaidPart:
    store_order_id, shop_id, merchant_id, lines = data
    return PaidPart(
        store_order_id=store_order_id,
        shop_id=shop_id,
        merchant_id=merchant_id,
        lines=tuple(
            PaidLine(
                line_id=line_id,
                listing_id=listing_id,
                category=category,
                paid=paid,
                goods=goods,
                platform_discount=platform_discount,
                promotion_link_id=link_id,
                delivery_fee=fee,
            )
            for (line_id, listing_id, category, paid, goods, platform_discount, link_id), fee in zip(
                lines, fees, strict=False
            )
        ),
    )


def verdicts_to_json(verdicts: Mapping[tuple[str, int], str]) -> list[list[Any]]:
    return [[link_id, level, reason] for (link_id, level), reason in sorted(verdicts.items())]


def delivered_to_json(delivered: Delivered) -> Json:
    return {
        "delivered_at": delivered.delivered_at.isoformat(),
        "store_order_ids": list(delivered.store_order_ids),
        "courier_id": delivered.courier_id,
        "collected": delivered.collected,
    }


def trip_to_json(trip: Trip) -> Json:
    return {
        "courier_id": trip.courier_id,
        "completed_at": trip.completed_at.isoformat(),
        "pickups": trip.pickups,
        "distance_m": trip.distance_m,
        "zone_id": trip.zone_id,
        "delivery_id": trip.delivery_id,
    }


def trip_from_json(data: Json) -> Trip:
    return Trip(
        courier_id=data["courier_id"],
        completed_at=from_wire(data["completed_at"]),
        pickups=data["pickups"],
        distance_m=data["distance_m"],
        zone_id=data.get("zone_id"),
        delivery_id=data.get("delivery_id"),
    )


def earlier_trips_to_json(trips: Mapping[str, Trip]) -> Json:
    return {delivery_id: trip_to_json(trip) for delivery_id, trip in trips.items()}


def refunds_to_json(refunds: dict[str, Refund]) -> Json:
    return {
        refund.refund_id: [
            refund.store_order_id,
            refund.amount,
            refund.delivery_fee,
            [[line.line_id, line.amount, line.platform_discount, line.goods] for line in refund.lines],
            # Older rows say nothing of it: the shop bore them all.
            *([] if refund.is_borne_by_shop else [refund.borne_by]),
            *([refund.tip] if refund.tip else []),
            *([{"issued_at": refund.issued_at.isoformat()}] if refund.issued_at else []),
        ]
        for refund in refunds.values()
    }


def _refund(refund_id: str, data: list[Any]) -> Refund:
    store_order_id, amount, delivery_fee, lines, *later = data
    # Later additions, by name.
    named = next((each for each in later if isinstance(each, dict)), {})
    return Refund(
        refund_id=refund_id,
        store_order_id=store_order_id,
        amount=amount,
        delivery_fee=delivery_fee,
        lines=tuple(
            RefundedLine(
                line_id=line_id,
                amount=line_amount,
                platform_discount=discount,
                goods=next(iter(goods), None),
            )
            for line_id, line_amount, discount, *goods in lines
        ),
        borne_by=next((said for said in later if isinstance(said, str)), "shop"),
        tip=sum(said for said in later if isinstance(said, int)),
        issued_at=from_wire(named["issued_at"]) if "issued_at" in named else None,
    )


def handed_back_to_json(handed_back: dict[str, HandedBack]) -> Json:
    return {refund_id: [back.amount, back.courier_id] for refund_id, back in handed_back.items()}


def facts_from_row(row: Any) -> OrderFacts:
    """The facts in a row of ``order_book``."""
    delivered, trip = row.delivered, row.trip
    return OrderFacts(
        order_id=row.order_id,
        currency=row.currency,
        paid=paid_from_json(row.paid) if row.paid else None,
        delivered=Delivered(
            delivered_at=from_wire(delivered["delivered_at"]),
            store_order_ids=tuple(delivered["store_order_ids"]),
            courier_id=delivered.get("courier_id"),
            collected=delivered.get("collected", 0),
        )
        if delivered
        else None,
        trip=trip_from_json(trip) if trip else None,
        refunds={refund_id: _refund(refund_id, data) for refund_id, data in sorted(row.refunds.items())},
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
        verdicts=None
        if row.verdicts is None
        else {(link_id, level): reason for link_id, level, reason in row.verdicts},
        handed_back={
            refund_id: HandedBack(amount=amount, courier_id=courier_id)
            for refund_id, (amount, courier_id) in sorted(row.handed_back.items())
        },
        earlier_trips={
            delivery_id: trip_from_json(data) for delivery_id, data in sorted(row.earlier_trips.items())
        },
    )
