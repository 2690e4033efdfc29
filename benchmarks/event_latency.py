"""How long an event takes from the transaction that made it true to the one that holds its effect.

Orders come at a calm rhythm; every event's row in the publisher's outbox is then compared with its row in
each subscriber's inbox. Both carry the database's own time of writing.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.checkout import open_loop
from benchmarks.neighbourhood import build
from benchmarks.platforms import Where, connected, percentiles, platform, run
from linli.day.quiet import Databases, subscriptions


async def measure(where: Where, rate: float, seconds: float) -> None:
    with platform(where) as running:
        api, operator, databases = connected(running)
        try:
            hood = await build(api, operator)
            await open_loop(api, hood, databases, rate=2, seconds=3)
            since = databases.value("ordering", "SELECT clock_timestamp()")
            load = await open_loop(api, hood, databases, rate=rate, seconds=seconds)
            waits = latencies(databases, since)
        finally:
            databases.close()
            await api.close()
    table = Table(
        "subscription", "effects", "p50", "p90", "p99", title=f"From commit to effect at {rate:g} orders/s"
    )
    everything: list[float] = []
    for name, found in waits.items():
        everything += found
        table.add_row(name, str(len(found)), *(f"{x * 1000:.0f} ms" for x in percentiles(found)))
    table.add_row("all", str(len(everything)), *(f"{x * 1000:.0f} ms" for x in percentiles(everything)))
    console = Console()
    console.print(table)
    console.print(f"{len(load.times)} orders, {load.refused} refused")


def latencies(databases: Databases, since: object) -> dict[str, list[float]]:
    """By subscription, the seconds between the two rows of each event."""
    result: dict[str, list[float]] = {}
    for wanted in subscriptions():
        sql = "SELECT id, written_at FROM outbox WHERE type = ANY(%s) AND written_at >= %s"
        written = dict(databases.rows(wanted.source, sql, list(wanted.types), since))
        sql = "SELECT event_id, processed_at FROM inbox WHERE subscription = %s"
        done = dict(databases.rows(wanted.service, sql, wanted.name))
        waits = [(done[x] - at).total_seconds() for x, at in written.items() if x in done]
        if waits:
            result[wanted.name] = waits
    return result


def main(
    stack: Annotated[str, typer.Option(help="embedded or full: started for this measurement")] = "embedded",
    url: Annotated[str | None, typer.Option(help="measure a running platform instead")] = None,
    rate: Annotated[float, typer.Option(help="orders a second")] = 5.0,
    seconds: Annotated[float, typer.Option(help="how long")] = 20.0,
) -> None:
    asyncio.run(measure(Where(stack=stack, url=url), rate, seconds))


if __name__ == "__main__":
    run(main)
