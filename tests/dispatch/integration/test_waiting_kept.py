"""Where couriers are told to wait, in PostgreSQL: learnt from what shops had ready, gone with what comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.dispatch.adapters.experience import Experience
from services.dispatch.application.planner import plan_next_zone
from services.dispatch.domain.planning.waiting import Demand
from shared.kernel.clock import to_wire
from shared.kernel.ids import UuidV7
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor

SHOP = place(2000)


def an_order_of_the_past(world: World, order_id: str) -> None:
    """Ready two minutes after it was accepted, and then cancelled: nobody has anything to bring."""
    world.hold(order_id, shops=[SHOP])
    now = world.clock.now()
    world.consume(
        world.paid(order_id),
        world.accepted(order_id, 0, now + timedelta(minutes=2)),
        world.ready(order_id, 0, now + timedelta(minutes=2)),
    )
    world.consume(world.cancelled(order_id))


def expected(world: World, experience: Experience | None = None) -> Demand:
    with world.database.read() as connection:
        return (experience or Experience()).demand(connection, ZONE_ID, world.clock.now())


def wait_at(world: World, courier_id: str = "courier-1") -> Any:
    return world.route(courier_id)["wait_at"]


@pytest.fixture
def told(world: World) -> World:
    """A zone of one busy shop, and an idle courier who was told to wait there."""
    world.open_zone()
    for number in range(3):
        an_order_of_the_past(world, f"past-{number}")
    world.on_shift("courier-1")
    epoch = world.plan()
    assert epoch is not None
    assert epoch.sent_to_wait == 1
    return world


def test_a_courier_is_told_where_to_wait_since_when_and_why(told: World) -> None:
    assert wait_at(told) == {
        "shop_id": "shop-0",
        "name": "Shop 0",
        "position": SHOP.to_wire(),
        "since": to_wire(told.clock.now()),
        "why": "Orders are likely here and nearby, and no other courier is free.",
    }
    (courier,) = told.call("board", actor=OPERATOR, zone_id=ZONE_ID)["couriers"]
    assert courier["wait_at"] == {
        "shop_id": "shop-0",
        "position": SHOP.to_wire(),
        "since": to_wire(told.clock.now()),
    }


def test_it_is_no_assignment_and_no_event_and_makes_nothing_stale(told: World) -> None:
    route = told.route("courier-1")
    assert (route["stops"], route["offers"]) == ([], [])
    assert told.published("CourierAssigned") == []
    assert told.scalar("SELECT version FROM courier") == route["version"]


def test_it_is_gone_with_the_next_offer_and_stays_gone(told: World) -> None:
    told.a_paid_order("order-1", ready_in=0)
    told.advance(1)
    epoch = told.plan()
    assert epoch is not None
    assert epoch.offers == 1
    assert wait_at(told) is None
    (offer,) = told.route("courier-1")["offers"]
    told.call("decline_offer", actor=courier_actor("courier-1"), offer_id=offer["offer_id"], reason="no")
    assert wait_at(told) is None


@pytest.mark.parametrize("ending", ["start_break", "end_shift"])
def test_it_is_gone_with_a_break_and_with_the_shift(told: World, ending: str) -> None:
    told.call(ending, actor=courier_actor("courier-1"))
    told.advance(2)
    told.plan()
    assert told.scalar("SELECT waits FROM courier") is None
    assert wait_at(told) is None


def test_whoever_stays_elsewhere_is_asked_all_the_same(told: World) -> None:
    told.advance(30)
    told.a_paid_order("order-1", ready_in=0, shops=[place(300)])
    epoch = told.plan()
    assert epoch is not None
    assert epoch.offers == 1


def test_what_has_changed_meanwhile_is_told_nothing(world: World) -> None:
    world.open_zone()
    an_order_of_the_past(world, "past-1")
    world.on_shift("courier-1")
    desk = world.desk()
    look = desk.look

    def look_and_see_a_break_begin(zone: Any) -> Any:
        state = look(zone)
        world.call("start_break", actor=courier_actor("courier-1"))
        return state

    desk.look = look_and_see_a_break_begin  # type: ignore[method-assign]
    world.advance(1)
    epoch = plan_next_zone(desk, clock=world.clock, ids=UuidV7(), policy=world.policy)
    assert epoch is not None
    assert epoch.sent_to_wait == 1
    assert world.scalar("SELECT waits FROM courier") is None


def test_a_zone_may_do_without(world: World) -> None:
    world.open_zone(wait_minutes=0)
    an_order_of_the_past(world, "past-1")
    world.on_shift("courier-1")
    world.plan()
    assert wait_at(world) is None


def test_a_quiet_zone_with_idle_couriers_looks_again_soon(told: World) -> None:
    due_at = told.scalar("SELECT due_at FROM zone_plan")
    assert timedelta(0) < due_at - told.clock.now() <= timedelta(minutes=2)


def test_orders_count_the_more_the_nearer_their_hour_is(world: World) -> None:
    world.open_zone()
    an_order_of_the_past(world, "past-1")
    (now,) = expected(world).shops
    assert (now.shop_id, now.name, now.place) == ("shop-0", "Shop 0", SHOP)
    assert now.weight == pytest.approx(2.0, abs=0.01)
    world.advance(90)
    assert expected(world).shops[0].weight == pytest.approx(1.0 + 0.6065, abs=0.01)
    world.advance(600)
    assert expected(world).shops[0].weight == pytest.approx(1.1)
    world.advance(24 * 60 - 690)
    assert expected(world).shops[0].weight == pytest.approx(2.0, abs=0.01)
    assert expected(world).preparations == pytest.approx((2.0,) * 20)
    world.advance(14 * 24 * 60)
    assert expected(world).shops == ()


def test_what_is_expected_is_read_now_and_then(world: World) -> None:
    seconds = iter(range(0, 1000, 60))
    experience = Experience(lambda: float(next(seconds)))
    world.open_zone()
    assert expected(world, experience).shops == ()
    an_order_of_the_past(world, "past-1")
    first = expected(world, experience)
    assert len(first.shops) == 1
    an_order_of_the_past(world, "past-2")
    assert expected(world, experience) is first
    world.advance(11)
    assert expected(world, experience).shops[0].weight > first.shops[0].weight
