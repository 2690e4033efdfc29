"""How many three-shop orders a second the platform takes, to the last effect of the last one.

An order is three calls: quote, place, pay. It counts when its payment has arrived and every service that
listens has done its part: nothing unsent, nothing unread. First as many at once as it will take (a number
of customers, each ordering again as soon as the last answer is there); then at a share of what that reached,
at a fixed rhythm whatever the answers do, for the waiting times.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.neighbourhood import Neighbourhood, build
from benchmarks.platforms import Where, connected, percentiles, platform, run
from linli.day.api import Api, ApiRefusal
from linli.day.quiet import Databases, subscriptions
from shared.messaging.topology import Subscription

console = Console()
EFFECTS = ("OrderPlaced", "OrderPaid", "StoreOrderSplit", "StockReserved")


@dataclass
class Load:
    """What was asked for and how long each checkout took, in seconds."""

    started: float = 0.0
    answered: float = 0.0
    done: float = 0.0
    times: list[float] = field(default_factory=list)
    refused: int = 0
    # The machine's own count at the beginning and at the end.
    busy: list[Any] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.times) / (self.done - self.started)

    @property
    def stolen(self) -> float:
        """The share of the processors' time that the host kept for itself, where it says so."""
        before, after = self.busy[0], self.busy[-1]
        return float((getattr(after, "steal", 0) - getattr(before, "steal", 0)) / (sum(after) - sum(before)))


async def checkout(api: Api, hood: Neighbourhood, name: str, number: int) -> None:
    customer = hood.customers[number % len(hood.customers)]
    quote = await api.post("/v1/quotes", customer, hood.key(name, "quote", number), hood.basket(number))
    order = await api.post(
        "/v1/orders", customer, hood.key(name, "order", number), {"quote_id": quote["quote_id"]}
    )
    body = {"method": "sandbox", "scenario": "success"}
    await api.post(
        f"/v1/orders/{order['order_id']}/payments", customer, hood.key(name, "payment", number), body
    )


async def closed_loop(
    api: Api, hood: Neighbourhood, databases: Databases, *, workers: int, seconds: float
) -> Load:
    """So many customers, each ordering again and again."""
    load = Load()
    before = paid(databases)
    load.busy.append(psutil.cpu_times())
    load.started = time.monotonic()
    numbers, run = count(), secrets.token_hex(4)

    async def worker() -> None:
        while time.monotonic() < load.started + seconds:
            await _timed(load, time.monotonic(), checkout(api, hood, run, next(numbers)))

    await asyncio.gather(*(worker() for _ in range(workers)))
    load.answered = time.monotonic()
    await to_the_last_effect(databases, before + len(load.times))
    load.done = time.monotonic()
    load.busy.append(psutil.cpu_times())
    return load


async def open_loop(
    api: Api, hood: Neighbourhood, databases: Databases, *, rate: float, seconds: float
) -> Load:
    """One checkout every 1/rate seconds; a wait counts from when it was due, not from when it began."""
    load = Load()
    before = paid(databases)
    load.busy.append(psutil.cpu_times())
    load.started = time.monotonic()
    tasks, run = [], secrets.token_hex(4)
    for number in range(int(rate * seconds)):
        due = load.started + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(asyncio.create_task(_timed(load, due, checkout(api, hood, run, number))))
    await asyncio.gather(*tasks)
    load.answered = time.monotonic()
    await to_the_last_effect(databases, before + len(load.times))
    load.done = time.monotonic()
    load.busy.append(psutil.cpu_times())
    return load


async def _timed(load: Load, since: float, work: Any) -> None:
    try:
        await work
    except ApiRefusal as refusal:
        load.refused += 1
        if load.refused <= 3:
            console.print(f"[yellow]{refusal}[/]")
        await asyncio.sleep(0.05)
        return
    load.times.append(time.monotonic() - since)


def paid(databases: Databases) -> int:
    return int(databases.value("ordering", "SELECT count(*) FROM outbox WHERE type = 'OrderPaid'"))


async def to_the_last_effect(databases: Databases, orders_paid: int, patience: float = 120.0) -> None:
    """Wait until so many orders are paid and every subscriber has done all that it was told of them."""
    wanted = [x for x in subscriptions() if set(x.types) & set(EFFECTS)]
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if paid(databases) >= orders_paid and not any(behind(databases, x) for x in wanted):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{orders_paid - paid(databases)} payments or some effects did not come")


def behind(databases: Databases, wanted: Subscription) -> int:
    published = databases.value(
        wanted.source, "SELECT count(*) FROM outbox WHERE type = ANY(%s)", list(wanted.types)
    )
    done = databases.value(wanted.service, "SELECT count(*) FROM inbox WHERE subscription = %s", wanted.name)
    return int(published - done)


async def measure(where: Where, workers: int, seconds: float, share: float, rate: float | None) -> None:
    with platform(where) as running:
        api, operator, databases = connected(running)
        try:
            hood = await build(api, operator)
            await closed_loop(api, hood, databases, workers=4, seconds=min(5.0, seconds))
            if rate is None:
                fast = await closed_loop(api, hood, databases, workers=workers, seconds=seconds)
                report(f"as many as it takes, {workers} customers at once", fast)
                rate = share * fast.rate
            steady = await open_loop(api, hood, databases, rate=rate, seconds=seconds)
            report(f"one every {1000 / rate:.0f} ms", steady)
        finally:
            databases.close()
            await api.close()


def report(title: str, load: Load) -> None:
    p50, p90, p99 = percentiles(load.times)
    table = Table(title=f"Checkout of three shops: {title}", title_justify="left", show_header=False)
    table.add_row("orders", f"{len(load.times)} ({load.refused} refused)")
    table.add_row("orders/s, to the last effect", f"[bold]{load.rate:.1f}[/]")
    table.add_row("orders/s, to the last answer", f"{len(load.times) / (load.answered - load.started):.1f}")
    table.add_row("effects after the last answer", f"{load.done - load.answered:.2f} s")
    table.add_row("processor time the host kept", f"{load.stolen:.0%}")
    table.add_row("checkout p50 / p90 / p99", f"{p50 * 1000:.0f} / {p90 * 1000:.0f} / {p99 * 1000:.0f} ms")
    console.print(table)


def main(
    stack: Annotated[str, typer.Option(help="embedded or full: started for this measurement")] = "embedded",
    url: Annotated[str | None, typer.Option(help="measure a running platform instead")] = None,
    workers: Annotated[int, typer.Option(help="customers at once in the first part")] = 16,
    seconds: Annotated[float, typer.Option(help="length of each part")] = 20.0,
    share: Annotated[float, typer.Option(help="share of the reached rate for the second part")] = 0.6,
    rate: Annotated[float | None, typer.Option(help="skip the first part and order at this rate")] = None,
) -> None:
    asyncio.run(measure(Where(stack=stack, url=url), workers, seconds, share, rate))


if __name__ == "__main__":
    run(main)
