"""Quotes, orders, payments, and where the order is."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import attempt_shapes, forms, shapes, tracking_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import CUSTOMER, OPERATOR, Key, Routes

routes = Routes("Orders")

_CUSTOMER_OR_OPERATOR = CUSTOMER | OPERATOR
# Placing an order asks three services; each has its own deadline within this one.
_PLACING_SECONDS = 12.0


@routes.post(
    "/v1/quotes",
    summary="Price a basket over any number of shops",
    description="Says per line what it costs, every discount with its campaign and who pays for it, the "
    "delivery fee and the total, and until when all of that holds.",
    roles=CUSTOMER,
    body=forms.Basket,
    answer=shapes.Quote,
    status=201,
    key=Key.RECORDED,
    refusals=("listing-not-found", "shop-closed", "out-of-delivery-range", "out-of-zone", "slot-full"),
)
def quote(call: Call) -> Any:
    return call.ask_as_caller("ordering", "quote", quote_id=call.new_id, **call.body)


@routes.post(
    "/v1/orders",
    summary="Place the order of a quote",
    description="Holds the stock at every shop and the delivery slot, all or nothing, until the order is "
    "paid or expires.",
    roles=CUSTOMER,
    body=forms.PlaceOrder,
    answer=shapes.Order,
    status=201,
    key=Key.RECORDED,
    location="/v1/orders/{order_id}",
    refusals=("quote-not-found", "quote-expired", "out-of-stock", "price-changed", "slot-full"),
)
def place_order(call: Call) -> Any:
    return call.ask_as_caller(
        "ordering",
        "place",
        deadline=_PLACING_SECONDS,
        order_id=call.new_id,
        **call.body,
    )


@routes.post(
    "/v1/orders/{order_id}/payments",
    summary="Pay an order",
    description="The provider's answer arrives later: look at `payment_status` of the order. One may try"
    " again, also with another method; what is taken twice goes back by itself. `cash` is collected at the"
    " door: the order goes to its shops at once.",
    roles=CUSTOMER,
    body=forms.Pay,
    answer=attempt_shapes.Payment,
    status=201,
    key=Key.RECORDED,
    refusals=("order-not-found", "order-not-payable", "payment-method-not-offered", "too-much-for-cash"),
)
def pay(call: Call) -> Any:
    return call.ask_as_caller(
        "ordering", "pay", order_id=call.path["order_id"], payment_id=call.new_id, **call.body
    )


@routes.get(
    "/v1/orders",
    summary="The caller's orders, newest first",
    roles=CUSTOMER,
    query=forms.OrdersQuery,
    answer=shapes.OrderPage,
)
def orders(call: Call) -> Any:
    return call.ask_as_caller("ordering", "orders", **call.query)


@routes.get(
    "/v1/orders/{order_id}",
    summary="An order",
    roles=_CUSTOMER_OR_OPERATOR,
    answer=shapes.Order,
    refusals=("order-not-found",),
)
def order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "order", order_id=call.path["order_id"])


@routes.get(
    "/v1/orders/{order_id}/tracking",
    summary="Where an order is",
    description="The stops of its delivery, the courier's position and the time it is expected.",
    roles=_CUSTOMER_OR_OPERATOR,
    answer=tracking_shapes.Tracking,
    refusals=("order-not-found",),
)
def tracking(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "tracking", order_id=call.path["order_id"])


@routes.post(
    "/v1/orders/{order_id}/cancel",
    summary="Cancel an order",
    description="Free of charge until a courier has collected the first part; what was paid is refunded.",
    roles=_CUSTOMER_OR_OPERATOR,
    body=forms.Reason,
    answer=shapes.Order,
    refusals=("order-not-found", "too-late-to-cancel", "wrong-state"),
)
def cancel_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "cancel", order_id=call.path["order_id"], **call.body)


@routes.post(
    "/v1/orders/{order_id}/refunds",
    summary="Refund an order, in whole or in part",
    roles=OPERATOR,
    body=forms.RefundOrder,
    answer=attempt_shapes.Refund,
    status=201,
    key=Key.RECORDED,
    refusals=("order-not-found",),
)
def refund_order(call: Call) -> Any:
    return call.ask_as_caller(
        "ordering", "refund", refund_id=call.new_id, order_id=call.path["order_id"], **call.body
    )
