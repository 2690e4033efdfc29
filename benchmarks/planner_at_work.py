"""A planner in a process of its own that plans when told to, and says what it took."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

import psutil
from sqlalchemy import text

from services.dispatch.application.planner import PlannerPolicy
from services.dispatch.engine.machine import machine, warm_up
from services.dispatch.entrypoints.planner import Planner, settle_memory
from shared.kernel.ids import UuidV7
from shared.observability.logging import configure_logging
from shared.persistence import Database
from shared.testing.clock import StoppedClock


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


def planner_process(url: str, orders: Connection, compiled: bool, records: bool) -> None:
    """Plans when told to: once at a given moment, or all zones that are due at it."""
    configure_logging("planner", "WARNING")
    if compiled and not warm_up():
        orders.send("There is no numba here.")
        return
    clock = StoppedClock(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    database = Database(url, "dispatch", pool_size=1, clock=clock)
    planner = Planner(database, clock, UuidV7(), PlannerPolicy(records=records), str(os.getpid()))
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

    def __init__(self, url: str, compiled: bool, records: bool) -> None:
        self._here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        told = (url, there, compiled, records)
        self._process = context.Process(target=planner_process, args=told, daemon=True)
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
def at_work(
    url: str, *, compiled: bool = True, records: bool = True, many: int = 1
) -> Iterator[list[PlannerAtWork]]:
    planners = [PlannerAtWork(url, compiled, records) for _ in range(many)]
    try:
        yield planners
    finally:
        for planner in planners:
            planner.stop()
