"""Orders and quotes as rows and JSON documents, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from services.ordering.adapters.delivery_rows import delivery_from
from services.ordering.adapters.moments import moment_of, text_of
from services.ordering.adapters.picking_rows import (
    falls_document,
    falls_from,
    substitutions_document,
    substitutions_from,
)
from services.ordering.domain.delivery_fee import FreeDelivery
from services.ordering.domain.lines import Discount, Line, LinePart
from services.ordering.domain.load import Load
from services.ordering.domain.order import Order
from services.ordering.domain.payment import Payment, PaymentStatus
from services.ordering.domain.places import DropOff, Position, Slot, Window
from services.ordering.domain.quote import CouponRefusal, Quote, QuotedShop, Shop
from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder, StoreStatus

Row = Mapping[Any, Any]
Document = dict[str, Any]


def line_document(line: Line) -> Document:
    """A line with its shares spelled out: what was agreed is stored, not computed again."""
    return _plain_line(line) | {
        "goods": line.goods,
        "discount": line.discount,
        "paid": line.paid,
        "refunded": line.refunded,
    }


def _plain_line(line: Line) -> Document:
    plain = vars(line) | {"discounts": [vars(discount) for discount in line.discounts]}
    return plain | {"falls": falls_document(line.falls)}


def line_from(document: Row) -> Line:
    return Line(
        line_id=document["line_id"],
        listing_id=document["listing_id"],
        name=document["name"],
        unit=document["unit"],
        category=document["category"],
        sourced=document["sourced"],
        quantity=document["quantity"],
        unit_price=document["unit_price"],
        discounts=tuple(Discount(**discount) for discount in document["discounts"]),
        list_name=document["list_name"],
        if_missing=document["if_missing"],
        promotion_link_id=document["promotion_link_id"],
        price_of_promoter=document.get("price_of_promoter", False),
        refunded_quantity=document["refunded_quantity"],
        # Lines that were kept before there were weights and falls have none.
        falls=falls_from(document.get("falls", ())),
        unit_grams=document.get("unit_grams"),
        grams=document.get("grams"),
    )


# -- quotes ----------------------------------------------------------------------------------------


def quote_document(quote: Quote) -> Document:
    return {
        "currency": quote.currency,
        "delivery_fee": quote.delivery_fee,
        "tip": quote.tip,
        "slot_id": quote.slot_id,
        "drop_off": drop_off_document(quote.drop_off),
        "shops": [
            {
                "shop": _shop_document(quoted.shop),
                "lines": [_plain_line(line) for line in quoted.lines],
                "load": quoted.load and vars(quoted.load),
            }
            for quoted in quote.shops
        ],
        "refused_coupons": [vars(refusal) for refusal in quote.refused_coupons],
        "free_delivery": None if quote.free_delivery is None else vars(quote.free_delivery),
        "window": quote.window and [text_of(quote.window.starts_at), text_of(quote.window.ends_at)],
    }


def _shop_document(shop: Shop) -> Document:
    return vars(shop) | {"position": vars(shop.position)}


def quote_from(row: Row) -> Quote:
    body = row["body"]
    return Quote(
        quote_id=row["quote_id"],
        customer_id=row["customer_id"],
        expires_at=row["expires_at"],
        currency=body["currency"],
        delivery_fee=body["delivery_fee"],
        tip=body.get("tip", 0),
        slot_id=body["slot_id"],
        drop_off=_drop_off(body["drop_off"]),
        shops=tuple(
            QuotedShop(
                shop=Shop(**item["shop"] | {"position": Position(**item["shop"]["position"])}),
                lines=tuple(line_from(line) for line in item["lines"]),
                load=Load(**item["load"]) if item.get("load") else None,
            )
            for item in body["shops"]
        ),
        refused_coupons=tuple(CouponRefusal(**item) for item in body["refused_coupons"]),
        free_delivery=FreeDelivery(**body["free_delivery"]) if body.get("free_delivery") else None,
        window=_window(body.get("window")),
    )


# -- orders ----------------------------------------------------------------------------------------


def new_store(store: StoreOrder, position: int) -> Document:
    """A store order as it is kept when its order is placed."""
    return {
        "store_order_id": store.store_order_id,
        "position": position,
        "shop_id": store.shop_id,
        "shop_name": store.shop_name,
        "merchant_id": store.merchant_id,
        "status": str(store.status),
        "goods": store.goods,
        "discount": store.discount,
        "paid": store.paid,
        "lines": [line_document(line) for line in store.lines],
        "accept_seconds": _seconds(store.accept_within),
    }


def changed_store(store: StoreOrder, before: StoreOrder | None, order: Order) -> Document:
    """What may change of a store order; lines that are the same objects as before are left out."""
    document = {
        "store_order_id": store.store_order_id,
        "status": str(store.status),
        "refunded": store.refunded if order.paid_at else 0,
        "paid_at": text_of(order.paid_at),
        "ready_at": text_of(store.ready_at),
        "picked_up_at": text_of(store.picked_up_at),
        "reason": store.reason,
        "accept_by": text_of(store.accept_by),
        "reminded_at": text_of(store.reminded_at),
        "next_at": text_of(store.next_at),
        "substitutions": substitutions_document(store.substitutions),
    }
    if before is None or before.lines is not store.lines:
        document["lines"] = [line_document(line) for line in store.lines]
    return document


def store_from(row: Row, prefix: str = "") -> StoreOrder:
    return StoreOrder(
        store_order_id=row["store_order_id"],
        shop_id=row["shop_id"],
        shop_name=row["shop_name"],
        merchant_id=row["merchant_id"],
        status=StoreStatus(row[f"{prefix}status"]),
        lines=tuple(line_from(line) for line in row["lines"]),
        ready_at=row["ready_at"],
        picked_up_at=row["picked_up_at"],
        reason=row[f"{prefix}reason"],
        accept_within=None if row["accept_seconds"] is None else timedelta(seconds=row["accept_seconds"]),
        accept_by=row["accept_by"],
        reminded_at=row["reminded_at"],
        substitutions=substitutions_from(row["substitutions"]),
    )


def order_from_rows(rows: Sequence[Row]) -> Order:
    """The order of which ``rows`` are the store orders, in their order, each with the order's columns."""
    first = rows[0]
    return Order(
        order_id=first["order_id"],
        quote_id=first["quote_id"],
        customer_id=first["customer_id"],
        currency=first["currency"],
        delivery_fee=first["delivery_fee"],
        zone_id=first["zone_id"],
        slot=slot_from(first["slot"]),
        drop_off=_drop_off(first["drop_off"]),
        placed_at=first["placed_at"],
        expires_at=first["expires_at"],
        stores=tuple(store_from(row, "store_") for row in rows),
        paid_at=first["paid_at"],
        payment_id=first["payment_id"],
        charge_id=first["charge_id"],
        payment_status=first["payment_status"],
        delivery_fee_refunded=first["delivery_fee_refunded"],
        tip=first["tip"],
        tip_refunded=first["tip_refunded"],
        method=first["payment_method"],
        delivered_at=first["delivered_at"],
        completes_at=first["completes_at"],
        reason=first["reason"],
        delivery=delivery_from(first["delivery"]),
        free_delivery=FreeDelivery(threshold=first["free_delivery_from"], waived=first["delivery_fee_waived"])
        if first["delivery_fee_waived"]
        else None,
    )


def order_columns(order: Order) -> Document:
    """The columns of an order that change in its life, for a statement's parameters."""
    return {
        "order_id": order.order_id,
        "status": str(order.status),
        "refunded": order.refunded,
        "delivery_fee_refunded": order.delivery_fee_refunded,
        "tip_refunded": order.tip_refunded,
        "payment_method": order.method,
        "paid_at": order.paid_at,
        "payment_id": order.payment_id,
        "charge_id": order.charge_id,
        "payment_status": order.payment_status,
        "delivered_at": order.delivered_at,
        "completes_at": order.completes_at,
        "reason": order.reason,
    }


def slot_document(slot: Slot) -> Document:
    return {
        "slot_id": slot.slot_id,
        "starts_at": text_of(slot.starts_at),
        "ends_at": text_of(slot.ends_at),
        "promised_at": text_of(slot.promised_at),
    }


def slot_from(document: Row) -> Slot:
    return Slot(
        slot_id=document["slot_id"],
        starts_at=moment_of(document["starts_at"]),
        ends_at=moment_of(document["ends_at"]),
        promised_at=moment_of(document["promised_at"]),
    )


def drop_off_document(drop_off: DropOff) -> Document:
    return {
        "lat": drop_off.position.lat,
        "lon": drop_off.position.lon,
        "address": drop_off.address,
        "contact": drop_off.contact,
    }


def _drop_off(document: Row) -> DropOff:
    return DropOff(
        position=Position(lat=document["lat"], lon=document["lon"]),
        address=document["address"],
        contact=document["contact"],
    )


# -- payments and refunds --------------------------------------------------------------------------


def payment_from(row: Row, prefix: str = "") -> Payment:
    return Payment(
        payment_id=row[f"{prefix}payment_id"],
        order_id=row["order_id"],
        method=row["method"],
        scenario=row["scenario"],
        amount=row["amount"],
        currency=row["currency"],
        status=PaymentStatus(row[f"{prefix}status"]),
        started_at=row["started_at"],
    )


def refund_document(refund: Refund) -> Document:
    return {
        "refund_id": refund.refund_id,
        "command_id": refund.command_id,
        "order_id": refund.order_id,
        "store_order_id": refund.store_order_id,
        "shop_id": refund.shop_id,
        "issued_at": text_of(refund.issued_at),
        "reason": refund.reason,
        "goods": refund.goods,
        "delivery_fee": refund.delivery_fee,
        "tip": refund.tip,
        "restock": refund.restock,
        "lines": [asdict(part) for part in refund.lines],
        "borne_by": refund.borne_by,
    }


def refund_from(row: Row) -> Refund:
    return Refund(
        refund_id=row["refund_id"],
        command_id=row["command_id"],
        order_id=row["order_id"],
        store_order_id=row["store_order_id"],
        shop_id=row["shop_id"],
        issued_at=row["issued_at"],
        reason=row["reason"],
        goods=row["goods"],
        delivery_fee=row["delivery_fee"],
        tip=row["tip"],
        restock=row["restock"],
        lines=tuple(
            LinePart(**part | {"discounts": tuple(Discount(**item) for item in part["discounts"])})
            for part in row["lines"]
        ),
        borne_by=row["borne_by"],
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def _window(document: Sequence[str] | None) -> Window | None:
    if document is None:
        return None
    starts_at, ends_at = map(datetime.fromisoformat, document)
    return Window(starts_at=starts_at, ends_at=ends_at)
