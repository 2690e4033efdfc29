"""Slots planned hours ahead on a real database, beside the live planner."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.dispatch.adapters import pyvrp_pairs
from services.dispatch.adapters.slot_desk import SqlSlotDesk
from services.dispatch.application.slot_planning import SlotPolicy
from services.dispatch.domain.lifecycle import Status
from services.dispatch.entrypoints.slot_planner import SlotWatch, solver_of, work_once
from services.dispatch.settings import Settings
from shared.kernel.clock import AcceleratedClock
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World


@pytest.fixture
def town(world: World) -> World:
    """A slot of an hour in four hours' time, with three orders in it."""
    world.open_zone(slot_lead_minutes=60)
    world.open_slot(capacity=9, starts_in=240)
    for number in (1, 2, 3):
        world.hold(f"order-{number}", slot_id="slot-1", door=place(100 * number, 900))
        world.consume(world.paid(f"order-{number}"))
    return world


def settings(world: World, solver: str = "auto") -> Settings:
    return Settings(
        expiry_grace_seconds=10.0,
        policy=world.policy,
        slots=SlotPolicy(seconds=0.3),
        slot_solver=solver,
    )


def work(world: World, solver: str = "auto") -> tuple[int, int]:
    return work_once(world.database, world.clock, settings(world, solver))


def slot(world: World) -> Any:
    return world.call("zone_slots", actor=OPERATOR, zone_id=ZONE_ID)["items"][0]


@pytest.mark.parametrize(
    ("solver", "planned_by"), [("own", {"own"}), ("pyvrp", {"pyvrp"}), ("auto", {"own", "pyvrp"})]
)
def test_operators_see_how_many_couriers_a_coming_slot_needs(
    town: World, solver: str, planned_by: set[str]
) -> None:
    assert slot(town)["outlook"] is None
    assert work(town, solver) == (1, 0)
    seen = slot(town)["outlook"]
    assert seen["solver"] in planned_by
    assert (seen["booked"], seen["couriers_needed"], seen["late"]) == (3, 1, [])
    (route,) = seen["routes"]
    assert sorted(route["order_ids"]) == ["order-1", "order-2", "order-3"]
    assert route["leaves_at"] < slot(town)["starts_at"] < route["ends_at"] <= slot(town)["ends_at"]


def test_a_slot_is_planned_again_when_its_orders_change_and_not_before(town: World) -> None:
    assert work(town) == (1, 0)
    assert work(town) == (0, 0)
    town.hold("order-4", slot_id="slot-1")
    assert work(town) == (1, 0)
    assert slot(town)["outlook"]["booked"] == 4
    town.consume(town.rejected("order-4", 0))
    assert work(town) == (1, 0), "one shop less to go to"
    for number in (1, 2, 3, 4):
        town.consume(town.cancelled(f"order-{number}"))
    assert work(town) == (1, 0)
    assert (slot(town)["outlook"]["couriers_needed"], slot(town)["outlook"]["routes"]) == (0, [])


def test_the_live_planner_takes_a_slot_over_in_time(town: World) -> None:
    town.on_shift("courier-1", place(450), hours=8)
    town.advance(175)
    town.plan()
    assert town.delivery("order-1").status is Status.WAITING
    assert work(town) == (1, 0)
    town.advance(10)
    # An hour before it starts the slot is the live planner's, and nothing is planned beside it.
    town.consume(town.cancelled("order-3"))
    assert work(town) == (0, 0)
    town.plan()
    assert town.delivery("order-1").status is Status.PLANNED


def test_without_pyvrp_the_engine_plans(
    town: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pyvrp_pairs, "is_there", lambda: False)
    assert solver_of(settings(town, "auto")).name == "own"
    assert "setup-slots" not in caplog.text
    assert work(town, "pyvrp") == (1, 0)
    assert slot(town)["outlook"]["solver"] == "own"
    assert "make setup-slots" in caplog.text


def test_a_zone_s_pace_is_measured_by_its_own_deliveries_and_slots_follow(town: World) -> None:
    town.call("approve_courier", actor=OPERATOR, courier_id="courier-1")
    starts, ends = slot(town)["starts_at"], slot(town)["ends_at"]
    shift = {"entry_id": "entry-1", "courier_id": "courier-1", "starts_at": starts, "ends_at": ends}
    town.call("announce_shifts", actor=OPERATOR, zone_id=ZONE_ID, shifts=[shift])
    assert (slot(town)["pace"], slot(town)["capacity"]) == (2.0, 1)
    for number in range(30):
        town.hold(f"past-{number}", shops=[place(40 * number)], door=place(0, 30 * number))
    delivered = "UPDATE delivery SET status = 'delivered', ended_at = placed_at WHERE order_id LIKE 'past-%'"
    town.scalar(f"{delivered} RETURNING 1")
    assert work(town)[1] == 1
    town.service.judge_slots()
    seen = slot(town)
    assert seen["pace"] > 2.0
    assert seen["capacity"] == int(seen["pace"] * 0.7) > 1
    assert work(town) == (0, 0), "it was measured just now"


def test_one_works_at_a_time(town: World) -> None:
    with town.database.read() as connection:
        other = SqlSlotDesk(connection)
        assert other.is_mine_alone()
        assert work(town) == (0, 0)
        other.let_others()
    assert work(town) == (1, 0)


def test_the_planner_lets_a_process_of_its_own_plan_slots(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = AcceleratedClock(town.clock.now(), time.time(), 1.0)
    monkeypatch.setenv("LINLI_CLOCK", clock.to_environment())
    monkeypatch.setenv("LINLI_DISPATCH_DATABASE_URL", town.database.url)
    monkeypatch.setenv("LINLI_DISPATCH_SLOT_SECONDS", "0.3")
    watch = SlotWatch(town.database, clock, SlotPolicy())
    assert watch.look()
    assert slot(town)["outlook"]["booked"] == 3
    assert not watch.look()
