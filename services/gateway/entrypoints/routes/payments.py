"""Ways to pay, and what becomes of money on its way back."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import forms, payment_forms, payment_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import COURIER, CUSTOMER, OPERATOR, SIGNED_IN, Routes
from services.gateway.entrypoints.wire import Answer

routes = Routes("Payments")

# The provider may have to write the file first.
_DOWNLOAD_SECONDS = 30.0


@routes.get(
    "/v1/payment-methods",
    summary="How an order can be paid here",
    roles=SIGNED_IN,
    answer=payment_shapes.PaymentMethods,
)
def payment_methods(call: Call) -> Any:
    return call.ask_as_caller("ordering", "payment_methods")


@routes.get(
    "/v1/orders/{order_id}/refunds",
    summary="The refunds of an order, and where the money is",
    roles=CUSTOMER | OPERATOR,
    answer=payment_shapes.OrderRefunds,
    refusals=("order-not-found",),
)
def order_refunds(call: Call) -> Any:
    return call.ask_as_caller("ordering", "refunds", **call.path)


@routes.get(
    "/v1/courier/collections",
    summary="What the courier collects at doors, and hands back",
    description="Of orders that are paid at the door. What is refunded before the delivery is not collected.",
    roles=COURIER,
    answer=payment_shapes.Collections,
)
def collections(call: Call) -> Any:
    return call.ask_as_caller("ordering", "collections")


@routes.post(
    "/v1/refunds/{refund_id}/hand-back",
    summary="Say that a refund of collected money is in the customer's hands",
    description="By the courier who collected it, who gives it of what they hold, or by an operator.",
    roles=COURIER | OPERATOR,
    body=forms.Nothing,
    answer=payment_shapes.RefundProgress,
    refusals=("refund-not-found", "wrong-state"),
)
def hand_back_refund(call: Call) -> Any:
    return call.ask_as_caller("ordering", "hand_back_refund", **call.path)


@routes.get(
    "/v1/provider-refunds",
    summary="Refunds that are not back yet, or those in one state",
    roles=OPERATOR,
    query=payment_forms.RefundsQuery,
    answer=payment_shapes.RefundProgressPage,
)
def provider_refunds(call: Call) -> Any:
    return call.ask_as_caller("ordering", "provider_refunds", **call.query)


@routes.get(
    "/v1/payment-providers/{provider}/statement",
    summary="The settlement file of a payment provider",
    roles=OPERATOR,
    query=payment_forms.StatementDayQuery,
    answer=payment_shapes.ProviderStatement,
    refusals=("payment-provider-not-found",),
)
def provider_statement(call: Call) -> Any:
    return _statement(call, "provider_statement")


@routes.get(
    "/v1/payment-providers/{provider}/statement.csv",
    summary="The settlement file of a payment provider, as CSV",
    description="With the header `kind,provider_id,reference_id,amount,currency,at`.",
    roles=OPERATOR,
    query=payment_forms.StatementDayQuery,
    gives=("text/csv",),
    refusals=("payment-provider-not-found",),
)
def provider_statement_file(call: Call) -> Answer:
    found = _statement(call, "provider_statement_file")
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], {})


def _statement(call: Call, method: str) -> Any:
    day = call.query["day"].isoformat()
    return call.ask_as_caller(
        "ordering", method, method=call.path["provider"], day=day, deadline=_DOWNLOAD_SECONDS
    )
