"""Loads a day's shops, goods, couriers and customers through the gateway's public HTTP API.

Everything is asked for under a key that belongs to this import, and journalled once it is answered: doing it
again, or going on after an interruption, makes nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from linli.day.api import Api, Person
from linli.day.format import Day, DayCourier, DayListing, DayShop
from linli.day.journal import Journal

AT_ONCE = 8

Progress = Callable[[str, int], None]
"""Told that so many more things of a kind ("shops", "listings", "couriers", "customers") are done."""

_Thing = TypeVar("_Thing")


def unwatched(kind: str, count: int) -> None:
    """Progress that nobody watches."""
    del kind, count


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The day's people and places as the platform knows them."""

    zone_id: str
    operator: Person
    merchants: dict[str, Person] = field(default_factory=dict)
    shop_ids: dict[str, str] = field(default_factory=dict)
    listing_ids: dict[str, str] = field(default_factory=dict)
    couriers: dict[str, Person] = field(default_factory=dict)
    customers: dict[str, Person] = field(default_factory=dict)


async def import_day(
    day: Day,
    api: Api,
    operator: Person,
    journal: Journal,
    progress: Progress = unwatched,
    offer_seconds: float = 60.0,
    sourced: Collection[str] = (),
) -> Cast:
    """Make the day's zone, shops, listings, couriers and customers, or find them where they are made.

    `offer_seconds` is how long the zone leaves an offer with a courier, on the business clock; `sourced`
    names the listings that are goods of the platform.
    """
    importing = _Importing(day, api, operator, journal, progress)
    importing.offer_seconds = offer_seconds
    importing.sourced = frozenset(sourced)
    return await importing.all()


class _Importing:
    def __init__(self, day: Day, api: Api, operator: Person, journal: Journal, progress: Progress) -> None:
        self.day = day
        self.api = api
        self.operator = operator
        self.journal = journal
        self.progress = progress
        self.offer_seconds = 60.0
        self.sourced: frozenset[str] = frozenset()
        self.reach = day.reach_of_shops()
        self.listings: dict[str, list[DayListing]] = {}
        for listing in day.listings:
            self.listings.setdefault(listing.shop, []).append(listing)

    async def all(self) -> Cast:
        cast = Cast(zone_id=await self.zone(), operator=self.operator)
        await all_of(self.day.shops, lambda shop: self.shop(cast, shop))
        await all_of(self.day.couriers, lambda courier: self.courier(cast, courier))
        customers = sorted({order.customer for order in self.day.orders})
        await all_of(customers, lambda name: self.customer(cast, name))
        return cast

    async def zone(self) -> str:
        known = self.journal.get("zone", self.day.name)
        if known is None:
            rules = self.day.rules
            body = {
                "name": self.day.name,
                "area": self.day.area(),
                "settings": {
                    "metres_per_minute": rules.metres_per_minute,
                    "pickup_service_minutes": rules.pickup_service_minutes,
                    "drop_off_service_minutes": rules.drop_off_service_minutes,
                    "target_minutes": rules.target_click_to_door_minutes,
                    "maximum_minutes": rules.maximum_click_to_door_minutes,
                    "offer_seconds": self.offer_seconds,
                },
            }
            answer = await self.api.post("/v1/zones", self.operator, self.journal.key("zone"), body)
            known = {"zone_id": str(answer["zone_id"])}
            self.journal.add("zone", self.day.name, known)
        return known["zone_id"]

    async def shop(self, cast: Cast, shop: DayShop) -> None:
        merchant = await self.account("merchant", shop.shop)
        known = self.journal.get("shop", shop.shop)
        if known is None:
            body = {
                "name": f"{shop.category} {shop.shop}",
                "category": shop.category,
                **shop.position.to_wire(),
                "delivery_radius_m": self.reach[shop.shop],
            }
            answer = await self.api.post("/v1/shops", merchant, self.journal.key("shop", shop.shop), body)
            shop_id = str(answer["shop_id"])
            await self.api.post(
                f"/v1/shops/{shop_id}/approve", self.operator, self.journal.key("approve-shop", shop.shop)
            )
            known = {"shop_id": shop_id}
            self.journal.add("shop", shop.shop, known)
        cast.merchants[shop.shop] = merchant
        cast.shop_ids[shop.shop] = known["shop_id"]
        self.progress("shops", 1)
        for listing in self.listings.get(shop.shop, []):
            await self.listing(cast, merchant, known["shop_id"], shop.category, listing)

    async def listing(
        self, cast: Cast, merchant: Person, shop_id: str, category: str, listing: DayListing
    ) -> None:
        known = self.journal.get("listing", listing.listing)
        if known is None:
            body: dict[str, object] = {
                "name": listing.name,
                "category": category,
                "price": {"amount": listing.price, "currency": self.day.currency},
                "stock": listing.stock,
            }
            owner = merchant
            if listing.listing in self.sourced:
                # Only operators publish what the platform sources.
                body["sourced"], owner = True, self.operator
            key = self.journal.key("listing", listing.listing)
            answer = await self.api.post(f"/v1/shops/{shop_id}/listings", owner, key, body)
            known = {"listing_id": str(answer["listing_id"])}
            self.journal.add("listing", listing.listing, known)
        cast.listing_ids[listing.listing] = known["listing_id"]
        self.progress("listings", 1)

    async def courier(self, cast: Cast, courier: DayCourier) -> None:
        person = await self.account("courier", courier.courier)
        if self.journal.get("approved-courier", courier.courier) is None:
            await self.api.post(
                f"/v1/couriers/{person.account_id}/approve",
                self.operator,
                self.journal.key("approve-courier", courier.courier),
            )
            self.journal.add("approved-courier", courier.courier, {"courier_id": person.account_id})
        cast.couriers[courier.courier] = person
        self.progress("couriers", 1)

    async def customer(self, cast: Cast, name: str) -> None:
        cast.customers[name] = await self.account("customer", name)
        self.progress("customers", 1)

    async def account(self, role: str, name: str) -> Person:
        """A person with an account; registering signs in, so that a token need not be asked for."""
        email, password = self.journal.email(role, name), self.journal.password(f"{role} {name}")
        known = self.journal.get(role, name)
        if known is not None:
            return Person(email, password, known["account_id"])
        body = {"email": email, "password": password, "name": f"{role} {name}", "role": role}
        answer = await self.api.post("/v1/accounts", None, self.journal.key(role, name), body)
        person = Person(email, password, str(answer["account_id"]))
        person.access_token = str(answer["tokens"]["access_token"])
        self.journal.add(role, name, {"account_id": person.account_id})
        return person


async def all_of(things: Iterable[_Thing], work: Callable[[_Thing], Awaitable[None]]) -> None:
    """Do `work` for each of the things, a few at once; the first failure stops the rest and is raised."""
    waiting = iter(things)

    async def worker() -> None:
        for thing in waiting:
            await work(thing)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
