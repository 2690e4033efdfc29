"""What the platform takes and pays, and what shops owe for tools and advertisements."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import forms, rate_forms, rate_shapes
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import MERCHANT, OPERATOR, Key, Routes

routes = Routes("Rates and charges")

_OPERATOR_OR_ANALYST = OPERATOR | {Role.ANALYST}
_OPERATOR_OR_MERCHANT = OPERATOR | MERCHANT
# Deriving some thousands of orders twice takes longer than any other answer.
_WHAT_IF_SECONDS = 15.0


@routes.post(
    "/v1/rate-plans",
    summary="Set the rates of the platform, now or later",
    roles=OPERATOR,
    body=rate_forms.SetRatePlan,
    answer=rate_shapes.RatePlan,
    status=201,
    key=Key.RECORDED,
)
def set_rate_plan(call: Call) -> Any:
    return call.ask_as_caller("commission", "set_rate_plan", plan_id=call.new_id, **call.body)


@routes.get(
    "/v1/rate-plans",
    summary="The rates, newest first",
    roles=OPERATOR,
    answer=rate_shapes.RatePlanPage,
)
def rate_plans(call: Call) -> Any:
    return call.ask_as_caller("commission", "rate_plans")


@routes.get(
    "/v1/rate-plans/{version}",
    summary="One version of the rates",
    roles=_OPERATOR_OR_ANALYST,
    answer=rate_shapes.RatePlan,
    refusals=("rate-plan-not-found",),
)
def rate_plan(call: Call) -> Any:
    return call.ask_as_caller("commission", "rate_plan", version=_version(call))


@routes.get(
    "/v1/rate-plans/{version}/differences",
    summary="What a version changes of the one before it, or of another",
    roles=_OPERATOR_OR_ANALYST,
    query=rate_forms.ComparisonQuery,
    answer=rate_shapes.RatePlanComparison,
    refusals=("rate-plan-not-found",),
)
def compare_rate_plans(call: Call) -> Any:
    return call.ask_as_caller("commission", "compare_rate_plans", version=_version(call), **call.query)


@routes.post(
    "/v1/rate-plans/{version}/withdraw",
    summary="Withdraw rates that are not in force yet",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=rate_shapes.RatePlan,
    refusals=("rate-plan-not-found", "rate-plan-in-force"),
)
def withdraw_rate_plan(call: Call) -> Any:
    return call.ask_as_caller("commission", "withdraw_rate_plan", version=_version(call))


@routes.post(
    "/v1/rate-plans/what-if",
    summary="What other rates would have earned everybody",
    description=(
        "Over the orders paid in a time, up to 5 000; nothing is changed. `linli ledger what-if` takes any"
        " number. What customers paid is the same, and everything adds up to zero."
    ),
    roles=_OPERATOR_OR_ANALYST,
    body=rate_forms.WhatIf,
    answer=rate_shapes.WhatIfOutcome,
    refusals=("too-many-orders", "invalid-rate-plan"),
)
def what_if(call: Call) -> Any:
    return call.ask_as_caller("commission", "what_if", deadline=_WHAT_IF_SECONDS, **call.body)


@routes.post(
    "/v1/shops/{shop_id}/subscriptions",
    summary="Subscribe a shop to a tool",
    roles=_OPERATOR_OR_MERCHANT,
    body=rate_forms.BookSubscription,
    answer=rate_shapes.ShopContract,
    status=201,
    key=Key.RECORDED,
    refusals=("shop-not-found", "contract-refused"),
)
def book_subscription(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "book_subscription", contract_id=call.new_id, **call.path, **call.body
    )


@routes.post(
    "/v1/shops/{shop_id}/placements",
    summary="Book an advertisement for a shop",
    roles=_OPERATOR_OR_MERCHANT,
    body=rate_forms.BookPlacement,
    answer=rate_shapes.ShopContract,
    status=201,
    key=Key.RECORDED,
    refusals=("shop-not-found", "contract-refused"),
)
def book_placement(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "book_placement", contract_id=call.new_id, **call.path, **call.body
    )


@routes.get(
    "/v1/shops/{shop_id}/contracts",
    summary="A shop's subscriptions and placements, with what was charged",
    roles=_OPERATOR_OR_MERCHANT,
    query=forms.Page,
    answer=rate_shapes.ShopContractPage,
    refusals=("shop-not-found",),
)
def shop_contracts(call: Call) -> Any:
    return call.ask_as_caller("commission", "contracts", **call.path, **call.query)


@routes.post(
    "/v1/contracts/{contract_id}/end",
    summary="End a subscription or a placement",
    description=(
        "What was charged for days from then on is given back by a reversal. A shop ends its own from"
        " tomorrow on."
    ),
    roles=_OPERATOR_OR_MERCHANT,
    body=rate_forms.EndContract,
    answer=rate_shapes.ShopContract,
    refusals=("contract-not-found", "contract-refused"),
)
def end_contract(call: Call) -> Any:
    return call.ask_as_caller("commission", "end_contract", **call.path, **call.body)


def _version(call: Call) -> int:
    number = call.path["version"]
    # What is no number names no version.
    return int(number) if str(number).isdecimal() and len(number) < 10 else 0
