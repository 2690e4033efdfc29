"""Publishing and changing listings, and counting their stock."""

from __future__ import annotations

from dataclasses import replace

from services.storefront.application.ports import Store
from services.storefront.domain.commands import ChangeListing, PublishListing, SetStock
from services.storefront.domain.errors import ListingExists, OperatorsOnly
from services.storefront.domain.events import ListingChanged, ListingPublished, ListingSoldOut
from services.storefront.domain.listing import Level, Listing
from shared.kernel.clock import Clock


def publish_listing(command: PublishListing, *, store: Store, clock: Clock) -> Listing:
    """A new listing of the merchant's shop; the same id again there gets the listing that is there.

    Only operators publish sourced goods, for those are the platform's.
    """
    shop = store.shops.get(command.shop_id)
    shop.must_be_run_by(command.actor)
    if command.sourced and not command.actor.is_operator:
        raise OperatorsOnly("Only the platform's operators publish sourced goods.")
    listing = Listing(
        listing_id=command.listing_id,
        shop_id=command.shop_id,
        terms=command.terms(shop.terms.category),
        level=Level(stock=command.stock),
    )
    if not store.listings.add(listing, clock.now()):
        present = store.listings.get(command.listing_id)
        if present.shop_id != command.shop_id:
            raise ListingExists()
        return present
    store.publish(
        ListingPublished(
            listing_id=listing.listing_id,
            shop_id=listing.shop_id,
            category=listing.terms.category,
            price=listing.terms.price,
            sourced=listing.terms.sourced,
        )
    )
    return listing


def change_listing(command: ChangeListing, *, store: Store) -> Listing:
    listing = store.listings.get(command.listing_id, lock=True)
    store.shops.get(listing.shop_id).must_be_run_by(command.actor)
    changed = listing.changed(
        replace(listing.terms, **command.changes), command.status or listing.status, command.version
    )
    if changed is listing:
        return listing
    store.listings.save(changed)
    store.publish(
        ListingChanged(
            listing_id=changed.listing_id,
            shop_id=changed.shop_id,
            category=changed.terms.category,
            price=changed.terms.price,
            sourced=changed.terms.sourced,
            status=changed.status,
        )
    )
    return changed


def set_stock(command: SetStock, *, store: Store, clock: Clock) -> Listing:
    """Set what is on hand and keep what is held; the same ``command_id`` again changes nothing."""
    listing = store.listings.get(command.listing_id)
    store.shops.get(listing.shop_id).must_be_run_by(command.actor)
    level = store.stock.count(command.listing_id, command.stock, command.command_id, clock.now())
    if level is None:
        return store.listings.get(command.listing_id)
    if level.stock == 0 and listing.level.stock > 0:
        store.publish(ListingSoldOut(listing_id=listing.listing_id, shop_id=listing.shop_id))
    return replace(listing, level=level)
