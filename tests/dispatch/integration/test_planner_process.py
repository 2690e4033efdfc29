"""The planner as the process it is: started, left alone, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from services.dispatch.adapters.desk import is_any_due
from shared.kernel.clock import to_wire
from shared.persistence import Database
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.osrm import FakeOsrm, serving
from tests.dispatch.world import OPERATOR, World, courier_actor

ROOT = Path(__file__).resolve().parents[3]
LEASE_SECONDS = 2.0


class RealTime:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    def advance(self, span: timedelta) -> None:
        time.sleep(span.total_seconds())


@pytest.fixture
def world(service_database: Callable[[str], Database]) -> World:
    world = World(service_database("dispatch"))
    world.clock = world.service.clock = RealTime()  # type: ignore[assignment]
    return world


class Start:
    """Starts planners, and ends them with the test."""

    def __init__(self, world: World, logs: Path) -> None:
        self._world = world
        self._logs = logs
        self._started: list[subprocess.Popen[bytes]] = []

    def __call__(self, **settings: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
        environment |= {
            "LINLI_DISPATCH_DATABASE_URL": self._world.database.url,
            "LINLI_DISPATCH_PLAN_DEBOUNCE_SECONDS": "0.2",
            "LINLI_DISPATCH_PLAN_LEASE_SECONDS": str(LEASE_SECONDS),
            "PYTHONPATH": str(ROOT),
        }
        environment |= settings
        command = [sys.executable, "-m", "services.dispatch.entrypoints.planner"]
        with (self._logs / f"{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        self._started.append(process)
        return process

    def said(self, process: subprocess.Popen[bytes]) -> bytes:
        return (self._logs / f"{self._started.index(process)}.log").read_bytes()

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Start]:
    start = Start(world, tmp_path)
    yield start
    start.end()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_two_planners_share_the_work_and_one_that_is_killed_is_not_missed(world: World, start: Start) -> None:
    world.open_zone()
    first, second = start(), start()
    for number in range(3):
        world.on_shift(f"courier-{number}", place(400 * number))
    world.a_paid_order("order-0", ready_in=0)
    until(lambda: any(world.accept_all(f"courier-{number}") for number in range(3)))
    first.kill()
    first.wait()
    world.a_paid_order("order-1", ready_in=0)
    until(lambda: any(world.accept_all(f"courier-{number}") for number in range(3)))
    assert world.published().count("CourierAssigned") == 2
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=10) == 0


def test_a_planner_asks_the_router_it_is_told_of_and_tells_operators_how_it_stands(
    world: World, start: Start
) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=20)

    def travel() -> object:
        return world.call("board", actor=OPERATOR, zone_id=ZONE_ID)["travel"]

    with serving(FakeOsrm()) as osrm:
        planner = start(LINLI_DISPATCH_ROUTER_URL=osrm.url, LINLI_DISPATCH_ROUTER_PATIENCE_SECONDS="2")
        until(lambda: travel() == "router")
        assert osrm.tables
        osrm.fails_always = "NoTable"
        # Somewhere that the router has said nothing of.
        world.a_paid_order("order-2", ready_in=20, shops=[place(1500, 1500)])
        until(lambda: travel() == "degraded")
    planner.send_signal(signal.SIGTERM)
    assert planner.wait(timeout=10) == 0
    assert b"the router fails" in start.said(planner)


@contextmanager
def in_the_middle_of_planning(world: World, start: Start) -> Iterator[subprocess.Popen[bytes]]:
    """A planner that has taken the lease of the zone and now waits for what it wants to read."""
    with world.database.transaction() as tx:
        tx.connection.exec_driver_sql("LOCK TABLE offer IN ACCESS EXCLUSIVE MODE")
        planner = start()
        until(lambda: world.scalar("SELECT holder FROM zone_plan") is not None)
        yield planner


def test_a_planner_that_is_killed_while_it_plans_is_followed_within_its_lease(
    world: World, start: Start
) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    with in_the_middle_of_planning(world, start) as first:
        first.kill()
        first.wait()
    token = world.scalar("SELECT token FROM zone_plan")
    start()
    until(lambda: world.accept_all("courier-1") == 1)
    assert world.scalar("SELECT token FROM zone_plan") > token
    assert world.published().count("CourierAssigned") == 1


def test_a_planner_that_stands_still_beyond_its_lease_keeps_nothing(world: World, start: Start) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    with in_the_middle_of_planning(world, start) as first:
        first.send_signal(signal.SIGSTOP)
    start()
    until(lambda: len(world.route("courier-1")["offers"]) == 1)
    offers = world.route("courier-1")["offers"]
    first.send_signal(signal.SIGCONT)
    until(lambda: b"lease" in start.said(first))
    assert world.route("courier-1")["offers"] == offers
    assert world.scalar("SELECT count(*) FROM offer") == 1
    assert first.poll() is None, "it goes on with other plans"


def cost_of_a_look(world: World) -> float:
    """Seconds of this machine's processor that one look for a due zone takes."""
    many = 200
    before = time.process_time()
    for _ in range(many):
        with world.database.read() as connection:
            is_any_due(connection, world.clock.now(), world.clock.now())
    return (time.process_time() - before) / many


@pytest.mark.slow
def test_a_planner_with_nothing_to_plan_costs_next_to_nothing(world: World, start: Start) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    process = psutil.Process(start().pid)
    until(lambda: world.scalar("SELECT planned_at IS NOT NULL FROM zone_plan"))
    time.sleep(1)
    one_look = cost_of_a_look(world)
    before = process.cpu_times()
    time.sleep(6)
    after = process.cpu_times()
    one_look = max(one_look, cost_of_a_look(world))
    used = after.user + after.system - before.user - before.system
    # Measured in looks, since machines differ. Two debounces of 0.2 s pass between two of them; the rest is
    # for a processor that others use too, and for a clock that counts hundredths of a second.
    looks = 6 / 0.4
    assert used <= 3 * looks * one_look + 0.03, f"{used:.3f} s of CPU in 6 s, {one_look:.4f} s a look"


@pytest.mark.slow
def test_a_zone_that_cannot_be_planned_does_not_stop_the_others(world: World, start: Start) -> None:
    world.open_zone()
    other = {"south": 31.0, "west": 120.0, "north": 31.5, "east": 120.5}
    world.call("open_zone", actor=OPERATOR, zone_id="broken", name="Broken", area=other, settings={})
    with world.database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE zone SET settings = '{\"capacity\": 12}' WHERE zone_id = 'broken'"
        )
        tx.connection.exec_driver_sql("UPDATE zone_plan SET plan = '[1]' WHERE zone_id = 'broken'")
        tx.connection.exec_driver_sql("INSERT INTO zone_change (zone_id) VALUES ('broken')")
    start()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    until(lambda: len(world.route("courier-1")["offers"]) == 1)
    me = courier_actor("courier-1")
    assert world.call("route", actor=me)["shift"]["zone_id"] == ZONE_ID
    assert world.call("route", actor=me)["offers"][0]["expires_at"] > to_wire(world.clock.now())
