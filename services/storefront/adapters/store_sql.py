"""One transaction of the storefront on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.storefront.adapters import rows
from services.storefront.adapters.places_sql import SqlPlaces
from services.storefront.adapters.stock_sql import SqlReservations, SqlStock
from services.storefront.contracts.published import to_message
from services.storefront.domain.errors import ListingNotFound, ShopNotFound
from services.storefront.domain.events import DomainEvent
from services.storefront.domain.listing import Listing
from services.storefront.domain.shop import Shop
from services.storefront.domain.text import fragments, normalise
from shared.persistence import Transaction

_SHOP = f"SELECT {rows.SHOP} FROM shop AS s WHERE s.shop_id = :shop_id"
_GET_SHOP, _LOCK_SHOP = text(_SHOP), text(f"{_SHOP} FOR UPDATE")
_SHOPS = text(f"SELECT {rows.SHOP} FROM shop AS s WHERE s.shop_id = ANY(:shop_ids) ORDER BY s.shop_id")
_ADD_SHOP = text(
    "INSERT INTO shop (shop_id, owner_id, name, category, lat, lon, delivery_radius_m, hours, open_minutes,"
    " preparation_minutes, accept_minutes, status, version, search_text, created_at, preparation_per_hour,"
    " preparation_counts)"
    " VALUES (:shop_id, :owner_id, :name, :category, :lat, :lon, :delivery_radius_m, CAST(:hours AS jsonb),"
    " CAST(:open_minutes AS int4multirange), :preparation_minutes, :accept_minutes, :status, :version,"
    " :search_text, :at, :preparation_per_hour, :preparation_counts)"
    " ON CONFLICT (shop_id) DO NOTHING RETURNING shop_id"
)
_SAVE_SHOP = text(
    "UPDATE shop SET name = :name, category = :category, lat = :lat, lon = :lon,"
    " delivery_radius_m = :delivery_radius_m, hours = CAST(:hours AS jsonb),"
    " open_minutes = CAST(:open_minutes AS int4multirange), preparation_minutes = :preparation_minutes,"
    " accept_minutes = :accept_minutes,"
    " status = :status, version = :version, search_text = :search_text,"
    " preparation_per_hour = :preparation_per_hour, preparation_counts = :preparation_counts"
    " WHERE shop_id = :shop_id"
)
_LISTING = (
    f"SELECT {rows.LISTING} FROM listing AS l JOIN stock_level AS v USING (listing_id)"
    " WHERE l.listing_id = :listing_id"
)
_GET_LISTING, _LOCK_LISTING = text(_LISTING), text(f"{_LISTING} FOR UPDATE OF l")
_ADD_LISTING = text(
    "WITH added AS ("
    " INSERT INTO listing (listing_id, shop_id, name, price, currency, unit, category, description, sourced,"
    " unit_grams, status, version, search_text, fragments, created_at, volume_ml, weight_g, cold)"
    " VALUES (:listing_id, :shop_id, :name, :price, :currency, :unit, :category, :description, :sourced,"
    " :unit_grams, :status, :version, :search_text, CAST(:fragments AS text[]), :at,"
    " :volume_ml, :weight_g, :cold)"
    " ON CONFLICT (listing_id) DO NOTHING RETURNING listing_id)"
    " INSERT INTO stock_level (listing_id, stock, reserved, short)"
    " SELECT listing_id, :stock, 0, 0 FROM added RETURNING listing_id"
)
_SAVE_LISTING = text(
    "UPDATE listing SET name = :name, price = :price, currency = :currency, unit = :unit,"
    " category = :category, description = :description, sourced = :sourced, status = :status,"
    " unit_grams = :unit_grams,"
    " version = :version, search_text = :search_text, fragments = CAST(:fragments AS text[]),"
    " volume_ml = :volume_ml, weight_g = :weight_g, cold = :cold"
    " WHERE listing_id = :listing_id"
)


class SqlShops:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, shop_id: str, *, lock: bool = False) -> Shop:
        statement = _LOCK_SHOP if lock else _GET_SHOP
        row = self._connection.execute(statement, {"shop_id": shop_id}).one_or_none()
        if row is None:
            raise ShopNotFound()
        return rows.shop(row)

    def several(self, shop_ids: Sequence[str]) -> Mapping[str, Shop]:
        found = self._connection.execute(_SHOPS, {"shop_ids": list(shop_ids)})
        return {row.shop_id: rows.shop(row) for row in found}

    def add(self, shop: Shop, at: datetime) -> bool:
        return self._connection.scalar(_ADD_SHOP, _shop_columns(shop) | {"at": at}) is not None

    def save(self, shop: Shop) -> None:
        self._connection.execute(_SAVE_SHOP, _shop_columns(shop))


class SqlListings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, listing_id: str, *, lock: bool = False) -> Listing:
        statement = _LOCK_LISTING if lock else _GET_LISTING
        row = self._connection.execute(statement, {"listing_id": listing_id}).one_or_none()
        if row is None:
            raise ListingNotFound()
        return rows.listing(row)

    def add(self, listing: Listing, at: datetime) -> bool:
        columns = _listing_columns(listing) | {"stock": listing.level.stock, "at": at}
        return self._connection.scalar(_ADD_LISTING, columns) is not None

    def save(self, listing: Listing) -> None:
        self._connection.execute(_SAVE_LISTING, _listing_columns(listing))


class SqlStore:
    """The ports of the use cases on one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        connection = transaction.connection
        self._transaction = transaction
        self.shops = SqlShops(connection)
        self.listings = SqlListings(connection)
        self.stock = SqlStock(transaction)
        self.reservations = SqlReservations(connection)
        self.places = SqlPlaces(transaction, self.stock)

    def publish(self, event: DomainEvent) -> None:
        message = to_message(event)
        self._transaction.publish(message.type, message.subject, message.data)


def _shop_columns(shop: Shop) -> dict[str, Any]:
    terms = shop.terms
    minutes = None
    if terms.hours is not None:
        minutes = "{" + ",".join(f"[{start},{end})" for start, end in terms.hours.minutes) + "}"
    capacity = terms.preparation_capacity
    return {
        "preparation_per_hour": None if capacity is None else capacity.per_hour,
        "preparation_counts": None if capacity is None else capacity.counts.value,
        "shop_id": shop.shop_id,
        "owner_id": shop.owner_id,
        "name": terms.name,
        "category": terms.category,
        "lat": terms.position.lat,
        "lon": terms.position.lon,
        "delivery_radius_m": terms.delivery_radius_m,
        "hours": None if terms.hours is None else orjson.dumps(terms.hours.spans).decode(),
        "open_minutes": minutes,
        "preparation_minutes": terms.preparation_minutes,
        "accept_minutes": terms.accept_minutes,
        "status": shop.status.value,
        "version": shop.version,
        "search_text": normalise(f"{terms.name} {terms.category}"),
    }


def _listing_columns(listing: Listing) -> dict[str, Any]:
    terms = listing.terms
    search_text = normalise(f"{terms.name} {terms.category}")
    size = terms.size
    return {
        "volume_ml": None if size is None else size.volume_ml,
        "weight_g": None if size is None else size.weight_g,
        "cold": None if size is None else size.cold,
        "listing_id": listing.listing_id,
        "shop_id": listing.shop_id,
        "name": terms.name,
        "price": terms.price.amount,
        "currency": terms.price.currency,
        "unit": terms.unit,
        "category": terms.category,
        "description": terms.description,
        "sourced": terms.sourced,
        "unit_grams": terms.unit_grams,
        "status": listing.status.value,
        "version": listing.version,
        "search_text": search_text,
        "fragments": sorted(fragments(search_text)),
    }
