"""Codes and pictures on a real database."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from services.dispatch.domain.errors import (
    OperatorsOnly,
    PhotoNotFound,
    ProofMissing,
    StopNotFound,
    TooManyCodes,
    WrongCode,
    WrongState,
)
from shared.kernel.picture import PictureRefused, read_picture
from shared.testing.pictures import a_jpeg, a_png
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor

CUSTOMER = {"account_id": "customer-1", "role": "customer"}
COURIER = courier_actor("courier-1")


@pytest.fixture
def lake(world: World) -> World:
    """An order of one shop, on the route of the only courier; the zone wants everything proved."""
    world.open_zone(pickup_code=True, drop_off_proof=True)
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0, shops=[place(500)])
    world.plan()
    assert world.accept_all("courier-1") == 1
    return world


def stop_of(world: World, kind: str) -> str:
    return next(s.stop_id for s in world.delivery("order-1").stops if s.kind == kind)


def complete(world: World, kind: str, **shown: Any) -> Any:
    return world.call("complete", actor=COURIER, stop_id=stop_of(world, kind), **shown)


def arrive(world: World, kind: str) -> None:
    world.call("arrive", actor=COURIER, stop_id=stop_of(world, kind))


def shop_s_code(world: World) -> str:
    asked = {"actor": OPERATOR, "order_id": "order-1", "store_order_id": "order-1.0"}
    return str(world.call("pickup_code", **asked)["code"])


def at_the_door(world: World) -> None:
    arrive(world, "pickup")
    complete(world, "pickup", code=shop_s_code(world))
    arrive(world, "drop_off")


def send(world: World, picture: bytes, kind: str = "drop_off", actor: Any = COURIER) -> Any:
    content = base64.b64encode(picture).decode()
    return world.call("keep_photo", actor=actor, stop_id=stop_of(world, kind), content=content)


def tracking(world: World, actor: Any = CUSTOMER) -> Any:
    return world.call("tracking", actor=actor, order_id="order-1")


def told(world: World, type: str) -> Any:
    data = world.scalar("SELECT data FROM outbox WHERE type = :type", type=type)
    return data if isinstance(data, dict) else json.loads(data)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04d}"


def test_a_shop_s_code_lets_its_part_go(lake: World) -> None:
    arrive(lake, "pickup")
    with pytest.raises(ProofMissing):
        complete(lake, "pickup")
    done = complete(lake, "pickup", code=shop_s_code(lake), position=place(500, 20).to_wire())
    assert (done["status"], done["proved_by"]) == ("done", "code")
    assert complete(lake, "pickup")["status"] == "done"
    said = told(lake, "PickupCompleted")
    assert (said["proved_by"], said["proved_distance_m"]) == ("code", 20)
    (delivery,) = lake.call("board", actor=OPERATOR, zone_id=ZONE_ID)["deliveries"]
    assert delivery["pickups"][0]["proved_by"] == "code"


def test_a_wrong_code_counts_although_it_is_refused_and_five_close_the_stop(lake: World) -> None:
    arrive(lake, "pickup")
    right = shop_s_code(lake)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongCode) as wrong:
            complete(lake, "pickup", code=another(right))
        assert wrong.value.extra == {"tries_left": left}
    with pytest.raises(TooManyCodes):
        complete(lake, "pickup", code=right)
    (delivery,) = lake.call("board", actor=OPERATOR, zone_id=ZONE_ID)["deliveries"]
    assert delivery["wrong_codes"] == 5
    lake.advance(10)
    assert complete(lake, "pickup", code=right)["status"] == "done"


def test_nobody_guesses_before_being_there(lake: World) -> None:
    with pytest.raises(WrongState):
        complete(lake, "pickup", code="0000")
    assert lake.delivery("order-1").stops[0].tries == 0


def test_the_customer_is_shown_the_code_of_the_door_and_the_courier_is_not(lake: World) -> None:
    at_the_door(lake)
    code = tracking(lake)["drop_off_code"]
    assert tracking(lake, COURIER)["drop_off_code"] is None
    assert "code" not in json.dumps(lake.route("courier-1"))
    done = complete(lake, "drop_off", code=code, handover="in-person")
    assert (done["delivery_status"], done["proved_by"]) == ("delivered", "code")
    assert tracking(lake)["drop_off_code"] is None
    said = told(lake, "DeliveryCompleted")
    assert (said["proved_by"], said["handover"]) == ("code", "in-person")
    assert code not in said.values()


def test_a_picture_of_the_door_is_for_the_customer_and_operators_alone(lake: World) -> None:
    at_the_door(lake)
    with pytest.raises(ProofMissing):
        complete(lake, "drop_off", handover="unattended")
    assert send(lake, a_png())["media_type"] == "image/png"
    kept = send(lake, a_jpeg())
    assert (kept["media_type"], kept["width"], kept["height"]) == ("image/jpeg", 64, 48)
    assert complete(lake, "drop_off", handover="unattended")["proved_by"] == "photo"
    for actor in (CUSTOMER, OPERATOR):
        found = lake.call("photo", actor=actor, order_id="order-1")
        assert base64.b64decode(found["content"]) == read_picture(a_jpeg()).content
    merchant = {"account_id": "merchant-1", "role": "merchant"}
    for actor in (COURIER, merchant, CUSTOMER | {"account_id": "customer-2"}):
        with pytest.raises(PhotoNotFound):
            lake.call("photo", actor=actor, order_id="order-1")
    door = tracking(lake)["stops"][-1]
    assert (door["proved_by"], door["handover"], door["photo_at"] is not None) == (
        "photo",
        "unattended",
        True,
    )
    said = told(lake, "DeliveryCompleted")
    assert (said["proved_by"], said["handover"]) == ("photo", "unattended")


def test_pictures_are_taken_at_the_door_by_who_stands_there(lake: World) -> None:
    with pytest.raises(WrongState):
        send(lake, a_jpeg())
    with pytest.raises(WrongState):
        send(lake, a_jpeg(), kind="pickup")
    at_the_door(lake)
    with pytest.raises(StopNotFound):
        send(lake, a_jpeg(), actor=courier_actor("courier-2"))
    with pytest.raises(PictureRefused):
        send(lake, b"<svg/>")
    complete(lake, "drop_off", unproved_reason="declined", handover="in-person")
    with pytest.raises(WrongState):
        send(lake, a_jpeg())
    assert lake.scalar("SELECT count(*) FROM photo") == 0


def test_a_picture_is_forgotten_in_time_or_when_its_customer_is(lake: World) -> None:
    at_the_door(lake)
    send(lake, a_jpeg())
    with pytest.raises(OperatorsOnly):
        lake.call("forget_photos", actor=CUSTOMER, customer_id="customer-1")
    assert lake.call("forget_photos", actor=OPERATOR, customer_id="customer-2") == {"forgotten": 0}
    assert lake.call("forget_photos", actor=OPERATOR, customer_id="customer-1") == {"forgotten": 1}
    with pytest.raises(PhotoNotFound):
        lake.call("photo", actor=CUSTOMER, order_id="order-1")
    send(lake, a_jpeg())
    lake.clock.advance(timedelta(days=29))
    lake.call("forget_old_photos")
    assert lake.scalar("SELECT count(*) FROM photo") == 1
    lake.clock.advance(timedelta(days=2))
    lake.call("forget_old_photos")
    assert lake.scalar("SELECT count(*) FROM photo") == 0


def test_each_database_has_a_key_of_its_own_and_one_only(world: World) -> None:
    assert world.scalar("SELECT length(key) FROM proof_key") == 32
    assert world.scalar("SELECT count(*) FROM proof_key") == 1
