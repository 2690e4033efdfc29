"""Same-category distribution: offers, virtual storefronts, promotion links, and what promoters earn."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import distribution_forms as forms
from services.gateway.contracts import distribution_shapes as shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import ANYONE, CUSTOMER, MERCHANT, OPERATOR, Key, Routes

routes = Routes("Distribution")

_OF_SHOP = MERCHANT | OPERATOR


@routes.post(
    "/v1/distribution-offers",
    summary="Offer sourced goods to the shops of their category",
    roles=OPERATOR,
    body=forms.PublishDistributionOffer,
    answer=shapes.DistributionOffer,
    status=201,
    key=Key.RECORDED,
    versioned=True,
)
def publish_distribution_offer(call: Call) -> Any:
    return call.ask_as_caller("commission", "publish_offer", offer_id=call.new_id, **call.body)


@routes.get(
    "/v1/distribution-offers",
    summary="All offers, each as it is now",
    roles=OPERATOR,
    answer=shapes.DistributionOfferPage,
)
def distribution_offers(call: Call) -> Any:
    return call.ask_as_caller("commission", "offers")


@routes.patch(
    "/v1/distribution-offers/{offer_id}",
    summary="Change an offer",
    description="A new version, for what is paid from now on; accepted rates move into its bounds.",
    roles=OPERATOR,
    body=forms.ChangeDistributionOffer,
    answer=shapes.DistributionOffer,
    versioned=True,
    refusals=("distribution-offer-not-found", "outdated"),
)
def change_distribution_offer(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "change_offer", version=call.expected_version, **call.path, **call.body
    )


@routes.delete(
    "/v1/distribution-offers/{offer_id}",
    summary="End an offer",
    description="What it earned stays; nothing more is earned by it.",
    roles=OPERATOR,
    answer=shapes.DistributionOffer,
    refusals=("distribution-offer-not-found",),
)
def end_distribution_offer(call: Call) -> Any:
    return call.ask_as_caller("commission", "end_offer", **call.path)


@routes.get(
    "/v1/shops/{shop_id}/distribution-offers",
    summary="What a shop may promote",
    description="Offers for its category and place, and those it accepted. "
    "`POST /v1/shops/{shop_id}/promotion-links` accepts one.",
    roles=_OF_SHOP,
    answer=shapes.OfferToShopPage,
)
def offers_to_shop(call: Call) -> Any:
    return call.ask_as_caller("commission", "offers_to_shop", **call.path)


@routes.delete(
    "/v1/shops/{shop_id}/promotion-links/{link_id}",
    summary="Stop promoting goods",
    roles=_OF_SHOP,
    answer=shapes.WithdrawnLink,
    refusals=("promotion-link-not-found",),
)
def withdraw_promotion_link(call: Call) -> Any:
    return call.ask_as_caller("commission", "withdraw_promotion_link", **call.path)


@routes.get(
    "/v1/shops/{shop_id}/virtual-storefront",
    summary="The goods that a shop promotes",
    description="Order them with their code, and the shop is their promoter.",
    roles=ANYONE,
    answer=shapes.VirtualStorefront,
    refusals=("shop-not-found",),
)
def virtual_storefront(call: Call) -> Any:
    shown = call.ask("commission", "virtual_storefront", **call.path)
    links = {link["listing_id"]: link for link in shown["items"]}
    goods = call.ask("storefront", "goods", listing_ids=list(links))["items"] if links else []
    return {
        "shop_id": shown["shop_id"],
        "items": [
            {
                **each,
                "listing_price": each["price"],
                "price": links[each["listing_id"]].get("unit_price") or each["price"],
                "promotion_code": links[each["listing_id"]].get("code"),
            }
            for each in goods
        ],
    }


@routes.post(
    "/v1/promotion-links/{code}/clicks",
    summary="Follow a promotion link",
    description="Counts the click. Of whom signs in later, `POST /v1/me/clicks` says whose it was.",
    roles=ANYONE,
    body=forms.FollowLink,
    answer=shapes.FollowedLink,
    refusals=("promotion-link-not-found",),
)
def follow_promotion_link(call: Call) -> Any:
    actor = call.principal.actor() if call.principal else None
    visitor = call.body.get("visitor") or call.parts.ids.new()
    return call.ask("commission", "follow_promotion_link", actor=actor, visitor=visitor, **call.path)


@routes.post(
    "/v1/me/clicks",
    summary="Say that an earlier visitor was the caller",
    roles=CUSTOMER,
    body=forms.JoinClicks,
    answer=shapes.JoinedClicks,
)
def join_clicks(call: Call) -> Any:
    return call.ask_as_caller("commission", "join_clicks", **call.body)


@routes.put(
    "/v1/shops/{shop_id}/recruiter",
    summary="Say which shop led this one to distribution",
    description="It shares what this shop earns from now on. Said once; operators correct it.",
    roles=_OF_SHOP,
    body=forms.NameRecruiter,
    answer=shapes.Recruited,
    refusals=("shop-not-found",),
)
def name_recruiter(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "name_recruiter", recruiter_shop_id=call.body["shop_id"], **call.path
    )


@routes.get(
    "/v1/shops/{shop_id}/related-accounts",
    summary="Staff and household of a shop's owner",
    roles=_OF_SHOP,
    answer=shapes.RelatedAccounts,
)
def related_accounts(call: Call) -> Any:
    return call.ask_as_caller("commission", "related_accounts", **call.path)


@routes.put(
    "/v1/shops/{shop_id}/related-accounts/{account_id}",
    summary="Say that an account is of a shop's staff or household",
    description="What it buys earns the shop no commission.",
    roles=_OF_SHOP,
    body=forms.RelateAccount,
    answer=shapes.RelatedAccounts,
)
def relate_account(call: Call) -> Any:
    return call.ask_as_caller("commission", "relate_account", **call.path, **call.body)


@routes.delete(
    "/v1/shops/{shop_id}/related-accounts/{account_id}",
    summary="Say that an account belongs to a shop no more",
    roles=_OF_SHOP,
    answer=shapes.RelatedAccounts,
)
def unrelate_account(call: Call) -> Any:
    return call.ask_as_caller("commission", "relate_account", relation=None, **call.path)


@routes.get(
    "/v1/customers/{customer_id}/promoter-binding",
    summary="The promoter that a customer is bound to",
    roles=OPERATOR,
    answer=shapes.PromoterBinding,
)
def promoter_binding(call: Call) -> Any:
    return call.ask_as_caller("commission", "promoter_binding", **call.path)


@routes.delete(
    "/v1/customers/{customer_id}/promoter-binding",
    summary="Unbind a customer from its promoter",
    roles=OPERATOR,
    answer=shapes.PromoterBinding,
)
def unbind_promoter(call: Call) -> Any:
    return call.ask_as_caller("commission", "unbind_promoter", **call.path)


@routes.get(
    "/v1/shops/{shop_id}/promoter-page",
    summary="What a promoter's links bring",
    description="Clicks, orders and commissions by link and by day; of thirty days if none are named.",
    roles=_OF_SHOP,
    query=forms.PromoterPeriod,
    answer=shapes.PromoterFigures,
    refusals=("shop-not-found",),
)
def promoter_page(call: Call) -> Any:
    return call.ask_as_caller("commission", "promoter_page", **call.path, **call.query)
