"""How long a planner takes to plan a zone once, and how many zones a core plans.

    .venv/bin/python -m benchmarks.epochs

Made-up zones at dinner, in a PostgreSQL of their own: couriers ride, offers are open, baskets arrive.
The planner is a process of its own and plans as in real life, from the claim of the zone to the commit of its
plan. Then many copies of one zone are planned at once, by one planner process and by several.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks.epoch_tables import CADENCE_SECONDS, show_latency, show_scaling
from benchmarks.planner_at_work import Drained, Step, at_work
from benchmarks.platforms import run
from benchmarks.zone_copies import copy_zone
from benchmarks.zone_day import ZoneDay
from linli.failures import Failure
from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import State
from shared.persistence import Database
from shared.persistence.migrations import migrate

BEGINS, MEASURED_FROM = 16.5, 17.5


@contextmanager
def postgres(console: Console) -> Iterator[tuple[PrivatePostgres, str]]:
    """A private PostgreSQL that flushes to disk as in real life, and the password of its databases."""
    folder = Path(tempfile.mkdtemp(prefix="linli-measure-"))
    with ExitStack() as until_end:
        until_end.callback(shutil.rmtree, folder, ignore_errors=True)
        with console.status("starting PostgreSQL"):
            server = PrivatePostgres(State(folder))
            server.start()
            until_end.callback(server.stop)
        yield server, databases.new_password()


def fresh_database(server: PrivatePostgres, password: str) -> str:
    with closing(databases.connect(server.url())) as connection:
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS dispatch WITH (FORCE)")
        databases.create(connection, "dispatch", password)
    url = server.url("dispatch", "dispatch", password)
    migrate(url, "dispatch")
    return url


def live(
    url: str, baskets: int, compiled: bool, records: bool, hours: float, seed: int, progress: Progress
) -> tuple[list[Step], ZoneDay]:
    """Play a zone up to dinner and then measure its epochs for so many hours."""
    world = ZoneDay(Database(url, "dispatch", pool_size=2), f"zone-{baskets}", baskets, seed, BEGINS)
    steps: list[Step] = []
    beats = round((MEASURED_FROM - BEGINS + hours) * 3600 / CADENCE_SECONDS)
    name = "compiled" if compiled else "plain Python"
    task = progress.add_task(f"{baskets:,} baskets a day, {name}", total=beats)
    with at_work(url, compiled=compiled, records=records) as [planner]:
        if planner.kernel not in {"compiled", "plain"}:
            raise Failure(f"{planner.kernel} `make setup-kernel` brings it; --no-compiled does without.")
        for _ in range(beats):
            world.beat()
            planner.tell(world.clock.now(), all_due=False)
            step = planner.answer()
            if world.has_come_to(MEASURED_FROM):
                if step is None:
                    raise Failure("The zone could not be planned; why is said above.")
                steps.append(step)
            progress.advance(task)
    progress.remove_task(task)
    return steps, world


def drain(url: str, zones: int, at: datetime, planners: int) -> Drained:
    """Let so many planners plan all zones that are due, once each."""
    with at_work(url, many=planners) as crew:
        began = time.perf_counter()
        for planner in crew:
            planner.tell(at, all_due=True)
        answers = [planner.answer() for planner in crew]
        wall = time.perf_counter() - began
    planned = sum(answer.zones for answer in answers)
    if planned != zones:
        raise Failure(f"{planned} zones were planned instead of {zones}.")
    return Drained(
        zones=planned,
        wall=wall,
        planners=sum(answer.planners for answer in answers),
        postgres=sum(answer.postgres for answer in answers),
    )


def main(
    baskets: Annotated[
        list[int] | None, typer.Option(min=10, help="A zone of so many a day; may be repeated.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.1, max=4, help="How long to measure each zone at dinner.")
    ] = 1.0,
    zones: Annotated[int, typer.Option(min=2, help="How many copies are planned at once.")] = 120,
    planners: Annotated[int, typer.Option(min=1, help="How many planner processes at most.")] = os.cpu_count()
    or 1,
    compiled: Annotated[bool, typer.Option(help="Measure the compiled kernel.")] = True,
    plain: Annotated[bool, typer.Option(help="Measure plain Python.")] = True,
    records: Annotated[bool, typer.Option(help="Keep plans on record, as planners do.")] = True,
    seed: int = 1,
) -> None:
    console = Console(width=160)
    sizes = baskets or [300, 1200, 2400]
    kernels = [name for name, asked in (("compiled", compiled), ("plain", plain)) if asked]
    latency: list[tuple[int, str, list[Step]]] = []
    scaling: list[tuple[int, Drained]] = []
    middle = sizes[len(sizes) // 2]
    with postgres(console) as (server, password), Progress(console=console, transient=True) as progress:
        for kernel in kernels:
            for size in sizes:
                url = fresh_database(server, password)
                steps, world = live(url, size, kernel == "compiled", records, hours, seed, progress)
                latency.append((size, kernel, steps))
                if kernel == "compiled" and size == middle:
                    scaling = scale(url, world, zones, planners, progress)
                world.close()
    show_latency(console, latency)
    if scaling:
        show_scaling(console, middle, scaling)
    console.print(_machine())


def scale(
    url: str, world: ZoneDay, zones: int, planners: int, progress: Progress
) -> list[tuple[int, Drained]]:
    """The zone as it is now, many times, planned by one, two and more planners."""
    rows: list[tuple[int, Drained]] = []
    counts = sorted({2**power for power in range(planners.bit_length()) if 2**power <= planners} | {planners})
    at = world.clock.now() + timedelta(seconds=CADENCE_SECONDS)
    task = progress.add_task("many zones", total=len(counts))
    for count in counts:
        copy_zone(world.database, world.zone_id, zones, f"by-{count}")
        rows.append((count, drain(url, zones, at, count)))
        progress.advance(task)
    return rows


def _machine() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} processors; load of the machine over 1, 5 and 15 minutes: {load}"


if __name__ == "__main__":
    run(main)
