"""Running a shop: what it sells, its orders, customers, campaigns and money."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import (
    attempt_shapes,
    forms,
    shapes,
    substitution_forms,
    trade_forms,
    trade_shapes,
)
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import MERCHANT, OPERATOR, Key, Routes

routes = Routes("Running a shop")

_MERCHANT_OR_OPERATOR = MERCHANT | OPERATOR


@routes.get(
    "/v1/me/shops",
    summary="The caller's shops",
    roles=MERCHANT,
    query=forms.Page,
    answer=shapes.ShopPage,
)
def my_shops(call: Call) -> Any:
    return call.ask_as_caller("storefront", "my_shops", **call.query)


@routes.post(
    "/v1/shops",
    summary="Open a shop",
    description="It is pending until an operator approves it. Without `hours` it is always open.",
    roles=MERCHANT,
    body=trade_forms.OpenShop,
    answer=shapes.Shop,
    status=201,
    key=Key.RECORDED,
    location="/v1/shops/{shop_id}",
    versioned=True,
)
def open_shop(call: Call) -> Any:
    return call.ask_as_caller("storefront", "open_shop", shop_id=call.new_id, **_positioned(call.body))


@routes.patch(
    "/v1/shops/{shop_id}",
    summary="Change a shop",
    description="With `If-Match`, only if nobody changed it since.",
    roles=_MERCHANT_OR_OPERATOR,
    body=trade_forms.ChangeShop,
    answer=shapes.Shop,
    versioned=True,
    refusals=("shop-not-found", "outdated"),
)
def change_shop(call: Call) -> Any:
    return call.ask_as_caller(
        "storefront",
        "change_shop",
        shop_id=call.path["shop_id"],
        version=call.expected_version,
        **_positioned(call.body),
    )


@routes.post(
    "/v1/shops/{shop_id}/listings",
    summary="Publish a listing",
    roles=_MERCHANT_OR_OPERATOR,
    body=trade_forms.PublishListing,
    answer=shapes.Listing,
    status=201,
    key=Key.RECORDED,
    location="/v1/listings/{listing_id}",
    versioned=True,
    refusals=("shop-not-found",),
)
def publish_listing(call: Call) -> Any:
    return call.ask_as_caller(
        "storefront",
        "publish_listing",
        listing_id=call.new_id,
        shop_id=call.path["shop_id"],
        **call.body,
    )


@routes.patch(
    "/v1/listings/{listing_id}",
    summary="Change a listing",
    description="With `If-Match`, only if nobody changed it since.",
    roles=_MERCHANT_OR_OPERATOR,
    body=trade_forms.ChangeListing,
    answer=shapes.Listing,
    versioned=True,
    refusals=("listing-not-found", "outdated"),
)
def change_listing(call: Call) -> Any:
    return call.ask_as_caller(
        "storefront",
        "change_listing",
        listing_id=call.path["listing_id"],
        version=call.expected_version,
        **call.body,
    )


@routes.put(
    "/v1/listings/{listing_id}/stock",
    summary="Set how many there are",
    roles=_MERCHANT_OR_OPERATOR,
    body=trade_forms.SetStock,
    answer=shapes.Listing,
    versioned=True,
    refusals=("listing-not-found",),
)
def set_stock(call: Call) -> Any:
    return call.ask_as_caller(
        "storefront",
        "set_stock",
        listing_id=call.path["listing_id"],
        command_id=call.parts.ids.new(),
        **call.body,
    )


@routes.get(
    "/v1/shops/{shop_id}/store-orders",
    summary="A shop's orders",
    roles=_MERCHANT_OR_OPERATOR,
    query=trade_forms.StoreOrdersQuery,
    answer=shapes.StoreOrderPage,
)
def store_orders(call: Call) -> Any:
    return call.ask_as_caller("ordering", "store_orders", shop_id=call.path["shop_id"], **call.query)


@routes.get(
    "/v1/store-orders/{store_order_id}",
    summary="A store order",
    roles=_MERCHANT_OR_OPERATOR,
    answer=shapes.StoreOrder,
    refusals=("store-order-not-found",),
)
def store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "store_order", **call.path)


@routes.post(
    "/v1/store-orders/{store_order_id}/accept",
    summary="Accept a store order",
    roles=MERCHANT,
    body=forms.AcceptStoreOrder,
    answer=shapes.StoreOrder,
    refusals=("store-order-not-found",),
)
def accept_store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "accept", **call.path, **call.body)


@routes.post(
    "/v1/store-orders/{store_order_id}/reject",
    summary="Reject a store order; its customer is refunded",
    roles=MERCHANT,
    body=forms.Reason,
    answer=shapes.StoreOrder,
    refusals=("store-order-not-found",),
)
def reject_store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "reject", **call.path, **call.body)


@routes.post(
    "/v1/store-orders/{store_order_id}/ready",
    summary="Say that a store order can be collected, and what weighed lines weigh",
    roles=MERCHANT,
    body=substitution_forms.Ready,
    answer=shapes.StoreOrder,
    refusals=("store-order-not-found", "substitution-open"),
)
def ready_store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "ready", **call.path, **call.body)


@routes.post(
    "/v1/store-orders/{store_order_id}/refunds",
    summary="Refund lines of a store order",
    roles=_MERCHANT_OR_OPERATOR,
    body=forms.RefundLines,
    answer=attempt_shapes.Refund,
    status=201,
    key=Key.RECORDED,
    refusals=("store-order-not-found",),
)
def refund_store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "refund", refund_id=call.new_id, **call.path, **call.body)


@routes.post(
    "/v1/shops/{shop_id}/promotion-links",
    summary="Promote a sourced listing",
    description="Accepts an offer of it where it is offered; asking again with other terms accepts those.",
    roles=MERCHANT,
    body=trade_forms.CreatePromotionLink,
    answer=trade_shapes.PromotionLink,
    status=201,
    key=Key.RECORDED,
)
def create_promotion_link(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "create_promotion_link", link_id=call.new_id, **call.path, **call.body
    )


@routes.get(
    "/v1/shops/{shop_id}/accruals",
    summary="The commissions that a shop has earned by promoting, or will",
    roles=_MERCHANT_OR_OPERATOR,
    answer=trade_shapes.AccrualPage,
)
def accruals_of_shop(call: Call) -> Any:
    return call.ask_as_caller("commission", "accruals", **call.path)


@routes.get(
    "/v1/shops/{shop_id}/balance",
    summary="What a shop has earned and is owed",
    roles=_MERCHANT_OR_OPERATOR,
    answer=trade_shapes.Balance,
)
def shop_balance(call: Call) -> Any:
    return call.ask_as_caller("commission", "balance", kind="shop", owner_id=call.path["shop_id"])


@routes.get(
    "/v1/shops/{shop_id}/statements",
    summary="A shop's statement",
    roles=_MERCHANT_OR_OPERATOR,
    query=forms.Period,
    answer=trade_shapes.Statement,
)
def shop_statement(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "statement", account_kind="shop", owner_id=call.path["shop_id"], **call.query
    )


@routes.get(
    "/v1/shops/{shop_id}/customers",
    summary="A shop's customers",
    roles=_MERCHANT_OR_OPERATOR,
    query=trade_forms.CustomersQuery,
    answer=trade_shapes.CustomerPage,
)
def customers_of_shop(call: Call) -> Any:
    return call.ask_as_caller("crm", "customers", **call.path, **call.query)


@routes.get(
    "/v1/shops/{shop_id}/customers/{customer_id}",
    summary="What a shop knows of a customer",
    roles=_MERCHANT_OR_OPERATOR,
    query=forms.Page,
    answer=trade_shapes.CustomerProfile,
)
def customer_of_shop(call: Call) -> Any:
    return call.ask_as_caller("crm", "profile", **call.path, **call.query)


@routes.get(
    "/v1/shops/{shop_id}/profile",
    summary="A shop's figures",
    roles=_MERCHANT_OR_OPERATOR,
    answer=trade_shapes.ShopProfile,
)
def shop_profile(call: Call) -> Any:
    return call.ask_as_caller("crm", "shop_profile", **call.path)


@routes.post(
    "/v1/shops/{shop_id}/campaigns",
    summary="Launch a campaign of a shop",
    roles=_MERCHANT_OR_OPERATOR,
    body=trade_forms.LaunchCampaign,
    answer=trade_shapes.Campaign,
    status=201,
    key=Key.RECORDED,
)
def launch_campaign(call: Call) -> Any:
    funder = "shop" if call.caller.role is Role.MERCHANT else "platform"
    return call.ask_as_caller(
        "campaigns", "launch", campaign_id=call.new_id, **call.path, **{"funder": funder, **call.body}
    )


@routes.get(
    "/v1/shops/{shop_id}/campaigns",
    summary="A shop's campaigns",
    roles=_MERCHANT_OR_OPERATOR,
    query=forms.Page,
    answer=trade_shapes.CampaignPage,
)
def campaigns_of_shop(call: Call) -> Any:
    return call.ask_as_caller("campaigns", "campaigns_of", **call.path, **call.query)


@routes.post(
    "/v1/campaigns/{campaign_id}/end",
    summary="End a campaign before its time",
    roles=_MERCHANT_OR_OPERATOR,
    body=forms.Nothing,
    answer=trade_shapes.Campaign,
    refusals=("campaign-not-found",),
)
def end_campaign(call: Call) -> Any:
    return call.ask_as_caller("campaigns", "end", **call.path)


def _positioned(body: dict[str, Any]) -> dict[str, Any]:
    """The body with ``lat`` and ``lon`` as the position that the storefront expects."""
    fields = {name: value for name, value in body.items() if name not in ("lat", "lon")}
    if "lat" in body and "lon" in body:
        fields["position"] = {"lat": body["lat"], "lon": body["lon"]}
    return fields
