"""What the storefront reads of ordering's events: the few fields it needs, as commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from services.storefront.domain.commands import (
    RecordCancellation,
    RecordExpiry,
    RecordMove,
    RecordPayment,
    RecordRejection,
    RecordReturn,
)
from shared.kernel.errors import InvalidInput

Fact = RecordPayment | RecordExpiry | RecordCancellation | RecordReturn | RecordMove | RecordRejection


class _Read(Schema):
    class Meta:
        unknown = EXCLUDE


class _Line(_Read):
    listing_id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    substitution_id = fields.String(load_default=None)


class _OrderExpired(_Read):
    order_id = fields.String(required=True)


class _OrderCancelled(_Read):
    order_id = fields.String(required=True)
    was_paid = fields.Boolean(required=True)


class _RefundIssued(_Read):
    refund_id = fields.String(required=True)
    order_id = fields.String(required=True)
    store_order_id = fields.String(load_default=None, allow_none=True)
    restock = fields.Boolean(required=True)
    lines = fields.List(fields.Nested(_Line), required=True)


class _SubstitutionAnswered(_Read):
    substitution_id = fields.String(required=True)
    substitute_listing_id = fields.String(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    status = fields.String(required=True)


class _StoreOrderRejected(_Read):
    order_id = fields.String(required=True)
    shop_id = fields.String(required=True)


class _OrderRebooked(_Read):
    order_id = fields.String(required=True)
    number = fields.Integer(required=True)
    shop_ids = fields.List(fields.String(), required=True)


_STORE_ORDER_REJECTED, _ORDER_REBOOKED = _StoreOrderRejected(), _OrderRebooked()
_ORDER_EXPIRED, _ORDER_CANCELLED, _REFUND_ISSUED = _OrderExpired(), _OrderCancelled(), _RefundIssued()
_SUBSTITUTION_ANSWERED = _SubstitutionAnswered()


def facts_of(type: str, data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What an event of ordering means here, if anything.

    Raises :class:`InvalidInput` when the event is not what ordering promises.
    """
    try:
        return _READERS[type](data)
    except ValidationError as error:
        raise InvalidInput(f"{type} is not as promised: {error.messages}") from error


def _paid(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """By hand, since every order comes by: a schema takes ten times as long."""
    try:
        order_id = data["order_id"]
        lines = [line for store_order in data["store_orders"] for line in store_order["lines"]]
        total = _quantities(lines)
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"OrderPaid is not as promised: {error!r}") from error
    if not isinstance(order_id, str) or not all(map(_is_quantity, total.items())):
        raise InvalidInput(
            "OrderPaid is not as promised: it names no order, or something else than quantities"
        )
    return (RecordPayment(order_id=order_id, lines=total),)


def _is_quantity(line: tuple[object, object]) -> bool:
    listing_id, quantity = line
    return isinstance(listing_id, str) and type(quantity) is int


def _expired(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    return (RecordExpiry(order_id=_ORDER_EXPIRED.load(data)["order_id"]),)


def _cancelled(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    read = _ORDER_CANCELLED.load(data)
    return (RecordCancellation(order_id=read["order_id"], was_paid=read["was_paid"]),)


def _refunded(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Units go back to whatever they were sold from: the order, or what took the place of some of it."""
    read = _REFUND_ISSUED.load(data)
    if not read["restock"]:
        return ()
    # A refund may speak of several store orders, each in an event of its own.
    return_id = f"{read['refund_id']}/{read['store_order_id'] or ''}"
    sold_from: dict[str, list[dict[str, Any]]] = {}
    for line in read["lines"]:
        if line["quantity"]:
            sold_from.setdefault(line["substitution_id"] or read["order_id"], []).append(line)
    return tuple(
        RecordReturn(order_id=key, return_id=return_id, lines=_quantities(lines))
        for key, lines in sold_from.items()
    )


def _answered(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """A substitute is held under the substitution's own id; it is sold, or free again."""
    read = _SUBSTITUTION_ANSWERED.load(data)
    key, listing_id = read["substitution_id"], read["substitute_listing_id"]
    if listing_id is None:
        return ()
    if read["status"] == "accepted":
        return (RecordPayment(order_id=key, lines={listing_id: read["quantity"]}),)
    return (RecordCancellation(order_id=key, was_paid=False),)


def _rejected(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    read = _STORE_ORDER_REJECTED.load(data)
    return (RecordRejection(order_id=read["order_id"], shop_id=read["shop_id"]),)


def _rebooked(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    read = _ORDER_REBOOKED.load(data)
    return (RecordMove(**read | {"shop_ids": tuple(read["shop_ids"])}),)


def _quantities(lines: list[dict[str, Any]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for line in lines:
        total[line["listing_id"]] += line["quantity"]
    return dict(total)


_READERS = {
    "OrderPaid": _paid,
    "OrderExpired": _expired,
    "OrderCancelled": _cancelled,
    "RefundIssued": _refunded,
    "SubstitutionAnswered": _answered,
    "StoreOrderRejected": _rejected,
    "OrderRebooked": _rebooked,
}
TYPES = tuple(_READERS)
