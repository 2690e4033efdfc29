"""Buying again: old orders and kept lists, as they are sold now."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import customer_forms as forms
from services.gateway.contracts import customer_shapes as shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import CUSTOMER, Key, Routes

routes = Routes("Buying again")


@routes.get(
    "/v1/orders/{order_id}/reorder",
    summary="The lines of an order once more, as they are sold now",
    description="Send `lines` with `POST /v1/quotes`. What is gone is listed as such.",
    roles=CUSTOMER,
    answer=shapes.BasketAgain,
    refusals=("order-not-found",),
)
def reorder(call: Call) -> Any:
    return call.ask_as_caller("ordering", "reorder", **call.path)


@routes.post(
    "/v1/shopping-lists",
    summary="Keep a shopping list",
    description="One that recurs reminds on its days; nothing is ordered unless its customer does.",
    roles=CUSTOMER,
    body=forms.WriteShoppingList,
    answer=shapes.ShoppingList,
    status=201,
    key=Key.RECORDED,
    location="/v1/shopping-lists/{list_id}",
    refusals=("too-many-lists",),
)
def create_shopping_list(call: Call) -> Any:
    return call.ask_as_caller("ordering", "create_list", list_id=call.new_id, **call.body)


@routes.get(
    "/v1/shopping-lists",
    summary="The caller's shopping lists",
    roles=CUSTOMER,
    answer=shapes.ShoppingListPage,
)
def shopping_lists(call: Call) -> Any:
    return call.ask_as_caller("ordering", "shopping_lists")


@routes.get(
    "/v1/shopping-lists/{list_id}",
    summary="A shopping list",
    roles=CUSTOMER,
    answer=shapes.ShoppingList,
    refusals=("list-not-found",),
)
def shopping_list(call: Call) -> Any:
    return call.ask_as_caller("ordering", "shopping_list", **call.path)


@routes.put(
    "/v1/shopping-lists/{list_id}",
    summary="Change a shopping list: its whole content",
    roles=CUSTOMER,
    body=forms.WriteShoppingList,
    answer=shapes.ShoppingList,
    refusals=("list-not-found",),
)
def change_shopping_list(call: Call) -> Any:
    return call.ask_as_caller("ordering", "change_list", **call.path, **call.body)


@routes.delete(
    "/v1/shopping-lists/{list_id}",
    summary="Delete a shopping list",
    roles=CUSTOMER,
    refusals=("list-not-found",),
)
def delete_shopping_list(call: Call) -> None:
    call.ask_as_caller("ordering", "delete_list", **call.path)


@routes.get(
    "/v1/shopping-lists/{list_id}/basket",
    summary="What is on a list, as it is sold now",
    roles=CUSTOMER,
    answer=shapes.BasketAgain,
    refusals=("list-not-found",),
)
def basket_of_shopping_list(call: Call) -> Any:
    return call.ask_as_caller("ordering", "basket_of_list", **call.path)
