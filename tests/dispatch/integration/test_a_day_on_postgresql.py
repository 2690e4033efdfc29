"""From the hold to the door, through the service's own methods and the planner's step."""

from __future__ import annotations

import pytest

from services.dispatch.domain.errors import OfferClosed, PickupOutstanding, StopNotFound
from tests.dispatch.builders import place
from tests.dispatch.world import OPERATOR, World, courier_actor


def test_an_order_over_two_shops_reaches_the_door(world: World) -> None:
    world.open_zone()
    held = world.hold("order-1")
    assert held["zone_id"] == "zone-lake"
    assert held["slot"] is None
    world.on_shift("courier-1")
    world.consume(world.paid("order-1"))
    ready = world.clock.now()
    world.consume(world.accepted("order-1", 0, ready), world.accepted("order-1", 1, ready))

    assert world.plan() is not None
    route = world.route("courier-1")
    assert [stop["kind"] for stop in route["offers"][0]["stops"]] == ["pickup", "pickup", "drop_off"]
    assert "address" not in route["offers"][0]["stops"][-1]
    assert world.accept_all("courier-1") == 1

    stops = world.route("courier-1")["stops"]
    assert stops[-1]["address"] == "Lakeside 7"
    me = courier_actor("courier-1")
    with pytest.raises(PickupOutstanding):
        world.call("arrive", actor=me, stop_id=stops[-1]["stop_id"])
    statuses = []
    for stop in stops:
        world.advance(3)
        world.call("arrive", actor=me, stop_id=stop["stop_id"])
        world.advance(4)
        done = world.call("complete", actor=me, stop_id=stop["stop_id"], proof={"given_to": "customer"})
        statuses.append(done["delivery_status"])
        again = world.call("complete", actor=me, stop_id=stop["stop_id"], proof={})
        assert again["status"] == "done"
    assert statuses == ["collecting", "delivering", "delivered"]
    assert world.route("courier-1")["stops"] == []
    assert world.published() == [
        "CourierOnShift",
        "DeliveryPlanned",
        "CourierAssigned",
        "PickupCompleted",
        "PickupCompleted",
        "DeliveryCompleted",
    ]
    distance = sum(stop.leg_m for stop in world.delivery("order-1").stops)
    assert distance == pytest.approx(500 + 361 + 922, abs=15)


def test_a_morning_of_many_orders_is_delivered_whole(world: World) -> None:
    world.open_zone()
    couriers = [f"courier-{number}" for number in range(4)]
    for number, courier_id in enumerate(couriers):
        world.on_shift(courier_id, place(400 * number, -300))
    orders = [f"order-{number}" for number in range(12)]
    for minute in range(120):
        if minute % 4 == 0 and minute // 4 < len(orders):
            number = minute // 4
            shops = [place(300 * (number % 5), 200), place(-200, 350 * (number % 3))]
            world.a_paid_order(orders[number], 10, shops=shops, door=place(-900, 150 * number))
        world.plan()
        for courier_id in couriers:
            world.accept_all(courier_id)
            stops = world.route(courier_id)["stops"]
            if stops and minute % 5 == 0:
                me = courier_actor(courier_id)
                world.call("arrive", actor=me, stop_id=stops[0]["stop_id"])
                world.call("complete", actor=me, stop_id=stops[0]["stop_id"])
        world.advance(1)
    statuses = {order_id: world.delivery(order_id).status.value for order_id in orders}
    assert set(statuses.values()) == {"delivered"}
    assert world.published().count("DeliveryCompleted") == 12
    assert world.published().count("CourierAssigned") == 12
    assert world.scalar("SELECT count(*) FROM offer WHERE status = 'open'") == 0


def test_a_declined_delivery_goes_to_somebody_else_and_never_back(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.on_shift("courier-2", place(2500))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    (offer,) = world.route("courier-1")["offers"]
    world.call(
        "decline_offer", actor=courier_actor("courier-1"), offer_id=offer["offer_id"], reason="flat tyre"
    )
    world.advance(0.2)
    world.plan()
    assert world.route("courier-1")["offers"] == []
    assert world.accept_all("courier-2") == 1


def test_an_offer_that_runs_out_goes_to_the_next_courier(world: World) -> None:
    world.open_zone(offer_seconds=60)
    world.on_shift("courier-1", place(450))
    world.on_shift("courier-2", place(2500))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    (offer,) = world.route("courier-1")["offers"]
    world.advance(1.01)
    with pytest.raises(OfferClosed):
        world.call("accept_offer", actor=courier_actor("courier-1"), offer_id=offer["offer_id"])
    world.plan()
    assert world.scalar("SELECT status FROM offer WHERE offer_id = :id", id=offer["offer_id"]) == "expired"
    assert len(world.route("courier-2")["offers"]) == 1


def test_a_shift_that_ends_gives_unstarted_work_to_others(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    assert world.accept_all("courier-1") == 1
    ended = world.call("end_shift", actor=courier_actor("courier-1"))
    assert ended["status"] == "off"
    assert world.delivery("order-1").status.value == "waiting"
    assert world.published()[-2:] == ["CourierOffShift", "CourierUnassigned"]
    world.on_shift("courier-2", place(2500))
    world.plan()
    assert world.accept_all("courier-2") == 1


def test_a_courier_with_goods_on_board_brings_them_before_going_home(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0, shops=[place(500)])
    world.plan()
    world.accept_all("courier-1")
    me = courier_actor("courier-1")
    pickup, door = world.route("courier-1")["stops"]
    world.call("arrive", actor=me, stop_id=pickup["stop_id"])
    world.call("complete", actor=me, stop_id=pickup["stop_id"])
    assert world.call("end_shift", actor=me)["status"] == "ending"
    world.call("arrive", actor=me, stop_id=door["stop_id"])
    world.call("complete", actor=me, stop_id=door["stop_id"])
    assert world.route("courier-1")["shift"] is None
    assert world.published()[-2:] == ["CourierOffShift", "DeliveryCompleted"]


def test_a_cancelled_order_leaves_the_route_of_its_courier(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    world.accept_all("courier-1")
    (stop, *_) = world.route("courier-1")["stops"]
    off = world.cancelled("order-1")
    world.consume(off)
    cause = world.scalar("SELECT causationid FROM outbox WHERE type = 'CourierUnassigned'")
    assert cause == off.id
    assert world.route("courier-1")["stops"] == []
    with pytest.raises(StopNotFound):
        world.call("arrive", actor=courier_actor("courier-1"), stop_id=stop["stop_id"])
    assert world.published()[-1] == "CourierUnassigned"


def test_a_rejected_part_is_left_out_of_the_route(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    world.accept_all("courier-1")
    world.consume(world.rejected("order-1", 0))
    assert [stop["store_order_id"] for stop in world.route("courier-1")["stops"]] == ["order-1.1", None]
    world.consume(world.rejected("order-1", 1))
    assert world.delivery("order-1").status.value == "cancelled"


def test_an_order_that_nobody_can_take_has_failed_in_the_end(world: World) -> None:
    world.open_zone(give_up_minutes=60, maximum_minutes=90)
    world.a_paid_order("order-1", ready_in=10)
    world.plan()
    world.advance(91)
    world.plan()
    assert world.delivery("order-1").failure == "no-courier"
    assert world.published() == ["DeliveryFailed"]


def test_the_board_shows_what_goes_on(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    board = world.call("board", actor=OPERATOR, zone_id="zone-lake")
    assert [delivery["status"] for delivery in board["deliveries"]] == ["planned"]
    assert [courier["courier_id"] for courier in board["couriers"]] == ["courier-1"]
    (offer,) = board["offers"]
    assert offer["courier_id"] == "courier-1"
    assert offer["expires_at"] > board["at"]
    assert "Lakeside" not in str(board)


def test_an_idle_courier_who_moves_is_worth_a_new_plan(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.plan()
    assert world.scalar("SELECT count(*) FROM zone_change") == 0
    me = courier_actor("courier-1")
    world.call("position", actor=me, position=place(900).to_wire(), at="2026-01-05T04:00:01Z")
    assert world.scalar("SELECT count(*) FROM zone_change") == 1
    world.call("position", actor=me, position=place(10).to_wire(), at="2026-01-05T03:00:00Z")
    assert world.scalar("SELECT lon FROM sighting") == place(900).lon


def test_tracking_is_for_those_whom_it_concerns(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    world.accept_all("courier-1")
    customer = {"account_id": "customer-1", "role": "customer"}
    tracked = world.call("tracking", actor=customer, order_id="order-1")
    assert tracked["status"] == "assigned"
    assert tracked["courier_position"] == place(450).to_wire()
    assert tracked["eta"] is not None
    with pytest.raises(Exception, match="no delivery"):
        world.call("tracking", actor={"account_id": "stranger", "role": "customer"}, order_id="order-1")
