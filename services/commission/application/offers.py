"""Offers: what shops may promote, within which bounds; who accepts them, and what shops then show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.commission.application.market import Held, Market
from services.commission.application.ports import Catalogue
from services.commission.application.rights import may_see_shop, operators_only
from services.commission.domain.announcements import (
    OfferAccepted,
    OfferNews,
    OfferPublished,
    OfferWithdrawn,
)
from services.commission.domain.attribution import Acceptance
from services.commission.domain.commands import Actor
from services.commission.domain.errors import (
    LinkNotFound,
    ListingNotFound,
    ListingNotSourced,
    OfferChanged,
    OfferExists,
    OfferNotFound,
    OfferNotOpen,
    OfferTaken,
    PriceOutOfBounds,
    RateOutOfBounds,
    ShopNotFound,
)
from services.commission.domain.market_commands import ChangeOffer, EndOffer, PublishOffer, WithdrawLink
from services.commission.domain.offers import Offer
from services.commission.domain.promotion import PromotionLink, Shop
from shared.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferToShop:
    """An offer as a shop sees it; ``taken`` when another shop has it exclusively."""

    offer: Offer
    held: Held | None
    taken: bool


Tell = Callable[[OfferNews], None]


def publish_offer(
    command: PublishOffer, *, catalogue: Catalogue, market: Market, clock: Clock, tell: Tell
) -> Offer:
    """Offer sourced goods to the shops of their category; asking again with the same terms returns it."""
    operators_only(command.actor)
    listing = catalogue.listing(command.listing_id)
    if listing is None:
        raise ListingNotFound("There is no such listing to offer.")
    if not listing.sourced:
        raise ListingNotSourced("Only goods that the platform sources are offered.")
    wanted = Offer(
        offer_id=command.offer_id,
        version=1,
        listing_id=command.listing_id,
        currency=command.currency,
        since=clock.now(),
        **command.terms,
    )
    is_new = market.offer(command.offer_id) is None
    made = market.add_offer(wanted)
    if replace(made, since=wanted.since) != wanted:
        raise OfferExists("This id already names an offer with other terms.")
    if is_new:
        tell(OfferPublished(offer=made, at=made.since))
    return made


def change_offer(command: ChangeOffer, *, market: Market, clock: Clock, tell: Tell) -> Offer:
    """A new version holds for what is paid from now on; rates that were accepted move into its bounds."""
    operators_only(command.actor)
    return _next_version(command.offer_id, command.version, command.terms, market, clock, tell)


def end_offer(command: EndOffer, *, market: Market, clock: Clock, tell: Tell) -> Offer:
    """Nothing is earned by it from now on; ending it again changes nothing."""
    operators_only(command.actor)
    market.lock_offer(command.offer_id)
    there = market.offer(command.offer_id)
    now = clock.now()
    if there is not None and there.is_over(now):
        return there
    ends = {"ends_at": now}
    if there is not None and there.starts_at is not None and there.starts_at > now:
        ends["starts_at"] = now
    return _next_version(command.offer_id, None, ends, market, clock, tell)


def _next_version(
    offer_id: str,
    expected: int | None,
    terms: Mapping[str, Any],
    market: Market,
    clock: Clock,
    tell: Tell,
) -> Offer:
    market.lock_offer(offer_id)
    there = market.offer(offer_id)
    if there is None:
        raise OfferNotFound("There is no such offer.")
    if expected is not None and there.version != expected:
        raise OfferChanged("Somebody changed the offer since.")
    changed = replace(there, **terms)
    if changed == there:
        return there
    made = market.add_offer(replace(changed, version=there.version + 1, since=clock.now()))
    tell(OfferPublished(offer=made, at=made.since))
    return made


def all_offers(actor: Actor, *, market: Market) -> list[Offer]:
    operators_only(actor)
    return market.offers()


def offers_to_shop(
    actor: Actor, shop_id: str, *, catalogue: Catalogue, market: Market, clock: Clock
) -> list[OfferToShop]:
    """The offers that are open for the shop's category and place, or that it holds."""
    shop = own_shop(actor, shop_id, catalogue)
    now = clock.now()
    held = {each.accepted.offer_id: each for each in market.held(shop_id=shop_id) if each.accepted}
    found = []
    for offer in market.offers(category=shop.category):
        mine = held.get(offer.offer_id)
        if mine is not None and mine.accepted is not None and mine.accepted.withdrawn:
            mine = None
        if mine is None and not (offer.is_open(now) and _is_for(offer, shop, catalogue)):
            continue
        taken = mine is None and _is_taken(offer, shop.shop_id, market)
        found.append(OfferToShop(offer=offer, held=mine, taken=taken))
    return found


def accept(
    link: PromotionLink,
    shop: Shop,
    *,
    offer_id: str | None,
    rate_bp: int | None,
    price: int | None,
    market: Market,
    now: datetime,
    tell: Tell,
) -> Acceptance | None:
    """Accept an offer of the link's goods with it: the one that was named, or the best one open to the shop.

    ``None`` when the goods were never offered, and the rate plan's general terms hold.
    """
    there = market.offers(listing_id=link.listing_id)
    if not there and offer_id is None:
        if price is not None:
            raise PriceOutOfBounds("These goods cost what their listing says.")
        return None
    named = [each for each in there if offer_id is None or each.offer_id == offer_id]
    if not named:
        raise OfferNotFound("There is no such offer of these goods.")
    fitting = [each for each in named if each.is_open(now) and each.territory.has_shop_at(shop.lat, shop.lon)]
    if not fitting:
        raise OfferNotOpen("These goods are not offered to this shop now.")
    offer = max(fitting, key=lambda each: (each.rate_max_bp, each.offer_id))
    market.lock_offer(offer.offer_id)
    if _is_taken(offer, shop.shop_id, market):
        raise OfferTaken("Another shop promotes these goods exclusively.")
    if rate_bp is not None and offer.rate(rate_bp) != rate_bp:
        raise RateOutOfBounds(
            f"The rate must be between {offer.rate_min_bp} and {offer.rate_max_bp} basis points.",
            minimum_bp=offer.rate_min_bp,
            maximum_bp=offer.rate_max_bp,
        )
    if price is not None and not offer.allows_price(price):
        raise PriceOutOfBounds("The price must be within the offer's band.")
    wanted = Acceptance(since=now, offer_id=offer.offer_id, rate_bp=rate_bp, price=price)
    before = _accepted(link.link_id, shop.shop_id, market)
    if before is not None and replace(before, since=now) == wanted:
        return before
    market.accept(link.link_id, wanted)
    tell(
        OfferAccepted(
            link_id=link.link_id,
            shop_id=shop.shop_id,
            offer=offer,
            rate_bp=offer.rate(rate_bp),
            price=price,
            at=now,
        )
    )
    return wanted


def withdraw(
    command: WithdrawLink, *, catalogue: Catalogue, market: Market, clock: Clock, tell: Tell
) -> Held:
    """The goods leave the shop's virtual storefront, and its link earns nothing from now on."""
    own_shop(command.actor, command.shop_id, catalogue)
    held = _held(command.link_id, command.shop_id, market)
    if held is None:
        raise LinkNotFound("There is no such promotion link of the shop.")
    if held.accepted is None:
        raise OfferNotFound("This link accepted no offer that could be withdrawn from.")
    if not held.accepted.withdrawn:
        market.lock_offer(held.accepted.offer_id)
        now = clock.now()
        market.accept(command.link_id, replace(held.accepted, since=now, withdrawn=True))
        tell(
            OfferWithdrawn(
                link_id=command.link_id,
                shop_id=command.shop_id,
                offer_id=held.accepted.offer_id,
                listing_id=held.link.listing_id,
                at=now,
            )
        )
    return _held(command.link_id, command.shop_id, market) or held


def shown(shop_id: str, *, catalogue: Catalogue, market: Market, clock: Clock) -> list[Held]:
    """What the shop's virtual storefront holds now."""
    if catalogue.shop(shop_id) is None:
        raise ShopNotFound("There is no such shop.")
    now = clock.now()
    return [
        each
        for each in market.held(shop_id=shop_id)
        if each.accepted is None or in_force(each.accepted, market, now) is not None
    ]


def in_force(accepted: Acceptance | None, market: Market, now: datetime) -> Acceptance | None:
    """``accepted``, if it was not withdrawn and its offer is open."""
    if accepted is None or accepted.withdrawn:
        return None
    offer = market.offer(accepted.offer_id)
    return accepted if offer is not None and offer.is_open(now) else None


def own_shop(actor: Actor, shop_id: str, catalogue: Catalogue) -> Shop:
    """Raises :class:`ShopNotFound` unless the shop is the actor's, or the actor an operator."""
    shop = catalogue.shop(shop_id)
    if shop is None or not may_see_shop(actor, shop):
        raise ShopNotFound("There is no such shop among yours.")
    return shop


def _is_for(offer: Offer, shop: Shop, catalogue: Catalogue) -> bool:
    listing = catalogue.listing(offer.listing_id)
    if listing is None or not listing.sourced or listing.shop_id == shop.shop_id:
        return False
    seller = catalogue.shop(listing.shop_id)
    if seller is not None and seller.owner_id == shop.owner_id:
        return False
    return offer.territory.has_shop_at(shop.lat, shop.lon)


def _is_taken(offer: Offer, shop_id: str, market: Market) -> bool:
    return offer.exclusive and any(
        each.link.shop_id != shop_id and each.accepted is not None and not each.accepted.withdrawn
        for each in market.held(offer_id=offer.offer_id)
    )


def _held(link_id: str, shop_id: str, market: Market) -> Held | None:
    return next((each for each in market.held(shop_id=shop_id) if each.link.link_id == link_id), None)


def _accepted(link_id: str, shop_id: str, market: Market) -> Acceptance | None:
    held = _held(link_id, shop_id, market)
    return None if held is None else held.accepted
