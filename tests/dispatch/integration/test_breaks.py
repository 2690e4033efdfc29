"""A courier's break, on a real database."""

from __future__ import annotations

import pytest

from services.dispatch.domain.errors import CouriersOnly, NoShift
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor

ME = courier_actor("courier-1")


def on_the_board(world: World) -> str | None:
    (courier,) = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)["couriers"]
    status: str | None = courier["break_status"]
    return status


def make_next_stop(world: World) -> None:
    stop = world.route("courier-1")["stops"][0]["stop_id"]
    world.call("arrive", actor=ME, stop_id=stop)
    world.call("complete", actor=ME, stop_id=stop)


def test_a_break_waits_for_the_route_and_keeps_everything_new_away(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    world.accept_all("courier-1")
    make_next_stop(world)
    asked = world.call("start_break", actor=ME)
    assert (asked["status"], asked["break_status"]) == ("on", "asked")
    assert world.route("courier-1")["shift"] == asked
    assert on_the_board(world) == "asked"
    world.a_paid_order("order-2", ready_in=0)
    while world.route("courier-1")["stops"]:
        make_next_stop(world)
        epoch = world.plan()
        assert epoch is not None
        assert epoch.offers == 0
    assert world.delivery("order-1").status.value == "delivered"
    assert world.route("courier-1")["shift"]["break_status"] == on_the_board(world) == "on"
    world.advance(10)
    assert world.call("end_break", actor=ME)["break_status"] is None
    assert on_the_board(world) is None
    world.plan()
    assert len(world.route("courier-1")["offers"]) == 1


def test_an_open_question_is_withdrawn_with_the_break(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    assert world.call("start_break", actor=ME)["break_status"] == "on"
    assert world.route("courier-1")["offers"] == []
    assert world.scalar("SELECT status FROM offer") == "withdrawn"
    assert world.delivery("order-1").offer_id is None
    # It was no refusal: the same courier may be asked for the same order later.
    world.call("end_break", actor=ME)
    world.plan()
    assert len(world.route("courier-1")["offers"]) == 1


def test_asking_again_changes_nothing_and_going_home_ends_a_break(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    first = world.call("start_break", actor=ME)
    world.advance(3)
    assert world.call("start_break", actor=ME) == first
    assert world.call("end_shift", actor=ME)["break_status"] is None
    assert world.route("courier-1")["shift"] is None
    for method in ("start_break", "end_break"):
        with pytest.raises(NoShift):
            world.call(method, actor=ME)
        with pytest.raises(CouriersOnly):
            world.call(method, actor=OPERATOR)
