"""Orders split to a second courier, on a real database."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from services.dispatch.adapters.store import SqlStore
from services.dispatch.application import overriding
from services.dispatch.contracts import requests
from services.dispatch.domain.errors import OperatorsOnly, WrongState
from services.dispatch.domain.job import delivery_id_of, trip_key_of
from services.dispatch.domain.lifecycle import Status
from shared.kernel.errors import InvalidInput
from shared.testing.pictures import a_jpeg, a_png
from tests.dispatch.builders import ZONE_ID, at, place
from tests.dispatch.integration.test_races import together
from tests.dispatch.world import OPERATOR, World, courier_actor
from tests.waiting import wait_until

CUSTOMER = {"account_id": "customer-1", "role": "customer"}
SECOND = trip_key_of("order-1")
FIRST_ID, SECOND_ID = delivery_id_of("order-1"), delivery_id_of(SECOND)


def do(world: World, courier_id: str, kind: str | None = None) -> dict[str, Any]:
    """The courier's next stop, of a kind, is arrived at and completed."""
    stops = world.route(courier_id)["stops"]
    stop: dict[str, Any] = next(one for one in stops if kind in {None, one["kind"]})
    world.call("arrive", actor=courier_actor(courier_id), stop_id=stop["stop_id"])
    world.call("complete", actor=courier_actor(courier_id), stop_id=stop["stop_id"])
    return stop


def by_hand(world: World, *parts: str, **changes: Any) -> Any:
    asked = {
        "actor": OPERATOR,
        "override_id": "split-1",
        "kind": "split",
        "order_id": "order-1",
        "store_order_ids": list(parts or ["order-1.1"]),
        "reason": "the bakery's oven broke",
    }
    return world.call("override", **asked | changes)


def tracked(world: World, actor: dict[str, str] = CUSTOMER) -> Any:
    return world.call("tracking", actor=actor, order_id="order-1")


@pytest.fixture
def lake(world: World) -> World:
    """Part 0 of order-1 is on board with courier-1; courier-2 is idle, and the second shop takes its time."""
    world.policy = replace(world.policy, records=True, rounds=12)
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    assert world.accept_all("courier-1") == 1
    world.on_shift("courier-2", place(900, 300))
    world.advance(3)
    do(world, "courier-1", "pickup")
    return world


def slip(world: World, until: float = 75) -> None:
    """The shop that is left says that it takes so long."""
    world.consume(world.accepted("order-1", left(world), at(until)))


def left(world: World) -> int:
    """The number of the part that is still to be collected."""
    (stop,) = (stop for stop in world.route("courier-1")["stops"] if stop["kind"] == "pickup")
    return int(stop["store_order_id"][-1])


def test_a_shop_that_slips_by_an_hour_is_left_to_a_second_courier(lake: World) -> None:
    before = tracked(lake)
    assert [trip["delivery_id"] for trip in before["trips"]] == [before["delivery_id"]]
    slip(lake)
    lake.plan()
    first, second = lake.delivery("order-1"), lake.delivery(SECOND)
    assert (first.status, second.status) == (Status.DELIVERING, Status.PLANNED)
    assert second.split_from == "order-1"
    assert first.trip is not None
    assert (first.trip.other, first.trip.plan_version) == (SECOND, 2)
    assert [stop["kind"] for stop in lake.route("courier-1")["stops"]] == ["drop_off"]
    # The customer sees both, and when each comes.
    seen = tracked(lake)
    assert seen["delivery_id"] == before["delivery_id"]
    assert [trip["delivery_id"] for trip in seen["trips"]] == [before["delivery_id"], SECOND_ID]
    assert {trip["order_id"] for trip in seen["trips"]} == {"order-1"}
    assert sorted(part for trip in seen["trips"] for part in trip["parts"]) == ["order-1.0", "order-1.1"]
    assert seen["trips"][0]["eta"] < "2026-01-05T04:30" < seen["trips"][1]["eta"]
    assert all(trip["window"] for trip in seen["trips"])
    codes = [trip["drop_off_code"] for trip in seen["trips"]]
    assert len(set(codes)) == 2
    # Another plan makes no third one of it.
    lake.plan()
    assert lake.scalar("SELECT count(*) FROM delivery") == 2
    assert lake.published("DeliverySplit") == ["DeliverySplit"]


def test_both_couriers_bring_it_and_the_order_is_delivered_once(lake: World) -> None:
    slip(lake)
    lake.plan()
    do(lake, "courier-1", "drop_off")
    assert lake.published("TripCompleted") == ["TripCompleted"]
    assert lake.published("DeliveryCompleted") == []
    assert tracked(lake)["delivery_id"] == SECOND_ID
    lake.advance(60)
    lake.consume(lake.ready("order-1", int(lake.delivery(SECOND).pickups[0].store_order_id[-1]), at(65)))
    for _ in range(10):
        lake.plan()
        if lake.accept_all("courier-1") or lake.accept_all("courier-2"):
            break
        lake.advance(1)
    rider = lake.delivery(SECOND).courier_id
    assert rider is not None
    # A courier is told the order that customers and shops know.
    stops = lake.route(rider)["stops"]
    assert {(stop["order_id"], stop["delivery_id"]) for stop in stops} == {("order-1", SECOND_ID)}
    do(lake, rider, "pickup")
    do(lake, rider, "drop_off")
    assert lake.published("DeliveryCompleted") == ["DeliveryCompleted"]
    seen = tracked(lake)
    assert [trip["status"] for trip in seen["trips"]] == ["delivered", "delivered"]
    events = lake.scalar("SELECT json_agg(json_build_array(type, subject, partitionkey)) FROM outbox")
    assert {key for _, subject, key in events if subject == SECOND_ID} == {"order-1"}
    lake.advance(1)
    figures = lake.call("figures", actor=OPERATOR, zone_id=ZONE_ID, hours=24)
    assert (figures["split"], figures["doorbell_rings_per_basket"]) == (1, 1.0)


def test_both_trips_handed_over_at_once_deliver_the_order_once(lake: World) -> None:
    by_hand(lake)
    lake.call(
        "override",
        actor=OPERATOR,
        override_id="give-1",
        kind="assign",
        order_id="order-1",
        delivery_id=SECOND_ID,
        courier_id="courier-2",
        reason="quickly",
    )
    do(lake, "courier-2", "pickup")
    for courier in ("courier-1", "courier-2"):
        (door,) = lake.route(courier)["stops"]
        lake.call("arrive", actor=courier_actor(courier), stop_id=door["stop_id"])
    doors = [(c, lake.route(c)["stops"][0]["stop_id"]) for c in ("courier-1", "courier-2")]
    together(
        *(
            lambda c=courier, s=stop_id: lake.call("complete", actor=courier_actor(c), stop_id=s)
            for courier, stop_id in doors
        )
    )
    ends = [name for name in lake.published() if name in {"TripCompleted", "DeliveryCompleted"}]
    assert ends == ["TripCompleted", "DeliveryCompleted"]


def test_what_a_shop_says_while_its_part_moves_reaches_the_trip_that_has_it(lake: World) -> None:
    slip(lake)
    number = int(
        next(s for s in lake.route("courier-1")["stops"] if s["kind"] == "pickup")["store_order_id"][-1]
    )
    fact = lake.ready("order-1", number, at(5))
    command = requests.load(
        requests.OVERRIDE,
        {
            "actor": OPERATOR,
            "override_id": "split-1",
            "kind": "split",
            "order_id": "order-1",
            "store_order_ids": [f"order-1.{number}"],
            "reason": "late",
        },
    )
    with ThreadPoolExecutor(max_workers=1) as pool:
        with lake.database.transaction() as tx:
            overriding.override(command, store=SqlStore(tx), clock=lake.clock)
            heard = pool.submit(lake.consume, fact)
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            wait_until(lambda: _count(lake, waiting) > 0)
        heard.result(timeout=30)
    assert lake.delivery(SECOND).parts[f"order-1.{number}"].ready_at == at(5)
    assert lake.delivery("order-1").parts[f"order-1.{number}"].ready_at == at(5)


def _count(world: World, statement: Any) -> int:
    with world.database.read() as connection:
        return int(connection.scalar(statement) or 0)


def test_a_part_that_its_shop_rejects_ends_the_trip_that_was_to_bring_it(lake: World) -> None:
    slip(lake)
    lake.plan()
    moved = lake.delivery(SECOND).pickups[0].store_order_id
    lake.consume(lake.rejected("order-1", int(moved[-1])))
    assert lake.delivery(SECOND).status is Status.CANCELLED
    assert lake.delivery("order-1").status is Status.DELIVERING
    do(lake, "courier-1", "drop_off")
    assert lake.published("DeliveryCompleted") == ["DeliveryCompleted"]
    assert lake.published("TripCompleted") == []


def test_cancelling_the_order_ends_both_trips(lake: World) -> None:
    slip(lake)
    lake.plan()
    lake.consume(lake.cancelled("order-1"), lake.cancelled("order-1"))
    assert {lake.delivery(name).status for name in ("order-1", SECOND)} == {Status.CANCELLED}
    lake.plan()
    assert lake.route("courier-1")["stops"] == []


def test_a_pickup_made_while_the_plan_was_made_drops_the_split(lake: World) -> None:
    slip(lake)
    desk = lake.desk()
    real = desk.look

    def look_and_be_overtaken(zone: Any) -> Any:
        state = real(zone)
        do(lake, "courier-1", "pickup")
        return state

    desk.look = look_and_be_overtaken  # type: ignore[method-assign]
    lake.desk = lambda *_, **__: desk  # type: ignore[method-assign]
    epoch = lake.plan()
    assert epoch is not None
    assert epoch.stale > 0
    assert lake.scalar("SELECT count(*) FROM delivery") == 1
    assert lake.published("DeliverySplit") == []
    do(lake, "courier-1", "drop_off")
    assert lake.published("DeliveryCompleted") == ["DeliveryCompleted"]


# -- by hand -----------------------------------------------------------------------------------------------


def test_an_operator_splits_by_hand_once(lake: World) -> None:
    done = by_hand(lake)
    assert (done["kind"], done["from_courier_id"], done["to_courier_id"]) == ("split", "courier-1", None)
    assert done["store_order_ids"] == ["order-1.1"] == list(lake.delivery(SECOND).trip.parts)  # type: ignore[union-attr]
    assert by_hand(lake) == done
    with pytest.raises(WrongState, match="split already"):
        by_hand(lake, override_id="split-2")
    assert [one["kind"] for one in lake.call("overrides", actor=OPERATOR, zone_id=ZONE_ID)["items"]] == [
        "split"
    ]
    board = lake.call("board", actor=OPERATOR, zone_id=ZONE_ID)
    assert [(d["order_id"], d["trip"], d["split_reason"]) for d in board["deliveries"]] == [
        ("order-1", 1, "operator"),
        ("order-1", 2, "operator"),
    ]


def test_what_may_not_be_split_by_hand_is_refused_with_a_sentence(lake: World) -> None:
    with pytest.raises(WrongState, match="still to be collected"):
        by_hand(lake, "order-1.0")
    with pytest.raises(WrongState, match="still to be collected"):
        by_hand(lake, "order-9.1")
    with pytest.raises(InvalidInput):
        by_hand(lake, store_order_ids=[])
    with pytest.raises(InvalidInput):
        by_hand(lake, courier_id="courier-2")
    with pytest.raises(OperatorsOnly):
        by_hand(lake, actor=CUSTOMER)
    paid = lake.paid("order-1")
    lake.consume(replace(paid, data={**paid.data, "method": "cash"}))
    with pytest.raises(WrongState, match="paid at the door"):
        by_hand(lake)
    assert lake.scalar("SELECT count(*) FROM delivery") == 1


def test_a_question_about_the_whole_order_is_taken_back(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    assert world.route("courier-1")["offers"]
    by_hand(world)
    assert world.route("courier-1")["offers"] == []
    world.plan()
    asked = world.route("courier-1")["offers"][0]
    assert {stop["order_id"] for stop in asked["stops"]} == {"order-1"}
    seen = world.call("explain_offer", actor=OPERATOR, offer_id=asked["offer_id"])
    assert {one["order_id"] for one in seen["candidates"]} == {"order-1"}
    board = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)
    assert set(board["offers"][0]["order_ids"]) == {"order-1"}


# -- what belongs to one trip --------------------------------------------------------------------------------


def test_a_split_order_keeps_the_room_of_one_order_in_its_slot(world: World) -> None:
    world.open_zone()
    world.open_slot()
    world.hold("order-1", slot_id="slot-1")
    world.consume(world.paid("order-1"))
    by_hand(world)
    assert world.scalar("SELECT taken FROM slot") == 1
    world.consume(world.rejected("order-1", 0))
    assert world.scalar("SELECT taken FROM slot") == 1
    world.consume(world.rejected("order-1", 1))
    assert world.scalar("SELECT taken FROM slot") == 0


def test_the_shop_s_code_is_that_of_the_courier_who_comes(lake: World) -> None:
    asked = {"actor": OPERATOR, "order_id": "order-1", "store_order_id": "order-1.1"}
    before = lake.call("pickup_code", **asked)["code"]
    by_hand(lake)
    after = lake.call("pickup_code", **asked)["code"]
    stop = next(stop for stop in lake.delivery(SECOND).stops if stop.store_order_id)
    with lake.database.read() as connection:
        assert after == lake.service.codes.of(connection, stop.stop_id)
    assert before != after
    kept = lake.call("pickup_code", **asked | {"store_order_id": "order-1.0"})
    assert kept["code"]


def test_each_trip_has_its_own_picture_of_the_door(lake: World) -> None:
    by_hand(lake)
    give = {"actor": OPERATOR, "override_id": "give-1", "kind": "assign", "order_id": "order-1"}
    lake.call("override", **give, delivery_id=SECOND_ID, courier_id="courier-2", reason="quickly")
    do(lake, "courier-2", "pickup")
    pictures = {"courier-1": a_jpeg(), "courier-2": a_png()}
    for courier_id, picture in pictures.items():
        (door,) = lake.route(courier_id)["stops"]
        lake.call("arrive", actor=courier_actor(courier_id), stop_id=door["stop_id"])
        content = base64.b64encode(picture).decode()
        lake.call("keep_photo", actor=courier_actor(courier_id), stop_id=door["stop_id"], content=content)
    asked = {"actor": CUSTOMER, "order_id": "order-1"}
    kinds = [lake.call("photo", **asked)["media_type"]]
    kinds += [lake.call("photo", **asked, delivery_id=one)["media_type"] for one in (FIRST_ID, SECOND_ID)]
    assert kinds == ["image/jpeg", "image/jpeg", "image/png"]
    assert lake.call("forget_photos", actor=OPERATOR, customer_id="customer-1") == {"forgotten": 2}


def test_a_courier_sees_the_own_trip_alone(lake: World) -> None:
    by_hand(lake)
    seen = tracked(lake, courier_actor("courier-1"))
    assert [trip["parts"] for trip in seen["trips"]] == [["order-1.0"]]
    assert seen["drop_off_code"] is None


def test_a_second_try_is_the_trip_s_that_failed_at_the_door(lake: World) -> None:
    by_hand(lake)
    give = {"actor": OPERATOR, "override_id": "give-1", "kind": "assign", "order_id": "order-1"}
    lake.call("override", **give, delivery_id=SECOND_ID, courier_id="courier-2", reason="quickly")
    do(lake, "courier-2", "pickup")
    (door,) = lake.route("courier-2")["stops"]
    lake.call("arrive", actor=courier_actor("courier-2"), stop_id=door["stop_id"])
    lake.call("fail", actor=courier_actor("courier-2"), stop_id=door["stop_id"], reason="customer-absent")
    chosen = lake.call("second_try", actor=CUSTOMER, order_id="order-1", give_up=True)
    assert (chosen["delivery_id"], chosen["status"]) == (SECOND_ID, "returning")
    do(lake, "courier-2", "return")
    assert lake.published("DeliveryFailed") == []
    assert lake.published("PickupFailed") == ["PickupFailed"]
    do(lake, "courier-1", "drop_off")
    assert lake.published("DeliveryCompleted") == ["DeliveryCompleted"]


def test_the_record_of_the_plan_that_split_it_is_the_order_s(lake: World) -> None:
    slip(lake)
    lake.plan()
    lake.plan()
    wire = lake.call("recorded_plan", actor=OPERATOR, order_id="order-1")
    (tried,) = wire["plan"]["splits"]
    assert (tried["basket_id"], tried["why"], tried["done"]) == ("order-1", "shop-late", True)
    assert tried["apart"] < tried["whole"]
