"""How many searches for shops near a position the platform answers in a second."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.neighbourhood import CENTRE, build
from benchmarks.platforms import Where, connected, percentiles, platform, run
from linli.day.api import Api


async def measure(where: Where, shops: int, workers: int, seconds: float) -> None:
    with platform(where) as running:
        api, operator, databases = connected(running)
        try:
            await build(api, operator, shops=shops, listings=1, customers=1)
            await search(api, 2, 1.0)
            times, took = await search(api, workers, seconds)
        finally:
            databases.close()
            await api.close()
    p50, p90, p99 = percentiles(times)
    table = Table(title=f"Shops nearby, among {shops}", title_justify="left", show_header=False)
    table.add_row("searches/s", f"[bold]{len(times) / took:.0f}[/] ({workers} at once)")
    table.add_row("p50 / p90 / p99", f"{p50 * 1000:.1f} / {p90 * 1000:.1f} / {p99 * 1000:.1f} ms")
    Console().print(table)


async def search(api: Api, workers: int, seconds: float) -> tuple[list[float], float]:
    times: list[float] = []
    luck = random.Random(1)
    started = time.monotonic()

    async def worker() -> None:
        while time.monotonic() < started + seconds:
            lat = round(CENTRE["lat"] + luck.uniform(-0.02, 0.02), 6)
            lon = round(CENTRE["lon"] + luck.uniform(-0.02, 0.02), 6)
            since = time.monotonic()
            await api.get(f"/v1/shops?lat={lat}&lon={lon}&radius_m=1500&limit=20")
            times.append(time.monotonic() - since)

    await asyncio.gather(*(worker() for _ in range(workers)))
    return times, time.monotonic() - started


def main(
    stack: Annotated[str, typer.Option(help="embedded or full: started for this measurement")] = "embedded",
    url: Annotated[str | None, typer.Option(help="measure a running platform instead")] = None,
    shops: Annotated[int, typer.Option(help="shops in the neighbourhood")] = 200,
    workers: Annotated[int, typer.Option(help="searches at once")] = 8,
    seconds: Annotated[float, typer.Option(help="how long")] = 10.0,
) -> None:
    asyncio.run(measure(Where(stack=stack, url=url), shops, workers, seconds))


if __name__ == "__main__":
    run(main)
