"""Vehicles, loads, planned breaks and foreseen couriers, through a real database and back."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.domain.errors import ZoneExists
from services.dispatch.domain.vehicle import Load
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput
from tests.dispatch.builders import ZONE_ID, at, place
from tests.dispatch.world import OPERATOR, World, courier_actor

AREA = {"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.5}
CAR = {"car": {"speed_factor": 1.2, "capacity": {"pickups": 30, "volume": 50}}}


def start(world: World, **shift: Any) -> Any:
    world.call("approve_courier", actor=OPERATOR, courier_id="courier-1")
    return world.call(
        "start_shift",
        actor=courier_actor("courier-1"),
        shift_id="shift-1",
        zone_id=ZONE_ID,
        ends_at=to_wire(at(240)),
        position=place().to_wire(),
        **shift,
    )


def open_zone(world: World, **settings: Any) -> Any:
    return world.call("open_zone", actor=OPERATOR, zone_id=ZONE_ID, name="Lake", area=AREA, settings=settings)


def test_a_shift_says_what_is_ridden_and_how_much_is_carried(world: World) -> None:
    assert open_zone(world, vehicles=CAR)["settings"]["vehicles"] == CAR
    # Asked again it is the same zone, and with other vehicles another.
    open_zone(world, vehicles=CAR)
    with pytest.raises(ZoneExists):
        open_zone(world)
    pause = {"starts_at": to_wire(at(60)), "ends_at": to_wire(at(90))}
    shift = start(world, vehicle="car", capacity={"cold": 4}, breaks=[pause])
    assert shift["vehicle"] == "car"
    assert shift["capacity"] == {"pickups": 30, "volume": 50, "cold": 4}
    assert shift["breaks"] == [pause]
    assert world.route("courier-1")["shift"] == shift
    state = world.desk().look(_zone(world))
    assert state.couriers["courier-1"].on_shift().speed_factor == 1.2
    board = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)
    assert [courier["vehicle"] for courier in board["couriers"]] == ["car"]


def _zone(world: World) -> Any:
    from services.dispatch.adapters.views import Views

    with world.database.read() as connection:
        (zone,) = Views(connection).zones()
    return zone


def test_parcels_and_volume_are_understood_as_before(world: World) -> None:
    open_zone(world)
    assert start(world, capacity={"parcels": 5})["capacity"] == {"pickups": 5, "volume": 5}


@pytest.mark.parametrize(
    "breaks",
    [
        [(30, 20)],
        [(200, 250)],
        [(20, 40), (30, 50)],
    ],
)
def test_breaks_that_cannot_be_are_refused(world: World, breaks: list[tuple[float, float]]) -> None:
    open_zone(world)
    wire = [{"starts_at": to_wire(at(starts)), "ends_at": to_wire(at(ends))} for starts, ends in breaks]
    with pytest.raises(InvalidInput):
        start(world, breaks=wire)


def test_the_load_of_goods_is_kept_with_the_delivery(world: World) -> None:
    world.open_zone()
    request = world.hold_request("order-1")
    request["pickups"][0]["load"] = {"volume": 4, "cold": 2}
    world.call("hold", **request)
    world.consume(world.paid("order-1"))
    kept = world.delivery("order-1")
    assert [stop.load for stop in kept.stops[:2]] == [Load(volume=4, cold=2), Load()]
    assert kept.pickups[0].load == Load(volume=4, cold=2)


def test_who_is_foreseen_is_kept(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=30)
    world.plan()
    assert world.delivery("order-1").foreseen == "courier-1"
