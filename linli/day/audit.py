"""What the platform says of the day afterwards, asked through its HTTP API by those who may know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from linli.day.api import Api, ApiRefusal, Person
from linli.day.importing import all_of
from linli.day.replay import Outcome

PAGE = 200


@dataclass(kw_only=True)
class Audit:
    """Orders by their name in the day, what is left of every listing, and the books."""

    orders: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)
    accounts: list[Mapping[str, Any]] = field(default_factory=list)
    balances: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    statements: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    earnings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    dead_letters: list[Mapping[str, Any]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


async def audit_day(outcome: Outcome, base_url: str, operator: tuple[str, str]) -> Audit:
    """Ask for everything once more; what is refused is named in `unanswered`."""
    api = Api(base_url)
    audit = Audit()
    cast = outcome.cast
    person = Person(*operator)
    for somebody in (*cast.customers.values(), *cast.merchants.values(), *cast.couriers.values()):
        # A lock belongs to the event loop in which somebody first waited for it.
        somebody.lock = asyncio.Lock()

    async def order(name: str) -> None:
        record = outcome.records[name]
        if record.order_id is not None:
            customer = cast.customers[record.order.customer]
            audit.orders[name] = await api.get(f"/v1/orders/{record.order_id}", customer)

    async def shop(name: str) -> None:
        shop_id, merchant = cast.shop_ids[name], cast.merchants[name]
        names = {listing_id: listing for listing, listing_id in cast.listing_ids.items()}
        async for listing in _pages(api, f"/v1/shops/{shop_id}/listings", merchant):
            if listing["listing_id"] in names and "stock" in listing:
                audit.stock[names[listing["listing_id"]]] = int(listing["stock"])
        audit.balances[name] = await api.get(f"/v1/shops/{shop_id}/balance", merchant)
        audit.statements[name] = await api.get(f"/v1/shops/{shop_id}/statements", merchant)

    async def courier(name: str) -> None:
        audit.earnings[name] = await api.get("/v1/courier/earnings", cast.couriers[name])

    async def asked(what: str, name: str, work: Any) -> None:
        try:
            await work(name)
        except ApiRefusal as refusal:
            audit.unanswered.append(f"{what} {name}: {refusal}")

    try:
        await all_of(outcome.records, lambda name: asked("order", name, order))
        await all_of(cast.shop_ids, lambda name: asked("shop", name, shop))
        await all_of(cast.couriers, lambda name: asked("courier", name, courier))
        async for account in _pages(api, "/v1/ledger/accounts", person):
            audit.accounts.append(account)
        async for letter in _pages(api, "/v1/dead-letters", person):
            audit.dead_letters.append(letter)
    finally:
        await api.close()
        await asyncio.sleep(0)
    return audit


async def _pages(api: Api, path: str, person: Person) -> AsyncIterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        page = await api.get(path, person, limit=PAGE, cursor=cursor)
        for item in page["items"]:
            yield item
        cursor = page.get("next_cursor")
        if cursor is None:
            return
