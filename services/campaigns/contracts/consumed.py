"""What campaigns reads of other services' events: only the fields it uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from services.campaigns.contracts.reading import Moment, MoneyField, read
from services.campaigns.domain.commands import OrderClosed, OrderPaid, RefundFact, ShopFact


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


class _OrderPaid(_Lenient):
    order_id = fields.String(required=True)
    paid_at = Moment(required=True)
    discount = MoneyField(required=True)


class _OrderCancelled(_Lenient):
    order_id = fields.String(required=True)
    cancelled_at = Moment(required=True)


class _OrderExpired(_Lenient):
    order_id = fields.String(required=True)
    expired_at = Moment(required=True)


class _Share(_Lenient):
    campaign_id = fields.String(required=True)
    amount = MoneyField(required=True)


class _RefundedLine(_Lenient):
    discounts = fields.List(fields.Nested(_Share), required=True)


class _RefundIssued(_Lenient):
    refund_id = fields.String(required=True)
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Nested(_RefundedLine), required=True)


class _ShopOpened(_Lenient):
    shop_id = fields.String(required=True)
    owner_id = fields.String(required=True)


_ORDER_PAID, _CANCELLED, _EXPIRED, _REFUND, _SHOP = (
    _OrderPaid(),
    _OrderCancelled(),
    _OrderExpired(),
    _RefundIssued(),
    _ShopOpened(),
)


def order_paid(data: Mapping[str, Any]) -> OrderPaid | None:
    """``None`` for an order without discounts: it holds nothing here."""
    said = read(_ORDER_PAID, data)
    return OrderPaid(order_id=said["order_id"], at=said["paid_at"]) if said["discount"] else None


def order_cancelled(data: Mapping[str, Any]) -> OrderClosed:
    said = read(_CANCELLED, data)
    return OrderClosed(order_id=said["order_id"], at=said["cancelled_at"], reason="cancelled")


def order_expired(data: Mapping[str, Any]) -> OrderClosed:
    said = read(_EXPIRED, data)
    return OrderClosed(order_id=said["order_id"], at=said["expired_at"], reason="expired")


def refund_issued(data: Mapping[str, Any]) -> RefundFact | None:
    """``None`` when no discounted line was refunded."""
    said = read(_REFUND, data)
    returned: Counter[str] = Counter()
    for line in said["lines"]:
        for share in line["discounts"]:
            returned[share["campaign_id"]] += share["amount"].amount
    if not any(returned.values()):
        return None
    # One refund may speak once per store order, so both name the fact.
    key = f"{said['refund_id']}/{said['store_order_id'] or ''}"
    return RefundFact(refund_key=key, order_id=said["order_id"], returned=dict(+returned))


def shop_opened(data: Mapping[str, Any], time: str) -> ShopFact:
    said = read(_SHOP, data)
    return ShopFact(shop_id=said["shop_id"], owner_id=said["owner_id"], at=Moment().deserialize(time))


FROM_ORDERING: dict[str, Callable[[Mapping[str, Any]], OrderPaid | OrderClosed | RefundFact | None]] = {
    "OrderPaid": order_paid,
    "OrderCancelled": order_cancelled,
    "OrderExpired": order_expired,
    "RefundIssued": refund_issued,
}
