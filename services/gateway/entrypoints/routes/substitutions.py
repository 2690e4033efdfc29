"""While an order is picked: what is missing, what takes its place, what it weighs; and its history."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import (
    attempt_shapes,
    forms,
    shapes,
    substitution_forms,
    substitution_shapes,
)
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import CUSTOMER, MERCHANT, OPERATOR, Key, Routes

routes = Routes("Picking orders")


@routes.post(
    "/v1/store-orders/{store_order_id}/missing",
    summary="Say that units are missing; they are refunded at once",
    roles=MERCHANT | OPERATOR,
    body=substitution_forms.Missing,
    answer=attempt_shapes.Refund,
    status=201,
    key=Key.RECORDED,
    refusals=("store-order-not-found", "line-not-found", "refund-exceeds-line", "wrong-state"),
)
def report_missing(call: Call) -> Any:
    return call.ask_as_caller("ordering", "report_missing", refund_id=call.new_id, **call.path, **call.body)


@routes.post(
    "/v1/store-orders/{store_order_id}/substitutions",
    summary="Propose something else for missing units",
    description="A listing of the shop, whose units are held until it is answered, or something with a name"
    " and a price. Dearer goods cost the customer what was paid; cheaper ones give the difference back."
    " Without an answer the rule of the line decides: `substitute` takes what is not dearer, anything else is"
    " refunded.",
    roles=MERCHANT | OPERATOR,
    body=substitution_forms.Propose,
    answer=substitution_shapes.Substitution,
    status=201,
    key=Key.RECORDED,
    location="/v1/substitutions/{substitution_id}",
    refusals=("store-order-not-found", "not-to-be-substituted", "substitute-unfit", "out-of-stock"),
)
def propose_substitution(call: Call) -> Any:
    return call.ask_as_caller(
        "ordering", "propose_substitution", substitution_id=call.new_id, **call.path, **call.body
    )


@routes.get(
    "/v1/substitutions/{substitution_id}",
    summary="A proposed substitution",
    roles=CUSTOMER | MERCHANT | OPERATOR,
    answer=substitution_shapes.Substitution,
    refusals=("substitution-not-found",),
)
def substitution(call: Call) -> Any:
    return call.ask_as_caller("ordering", "substitution", **call.path)


@routes.post(
    "/v1/substitutions/{substitution_id}/accept",
    summary="Take the substitute",
    roles=CUSTOMER,
    body=forms.Nothing,
    answer=substitution_shapes.Substitution,
    refusals=("substitution-not-found", "wrong-state"),
)
def accept_substitution(call: Call) -> Any:
    return call.ask_as_caller("ordering", "answer_substitution", accepted=True, **call.path)


@routes.post(
    "/v1/substitutions/{substitution_id}/decline",
    summary="Have the money back instead",
    roles=CUSTOMER,
    body=forms.Nothing,
    answer=substitution_shapes.Substitution,
    refusals=("substitution-not-found", "wrong-state"),
)
def decline_substitution(call: Call) -> Any:
    return call.ask_as_caller("ordering", "answer_substitution", accepted=False, **call.path)


@routes.post(
    "/v1/store-orders/{store_order_id}/weights",
    summary="Say what weighed lines weigh",
    description="What is lighter than estimated costs less, and the difference goes back at once; what is"
    " heavier costs what was paid.",
    roles=MERCHANT | OPERATOR,
    body=substitution_forms.Weights,
    answer=shapes.StoreOrder,
    refusals=("store-order-not-found", "line-not-found", "not-weighed", "price-would-rise", "wrong-state"),
)
def weigh(call: Call) -> Any:
    return call.ask_as_caller("ordering", "weigh", **call.path, **call.body)


@routes.get(
    "/v1/orders/{order_id}/history",
    summary="Everything that an order went through",
    roles=CUSTOMER | OPERATOR,
    answer=substitution_shapes.History,
    refusals=("order-not-found",),
)
def history(call: Call) -> Any:
    return call.ask_as_caller("ordering", "history", **call.path)


@routes.get(
    "/v1/store-orders/{store_order_id}/history",
    summary="What one shop's part of an order went through",
    roles=CUSTOMER | MERCHANT | OPERATOR,
    answer=substitution_shapes.History,
    refusals=("store-order-not-found",),
)
def store_history(call: Call) -> Any:
    return call.ask_as_caller("ordering", "store_history", **call.path)
