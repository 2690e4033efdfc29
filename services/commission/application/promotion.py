"""Promotion links: who may promote what, and at which rate."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from services.commission.application.ports import Catalogue
from services.commission.application.rights import may_see_shop
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


def create_link(
    command: CreateLink, *, catalogue: Catalogue, clock: Clock, currency: str = DEFAULT_CURRENCY
) -> tuple[PromotionLink, int]:
    """Give a shop a link to a sourced listing; a shop has one link per listing, asking again returns it.

    Returns the link and the rate it earns now.
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
    plan = _plan(catalogue, currency, clock.now())
    most = plan.distribution_max_bp if command.actor.is_operator else plan.distribution_bp
    if command.rate_bp is not None and not 0 <= command.rate_bp <= most:
        raise RateOutOfBounds(f"The rate must be between 0 and {most} basis points.", maximum_bp=most)
    wanted = PromotionLink(
        link_id=command.link_id,
        code=code_of(command.link_id),
        shop_id=shop.shop_id,
        owner_id=shop.owner_id,
        listing_id=listing.listing_id,
        rate_bp=command.rate_bp,
    )
    link = catalogue.add_link(wanted, clock.now())
    if (link.shop_id, link.listing_id) != (wanted.shop_id, wanted.listing_id):
        raise LinkExists("This id already names the link of another shop or listing.")
    return link, plan.commission_rate(link.rate_bp)


def link_by_code(
    code: str, *, catalogue: Catalogue, clock: Clock, currency: str = DEFAULT_CURRENCY
) -> tuple[PromotionLink, int]:
    """The link that people share as ``code``, and the rate it earns now."""
    link = catalogue.link_by_code(code.strip().lower())
    if link is None:
        raise LinkNotFound("There is no such promotion link.")
    return link, _plan(catalogue, currency, clock.now()).commission_rate(link.rate_bp)


def code_of(link_id: str) -> str:
    """Ten letters and digits that stand for ``link_id`` in an address people can type."""
    digest = hashlib.blake2b(link_id.encode(), digest_size=6).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def _plan(catalogue: Catalogue, currency: str, at: datetime) -> RatePlan:
    found = catalogue.plan_at(currency, at)
    if found is None:
        raise NoRatePlan(f"No rate plan for {currency} is in force.")
    return found[1]
