"""A zone planned with a router's travel times, and what operators see of it."""

from __future__ import annotations

from collections.abc import Callable

from services.dispatch.adapters.osrm import OsrmRouter
from services.dispatch.application.travelling import TravelMemory
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.osrm import FakeOsrm, serving
from tests.dispatch.world import OPERATOR, World


def at_once(work: Callable[[], None]) -> None:
    work()


def source(world: World) -> str:
    told: str = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)["travel"]
    return told


def test_plans_go_by_the_router_and_go_on_without_it(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(-1000))
    world.a_paid_order("order-1", ready_in=30, shops=[place(500)], door=place(2000))
    world.plan()
    assert source(world) == "great_circle"
    straight = world.delivery("order-1").eta
    assert straight is not None
    with serving(FakeOsrm(detour=2.0, metres_per_second=320 / 60)) as osrm:
        world.travel = TravelMemory(OsrmRouter(osrm.url, "bike"), start=at_once)
        world.advance(1)
        world.plan()
        assert source(world) == "router"
        by_road = world.delivery("order-1").eta
        # Five minutes to the door are ten by road; to the shop there is time.
        assert by_road is not None
        assert 4 < (by_road - straight).total_seconds() / 60 < 8
        osrm.fails_always = "NoTable"
        world.a_paid_order("order-2", ready_in=0, shops=[place(300, 400)], door=place(900, 900))
        world.advance(1)
        epoch = world.plan()
    assert epoch is not None
    assert (epoch.baskets, epoch.unassigned) == (2, 0)
    assert source(world) == "degraded"
    still = world.delivery("order-1").eta
    assert still is not None
    assert abs((still - by_road).total_seconds()) < 180
