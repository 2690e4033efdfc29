"""What a delivery is told, in whatever order, and what a courier does with it."""

from __future__ import annotations

import pytest

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import HoldReleased, PickupOutstanding, WrongState
from services.dispatch.domain.events import (
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryFailed,
    PickupCompleted,
    PickupFailed,
)
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.stop import StopStatus
from tests.dispatch.builders import NOON, a_held_delivery, a_paid_delivery, a_pickup, an_assigned_delivery, at


def test_a_hold_that_was_released_before_it_was_made_is_refused() -> None:
    delivery = Delivery(order_id="order-1")
    delivery.release("stock gone", NOON)
    held = a_held_delivery()
    with pytest.raises(HoldReleased):
        delivery.hold(
            zone_id="zone-lake",
            slot=None,
            drop_off=held.drop_off,  # type: ignore[arg-type]
            pickups=held.pickups,
            placed_at=NOON,
            promised_at=at(40),
            expires_at=at(15),
        )


def test_paying_beats_a_release() -> None:
    first, second = a_held_delivery(), a_held_delivery()
    first.release("expired", at(16))
    first.paid("customer-1", at(15), at(17))
    second.paid("customer-1", at(15), at(16))
    second.release("expired", at(17))
    assert first.status is second.status is Status.WAITING


def test_a_part_rejected_before_the_payment_was_heard_of_is_never_collected() -> None:
    delivery = a_held_delivery()
    delivery.rejected("so-1", at(1))
    delivery.paid("customer-1", at(1), at(2))
    assert [stop.status for stop in delivery.stops] == [
        StopStatus.SKIPPED,
        StopStatus.PENDING,
        StopStatus.PENDING,
    ]


def test_an_order_rejected_by_every_shop_is_cancelled() -> None:
    delivery = an_assigned_delivery()
    delivery.rejected("so-1", at(2))
    assert delivery.status is Status.ASSIGNED
    delivery.rejected("so-2", at(3))
    assert delivery.status is Status.CANCELLED
    assert isinstance(delivery.events[-1], CourierUnassigned)


def test_the_last_open_pickup_rejected_means_that_the_rest_is_brought() -> None:
    delivery = an_assigned_delivery()
    first, _, _ = delivery.stops
    delivery.arrive(first.stop_id, at(2))
    delivery.complete(first.stop_id, None, 100, at(3))
    delivery.rejected("so-2", at(4))
    assert delivery.status is Status.DELIVERING


def test_the_door_comes_after_every_pickup() -> None:
    delivery = an_assigned_delivery()
    first, second, door = (stop.stop_id for stop in delivery.stops)
    delivery.arrive(first, at(2))
    delivery.complete(first, None, 300, at(6))
    with pytest.raises(PickupOutstanding):
        delivery.arrive(door, at(8))
    delivery.arrive(second, at(8))
    delivery.complete(second, None, 200, at(12))
    delivery.arrive(door, at(20))
    delivery.complete(door, {"given_to": "customer"}, 1000, at(24))
    delivery.complete(door, None, 1000, at(25))
    assert [type(event) for event in delivery.events[-3:]] == [
        PickupCompleted,
        PickupCompleted,
        DeliveryCompleted,
    ]
    completed = delivery.events[-1]
    assert isinstance(completed, DeliveryCompleted)
    assert (completed.distance_m, completed.pickups) == (1500, 2)


def test_nothing_is_completed_before_its_courier_is_there() -> None:
    delivery = an_assigned_delivery()
    with pytest.raises(WrongState):
        delivery.complete(delivery.stops[0].stop_id, None, 0, at(2))


def test_goods_on_board_are_not_taken_back() -> None:
    delivery = an_assigned_delivery()
    first = delivery.stops[0].stop_id
    delivery.arrive(first, at(2))
    delivery.complete(first, None, 100, at(3))
    with pytest.raises(WrongState):
        delivery.unassign("shift-ended")


def test_a_closed_shop_sends_the_delivery_to_another_courier_once_then_fails_it() -> None:
    delivery = an_assigned_delivery(pickups=(a_pickup("so-1"),))
    first = delivery.stops[0].stop_id
    delivery.fail_stop(first, "closed", at(5))
    assert delivery.status is Status.WAITING
    assert delivery.barred == {"courier-1": None}
    delivery.assign("courier-2", at(6), at(30), plan_version=2)
    delivery.fail_stop(first, "closed", at(15))
    assert delivery.status is Status.FAILED
    assert isinstance(delivery.events[-1], DeliveryFailed)


def test_a_part_that_cannot_be_collected_twice_is_left_out_and_the_rest_is_brought() -> None:
    delivery = an_assigned_delivery()
    first, second, door = (stop.stop_id for stop in delivery.stops)
    delivery.fail_stop(first, "shop-closed", at(5))
    delivery.assign("courier-2", at(6), at(30), plan_version=2)
    delivery.fail_stop(first, "shop-closed", at(15))
    assert delivery.status is Status.ASSIGNED
    failed = delivery.events[-1]
    assert isinstance(failed, PickupFailed)
    assert (failed.store_order_id, failed.courier_id, failed.reason) == ("so-1", "courier-2", "shop-closed")
    # It stays left out when somebody else gets the rest.
    delivery.unassign("shift-ended")
    delivery.assign("courier-3", at(20), at(40), plan_version=3)
    assert [stop.stop_id for stop in delivery.open_stops()] == [second, door]
    delivery.arrive(second, at(25))
    delivery.complete(second, None, 100, at(26))
    assert delivery.status is Status.DELIVERING


def test_goods_on_board_go_on_to_the_door_without_a_part_that_fails() -> None:
    delivery = an_assigned_delivery()
    first, second, door = (stop.stop_id for stop in delivery.stops)
    delivery.arrive(first, at(2))
    delivery.complete(first, None, 100, at(3))
    delivery.fail_stop(second, "not-ready", at(5))
    delivery.fail_stop(second, "not-ready", at(5))
    assert delivery.status is Status.DELIVERING
    assert sum(isinstance(event, PickupFailed) for event in delivery.events) == 1
    delivery.arrive(door, at(9))
    delivery.complete(door, None, 100, at(12))
    assert delivery.status is Status.DELIVERED


def test_with_one_part_left_out_and_the_other_rejected_nothing_is_left_to_bring() -> None:
    delivery = an_assigned_delivery()
    first = delivery.stops[0].stop_id
    delivery.fail_stop(first, "shop-closed", at(5))
    delivery.assign("courier-2", at(6), at(30), plan_version=2)
    delivery.fail_stop(first, "shop-closed", at(15))
    delivery.rejected("so-2", at(16))
    assert delivery.status is Status.CANCELLED


def test_nobody_at_the_door_fails_the_delivery() -> None:
    delivery = an_assigned_delivery()
    for stop in delivery.stops[:2]:
        delivery.arrive(stop.stop_id, at(2))
        delivery.complete(stop.stop_id, None, 100, at(3))
    door = delivery.stops[2].stop_id
    delivery.arrive(door, at(9))
    delivery.fail_stop(door, "nobody home", at(12))
    assert delivery.status is Status.FAILED
    assert delivery.failure == "drop-off-failed: nobody home"


def test_a_delivery_is_offered_to_one_courier_at_a_time() -> None:
    delivery = a_paid_delivery()
    delivery.offer("offer-1")
    with pytest.raises(WrongState):
        delivery.offer("offer-2")
    delivery.not_taken("courier-1", None)
    delivery.offer("offer-2")


def test_a_ready_time_that_came_true_outranks_every_estimate() -> None:
    delivery = a_paid_delivery()
    stop = delivery.stops[0]
    assert delivery.expected_ready(stop, at(2)) == at(17)
    delivery.accepted("so-1", at(1), at(20), at(1))
    assert delivery.expected_ready(stop, at(2)) == at(20)
    delivery.ready("so-1", at(12), at(12))
    delivery.accepted("so-1", at(13), at(30), at(13))
    assert delivery.expected_ready(stop, at(14)) == at(12)
