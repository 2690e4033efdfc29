"""Shops, listings, promotion links and rate plans in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.commission.adapters.plan_json import plan_from_json, plan_to_json
from services.commission.domain.promotion import Listing, PromotionLink, Shop
from services.commission.domain.rates import RatePlan

_SHOP = text("SELECT shop_id, owner_id, category, lat, lon FROM shop WHERE shop_id = :shop_id")
_SHOPS_OF = text("SELECT shop_id FROM shop WHERE owner_id = :owner_id ORDER BY shop_id")
_LISTING = text("SELECT listing_id, shop_id, category, sourced FROM listing WHERE listing_id = :listing_id")
# A shop is opened once and keeps its owner.
_KEEP_SHOP = text(
    "INSERT INTO shop (shop_id, owner_id, category, lat, lon)"
    " VALUES (:shop_id, :owner_id, :category, :lat, :lon) ON CONFLICT (shop_id) DO NOTHING"
)
_KEEP_LISTING = text(
    "INSERT INTO listing AS l (listing_id, shop_id, category, sourced, sequence)"
    " VALUES (:listing_id, :shop_id, :category, :sourced, :sequence)"
    " ON CONFLICT (listing_id) DO UPDATE SET shop_id = excluded.shop_id, category = excluded.category,"
    " sourced = excluded.sourced, sequence = excluded.sequence WHERE l.sequence < excluded.sequence"
)
_ADD_LINK = text(
    "INSERT INTO promotion_link (link_id, code, shop_id, owner_id, listing_id, rate_bp, created_at)"
    " VALUES (:link_id, :code, :shop_id, :owner_id, :listing_id, :rate_bp, :at) ON CONFLICT DO NOTHING"
)
_LINK = "SELECT link_id, code, shop_id, owner_id, listing_id, rate_bp FROM promotion_link WHERE "
_LINK_OF = text(_LINK + "link_id = :link_id OR (shop_id = :shop_id AND listing_id = :listing_id)")
_LINK_BY_CODE = text(_LINK + "code = :code")
_PLAN = "SELECT version, plan_id, currency, effective_from, terms FROM rate_plan AS p "
_PLAN_AT = text(
    _PLAN + "WHERE currency = :currency AND effective_from <= :at"
    " AND NOT EXISTS (SELECT FROM rate_plan_withdrawal AS w WHERE w.version = p.version)"
    " ORDER BY effective_from DESC, version DESC LIMIT 1"
)
_PLAN_BY_ID = text(_PLAN + "WHERE plan_id = :plan_id")
_PLAN_BY_VERSION = text(_PLAN + "WHERE version = :version")
_WITHDRAW_PLAN = text(
    "INSERT INTO rate_plan_withdrawal (version, withdrawn_by, withdrawn_at) VALUES (:version, :by, :at)"
    " ON CONFLICT (version) DO NOTHING"
)
_WITHDRAWN = text("SELECT version, withdrawn_at FROM rate_plan_withdrawal")
_PLANS = text(_PLAN + "ORDER BY currency, effective_from DESC, version DESC LIMIT 200")
_ADD_PLAN = text(
    "INSERT INTO rate_plan (plan_id, currency, effective_from, terms, created_at)"
    " VALUES (:plan_id, :currency, :effective_from, CAST(:terms AS jsonb), :at)"
    " ON CONFLICT (plan_id) DO NOTHING"
)


class SqlCatalogue:
    """Implements the Catalogue port on a connection; what it writes belongs to the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def shop(self, shop_id: str) -> Shop | None:
        row = self._connection.execute(_SHOP, {"shop_id": shop_id}).one_or_none()
        return Shop(**row._mapping) if row else None

    def shops_of(self, owner_id: str) -> list[str]:
        return list(self._connection.scalars(_SHOPS_OF, {"owner_id": owner_id}))

    def listing(self, listing_id: str) -> Listing | None:
        row = self._connection.execute(_LISTING, {"listing_id": listing_id}).one_or_none()
        return Listing(**row._mapping) if row else None

    def keep_shop(self, shop: Shop) -> None:
        self._connection.execute(
            _KEEP_SHOP,
            {
                "shop_id": shop.shop_id,
                "owner_id": shop.owner_id,
                "category": shop.category,
                "lat": shop.lat,
                "lon": shop.lon,
            },
        )

    def keep_listing(self, listing: Listing, sequence: int) -> None:
        self._connection.execute(
            _KEEP_LISTING,
            {
                "listing_id": listing.listing_id,
                "shop_id": listing.shop_id,
                "category": listing.category,
                "sourced": listing.sourced,
                "sequence": sequence,
            },
        )

    def add_link(self, link: PromotionLink, at: datetime) -> PromotionLink:
        parameters = {
            "link_id": link.link_id,
            "code": link.code,
            "shop_id": link.shop_id,
            "owner_id": link.owner_id,
            "listing_id": link.listing_id,
            "rate_bp": link.rate_bp,
            "at": at,
        }
        self._connection.execute(_ADD_LINK, parameters)
        row = self._connection.execute(_LINK_OF, parameters).first()
        if row is None:
            raise LookupError(f"the code {link.code} of link {link.link_id} is taken by another link")
        return PromotionLink(**row._mapping)

    def link_by_code(self, code: str) -> PromotionLink | None:
        row = self._connection.execute(_LINK_BY_CODE, {"code": code}).one_or_none()
        return PromotionLink(**row._mapping) if row else None

    def plan_at(self, currency: str, at: datetime) -> tuple[int, RatePlan] | None:
        row = self._connection.execute(_PLAN_AT, {"currency": currency, "at": at}).one_or_none()
        return _plan(row) if row else None

    def plan_by_id(self, plan_id: str) -> tuple[int, RatePlan] | None:
        row = self._connection.execute(_PLAN_BY_ID, {"plan_id": plan_id}).one_or_none()
        return _plan(row) if row else None

    def plan_by_version(self, version: int) -> RatePlan | None:
        row = self._connection.execute(_PLAN_BY_VERSION, {"version": version}).one_or_none()
        return _plan(row)[1] if row else None

    def withdraw_plan(self, version: int, by: str, at: datetime) -> None:
        self._connection.execute(_WITHDRAW_PLAN, {"version": version, "by": by, "at": at})

    def withdrawn(self) -> dict[int, datetime]:
        return {row.version: row.withdrawn_at for row in self._connection.execute(_WITHDRAWN)}

    def add_plan(self, plan: RatePlan, at: datetime) -> tuple[int, RatePlan]:
        self._connection.execute(
            _ADD_PLAN,
            {
                "plan_id": plan.plan_id,
                "currency": plan.currency,
                "effective_from": plan.effective_from,
                "terms": orjson.dumps(plan_to_json(plan)).decode(),
                "at": at,
            },
        )
        return _plan(self._connection.execute(_PLAN_BY_ID, {"plan_id": plan.plan_id}).one())

    def plans(self) -> list[tuple[int, RatePlan]]:
        return [_plan(row) for row in self._connection.execute(_PLANS)]


def _plan(row: Any) -> tuple[int, RatePlan]:
    return row.version, plan_from_json(row.plan_id, row.currency, row.effective_from, row.terms)
