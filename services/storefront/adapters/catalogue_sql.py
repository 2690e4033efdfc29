"""The read side in SQL: one statement a question, on the indexes that the migrations name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from services.storefront.adapters import rows
from services.storefront.domain.errors import ListingNotFound, ShopNotFound
from services.storefront.domain.listing import Listing
from services.storefront.domain.position import EARTH_RADIUS_M
from services.storefront.domain.search import FoundListing, FoundShop, Key, Near, Page
from services.storefront.domain.shop import Shop
from services.storefront.domain.text import probes

_SHOP = text(f"SELECT {rows.SHOP} FROM shop AS s WHERE s.shop_id = :shop_id")
_SHOPS_OF = text(
    f"SELECT {rows.SHOP} FROM shop AS s WHERE s.owner_id = :owner_id AND s.shop_id > :after"
    " ORDER BY s.shop_id LIMIT :limit"
)
_SHOP_IDS_OF = text("SELECT shop_id FROM shop WHERE owner_id = :owner_id ORDER BY shop_id")
_LISTING = text(
    f"SELECT {rows.LISTING} FROM listing AS l JOIN stock_level AS v USING (listing_id)"
    " WHERE l.listing_id = :listing_id"
)
_LISTINGS_OF = text(
    f"SELECT {rows.LISTING} FROM listing AS l JOIN stock_level AS v USING (listing_id)"
    " WHERE l.shop_id = :shop_id AND l.listing_id > :after AND (l.status = 'published' OR :withdrawn_too)"
    " ORDER BY l.listing_id LIMIT :limit"
)
_ON_SALE = text(
    f"SELECT {rows.LISTING}, s.owner_id, s.name AS shop_name, s.category AS shop_category, s.lat, s.lon,"
    " s.delivery_radius_m, s.hours, s.preparation_minutes, s.accept_minutes, s.status AS shop_status,"
    " s.version AS shop_version, s.preparation_per_hour, s.preparation_counts"
    " FROM listing AS l JOIN stock_level AS v USING (listing_id) JOIN shop AS s USING (shop_id)"
    " WHERE l.listing_id = ANY(:listing_ids)"
)
# The great circle in whole metres, so that a page can go on from exactly where the last one ended.
_DISTANCE = f"""
    round(2 * {EARTH_RADIUS_M} * asin(sqrt(least(1,
        power(sin(radians(s.lat - :lat) / 2), 2)
        + cos(radians(:lat)) * cos(radians(s.lat)) * power(sin(radians(s.lon - :lon) / 2), 2)
    ))))::integer
"""
_IN_BOX = """
    s.status = 'open'
    AND point(s.lon, s.lat) <@ box(point(:west, :south), point(:east, :north))
"""


class SqlCatalogue:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def shop(self, shop_id: str) -> Shop:
        row = self._connection.execute(_SHOP, {"shop_id": shop_id}).one_or_none()
        if row is None:
            raise ShopNotFound()
        return rows.shop(row)

    def listing(self, listing_id: str) -> Listing:
        row = self._connection.execute(_LISTING, {"listing_id": listing_id}).one_or_none()
        if row is None:
            raise ListingNotFound()
        return rows.listing(row)

    def on_sale(self, listing_ids: Sequence[str]) -> tuple[Mapping[str, Listing], Mapping[str, Shop]]:
        found = self._connection.execute(_ON_SALE, {"listing_ids": list(listing_ids)}).all()
        listings = {row.listing_id: rows.listing(row) for row in found}
        return listings, {row.shop_id: rows.shop_beside_listing(row) for row in found}

    def shops_near(self, search: Near, open_minute: int | None) -> Page[FoundShop]:
        parameters = _around(search) | {"category": search.category, "open_minute": open_minute}
        statement = _shops_near(
            category=search.category is not None,
            words=bool(search.words),
            opened=open_minute is not None,
            paged=search.after is not None,
        )
        found: Sequence[Any] = self._connection.execute(statement, parameters).all()
        last = found[search.limit - 1] if len(found) > search.limit else None
        return Page(
            items=found[: search.limit],
            next_key=(last.distance_m, last.shop_id) if last else None,
        )

    def listings_near(self, search: Near) -> Page[FoundListing]:
        found = [
            FoundListing(listing=rows.listing(row), shop_name=row.shop_name, distance_m=row.distance_m)
            for row in self._connection.execute(
                _listings_near(paged=search.after is not None), _around(search)
            )
        ]
        last = found[search.limit - 1] if len(found) > search.limit else None
        return Page(
            items=found[: search.limit],
            next_key=(last.distance_m, last.listing.listing_id) if last else None,
        )

    def shops_of(self, owner_id: str, limit: int, after: Key | None) -> Page[Shop]:
        parameters = {"owner_id": owner_id, "after": after[0] if after else "", "limit": limit + 1}
        found = [rows.shop(row) for row in self._connection.execute(_SHOPS_OF, parameters)]
        return Page(items=found[:limit], next_key=(found[limit - 1].shop_id,) if len(found) > limit else None)

    def listings_of(
        self, shop_id: str, limit: int, after: Key | None, *, withdrawn_too: bool
    ) -> Page[Listing]:
        parameters = {
            "shop_id": shop_id,
            "after": after[0] if after else "",
            "limit": limit + 1,
            "withdrawn_too": withdrawn_too,
        }
        found = [rows.listing(row) for row in self._connection.execute(_LISTINGS_OF, parameters)]
        return Page(
            items=found[:limit], next_key=(found[limit - 1].listing_id,) if len(found) > limit else None
        )

    def shop_ids_of(self, owner_id: str) -> Sequence[str]:
        return list(self._connection.scalars(_SHOP_IDS_OF, {"owner_id": owner_id}))


@cache
def _shops_near(*, category: bool, words: bool, opened: bool, paged: bool) -> TextClause:
    conditions = [_IN_BOX]
    if category:
        conditions.append("s.category = :category")
    if opened:
        conditions.append("(s.open_minutes IS NULL OR s.open_minutes @> CAST(:open_minute AS integer))")
    if words:
        conditions.append("""
            (s.search_text LIKE ALL (CAST(:patterns AS text[])) OR EXISTS (
                SELECT 1 FROM listing AS l
                WHERE l.shop_id = s.shop_id AND l.status = 'published'
                  AND l.search_text LIKE ALL (CAST(:patterns AS text[]))
            ))
        """)
    return text(f"""
        SELECT * FROM (SELECT {rows.SHOP}, {_DISTANCE} AS distance_m FROM shop AS s
                       WHERE {" AND ".join(conditions)}) AS found
        WHERE distance_m <= :radius_m {"AND (distance_m, shop_id) > (:after_m, :after_id)" if paged else ""}
        ORDER BY distance_m, shop_id LIMIT :limit
    """)


@cache
def _listings_near(*, paged: bool) -> TextClause:
    return text(f"""
        WITH near AS (
            SELECT s.shop_id, s.name AS shop_name, s.delivery_radius_m, {_DISTANCE} AS distance_m
            FROM shop AS s WHERE {_IN_BOX}
        )
        SELECT {rows.LISTING}, found.shop_name, found.distance_m FROM (
            SELECT l.listing_id, near.shop_name, near.distance_m
            FROM near JOIN listing AS l USING (shop_id)
            WHERE near.distance_m <= least(:radius_m, near.delivery_radius_m)
              AND l.status = 'published'
              AND l.fragments @> CAST(:fragments AS text[])
              AND l.search_text LIKE ALL (CAST(:patterns AS text[]))
              {"AND (near.distance_m, l.listing_id) > (:after_m, :after_id)" if paged else ""}
            ORDER BY near.distance_m, l.listing_id LIMIT :limit
        ) AS found JOIN listing AS l USING (listing_id) JOIN stock_level AS v USING (listing_id)
        ORDER BY found.distance_m, found.listing_id
    """)


def _around(search: Near) -> dict[str, Any]:
    box = search.place.box(search.radius_m)
    after_m, after_id = search.after or (None, None)
    return {
        "lat": search.place.lat,
        "lon": search.place.lon,
        "south": box.south,
        "west": box.west,
        "north": box.north,
        "east": box.east,
        "radius_m": search.radius_m,
        "patterns": [f"%{_escaped(word)}%" for word in search.words],
        "fragments": sorted(probes(" ".join(search.words))),
        "after_m": after_m,
        "after_id": after_id,
        "limit": search.limit + 1,
    }


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
