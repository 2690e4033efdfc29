"""What the storefront answers, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from services.storefront.contracts import paging
from services.storefront.domain.listing import Listing
from services.storefront.domain.preparation import PreparationCapacity
from services.storefront.domain.pricing import PricedBasket
from services.storefront.domain.search import FoundListing, FoundShop, Page
from services.storefront.domain.shop import Shop

Item = TypeVar("Item")
Wire = dict[str, Any]


def shop(item: Shop) -> Wire:
    terms = item.terms
    return {
        "shop_id": item.shop_id,
        "owner_id": item.owner_id,
        "name": terms.name,
        "category": terms.category,
        "position": {"lat": terms.position.lat, "lon": terms.position.lon},
        "delivery_radius_m": terms.delivery_radius_m,
        "hours": None if terms.hours is None else terms.hours.spans,
        "preparation_minutes": terms.preparation_minutes,
        "preparation_capacity": _capacity(terms.preparation_capacity),
        "accept_minutes": terms.accept_minutes,
        "status": item.status.value,
        "version": item.version,
    }


def _capacity(capacity: PreparationCapacity | None) -> Wire | None:
    return None if capacity is None else {"per_hour": capacity.per_hour, "counts": capacity.counts.value}


def listing(item: Listing) -> Wire:
    terms = item.terms
    return {
        "listing_id": item.listing_id,
        "shop_id": item.shop_id,
        "name": terms.name,
        "price": terms.price.to_wire(),
        "unit": terms.unit,
        "category": terms.category,
        "description": terms.description,
        "sourced": terms.sourced,
        "unit_grams": terms.unit_grams,
        "size": None if terms.size is None else vars(terms.size),
        "status": item.status.value,
        "stock": item.level.stock,
        "reserved": item.level.reserved,
        "available": item.level.available,
        "version": item.version,
    }


def found_shop(item: FoundShop) -> Wire:
    """A shop and how far it is; ``delivers`` says whether it delivers that far."""
    return {
        "shop_id": item.shop_id,
        "owner_id": item.owner_id,
        "name": item.name,
        "category": item.category,
        "position": {"lat": item.lat, "lon": item.lon},
        "delivery_radius_m": item.delivery_radius_m,
        "hours": item.hours,
        "preparation_minutes": item.preparation_minutes,
        "preparation_capacity": None
        if item.preparation_per_hour is None
        else {"per_hour": item.preparation_per_hour, "counts": item.preparation_counts},
        "accept_minutes": item.accept_minutes,
        "status": item.status,
        "version": item.version,
        "distance_m": item.distance_m,
        "delivers": item.distance_m <= item.delivery_radius_m,
    }


def goods(item: Listing, of: Shop) -> Wire:
    return listing(item) | {"shop_name": of.terms.name}


def found_listing(item: FoundListing) -> Wire:
    return listing(item.listing) | {"shop_name": item.shop_name, "distance_m": item.distance_m}


def page(found: Page[Item], to_wire: Callable[[Item], Wire]) -> Wire:
    return {"items": [to_wire(item) for item in found.items], "next_cursor": paging.encode(found.next_key)}


def shop_ids(ids: Sequence[str]) -> Wire:
    return {"shop_ids": list(ids)}


def basket(priced: PricedBasket) -> Wire:
    return {
        "currency": priced.currency,
        "shops": [
            {
                "shop_id": item.shop_id,
                "merchant_id": item.owner_id,
                "name": item.terms.name,
                "category": item.terms.category,
                "position": {"lat": item.terms.position.lat, "lon": item.terms.position.lon},
                "preparation_minutes": item.terms.preparation_minutes,
                "counts_preparation": item.terms.preparation_capacity is not None,
                "accept_minutes": item.terms.accept_minutes,
            }
            for item in priced.shops
        ],
        "lines": [
            {
                "listing_id": line.listing.listing_id,
                "shop_id": line.listing.shop_id,
                "name": line.listing.terms.name,
                "unit": line.listing.terms.unit,
                "category": line.listing.terms.category,
                "quantity": line.quantity,
                "unit_price": line.listing.terms.price.to_wire(),
                "available": line.listing.level.available,
                "sourced": line.listing.terms.sourced,
                "unit_grams": line.listing.terms.unit_grams,
                **({"size": vars(line.listing.terms.size)} if line.listing.terms.size else {}),
            }
            for line in priced.lines
        ],
    }
