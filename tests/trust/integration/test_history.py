"""Dispatch's own database notes what its rows went through, and the oracle reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from linli.day.quiet import Databases, databases_at
from services.dispatch.adapters.desk import SqlDesk
from shared.kernel.clock import to_wire
from shared.persistence import Database
from tests.dispatch.builders import ZONE_ID
from tests.dispatch.world import OPERATOR, World
from tests.trust.history import TABLE, keep_history, read_history
from tests.trust.oracle import Case, judge
from tests.trust.oracle.desk import leases_in
from tests.trust.unit.small_books import small_case
from tests.waiting import wait_until

SHORT = 0.05


@pytest.fixture
def world(service_database: Callable[[str], Database]) -> Iterator[World]:
    database = service_database("dispatch")
    keep_history(database.url)
    yield World(database)
    with database.transaction() as tx:
        tx.connection.execute(text(f"DROP FUNCTION {TABLE}_note CASCADE"))
        tx.connection.execute(text(f"DROP TABLE {TABLE}"))


@pytest.fixture
def databases(world: World) -> Iterator[Databases]:
    with databases_at({"dispatch": world.database.url}) as found:
        yield found


def verdict_of(name: str, databases: Databases) -> tuple[bool, int]:
    case: Case = small_case()
    case = replace(case, books=replace(case.books, history=read_history(databases), recorded_plans={}))
    found = next(verdict for verdict in judge(case) if verdict.name == name)
    return found.holds, found.looked_at


def test_a_zone_that_another_planner_takes_over_is_noted_and_is_in_order(
    world: World, databases: Databases
) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    now = world.clock.now()
    assert world.desk("dead", SHORT).claim(now, now) is not None
    # Planners share no connection.
    other = Database(world.database.url, "dispatch")
    alive = SqlDesk(other, "alive", 30.0)
    due = None

    def claims() -> bool:
        nonlocal due
        due = alive.claim(now, now)
        return due is not None

    wait_until(claims)
    assert due is not None
    with alive.keeping(due) as keeping:
        keeping.finish(due, {}, now, None)
    other.close()
    seen = leases_in(read_history(databases))
    assert (seen.plans, seen.leases, seen.takeovers) == (1, 2, 1)
    assert verdict_of("zones-have-one-planner", databases)[0]


def test_a_plan_of_whoever_lost_the_zone_is_found(world: World, databases: Databases) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    now = world.clock.now()
    due = world.desk("late").claim(now, now)
    assert due is not None
    world.call("pause_zone", actor=OPERATOR, zone_id=ZONE_ID, reason="r")
    with world.database.transaction() as tx:
        unchecked = "UPDATE zone_plan SET plan_version = 1, planned_at = now(), holder = NULL"
        tx.connection.execute(text(unchecked))
    assert verdict_of("zones-have-one-planner", databases) == (False, 4)


def test_a_courier_who_is_lent_is_noted_in_each_zone_and_large_columns_are_left_out(
    world: World, databases: Databases
) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    area = {"south": 30.0, "west": 120.5, "north": 30.5, "east": 120.6}
    world.call("open_zone", actor=OPERATOR, zone_id="zone-next", name="Next", area=area, settings={})
    until = to_wire(world.clock.now() + timedelta(hours=1))
    who = {"courier_id": "courier-1", "to_zone_id": "zone-next", "until": until}
    world.call("lend_courier", actor=OPERATOR, loan_id="loan-1", reason="r", **who)
    assert verdict_of("loans-come-home", databases) == (False, 1)
    world.call("recall_courier", actor=OPERATOR, loan_id="loan-1")
    assert verdict_of("loans-come-home", databases) == (True, 1)
    steps = read_history(databases)
    zones = [step.after["zone_id"] for step in steps if step.table == "courier"]
    assert zones == [ZONE_ID, "zone-next", ZONE_ID]
    assert not any({"plan", "route", "candidates"} & step.after.keys() for step in steps)
