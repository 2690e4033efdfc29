"""What ordering answers, as plain data."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.ordering.contracts import delivery_views, picking_views
from services.ordering.contracts.moments import time_of
from services.ordering.contracts.published import money
from services.ordering.domain.lines import Discount, Line
from services.ordering.domain.order import Order
from services.ordering.domain.places import Slot
from services.ordering.domain.quote import Quote
from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.clock import from_wire, to_wire
from shared.kernel.errors import InvalidInput

Wire = dict[str, Any]


def quote(item: Quote) -> Wire:
    currency = item.currency
    return {
        "quote_id": item.quote_id,
        "currency": currency,
        "shops": [
            {
                "shop_id": quoted.shop.shop_id,
                "name": quoted.shop.name,
                "lines": [_quoted_line(line, currency) for line in quoted.lines],
                "goods": money(quoted.goods, currency),
                "discount": money(quoted.discount, currency),
                "paid": money(quoted.paid, currency),
            }
            for quoted in item.shops
        ],
        "goods": money(item.goods, currency),
        "discount": money(item.discount, currency),
        "delivery_fee": money(item.delivery_fee, currency),
        "free_delivery": picking_views.free_delivery(item),
        "tip": money(item.tip, currency),
        "total": money(item.total, currency),
        "lists": picking_views.lists(item.lines, currency),
        "slot": _slot(_quoted_slot(item)),
        "refused_coupons": [{"code": no.code, "reason": no.reason} for no in item.refused_coupons],
        "expires_at": to_wire(item.expires_at),
    }


def order(item: Order) -> Wire:
    currency = item.currency
    return {
        "order_id": item.order_id,
        "customer_id": item.customer_id,
        "status": str(item.status),
        "reason": item.reason,
        "placed_at": to_wire(item.placed_at),
        "paid_at": time_of(item.paid_at),
        "delivered_at": time_of(item.delivered_at),
        "currency": currency,
        "goods": money(item.goods, currency),
        "discount": money(item.discount, currency),
        "delivery_fee": money(item.delivery_fee, currency),
        "free_delivery": picking_views.free_delivery(item),
        "tip": money(item.tip, currency),
        "total": money(item.total, currency),
        "refunded": money(item.refunded, currency),
        "slot": _slot(item.slot),
        "drop_off": {
            "lat": item.drop_off.position.lat,
            "lon": item.drop_off.position.lon,
            "address": item.drop_off.address,
            "contact": item.drop_off.contact,
        },
        "zone_id": item.zone_id,
        "expires_at": to_wire(item.expires_at),
        "payment_method": item.method,
        "payment_status": item.payment_status,
        "to_collect": money(item.to_collect, currency),
        "delivery": delivery_views.delivery(item),
        "store_orders": [store_order(store, item.order_id, currency) for store in item.stores],
        "lists": picking_views.lists((line for store in item.stores for line in store.lines), currency),
    }


def store_order(store: StoreOrder, order_id: str, currency: str) -> Wire:
    """One shop's part: what its merchant needs, and nothing of where the customer lives."""
    return {
        "store_order_id": store.store_order_id,
        "order_id": order_id,
        "shop_id": store.shop_id,
        "shop_name": store.shop_name,
        "status": str(store.status),
        "reason": store.reason,
        "ready_at": time_of(store.ready_at),
        "picked_up_at": time_of(store.picked_up_at),
        "accept_by": time_of(store.accept_by),
        "goods": money(store.goods, currency),
        "discount": money(store.discount, currency),
        "paid": money(store.paid, currency),
        "refunded": money(store.refunded, currency),
        "lines": [_ordered_line(line, currency) for line in store.lines],
        "lists": picking_views.lists(store.lines, currency),
        "substitutions": [
            picking_views.substitution(one, store, order_id, currency) for one in store.substitutions
        ],
    }


def placed(at: datetime, wanted_for: Slot) -> Wire:
    """When an order was placed, and for when: its shops prepare for that."""
    return {"placed_at": to_wire(at), "slot": _slot(wanted_for)}


def refund(refund_id: str, refunds: Sequence[Refund], item: Order) -> Wire:
    """What one command paid back, and each of the refunds it consists of."""
    currency = item.currency
    goods = sum(part.goods for part in refunds)
    fee = sum(part.delivery_fee for part in refunds)
    tip = sum(part.tip for part in refunds)
    stores = [part.store_order_id for part in refunds if part.store_order_id is not None]
    parts = [_refund_part(part, currency) for part in refunds]
    return {
        "refund_id": refund_id,
        "order_id": item.order_id,
        "store_order_id": stores[0] if len(stores) == 1 else None,
        "amount": money(goods + fee + tip, currency),
        "goods": money(goods, currency),
        "delivery_fee": money(fee, currency),
        "reason": refunds[0].reason,
        "issued_at": to_wire(refunds[0].issued_at),
        "lines": [line for part in parts for line in part["lines"]],
        "parts": parts,
    }


def page(items: list[Wire], last: tuple[datetime, str] | None) -> Wire:
    return {"items": items, "next_cursor": None if last is None else encode_cursor(*last)}


def encode_cursor(at: datetime, key: str) -> str:
    raw = json.dumps([at.isoformat(), key]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """Where a page continues; raises :class:`InvalidInput` for a cursor that was never given."""
    if cursor is None:
        return None
    try:
        at, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return from_wire(at), str(key)
    except (ValueError, TypeError, binascii.Error, InvalidInput) as error:
        message = "Expected a next_cursor of an earlier page."
        raise InvalidInput(message, errors=[{"field": "cursor", "message": message}]) from error


def _quoted_line(line: Line, currency: str) -> Wire:
    return {
        "line_id": line.line_id,
        "listing_id": line.listing_id,
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "goods": money(line.goods, currency),
        "discounts": [_discount(discount, currency) | {"name": discount.name} for discount in line.discounts],
        "paid": money(line.paid, currency),
        "list_name": line.list_name,
        "if_missing": line.if_missing,
        "promotion_link_id": line.promotion_link_id,
        "unit_grams": line.unit_grams,
    }


def _ordered_line(line: Line, currency: str) -> Wire:
    return {
        "line_id": line.line_id,
        "listing_id": line.listing_id,
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "goods": money(line.goods, currency),
        "discount": money(line.discount, currency),
        "discounts": [_discount(discount, currency) for discount in line.discounts],
        "paid": money(line.paid, currency),
        "refunded_quantity": line.refunded_quantity,
        "refunded": money(line.refunded, currency),
        "list_name": line.list_name,
        "if_missing": line.if_missing,
        "promotion_link_id": line.promotion_link_id,
        "price_fallen": money(line.fallen, currency),
        "substituted_quantity": line.substituted,
        "unit_grams": line.unit_grams,
        "grams": line.grams,
    }


def _discount(discount: Discount, currency: str) -> Wire:
    return {
        "campaign_id": discount.campaign_id,
        "funder": discount.funder,
        "amount": money(discount.amount, currency),
    }


def _refund_part(part: Refund, currency: str) -> Wire:
    return {
        "refund_id": part.refund_id,
        "store_order_id": part.store_order_id,
        "shop_id": part.shop_id,
        "amount": money(part.amount, currency),
        "lines": [
            {
                "line_id": line.line_id,
                "quantity": line.quantity,
                "amount": money(line.amount, currency),
            }
            for line in part.lines
        ],
    }


def _quoted_slot(item: Quote) -> Slot:
    window = item.window
    if window is None:
        return Slot(slot_id=item.slot_id)
    return Slot(slot_id=item.slot_id, starts_at=window.starts_at, ends_at=window.ends_at)


def _slot(slot: Slot) -> Wire:
    return {
        "slot_id": slot.slot_id or "asap",
        "starts_at": time_of(slot.starts_at),
        "ends_at": time_of(slot.ends_at),
        "promised_at": time_of(slot.promised_at),
    }
