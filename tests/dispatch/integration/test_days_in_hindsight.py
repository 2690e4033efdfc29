"""Finished days are solved again, once for each zone, from what is kept of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.dispatch.adapters.hindsight_desk import SqlHindsightDesk
from services.dispatch.application.hindsight import HindsightPolicy, solve_days
from services.dispatch.application.slot_planning import SlotPolicy
from services.dispatch.domain.business_day import BusinessDay, days_before
from services.dispatch.domain.finished_day import LivedDay, finished_day
from services.dispatch.entrypoints.slot_planner import SlotWatch, solve_once
from services.dispatch.settings import Settings
from shared.kernel.clock import AcceleratedClock, to_wire
from tests.dispatch.builders import NOON, ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor
from tests.waiting import wait_until

ME = courier_actor("courier-1")


@pytest.fixture
def town(world: World) -> World:
    """A courier brought two orders, one after the other; then everybody went home."""
    world.open_zone()
    world.on_shift("courier-1", place(450))
    for number in (1, 2):
        world.a_paid_order(f"order-{number}", ready_in=0, door=place(100 * number, 900))
        bring(world)
    return world


def bring(world: World) -> None:
    world.plan()
    assert world.accept_all("courier-1") == 1
    for stop in world.route("courier-1")["stops"]:
        world.advance(7)
        world.call("arrive", actor=ME, stop_id=stop["stop_id"])
        world.call("complete", actor=ME, stop_id=stop["stop_id"], proof={})


def tomorrow(world: World) -> None:
    world.advance(24 * 60)


def solve(world: World, seconds: float = 5.0) -> int:
    settings = Settings(
        expiry_grace_seconds=10.0, policy=world.policy, hindsight=HindsightPolicy(seconds=seconds)
    )
    return solve_once(world.database, world.clock, settings)


def told(world: World) -> Any:
    return world.call("figures", actor=OPERATOR, zone_id=ZONE_ID, hours=48)["hindsight"]


def yesterday(world: World) -> BusinessDay:
    return days_before(world.clock.now(), 1)[0]


@pytest.fixture
def other(world: World) -> Iterator[SqlHindsightDesk]:
    with world.database.read() as connection:
        yield SqlHindsightDesk(connection)


def test_a_day_is_solved_once_it_is_over_and_its_last_delivery_has_ended(town: World) -> None:
    assert solve(town) == 0, "the day goes on"
    assert told(town) is None
    town.a_paid_order("order-3", ready_in=0)
    tomorrow(town)
    assert solve(town) == 0, "an order of the day is still to be brought"
    town.consume(town.cancelled("order-3"))
    assert solve(town) == 1
    found = told(town)
    assert (found["day"], found["baskets"], found["compared"]) == ("2026-01-05", 2, 2)
    assert (found["lived"]["undelivered"], found["resolved"]["undelivered"]) == (0, 0)
    # Twenty-one minutes from stop to stop to the door, and a second for each plan.
    assert found["lived"]["click_to_door"] == pytest.approx(21, abs=0.1)
    assert 8 < found["resolved"]["click_to_door"] < 21
    gap = found["lived"]["click_to_door"] - found["resolved"]["click_to_door"]
    assert found["gap_minutes"] == pytest.approx(gap, abs=0.011)
    assert found["gap_percent"] == pytest.approx(100 * gap / found["resolved"]["click_to_door"], abs=0.2)
    assert found["lived"]["kilometres"] == pytest.approx(
        town.scalar("SELECT sum((s->>'leg_m')::int) FROM delivery, jsonb_array_elements(stops) AS s") / 1000,
        abs=0.01,
    )
    assert found["rounds"] > 0


def test_it_is_solved_once_and_never_by_two_at_the_same_time(town: World, other: SqlHindsightDesk) -> None:
    tomorrow(town)
    assert other.is_mine_alone(ZONE_ID)
    assert solve(town) == 0, "somebody else is at it"
    assert other.finished([yesterday(town)]), "and has kept nothing yet: should they die, it is made again"
    other.let_others(ZONE_ID)
    assert solve(town) == 1
    assert other.finished([yesterday(town)]) == []
    assert other.look(ZONE_ID, yesterday(town)) is None
    first = told(town)
    assert solve(town) == 0
    assert told(town) == first


def test_who_is_killed_at_it_leaves_it_to_others(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow(town)

    class Killed(BaseException):
        """What ends a process in the middle."""

    def dies(*_: object) -> None:
        raise Killed

    with town.database.read() as connection:
        desk = SqlHindsightDesk(connection)
        monkeypatch.setattr(desk, "keep", dies)
        with pytest.raises(Killed):
            solve_days(desk, clock=town.clock, policy=HindsightPolicy(seconds=1.0))
    assert told(town) is None
    assert solve(town) == 1


def test_the_lock_of_who_is_killed_goes_with_the_connection(town: World) -> None:
    tomorrow(town)
    with town.database.engine.connect() as connection:
        assert SqlHindsightDesk(connection).is_mine_alone(ZONE_ID)
        connection.commit()
        mine = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.commit()
        assert solve(town) == 0
        town.scalar(f"SELECT pg_terminate_backend({mine})")
        wait_until(lambda: not town.scalar(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {mine}"))
        assert solve(town) == 1
        connection.invalidate()


def test_who_is_lent_counts_where_they_were(town: World) -> None:
    area = {"south": 30.0, "west": 120.5, "north": 30.5, "east": 121.0}
    town.call("open_zone", actor=OPERATOR, zone_id="zone-hill", name="Hill", area=area, settings={})
    loan = {
        "loan_id": "loan-1",
        "courier_id": "courier-1",
        "to_zone_id": "zone-hill",
        "until": to_wire(town.clock.now() + timedelta(minutes=60)),
        "reason": "busy there",
    }
    lent_at = town.clock.now()
    assert town.call("lend_courier", actor=OPERATOR, **loan)["status"] == "lent"
    day = BusinessDay.of(NOON.date())
    here, there = lived(town, day), lived(town, day, "zone-hill")
    assert [one.lent_at for one in here.loans] == [lent_at]
    assert [one.loan_id for one in there.loans] == ["loan-1"]
    assert [one.courier_id for one in there.worked] == ["courier-1"]
    (rider,) = finished_day(here).riders
    assert rider.until == day.minutes(lent_at)
    (stranger,) = finished_day(there).riders
    assert stranger.free_at == day.minutes(lent_at)


def test_days_are_told_apart_and_the_newest_is_told(town: World) -> None:
    tomorrow(town)
    town.plan()
    town.on_shift("courier-1", place(450))
    town.a_paid_order("order-3", ready_in=0)
    bring(town)
    tomorrow(town)
    assert solve(town) == 2
    assert (told(town)["day"], told(town)["baskets"]) == ("2026-01-06", 1)
    assert town.scalar("SELECT array_agg(baskets ORDER BY day) FROM zone_hindsight") == [2, 1]


def test_where_no_seconds_are_to_be_spent_nothing_is_solved(town: World) -> None:
    tomorrow(town)
    assert solve(town, seconds=0) == 0
    assert told(town) is None


def test_a_shift_is_known_as_it_was_worked(world: World) -> None:
    world.open_zone()
    world.call("approve_courier", actor=OPERATOR, courier_id="courier-1")
    pause = {"starts_at": to_wire(NOON + timedelta(hours=1)), "ends_at": to_wire(NOON + timedelta(hours=2))}
    world.call(
        "start_shift",
        actor=ME,
        shift_id="shift-1",
        zone_id=ZONE_ID,
        ends_at=to_wire(NOON + timedelta(hours=8)),
        position=place(450).to_wire(),
        vehicle="scooter",
        breaks=[pause],
        capacity={"pickups": 3},
    )
    world.advance(30)
    world.call("start_break", actor=ME)
    world.advance(10)
    world.call("end_break", actor=ME)
    world.advance(20)
    world.call("start_break", actor=ME)
    world.call("end_shift", actor=ME)
    (worked,) = lived(world, BusinessDay.of(NOON.date())).worked
    assert worked.place == place(450)
    assert worked.ended_at == world.clock.now()
    assert (worked.shift.vehicle.value, worked.shift.capacity) == ("scooter", 3)
    assert [pause.starts_at for pause in worked.shift.breaks] == [NOON + timedelta(hours=1)]
    half_past = NOON + timedelta(minutes=30)
    assert worked.rests == ((half_past, half_past + timedelta(minutes=10)), (world.clock.now(), None))


def test_a_shift_from_before_all_that_was_kept_still_counts(town: World) -> None:
    town.scalar("UPDATE shift SET began = NULL RETURNING 1")
    (worked,) = lived(town, BusinessDay.of(NOON.date())).worked
    assert (worked.place, worked.shift.capacity, worked.rests) == (None, 12, ())
    tomorrow(town)
    assert solve(town) == 1
    assert told(town)["resolved"]["undelivered"] == 0


def lived(world: World, day: BusinessDay, zone_id: str = ZONE_ID) -> LivedDay:
    with world.database.read() as connection:
        found = SqlHindsightDesk(connection).look(zone_id, day)
    assert found is not None
    return found


def test_the_planner_lets_a_process_of_its_own_solve_days_and_shows_what_they_came_to(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow(town)
    clock = AcceleratedClock(town.clock.now(), time.time(), 1.0)
    monkeypatch.setenv("LINLI_CLOCK", clock.to_environment())
    monkeypatch.setenv("LINLI_DISPATCH_DATABASE_URL", town.database.url)
    watch = SlotWatch(town.database, clock, SlotPolicy())
    assert watch.look()
    found = told(town)
    assert found["baskets"] == 2
    shown = REGISTRY.get_sample_value("linli_hindsight_gap_minutes", {"zone": ZONE_ID})
    assert shown == pytest.approx(found["gap_minutes"], abs=0.011)
    assert not watch.look()
