"""What crm reads of other services' events: only the fields it uses, and of people only their ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from services.crm.contracts.reading import Moment, MoneyField, read
from services.crm.domain.facts import Bought, Cancelled, Delivered, Fact, OrderPlaced, Refunded, ShopOpened


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


class _OrderPlaced(_Lenient):
    order_id = fields.String(required=True)
    placed_at = Moment(required=True)


class _StoreOrderSplit(_Lenient):
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True)
    shop_id = fields.String(required=True)
    customer_id = fields.String(required=True)
    paid = MoneyField(required=True)
    paid_at = Moment(required=True)


class _OrderDelivered(_Lenient):
    order_id = fields.String(required=True)
    store_order_ids = fields.List(fields.String(), required=True)
    delivered_at = Moment(required=True)


class _OrderCancelled(_Lenient):
    order_id = fields.String(required=True)
    cancelled_at = Moment(required=True)


class _RefundIssued(_Lenient):
    refund_id = fields.String(required=True)
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True, allow_none=True)
    shop_id = fields.String(required=True, allow_none=True)
    customer_id = fields.String(required=True)
    goods = MoneyField(required=True)
    issued_at = Moment(required=True)


class _ShopOpened(_Lenient):
    shop_id = fields.String(required=True)
    owner_id = fields.String(required=True)


_PLACED, _SPLIT, _DELIVERED, _CANCELLED, _REFUND, _SHOP = (
    _OrderPlaced(),
    _StoreOrderSplit(),
    _OrderDelivered(),
    _OrderCancelled(),
    _RefundIssued(),
    _ShopOpened(),
)


def order_placed(data: Mapping[str, Any]) -> OrderPlaced:
    said = read(_PLACED, data)
    return OrderPlaced(order_id=said["order_id"], at=said["placed_at"])


def store_order_split(data: Mapping[str, Any]) -> Bought:
    said = read(_SPLIT, data)
    return Bought(at=said.pop("paid_at"), **said)


def order_delivered(data: Mapping[str, Any]) -> Delivered:
    said = read(_DELIVERED, data)
    return Delivered(
        order_id=said["order_id"], store_order_ids=tuple(said["store_order_ids"]), at=said["delivered_at"]
    )


def order_cancelled(data: Mapping[str, Any]) -> Cancelled:
    said = read(_CANCELLED, data)
    return Cancelled(order_id=said["order_id"], at=said["cancelled_at"])


def refund_issued(data: Mapping[str, Any]) -> Refunded | None:
    """``None`` for a refund of the delivery fee alone: no shop has part in it."""
    said = read(_REFUND, data)
    if said["store_order_id"] is None or said["shop_id"] is None:
        return None
    return Refunded(
        # One refund may speak once per store order, so both name the fact.
        refund_key=f"{said['refund_id']}/{said['store_order_id']}",
        refund_id=said["refund_id"],
        order_id=said["order_id"],
        store_order_id=said["store_order_id"],
        shop_id=said["shop_id"],
        customer_id=said["customer_id"],
        amount=said["goods"],
        at=said["issued_at"],
    )


def shop_opened(data: Mapping[str, Any], time: str) -> ShopOpened:
    said = read(_SHOP, data)
    return ShopOpened(shop_id=said["shop_id"], owner_id=said["owner_id"], at=Moment().deserialize(time))


FROM_ORDERING: dict[str, Callable[[Mapping[str, Any]], Fact | None]] = {
    "OrderPlaced": order_placed,
    "StoreOrderSplit": store_order_split,
    "OrderDelivered": order_delivered,
    "OrderCancelled": order_cancelled,
    "RefundIssued": refund_issued,
}
