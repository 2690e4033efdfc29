"""Five units, two dozen buyers: exactly five are sold, however the buyers crowd and change their minds.

Every buyer orders again and again. In the first two thirds of the time whoever gets one gives it back; in the
last third whoever gets one pays.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.neighbourhood import Neighbourhood, build, drop_off
from benchmarks.platforms import Where, connected, platform, run
from linli.day.api import Api, ApiRefusal, Person
from linli.day.quiet import Databases


async def crowd(
    api: Api, hood: Neighbourhood, databases: Databases, *, units: int, seconds: float
) -> dict[str, Any]:
    """Let all customers of `hood` go for `units` of one listing; says what was sold, held and left."""
    shop = hood.shops[0]
    listing = shop.listing_ids[0]
    await api.put(
        f"/v1/listings/{listing}/stock", shop.merchant, {"stock": units}, hood.key("restock", time.time())
    )
    seen: Counter[str] = Counter()
    started = time.monotonic()

    async def buyer(number: int, person: Person) -> None:
        luck = random.Random(number)
        attempt = 0
        while time.monotonic() < started + seconds:
            attempt += 1
            try:
                await _buy(
                    api,
                    hood,
                    person,
                    listing,
                    key=(number, attempt, started),
                    keep=time.monotonic() > started + seconds * 2 / 3,
                    seen=seen,
                )
            except ApiRefusal as refusal:
                seen[f"refused: {refusal.code}"] += 1
            await asyncio.sleep(luck.uniform(0.02, 0.12))

    await asyncio.gather(*(buyer(n, person) for n, person in enumerate(hood.customers)))
    return {"seen": dict(seen), **await settled(databases, listing, units)}


async def _buy(
    api: Api, hood: Neighbourhood, person: Person, listing: str, *, key: Any, keep: bool, seen: Counter[str]
) -> None:
    basket = {
        "lines": [{"listing_id": listing, "quantity": 1}],
        "drop_off": drop_off(1),
        "slot_id": "asap",
    }
    quote = await api.post("/v1/quotes", person, hood.key("quote", *key), basket)
    order = await api.post("/v1/orders", person, hood.key("order", *key), {"quote_id": quote["quote_id"]})
    path = f"/v1/orders/{order['order_id']}"
    if keep:
        body = {"method": "sandbox", "scenario": "success"}
        await api.post(f"{path}/payments", person, hood.key("pay", *key), body)
        seen["bought"] += 1
    else:
        await api.post(f"{path}/cancel", person, hood.key("cancel", *key), {"reason": "changed my mind"})
        seen["given back"] += 1


async def settled(databases: Databases, listing: str, units: int, patience: float = 60.0) -> dict[str, int]:
    """The listing's figures once nothing of it is held any more."""
    until = time.monotonic() + patience
    while True:
        sql = "SELECT stock, reserved, short FROM stock_level WHERE listing_id = %s"
        stock, reserved, short = databases.rows("storefront", sql, listing)[0]
        sql = "SELECT count(*) FROM reservation WHERE status = 'sold' AND lines::text LIKE %s"
        sold = databases.value("storefront", sql, f"%{listing}%")
        if (reserved == 0 and sold >= units) or time.monotonic() > until:
            return {"stock left": stock, "held": reserved, "short": short, "sold": sold}
        await asyncio.sleep(0.1)


async def measure(where: Where, units: int, buyers: int, seconds: float) -> bool:
    with platform(where) as running:
        api, operator, databases = connected(running)
        try:
            hood = await build(api, operator, shops=1, listings=1, customers=buyers)
            found = await crowd(api, hood, databases, units=units, seconds=seconds)
        finally:
            databases.close()
            await api.close()
    exact = found["sold"] == units and not found["stock left"] and not found["held"] and not found["short"]
    table = Table(
        title=f"{units} units, {buyers} buyers, {seconds:g} s", title_justify="left", show_header=False
    )
    for name, count in sorted(found.pop("seen").items()):
        table.add_row(name, str(count))
    for name, count in found.items():
        table.add_row(name, f"[bold]{count}[/]")
    table.add_row("exactly sold out", "[green]true[/]" if exact else "[red]false[/]")
    Console().print(table)
    return exact


def main(
    stack: Annotated[str, typer.Option(help="embedded or full: started for this measurement")] = "embedded",
    url: Annotated[str | None, typer.Option(help="measure a running platform instead")] = None,
    units: Annotated[int, typer.Option(help="units in stock")] = 5,
    buyers: Annotated[int, typer.Option(help="buyers at once")] = 24,
    seconds: Annotated[float, typer.Option(help="how long they try")] = 30.0,
) -> None:
    replicas = {"storefront": 2, "ordering": 2} if stack == "full" else {}
    where = Where(stack=stack, url=url, replicas=replicas)
    if not asyncio.run(measure(where, units, buyers, seconds)):
        raise typer.Exit(1)


if __name__ == "__main__":
    run(main)
