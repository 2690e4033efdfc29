"""How facts and rate plans are written as JSON: compactly, since every paid order is."""

from __future__ import annotations

from datetime import datetime
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
    Trip,
)
from services.commission.domain.rates import CourierPay, RatePlan, TakeRateBase
from shared.kernel.clock import from_wire

Json = dict[str, Any]


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
        "links": [
            [link.link_id, link.promoter_shop_id, link.promoter_owner_id, link.listing_id, link.rate_bp]
            for link in paid.links
        ],
        **({"tip": paid.tip} if paid.tip else {}),
        **({"method": paid.method} if paid.method else {}),
    }


def paid_from_json(data: Json) -> Paid:
    return Paid(
        customer_id=data["customer_id"],
        paid_at=from_wire(data["paid_at"]),
        total=data["total"],
        delivery_fee=data["delivery_fee"],
        parts=tuple(
            PaidPart(
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
                    )
                    for line_id, listing_id, category, paid, goods, platform_discount, link_id in lines
                ),
            )
            for store_order_id, shop_id, merchant_id, lines in data["parts"]
        ),
        links=tuple(
            LinkTerms(
                link_id=link_id,
                promoter_shop_id=promoter_shop_id,
                promoter_owner_id=promoter_owner_id,
                listing_id=listing_id,
                rate_bp=rate_bp,
            )
            for link_id, promoter_shop_id, promoter_owner_id, listing_id, rate_bp in data["links"]
        ),
        tip=data.get("tip", 0),
        method=data.get("method"),
    )


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
    }


def refunds_to_json(refunds: dict[str, Refund]) -> Json:
    return {
        refund.refund_id: [
            refund.store_order_id,
            refund.amount,
            refund.delivery_fee,
            [[line.line_id, line.amount, line.platform_discount] for line in refund.lines],
            *([refund.tip] if refund.tip else []),
        ]
        for refund in refunds.values()
    }


def _refund(refund_id: str, data: list[Any]) -> Refund:
    store_order_id, amount, delivery_fee, lines, *tip = data
    return Refund(
        refund_id=refund_id,
        store_order_id=store_order_id,
        amount=amount,
        delivery_fee=delivery_fee,
        lines=tuple(
            RefundedLine(line_id=line_id, amount=line_amount, platform_discount=discount)
            for line_id, line_amount, discount in lines
        ),
        tip=sum(tip),
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
        trip=Trip(
            courier_id=trip["courier_id"],
            completed_at=from_wire(trip["completed_at"]),
            pickups=trip["pickups"],
            distance_m=trip["distance_m"],
        )
        if trip
        else None,
        refunds={refund_id: _refund(refund_id, data) for refund_id, data in sorted(row.refunds.items())},
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
        handed_back={
            refund_id: HandedBack(amount=amount, courier_id=courier_id)
            for refund_id, (amount, courier_id) in sorted(row.handed_back.items())
        },
    )


def plan_to_json(plan: RatePlan) -> Json:
    pay = plan.courier_pay
    return {
        "take_rate_bp": plan.take_rate_bp,
        "take_rate_by_category": dict(plan.take_rate_by_category),
        "take_rate_by_shop": dict(plan.take_rate_by_shop),
        "take_rate_base": plan.take_rate_base.value,
        "distribution_bp": plan.distribution_bp,
        "distribution_max_bp": plan.distribution_max_bp,
        "courier_pay": {
            "per_drop": pay.per_drop,
            "per_extra_pickup": pay.per_extra_pickup,
            "per_km": pay.per_km,
        },
    }


def plan_from_json(plan_id: str, currency: str, effective_from: datetime, terms: Json) -> RatePlan:
    return RatePlan(
        plan_id=plan_id,
        currency=currency,
        effective_from=effective_from,
        take_rate_bp=terms["take_rate_bp"],
        take_rate_by_category=terms["take_rate_by_category"],
        take_rate_by_shop=terms["take_rate_by_shop"],
        take_rate_base=TakeRateBase(terms["take_rate_base"]),
        distribution_bp=terms["distribution_bp"],
        distribution_max_bp=terms["distribution_max_bp"],
        courier_pay=CourierPay(**terms["courier_pay"]),
    )
