"""What dispatch reads of others' events: only the fields it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from shared.kernel.errors import InvalidInput


class _Read(Schema):
    class Meta:
        unknown = EXCLUDE


class OrderPaid(_Read):
    order_id = fields.String(required=True)
    customer_id = fields.String(required=True)
    paid_at = fields.AwareDateTime(required=True)
    method = fields.String(load_default=None, allow_none=True)


class StoreOrderAccepted(_Read):
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True)
    accepted_at = fields.AwareDateTime(required=True)
    ready_at = fields.AwareDateTime(required=True)


class StoreOrderReady(_Read):
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True)
    ready_at = fields.AwareDateTime(required=True)


class StoreOrderRejected(_Read):
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True)


class OrderCancelled(_Read):
    order_id = fields.String(required=True)
    reason = fields.String(required=True)


class OrderExpired(_Read):
    order_id = fields.String(required=True)


class AccountRegistered(_Read):
    account_id = fields.String(required=True)
    role = fields.String(required=True)
    registered_at = fields.AwareDateTime(required=True)


FROM_ORDERING: Mapping[str, Schema] = {
    "OrderPaid": OrderPaid(),
    "StoreOrderAccepted": StoreOrderAccepted(),
    "StoreOrderReady": StoreOrderReady(),
    "StoreOrderRejected": StoreOrderRejected(),
    "OrderCancelled": OrderCancelled(),
    "OrderExpired": OrderExpired(),
}
FROM_GATEWAY: Mapping[str, Schema] = {"AccountRegistered": AccountRegistered()}


def read(type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields dispatch uses of an event; raises :class:`InvalidInput` when they are not there."""
    schema = FROM_ORDERING.get(type) or FROM_GATEWAY[type]
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise InvalidInput(f"{type} cannot be read: {error}.") from error
    return loaded
