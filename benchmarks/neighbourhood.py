"""Shops, goods and people for a measurement, made through the HTTP API and forgotten with the platform."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from math import cos, radians
from typing import Any

from linli.day.api import Api, Person
from shared.kernel.ids import derived_id

CENTRE = {"lat": 30.2741, "lon": 120.1551}
PLENTY = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Shop:
    shop_id: str
    merchant: Person
    listing_ids: list[str]


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    tag: str
    zone_id: str
    operator: Person
    shops: list[Shop]
    customers: list[Person]

    def key(self, *parts: object) -> str:
        return derived_id("measure", self.tag, *(str(part) for part in parts))

    def basket(self, number: int, shops: int = 3) -> dict[str, Any]:
        """The `number`-th basket: one unit each from so many shops, a different mixture every time."""
        lines = []
        for place in range(shops):
            shop = self.shops[(number * 5 + place) % len(self.shops)]
            listing = shop.listing_ids[(number // 3 + place) % len(shop.listing_ids)]
            lines.append({"listing_id": listing, "quantity": 1})
        return {"lines": lines, "drop_off": drop_off(number), "slot_id": "asap"}


def drop_off(number: int) -> dict[str, Any]:
    offset = (number % 17 - 8) * 0.0012
    place = {"lat": round(CENTRE["lat"] + offset, 6), "lon": round(CENTRE["lon"] - offset, 6)}
    return {**place, "address": f"{number % 400} Lane", "contact": "0571-5555-0100"}


async def build(
    api: Api,
    operator: Person,
    *,
    shops: int = 12,
    listings: int = 6,
    customers: int = 40,
    stock: int = PLENTY,
) -> Neighbourhood:
    """A zone of about five kilometres with open shops and registered customers in it."""
    tag = secrets.token_hex(6)
    key = lambda *parts: derived_id("measure", tag, *map(str, parts))  # noqa: E731
    spread = 0.025
    area = {
        "south": CENTRE["lat"] - spread,
        "west": CENTRE["lon"] - spread,
        "north": CENTRE["lat"] + spread,
        "east": CENTRE["lon"] + spread,
    }
    body = {"name": f"measured {tag}", "area": area, "settings": {}}
    zone = await api.post("/v1/zones", operator, key("zone"), body)
    built: list[Shop] = []
    people: list[Person] = []

    async def shop(number: int) -> None:
        merchant = await _register(api, key, "merchant", tag, number)
        angle, reach = number * 2.39996, 0.02 * ((number + 0.5) / shops) ** 0.5
        place = {
            "lat": round(CENTRE["lat"] + reach * cos(angle), 6),
            "lon": round(CENTRE["lon"] + reach * cos(angle - radians(90)), 6),
        }
        body = {"name": f"Shop {number}", "category": "fruit", **place, "delivery_radius_m": 20_000}
        opened = await api.post("/v1/shops", merchant, key("shop", number), body)
        shop_id = str(opened["shop_id"])
        await api.post(f"/v1/shops/{shop_id}/approve", operator, key("approve", number))
        ids = []
        for item in range(listings):
            goods = {
                "name": f"Goods {number}-{item}",
                "category": "fruit",
                "price": {"amount": 900 + 35 * item + number, "currency": "CNY"},
                "stock": stock,
            }
            made = await api.post(
                f"/v1/shops/{shop_id}/listings", merchant, key("goods", number, item), goods
            )
            ids.append(str(made["listing_id"]))
        built.append(Shop(shop_id=shop_id, merchant=merchant, listing_ids=ids))

    async def customer(number: int) -> None:
        people.append(await _register(api, key, "customer", tag, number))

    for start in range(0, shops, 8):
        await asyncio.gather(*(shop(n) for n in range(start, min(start + 8, shops))))
    for start in range(0, customers, 8):
        await asyncio.gather(*(customer(n) for n in range(start, min(start + 8, customers))))
    return Neighbourhood(
        tag=tag, zone_id=str(zone["zone_id"]), operator=operator, shops=built, customers=people
    )


async def _register(api: Api, key: Any, role: str, tag: str, number: int) -> Person:
    email, password = f"{role}.{number}.{tag}@measure.example.org", secrets.token_hex(12)
    body = {"email": email, "password": password, "name": f"{role} {number}", "role": role}
    answer = await api.post("/v1/accounts", None, key(role, number), body)
    person = Person(email, password, str(answer["account_id"]))
    person.access_token = str(answer["tokens"]["access_token"])
    return person
