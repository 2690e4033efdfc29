"""Promotion links: who may promote what, and at which rate."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.commission.application import offers
from services.commission.application.market import Market
from services.commission.application.ports import Catalogue
from services.commission.application.rights import may_see_shop
from services.commission.domain.attribution import Acceptance
from services.commission.domain.commands import CreateLink
from services.commission.domain.errors import (
    LinkExists,
    LinkNotFound,
    ListingNotFound,
    ListingNotSourced,
    NoRatePlan,
    OtherCategory,
    OwnGoods,
    RateOutOfBounds,
    ShopNotFound,
)
from services.commission.domain.promotion import PromotionLink
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import Clock

DEFAULT_CURRENCY = "CNY"


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeLink:
    """A link, the rate it earns now, and what it accepted, if its goods are offered."""

    link: PromotionLink
    rate_bp: int
    accepted: Acceptance | None = None
    currency: str = DEFAULT_CURRENCY


def create_link(
    command: CreateLink,
    *,
    catalogue: Catalogue,
    market: Market,
    clock: Clock,
    tell: offers.Tell,
    currency: str = DEFAULT_CURRENCY,
) -> MadeLink:
    """Give a shop a link to a sourced listing, and accept an offer of it where it is offered.

    A shop has one link per listing; asking again returns it, with other terms it accepts those.
    """
    shop = catalogue.shop(command.shop_id)
    if shop is None or not may_see_shop(command.actor, shop):
        raise ShopNotFound("There is no such shop among yours.")
    listing = catalogue.listing(command.listing_id)
    if listing is None:
        raise ListingNotFound("There is no such listing to promote.")
    seller = catalogue.shop(listing.shop_id)
    if listing.shop_id == shop.shop_id or (seller is not None and seller.owner_id == shop.owner_id):
        raise OwnGoods("A shop earns no commission on its own goods.")
    if not listing.sourced:
        raise ListingNotSourced("Only goods that the platform sources can be promoted.")
    if listing.category and shop.category and listing.category != shop.category:
        raise OtherCategory(f"The goods are {listing.category}, the shop sells {shop.category}.")
    now = clock.now()
    plan = _plan(catalogue, currency, now)
    most = plan.distribution_max_bp if command.actor.is_operator else plan.distribution_bp
    is_offered = bool(market.offers(listing_id=listing.listing_id))
    if not is_offered and command.rate_bp is not None and not 0 <= command.rate_bp <= most:
        raise RateOutOfBounds(f"The rate must be between 0 and {most} basis points.", maximum_bp=most)
    wanted = PromotionLink(
        link_id=command.link_id,
        code=code_of(command.link_id),
        shop_id=shop.shop_id,
        owner_id=shop.owner_id,
        listing_id=listing.listing_id,
        rate_bp=None if is_offered else command.rate_bp,
    )
    link = catalogue.add_link(wanted, now)
    if (link.shop_id, link.listing_id) != (wanted.shop_id, wanted.listing_id):
        raise LinkExists("This id already names the link of another shop or listing.")
    accepted = offers.accept(
        link,
        shop,
        offer_id=command.offer_id,
        rate_bp=command.rate_bp,
        price=command.price,
        market=market,
        now=now,
        tell=tell,
    )
    return _made(link, accepted, plan, market)


def link_by_code(
    code: str, *, catalogue: Catalogue, market: Market, clock: Clock, currency: str = DEFAULT_CURRENCY
) -> MadeLink:
    """The link that people share as ``code``, and the rate it earns now."""
    link = catalogue.link_by_code(code.strip().lower())
    if link is None:
        raise LinkNotFound("There is no such promotion link.")
    now = clock.now()
    accepted = next(
        (each.accepted for each in market.held(shop_id=link.shop_id) if each.link.link_id == link.link_id),
        None,
    )
    return _made(link, offers.in_force(accepted, market, now), _plan(catalogue, currency, now), market)


def _made(link: PromotionLink, accepted: Acceptance | None, plan: RatePlan, market: Market) -> MadeLink:
    offer = None if accepted is None else market.offer(accepted.offer_id)
    if offer is None or accepted is None:
        return MadeLink(link=link, rate_bp=plan.commission_rate(link.rate_bp), currency=plan.currency)
    return MadeLink(
        link=link,
        rate_bp=plan.commission_rate(offer.rate(accepted.rate_bp)),
        accepted=accepted,
        currency=offer.currency,
    )


def code_of(link_id: str) -> str:
    """Ten letters and digits that stand for ``link_id`` in an address people can type."""
    digest = hashlib.blake2b(link_id.encode(), digest_size=6).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def _plan(catalogue: Catalogue, currency: str, at: datetime) -> RatePlan:
    found = catalogue.plan_at(currency, at)
    if found is None:
        raise NoRatePlan(f"No rate plan for {currency} is in force.")
    return found[1]
