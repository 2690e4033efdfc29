"""One street: a fruit shop and a bakery by the West Lake, their merchants, and an operator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.storefront.domain.listing import Level, Listing, ListingTerms
from services.storefront.domain.position import Position
from services.storefront.domain.shop import Shop, ShopStatus, ShopTerms
from services.storefront.entrypoints.service import StorefrontService
from services.storefront.settings import Settings
from shared.kernel.money import Money
from shared.persistence import Database
from shared.testing.clock import StoppedClock

# Monday 18:00 in Hangzhou.
NOON = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LAKE = Position(lat=30.25, lon=120.15)
HERE = {"lat": 30.25, "lon": 120.15}
MEI = {"account_id": "mei", "role": "merchant"}
BAO = {"account_id": "bao", "role": "merchant"}
OPERATOR = {"account_id": "olga", "role": "operator"}
CUSTOMER = {"account_id": "chen", "role": "customer"}


def a_shop(**changes: Any) -> Shop:
    terms = {"name": "鲜果园", "category": "fruit", "position": LAKE}
    kept = {key: changes.pop(key) for key in ("shop_id", "owner_id", "status", "version") if key in changes}
    shop: dict[str, Any] = {"shop_id": "fruit", "owner_id": "mei", "status": ShopStatus.OPEN} | kept
    return Shop(**shop, terms=ShopTerms(**(terms | changes)))


def a_listing(listing_id: str = "apple", shop_id: str = "fruit", **changes: Any) -> Listing:
    terms: dict[str, Any] = {"name": "苹果 500g", "price": Money(1250, "CNY"), "category": "fruit"}
    level = changes.pop("level", Level(stock=10))
    kept = {key: changes.pop(key) for key in ("status", "version") if key in changes}
    return Listing(
        listing_id=listing_id, shop_id=shop_id, terms=ListingTerms(**(terms | changes)), level=level, **kept
    )


def cny(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


class Street:
    """A storefront on a real database, with what the tests need to say said shortly."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StoppedClock(NOON)
        self.service = StorefrontService()
        self.service.database = database
        self.service.clock = self.clock
        self.service.settings = Settings(expiry_grace_seconds=0)

    def open_shop(self, shop_id: str = "fruit", actor: dict[str, str] = MEI, **fields: Any) -> dict[str, Any]:
        request = {"name": "鲜果园", "category": "fruit", "position": HERE} | fields
        self.service.open_shop(actor=actor, shop_id=shop_id, **request)
        return self.service.approve_shop(actor=OPERATOR, shop_id=shop_id)

    def list_goods(self, listing_id: str = "apple", shop_id: str = "fruit", **fields: Any) -> dict[str, Any]:
        request = {"name": "苹果 500g", "price": cny(1250), "stock": 10, "actor": OPERATOR} | fields
        return self.service.publish_listing(listing_id=listing_id, shop_id=shop_id, **request)

    def reserve(self, order_id: str = "order", expected: Any = (), **lines: int) -> dict[str, Any]:
        return self.service.reserve(
            order_id=order_id,
            expires_at=(self.clock.now() + timedelta(minutes=15)).isoformat(),
            lines=[{"listing_id": key, "quantity": quantity} for key, quantity in lines.items()],
            expected=list(expected),
        )

    def level(self, listing_id: str = "apple") -> tuple[int, int]:
        """On hand, and how many of them are reserved."""
        found = self.service.listing(listing_id=listing_id)
        return found["stock"], found["reserved"]

    def published(self, type: str | None = None) -> list[dict[str, Any]]:
        """The data of all events so far, oldest first."""
        with self.database.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT type, data::jsonb AS data FROM outbox ORDER BY position"
            )
            return [row.data for row in rows if type in (None, row.type)]
