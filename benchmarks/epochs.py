"""How long a planner takes to plan a zone once, and how many zones a core plans.

    .venv/bin/python -m benchmarks.epochs

Made-up zones at dinner, in a PostgreSQL of their own: couriers ride, offers are open, baskets arrive.
The planner is a process of its own and plans as in real life, from the claim of the zone to the commit of its
plan. Then many copies of one zone are planned at once, by one planner process and by several.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import text

from benchmarks.platforms import run
from benchmarks.zone_copies import copy_zone
from benchmarks.zone_day import ZoneDay
from linli.failures import Failure
from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import State
from services.dispatch.application.planner import PlannerPolicy
from services.dispatch.engine.machine import machine, warm_up
from services.dispatch.entrypoints.planner import Planner, settle_memory
from shared.kernel.ids import UuidV7
from shared.observability.logging import configure_logging
from shared.persistence import Database
from shared.persistence.migrations import migrate
from shared.testing.clock import StoppedClock

CADENCE_SECONDS = 30
BEGINS, MEASURED_FROM = 16.5, 17.5


@dataclass(frozen=True, kw_only=True)
class Step:
    """One epoch: seconds of the wall, of the planner's processor and of PostgreSQL's for it."""

    wall: float
    planner: float
    postgres: float
    baskets: int
    couriers: int
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Drained:
    """So many zones planned in so many seconds of the wall, with so many of processors."""

    zones: int
    wall: float
    planners: float
    postgres: float


def planner_process(url: str, orders: Connection, compiled: bool) -> None:
    """Plans when told to: once at a given moment, or all zones that are due at it."""
    configure_logging("planner", "WARNING")
    if compiled and not warm_up():
        orders.send("There is no numba here.")
        return
    clock = StoppedClock(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    database = Database(url, "dispatch", pool_size=1, clock=clock)
    planner = Planner(database, clock, UuidV7(), PlannerPolicy(), str(os.getpid()))
    with database.read() as connection:
        backend = psutil.Process(int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))
    gc.disable()
    settle_memory()
    orders.send(machine().name)
    while (moment := orders.recv()) is not None:
        at, all_due = moment
        clock.advance(at - clock.now())
        before, planned = _processor(backend), 0
        wall, mine = time.perf_counter(), time.process_time()
        epoch = planner.step()
        while all_due and epoch is not None:
            planned += 1
            epoch = planner.step()
        wall, mine = time.perf_counter() - wall, time.process_time() - mine
        gc.collect()
        theirs = _processor(backend) - before
        if all_due:
            orders.send(Drained(zones=planned, wall=wall, planners=mine, postgres=theirs))
        elif epoch is None:
            # Nothing is under way yet.
            orders.send(None)
        else:
            orders.send(
                Step(
                    wall=wall,
                    planner=mine,
                    postgres=theirs,
                    baskets=epoch.baskets,
                    couriers=epoch.couriers,
                    rounds=epoch.rounds,
                )
            )
    database.close()


def _processor(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


class PlannerAtWork:
    """A planner in a process of its own that answers what each step took."""

    def __init__(self, url: str, compiled: bool) -> None:
        self._here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=planner_process, args=(url, there, compiled), daemon=True)
        self._process.start()
        there.close()
        self.kernel = self._here.recv()

    def tell(self, at: datetime, all_due: bool) -> None:
        self._here.send((at, all_due))

    def answer(self) -> Any:
        return self._here.recv()

    def stop(self) -> None:
        self._here.send(None)
        self._process.join(10)


@contextmanager
def at_work(url: str, compiled: bool, many: int = 1) -> Iterator[list[PlannerAtWork]]:
    planners = [PlannerAtWork(url, compiled) for _ in range(many)]
    try:
        yield planners
    finally:
        for planner in planners:
            planner.stop()


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
    url: str, baskets: int, compiled: bool, hours: float, seed: int, progress: Progress
) -> tuple[list[Step], ZoneDay]:
    """Play a zone up to dinner and then measure its epochs for so many hours."""
    world = ZoneDay(Database(url, "dispatch", pool_size=2), f"zone-{baskets}", baskets, seed, BEGINS)
    steps: list[Step] = []
    beats = round((MEASURED_FROM - BEGINS + hours) * 3600 / CADENCE_SECONDS)
    name = "compiled" if compiled else "plain Python"
    task = progress.add_task(f"{baskets:,} baskets a day, {name}", total=beats)
    with at_work(url, compiled) as [planner]:
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
    with at_work(url, True, planners) as crew:
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


def quantile(figures: Sequence[float], share: float) -> float:
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def show_latency(console: Console, rows: Sequence[tuple[int, str, list[Step]]]) -> None:
    table = Table(
        title="One epoch, from the claim of a zone to the commit of its plan, at dinner (milliseconds)",
        caption="processor: planner and its PostgreSQL connection together; zones a core: one every 30 s",
    )
    for column in ("baskets a day", "kernel", "epochs", "baskets", "couriers", "wall p50", "p99", "most"):
        table.add_column(column, justify="right")
    for column in ("processor p50", "p99", "mean", "of it PostgreSQL", "zones a core"):
        table.add_column(column, justify="right")
    for baskets, kernel, steps in rows:
        wall = [1000 * step.wall for step in steps]
        both = [1000 * (step.planner + step.postgres) for step in steps]
        mean = sum(both) / len(both)
        table.add_row(
            f"{baskets:,}",
            kernel,
            str(len(steps)),
            f"{sum(s.baskets for s in steps) / len(steps):.0f}",
            f"{sum(s.couriers for s in steps) / len(steps):.0f}",
            f"{quantile(wall, 0.5):.0f}",
            f"{quantile(wall, 0.99):.0f}",
            f"{max(wall):.0f}",
            f"{quantile(both, 0.5):.0f}",
            f"{quantile(both, 0.99):.0f}",
            f"{mean:.0f}",
            f"{1000 * sum(s.postgres for s in steps) / len(steps):.0f}",
            f"{1000 * CADENCE_SECONDS / mean:,.0f}",
        )
    console.print(table)


def show_scaling(console: Console, baskets: int, rows: Sequence[tuple[int, Drained]]) -> None:
    table = Table(title=f"Copies of the zone of {baskets:,} baskets a day, each planned once, compiled")
    for column in ("planner processes", "zones", "seconds", "zones a second", "times one planner"):
        table.add_column(column, justify="right")
    for column in ("processor a zone, ms", "of it PostgreSQL, ms"):
        table.add_column(column, justify="right")
    one = rows[0][1].zones / rows[0][1].wall
    for planners, drained in rows:
        rate = drained.zones / drained.wall
        table.add_row(
            str(planners),
            str(drained.zones),
            f"{drained.wall:.2f}",
            f"{rate:.1f}",
            f"{rate / one:.2f}",
            f"{1000 * (drained.planners + drained.postgres) / drained.zones:.1f}",
            f"{1000 * drained.postgres / drained.zones:.1f}",
        )
    console.print(table)


def main(
    baskets: Annotated[
        list[int] | None, typer.Option(min=10, help="A zone of so many a day; may be repeated.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.1, max=4, help="How long to measure each zone at dinner.")
    ] = 2.0,
    zones: Annotated[int, typer.Option(min=2, help="How many copies are planned at once.")] = 120,
    planners: Annotated[int, typer.Option(min=1, help="How many planner processes at most.")] = os.cpu_count()
    or 1,
    compiled: Annotated[bool, typer.Option(help="Measure the compiled kernel.")] = True,
    plain: Annotated[bool, typer.Option(help="Measure plain Python.")] = True,
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
                steps, world = live(url, size, kernel == "compiled", hours, seed, progress)
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
