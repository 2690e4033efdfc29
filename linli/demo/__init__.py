"""Filling a platform with a small demo neighbourhood, through the HTTP API as its people would.

Every wish has a name of its own that never changes, so filling in again finds everything there.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from linli.accounts import open_account
from linli.day.api import Api, ApiRefusal, OutOfPatience, Person
from linli.demo.neighbourhood import ACCOUNTS, AREA, COUPON, PASSWORD, SHOPS, STAFF, START, ZONE_NAME, Account
from linli.failures import Failure
from shared.kernel.clock import Clock, to_wire
from shared.kernel.ids import derived_id

_LOCAL = ZoneInfo("Asia/Shanghai")
_SLOT_HOURS = (10, 11, 12, 17, 18, 19)
_DAYS_AHEAD = 3
_SHIFT = timedelta(hours=8)


def seed(base_url: str, gateway_database_url: str, clock: Clock) -> list[tuple[str, str, str]]:
    """Fill in what is missing; returns who there is: role, login, password."""
    for account in STAFF:
        open_account(gateway_database_url, account.role, account.email, PASSWORD, account.name)
    try:
        asyncio.run(_Seeding(base_url, clock.now()).all())
    except* (ApiRefusal, OutOfPatience) as refused:
        first: BaseException = refused
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise Failure(f"The demo neighbourhood could not be filled in: {first}") from None
    return [(account.who, account.email, PASSWORD) for account in (*ACCOUNTS, *STAFF)]


class _Seeding:
    def __init__(self, base_url: str, now: datetime) -> None:
        self._api = Api(base_url, connections=8, patience=60)
        self._now = now
        self._people = {account.email: Person(account.email, PASSWORD) for account in (*ACCOUNTS, *STAFF)}

    async def all(self) -> None:
        try:
            for account in ACCOUNTS:
                await self._account(account)
            zone_id = await self._zone()
            async with asyncio.TaskGroup() as group:
                for number in range(len(SHOPS)):
                    group.create_task(self._shop(number))
                for email in START:
                    group.create_task(self._courier(email, zone_id))
                group.create_task(self._slots(zone_id))
                group.create_task(self._coupon())
        finally:
            await self._api.close()

    @property
    def _operator(self) -> Person:
        return self._people["operator@demo.linli"]

    async def _account(self, account: Account) -> None:
        person = self._people[account.email]
        body = {"email": account.email, "password": PASSWORD, "name": account.name, "role": account.role}
        try:
            await self._api.post("/v1/accounts", None, _key("account", account.email), body)
        except ApiRefusal as refusal:
            if refusal.status != 409:
                raise
        person.account_id = str((await self._api.get("/v1/me", person))["account_id"])

    async def _zone(self) -> str:
        body = {"name": ZONE_NAME, "area": AREA}
        zone = await self._api.post("/v1/zones", self._operator, _key("zone"), body)
        return str(zone["zone_id"])

    async def _slots(self, zone_id: str) -> None:
        today = self._now.astimezone(_LOCAL).date()
        for ahead in range(1, _DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            starts = [datetime.combine(day, time(hour), _LOCAL).astimezone(UTC) for hour in _SLOT_HOURS]
            slots = [
                {
                    "starts_at": to_wire(start),
                    "ends_at": to_wire(start + timedelta(hours=1)),
                    "cutoff_at": to_wire(start - timedelta(minutes=30)),
                    "capacity": 40,
                }
                for start in starts
            ]
            path = f"/v1/zones/{zone_id}/slots"
            await self._api.post(path, self._operator, _key("slots", day.isoformat()), {"slots": slots})

    async def _shop(self, number: int) -> None:
        merchant, shop = self._people["merchant@demo.linli"], SHOPS[number]
        body: dict[str, Any] = {
            "name": shop.name,
            "category": shop.category,
            "lat": shop.lat,
            "lon": shop.lon,
            "delivery_radius_m": 4000,
            "preparation_minutes": shop.preparation_minutes,
        }
        opened = await self._api.post("/v1/shops", merchant, _key("shop", shop.name), body)
        shop_id = str(opened["shop_id"])
        await self._api.post(f"/v1/shops/{shop_id}/approve", self._operator, _key("approve", shop.name))
        for name, unit, price, stock in shop.listings:
            listing = {
                "name": name,
                "unit": unit,
                "category": shop.category,
                "price": {"amount": price, "currency": "CNY"},
                "stock": stock,
            }
            key = _key("listing", shop.name, name)
            await self._api.post(f"/v1/shops/{shop_id}/listings", merchant, key, listing)

    async def _courier(self, email: str, zone_id: str) -> None:
        courier = self._people[email]
        await self._api.post(
            f"/v1/couriers/{courier.account_id}/approve", self._operator, _key("courier", email)
        )
        if (await self._route(courier)).get("shift"):
            return
        lat, lon = START[email]
        ends_at = to_wire(self._now + _SHIFT)
        body = {"zone_id": zone_id, "ends_at": ends_at, "position": {"lat": lat, "lon": lon}}
        await self._api.post("/v1/courier/shift", courier, _key("shift", email, ends_at), body)

    async def _route(self, courier: Person) -> dict[str, Any]:
        try:
            route: dict[str, Any] = await self._api.get("/v1/courier/route", courier)
        except ApiRefusal as refusal:
            if refusal.status not in {404, 409, 422}:
                raise
            return {}
        return route

    async def _coupon(self) -> None:
        body = {
            "kind": "coupon",
            "funder": "platform",
            "name": "新邻居立减",
            "rule": {
                "threshold": {"amount": 3000, "currency": "CNY"},
                "off": {"amount": 500, "currency": "CNY"},
            },
            "budget": {"amount": 1_000_000, "currency": "CNY"},
            "per_customer_limit": 5,
            "total_limit": 2000,
            "starts_at": "2026-01-01T00:00:00.000Z",
            "ends_at": "2036-01-01T00:00:00.000Z",
            "code": COUPON,
        }
        await self._api.post("/v1/campaigns", self._operator, _key("coupon"), body)


def _key(*parts: str) -> str:
    return derived_id("demo", *parts)
