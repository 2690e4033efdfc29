"""Looking around: shops, listings, slots, zones. Open to anyone."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import dispatch_shapes, forms, shapes, slot_shapes, trade_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import ANYONE, Routes

routes = Routes("Shops and listings")


@routes.get(
    "/v1/shops",
    summary="Shops near a place",
    description="Nearest first. `q` looks in names; `open_now` leaves out those that are closed.",
    roles=ANYONE,
    query=forms.Nearby,
    answer=shapes.ShopPage,
)
def shops_nearby(call: Call) -> Any:
    return call.ask("storefront", "nearby", **call.query)


@routes.get(
    "/v1/shops/{shop_id}",
    summary="A shop",
    roles=ANYONE,
    answer=shapes.Shop,
    versioned=True,
    refusals=("shop-not-found",),
)
def shop(call: Call) -> Any:
    return call.ask("storefront", "shop", shop_id=call.path["shop_id"])


@routes.get(
    "/v1/shops/{shop_id}/listings",
    summary="What a shop sells",
    description="Its own merchant sees what is withdrawn, too.",
    roles=ANYONE,
    query=forms.Page,
    answer=shapes.ListingPage,
    refusals=("shop-not-found",),
)
def listings_of_shop(call: Call) -> Any:
    actor = call.principal.actor() if call.principal else None
    return call.ask("storefront", "listings", actor=actor, **call.path, **call.query)


@routes.get(
    "/v1/listings",
    summary="Search what the shops near a place sell",
    roles=ANYONE,
    query=forms.ListingSearch,
    answer=shapes.ListingPage,
)
def search_listings(call: Call) -> Any:
    return call.ask("storefront", "search_listings", **call.query)


@routes.get(
    "/v1/listings/{listing_id}",
    summary="A listing",
    roles=ANYONE,
    answer=shapes.Listing,
    versioned=True,
    refusals=("listing-not-found",),
)
def listing(call: Call) -> Any:
    return call.ask("storefront", "listing", listing_id=call.path["listing_id"])


@routes.get(
    "/v1/slots",
    summary="Delivery slots for a place",
    description="`shop_id` may come several times: the shops that the order would be collected from. Then "
    "every slot that is not over is listed with its `state`: free, full, its cut-off passed, or which of the "
    "shops is closed or has too much to prepare. Without shops only slots that couriers have room in are.",
    roles=ANYONE,
    query=forms.SlotSearch,
    answer=slot_shapes.SlotChoices,
    refusals=("out-of-zone",),
)
def slots(call: Call) -> Any:
    place = {"lat": call.query["lat"], "lon": call.query["lon"]}
    shops = [{"shop_id": shop_id} for shop_id in dict.fromkeys(call.query["shop_id"])]
    if shops:
        return call.ask("ordering", "slots", place=place, shops=shops)
    return call.ask("dispatch", "slots", **place)


@routes.get("/v1/zones", summary="The zones that are served", roles=ANYONE, answer=dispatch_shapes.ZonePage)
def zones(call: Call) -> Any:
    return call.ask("dispatch", "zones")


@routes.get(
    "/v1/promotion-links/{code}",
    summary="What a promotion code stands for",
    roles=ANYONE,
    answer=trade_shapes.PromotionLink,
)
def promotion_link(call: Call) -> Any:
    return call.ask("commission", "promotion_link", **call.path)
