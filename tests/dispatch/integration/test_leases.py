"""A zone has one planner at a time, by lease: whoever has lost it keeps nothing."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from services.dispatch.adapters.desk import SqlDesk
from services.dispatch.application.ports import DueZone, LeaseLostError
from shared.persistence.database import is_disconnect
from tests.dispatch.world import World
from tests.waiting import wait_until

SHORT = 0.05


def claim(world: World, desk: SqlDesk) -> DueZone | None:
    return desk.claim(world.clock.now(), world.clock.now())


def claimed(world: World, desk: SqlDesk) -> DueZone:
    """What ``desk`` gets as soon as the zone is free."""
    found: list[DueZone] = []
    wait_until(lambda: found.append(due) if (due := claim(world, desk)) else found)
    return found[0]


def keep(world: World, desk: SqlDesk, due: DueZone) -> None:
    with desk.keeping(due) as keeping:
        keeping.finish(due, {"courier-1": ["stop-1"]}, world.clock.now(), None)


def test_a_zone_has_one_planner_at_a_time(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    first, second = world.desk("first"), world.desk("second")
    due = claim(world, first)
    assert due is not None
    assert claim(world, second) is None
    assert world.scalar("SELECT holder FROM zone_plan") == "first"
    keep(world, first, due)
    assert world.scalar("SELECT holder FROM zone_plan") is None
    world.advance(1)
    world.on_shift("courier-2")
    again = claim(world, second)
    assert again is not None
    assert again.token > due.token


def test_what_a_dead_planner_had_to_do_is_done_by_the_next(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    dead = claim(world, world.desk("dead", SHORT))
    assert world.scalar("SELECT count(*) FROM zone_change") == 0
    due = claimed(world, world.desk("alive"))
    assert dead is not None
    assert due.token == dead.token + 1


@pytest.mark.parametrize("taken", [False, True], ids=["run out", "taken by another"])
def test_a_planner_without_its_lease_keeps_nothing(world: World, taken: bool) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    late, other = world.desk("late", SHORT), world.desk("other")
    due = claim(world, late)
    assert due is not None
    wait_until(lambda: world.scalar("SELECT leased_until <= clock_timestamp() FROM zone_plan"))
    if taken:
        claimed(world, other)
    assert not late.renew(due)
    with pytest.raises(LeaseLostError):
        keep(world, late, due)
    assert world.scalar("SELECT plan_version FROM zone_plan") == 0
    # Nor does it put off a zone that is another's now.
    late.postpone(world.clock.now(), world.clock.now())
    assert (world.scalar("SELECT holder FROM zone_plan") == "other") == taken


def test_a_lease_that_is_renewed_holds_on(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    desk = world.desk("first", 30.0)
    due = claim(world, desk)
    assert due is not None
    before = world.scalar("SELECT leased_until FROM zone_plan")
    assert desk.renew(due)
    assert world.scalar("SELECT leased_until FROM zone_plan") > before
    keep(world, desk, due)
    assert not desk.renew(due), "it was given back with the plan"


def test_a_planner_that_hangs_while_it_keeps_its_plan_does_not_keep_its_locks(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    hanging = world.desk("hanging", 0.3)
    due = claim(world, hanging)
    assert due is not None
    with pytest.raises(DBAPIError) as ended, hanging.keeping(due) as keeping:
        other = claimed(world, world.desk("other"))
        keeping.finish(due, {}, world.clock.now(), None)
    assert is_disconnect(ended.value), "the planner takes it for a database that was away, and goes on"
    assert other.token == due.token + 1
    assert world.scalar("SELECT plan_version FROM zone_plan") == 0
