"""What the storefront answers without changing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.storefront.domain.actor import Actor
from services.storefront.domain.commands import PriceBasket
from services.storefront.domain.hours import minute_of_week
from services.storefront.domain.listing import Listing, ListingStatus
from services.storefront.domain.pricing import PricedBasket, price_basket
from services.storefront.domain.search import FoundListing, FoundShop, Key, Near, Page
from services.storefront.domain.shop import Shop, ShopStatus
from shared.kernel.clock import Clock


class Catalogue(Protocol):
    """The read side; every question is one statement."""

    def on_sale(self, listing_ids: Sequence[str]) -> tuple[Mapping[str, Listing], Mapping[str, Shop]]:
        """Those of ``listing_ids`` that exist, and their shops."""

    def shops_near(self, search: Near, open_minute: int | None) -> Page[FoundShop]:
        """Open shops; a word is found in a shop's own name and category or in a published listing.

        ``open_minute`` is the minute of the week at which they must be open, if any.
        """

    def listings_near(self, search: Near) -> Page[FoundListing]:
        """Published listings of open shops that deliver to the place."""

    def shop(self, shop_id: str) -> Shop:
        """Raises ShopNotFound."""

    def listing(self, listing_id: str) -> Listing:
        """Raises ListingNotFound."""

    def shops_of(self, owner_id: str, limit: int, after: Key | None) -> Page[Shop]: ...

    def listings_of(
        self, shop_id: str, limit: int, after: Key | None, *, withdrawn_too: bool
    ) -> Page[Listing]: ...

    def shop_ids_of(self, owner_id: str) -> Sequence[str]: ...


def price(command: PriceBasket, *, catalogue: Catalogue, clock: Clock) -> PricedBasket:
    listings, shops = catalogue.on_sale([line.listing_id for line in command.lines])
    return price_basket(
        command.lines,
        listings=listings,
        shops=shops,
        drop_off=command.drop_off,
        at=clock.now(),
        window=command.window,
    )


def goods(listing_ids: Sequence[str], *, catalogue: Catalogue) -> list[tuple[Listing, Shop]]:
    """Published listings of open shops among those named, in that order."""
    listings, shops = catalogue.on_sale(listing_ids)
    found = [(listings[key], shops[listings[key].shop_id]) for key in listing_ids if key in listings]
    return [
        (listing, shop)
        for listing, shop in found
        if listing.status is ListingStatus.PUBLISHED and shop.status is ShopStatus.OPEN
    ]


def nearby(search: Near, *, catalogue: Catalogue, clock: Clock) -> Page[FoundShop]:
    return catalogue.shops_near(search, minute_of_week(clock.now()) if search.open_now else None)


def listings_of_shop(
    shop_id: str, *, actor: Actor | None, limit: int, after: Key | None, catalogue: Catalogue
) -> Page[Listing]:
    """A shop's listings; those that were withdrawn only to the shop itself and to operators.

    Raises ShopNotFound for a shop that is not there.
    """
    mine = actor is not None and (actor.is_operator or catalogue.shop(shop_id).owner_id == actor.account_id)
    found = catalogue.listings_of(shop_id, limit, after, withdrawn_too=mine)
    if not found.items:
        catalogue.shop(shop_id)
    return found
