"""Rows of the storefront's tables, as the domain knows them."""

from __future__ import annotations

from typing import Any

from services.storefront.domain.hours import OpeningHours
from services.storefront.domain.listing import Level, Listing, ListingStatus, ListingTerms, Size
from services.storefront.domain.position import Position
from services.storefront.domain.preparation import Counts, PreparationCapacity
from services.storefront.domain.reservation import Release, Reservation
from services.storefront.domain.shop import Shop, ShopStatus, ShopTerms
from shared.kernel.money import Money

SHOP = (
    "s.shop_id, s.owner_id, s.name, s.category, s.lat, s.lon, s.delivery_radius_m, s.hours,"
    " s.preparation_minutes, s.accept_minutes, s.status, s.version, s.preparation_per_hour,"
    " s.preparation_counts"
)
LISTING = (
    "l.listing_id, l.shop_id, l.name, l.price, l.currency, l.unit, l.category, l.description, l.sourced,"
    " l.unit_grams, l.volume_ml, l.weight_g, l.cold, l.status, l.version, v.stock, v.reserved, v.short"
)


def shop(row: Any) -> Shop:
    return Shop(
        shop_id=row.shop_id,
        owner_id=row.owner_id,
        terms=ShopTerms(
            name=row.name,
            category=row.category,
            position=Position(lat=row.lat, lon=row.lon),
            delivery_radius_m=row.delivery_radius_m,
            hours=None if row.hours is None else OpeningHours(spans=row.hours),
            preparation_minutes=row.preparation_minutes,
            preparation_capacity=preparation_capacity(row),
            accept_minutes=row.accept_minutes,
        ),
        status=ShopStatus(row.status),
        version=row.version,
    )


def shop_beside_listing(row: Any) -> Shop:
    """The shop in a row that is a listing's first."""
    return Shop(
        shop_id=row.shop_id,
        owner_id=row.owner_id,
        terms=ShopTerms(
            name=row.shop_name,
            category=row.shop_category,
            position=Position(lat=row.lat, lon=row.lon),
            delivery_radius_m=row.delivery_radius_m,
            hours=None if row.hours is None else OpeningHours(spans=row.hours),
            preparation_minutes=row.preparation_minutes,
            preparation_capacity=preparation_capacity(row),
            accept_minutes=row.accept_minutes,
        ),
        status=ShopStatus(row.shop_status),
        version=row.shop_version,
    )


def preparation_capacity(row: Any) -> PreparationCapacity | None:
    if row.preparation_per_hour is None:
        return None
    return PreparationCapacity(per_hour=row.preparation_per_hour, counts=Counts(row.preparation_counts))


def listing(row: Any) -> Listing:
    return Listing(
        listing_id=row.listing_id,
        shop_id=row.shop_id,
        terms=ListingTerms(
            name=row.name,
            price=Money(row.price, row.currency),
            category=row.category,
            unit=row.unit,
            description=row.description,
            sourced=row.sourced,
            unit_grams=row.unit_grams,
            size=size(row),
        ),
        level=level(row),
        status=ListingStatus(row.status),
        version=row.version,
    )


def size(row: Any) -> Size | None:
    if row.cold is None:
        return None
    return Size(volume_ml=row.volume_ml, weight_g=row.weight_g, cold=row.cold)


def level(row: Any) -> Level:
    return Level(stock=row.stock, reserved=row.reserved, short=row.short)


def reservation(row: Any) -> Reservation:
    return Reservation(
        order_id=row.order_id,
        lines=row.lines,
        paid=row.paid,
        release=None if row.release is None else Release(row.release),
        returns=row.returns,
    )
