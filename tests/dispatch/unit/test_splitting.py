"""A delivery split to a second courier: when it may be, what moves, and what the end of a trip means."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from services.dispatch.contracts.published import SCHEMAS, data_of
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import WrongState
from services.dispatch.domain.events import (
    DeliveryCompleted,
    DeliveryFailed,
    DeliverySplit,
    PickupFailed,
    TripCompleted,
)
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.rebooking import must_be_movable
from services.dispatch.domain.splitting import MAY_BE_SPLIT, split
from services.dispatch.domain.stop import StopKind, StopStatus
from services.dispatch.domain.trips import NOBODY, WhySplit
from services.dispatch.domain.trying import SecondTry
from services.dispatch.domain.zone import SlotWindow, ZoneSettings
from tests.dispatch.builders import a_paid_delivery, a_pickup, an_assigned_delivery, at, minutes, place

MOVED = ("so-2",)


def collect(delivery: Delivery, *names: str, when: float = 5) -> None:
    for stop in delivery.stops:
        if stop.store_order_id in names and stop.kind is StopKind.PICKUP:
            delivery.arrive(stop.stop_id, at(when))
            delivery.complete(stop.stop_id, None, 100, at(when))


def hand_over(delivery: Delivery, when: float) -> None:
    door = next(stop for stop in delivery.open_stops() if stop.kind is StopKind.DROP_OFF)
    delivery.arrive(door.stop_id, at(when))
    delivery.complete(door.stop_id, None, 900, at(when))


def halves() -> tuple[Delivery, Delivery]:
    """Part 1 is on board, part 2 moved to a second courier, who has not been found yet."""
    first = an_assigned_delivery()
    collect(first, "so-1")
    second = split(first, MOVED, WhySplit.SHOP_LATE, at(6), eta=at(12), trip_eta=at(70))
    return first, second


def riding() -> tuple[Delivery, Delivery]:
    """Both couriers have collected."""
    first, second = halves()
    second.assign("courier-2", at(60), at(75), plan_version=9)
    collect(second, "so-2", when=65)
    first.events.clear()
    second.events.clear()
    return first, second


def told(*trips: Delivery) -> list[str]:
    ends = (DeliveryCompleted, TripCompleted, DeliveryFailed, PickupFailed)
    return [type(event).__name__ for trip in trips for event in trip.events if isinstance(event, ends)]


# -- splitting ---------------------------------------------------------------------------------------------


def test_what_moved_is_skipped_and_the_rest_goes_to_the_door() -> None:
    first, second = halves()
    assert [stop.status for stop in first.stops] == [StopStatus.DONE, StopStatus.SKIPPED, StopStatus.PENDING]
    assert first.status is Status.DELIVERING
    assert not first.parts.get("so-2") or not first.parts["so-2"].rejected
    assert [stop.kind for stop in second.open_stops()] == [StopKind.PICKUP, StopKind.DROP_OFF]
    assert second.status is Status.WAITING
    assert {stop.stop_id for stop in second.stops}.isdisjoint(stop.stop_id for stop in first.stops)
    assert (second.of_order, first.of_order) == ("order-1", "order-1")
    assert second.delivery_id != first.delivery_id
    said = first.events[-1]
    assert isinstance(said, DeliverySplit)
    assert (said.trip_id, said.store_order_ids) == (second.delivery_id, MOVED)
    SCHEMAS["DeliverySplit"]().load(data_of(said))


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_still_to_be_collected_may_be_split(status: Status) -> None:
    delivery = a_paid_delivery()
    delivery.status = status
    if status in MAY_BE_SPLIT:
        assert split(delivery, MOVED, WhySplit.OPERATOR, at(2)).status is Status.WAITING
        assert delivery.status in {status, Status.DELIVERING}
    else:
        with pytest.raises(WrongState, match=status.value):
            split(delivery, MOVED, WhySplit.OPERATOR, at(2))


@pytest.mark.parametrize(
    ("moved", "why"),
    [
        ((), "still to be collected"),
        (("so-1",), "still to be collected"),
        (("so-9",), "still to be collected"),
        (("so-2", "so-1"), "still to be collected"),
    ],
)
def test_what_is_on_board_or_unknown_does_not_move(moved: tuple[str, ...], why: str) -> None:
    delivery = an_assigned_delivery()
    collect(delivery, "so-1")
    with pytest.raises(WrongState, match=why):
        split(delivery, moved, WhySplit.OPERATOR, at(6))
    assert delivery.trip is None


def test_something_stays_with_the_first_courier() -> None:
    with pytest.raises(WrongState, match="has to stay"):
        split(an_assigned_delivery(), ("so-1", "so-2"), WhySplit.OPERATOR, at(2))
    rejected = an_assigned_delivery()
    rejected.rejected("so-1", at(2))
    with pytest.raises(WrongState, match="has to stay"):
        split(rejected, MOVED, WhySplit.OPERATOR, at(3))


def test_an_order_is_split_once() -> None:
    first, second = halves()
    for trip in (first, second):
        with pytest.raises(WrongState, match="split already"):
            split(trip, MOVED, WhySplit.OPERATOR, at(8))


def test_who_is_paid_at_the_door_brings_all_of_it() -> None:
    delivery = an_assigned_delivery()
    delivery.paid("customer-1", at(0), at(1), "cash")
    with pytest.raises(WrongState, match="paid at the door"):
        split(delivery, MOVED, WhySplit.OPERATOR, at(2))
    delivery.paid("customer-1", at(0), at(1), "sandbox")
    split(delivery, MOVED, WhySplit.OPERATOR, at(2))


def test_nothing_is_split_after_a_try_at_the_door() -> None:
    delivery = an_assigned_delivery()
    delivery.second_try = SecondTry(failed_at=at(1), reason="customer-absent", choose_by=at(31))
    with pytest.raises(WrongState, match="at the door"):
        split(delivery, MOVED, WhySplit.OPERATOR, at(2))


def test_a_split_order_moves_to_no_other_slot() -> None:
    waiting = a_paid_delivery()
    second = split(waiting, MOVED, WhySplit.TOO_LARGE, at(2))
    for trip in (waiting, second):
        with pytest.raises(WrongState, match="Two couriers"):
            must_be_movable(trip)


def test_two_trips_take_the_room_of_one_order() -> None:
    slot = SlotWindow(slot_id="slot-1", starts_at=at(60), ends_at=at(120))
    first = a_paid_delivery(slot=slot)
    second = split(first, MOVED, WhySplit.TOO_LARGE, at(2))
    assert (first.wants_slot, second.wants_slot) == (True, False)
    # As long as one of them is brought it is taken, and given back with the last one that is off.
    first.rejected("so-1", at(3))
    assert (first.status, first.wants_slot) == (Status.CANCELLED, True)
    second.rejected("so-2", at(4))
    assert (first.wants_slot, second.wants_slot) == (False, False)


# -- what the end of a trip means --------------------------------------------------------------------------


def test_the_order_is_delivered_once_both_trips_are_handed_over() -> None:
    first, second = riding()
    hand_over(first, 70)
    assert told(first, second) == ["TripCompleted"]
    said = first.events[-1]
    assert isinstance(said, TripCompleted)
    assert (said.store_order_ids, said.order_id, said.pickups) == (("so-1",), "order-1", 1)
    SCHEMAS["TripCompleted"]().load(data_of(said))
    hand_over(second, 80)
    assert told(second) == ["DeliveryCompleted"]
    done = second.events[-1]
    assert isinstance(done, DeliveryCompleted)
    assert (done.delivery_id, done.courier_id, done.completed_at) == (second.delivery_id, "courier-2", at(80))


def test_a_trip_that_fails_leaves_its_parts_out_and_the_other_one_delivers_the_order() -> None:
    first, second = riding()
    second.fail("courier-lost", at(70))
    assert told(second) == ["PickupFailed"]
    left_out = second.events[-1]
    assert isinstance(left_out, PickupFailed)
    assert (left_out.store_order_id, left_out.courier_id, left_out.reason) == (
        "so-2",
        "courier-2",
        "courier-lost",
    )
    hand_over(first, 75)
    assert told(first) == ["DeliveryCompleted"]


def test_a_trip_that_fails_behind_one_that_was_handed_over_ends_the_order_with_that() -> None:
    first, second = riding()
    hand_over(first, 70)
    second.fail("drop-off-failed: damaged", at(80))
    assert told(second) == ["PickupFailed", "DeliveryCompleted"]
    done = second.events[-1]
    assert isinstance(done, DeliveryCompleted)
    assert (done.delivery_id, done.courier_id, done.completed_at) == (first.delivery_id, "courier-1", at(70))
    assert (done.pickups, done.distance_m) == (1, 1000)


def test_when_both_trips_fail_the_order_has_failed_once() -> None:
    first, second = riding()
    second.fail("courier-lost", at(70))
    first.fail("drop-off-failed: damaged", at(75))
    assert told(first, second) == ["DeliveryFailed", "PickupFailed"]
    failed = first.events[-1]
    assert isinstance(failed, DeliveryFailed)
    assert (failed.order_id, failed.delivery_id) == ("order-1", first.delivery_id)


def test_a_part_that_nobody_took_names_nobody() -> None:
    _, second = halves()
    second.fail("no-courier", at(200))
    left_out = second.events[-1]
    assert isinstance(left_out, PickupFailed)
    assert left_out.courier_id == NOBODY
    SCHEMAS["PickupFailed"]().load(data_of(left_out))


def test_a_trip_whose_shops_reject_everything_is_off_and_the_order_ends_with_the_other() -> None:
    first, second = halves()
    hand_over(first, 12)
    second.rejected("so-2", at(20))
    assert second.status is Status.CANCELLED
    assert told(second) == ["DeliveryCompleted"]
    assert second.events[-1].delivery_id == first.delivery_id
    other, late = halves()
    late.rejected("so-2", at(8))
    hand_over(other, 12)
    assert told(other, late) == ["DeliveryCompleted"]


def test_a_cancelled_order_is_delivered_by_neither_trip() -> None:
    first, second = halves()
    for trip in (first, second):
        trip.cancel("operator", at(8))
    assert (first.status, second.status) == (Status.CANCELLED, Status.CANCELLED)
    assert told(first, second) == []


def test_goods_that_go_back_to_their_shops_are_left_out_once_they_are_there() -> None:
    first, second = riding()
    settings = ZoneSettings(second_try_minutes=0)
    door = next(stop for stop in second.open_stops())
    second.arrive(door.stop_id, at(70))
    second.fail_stop(door.stop_id, "customer-absent", at(72), settings)
    assert told(second) == []
    back = next(stop for stop in second.open_stops())
    assert back.kind is StopKind.RETURN
    second.arrive(back.stop_id, at(80))
    second.complete(back.stop_id, None, 500, at(81))
    assert told(second) == ["PickupFailed"]
    hand_over(first, 90)
    assert told(first) == ["DeliveryCompleted"]


ENDS = ("handed over", "failed", "rejected")


@pytest.mark.parametrize(("one", "other"), list(product(ENDS, ENDS)))
@pytest.mark.parametrize("second_first", [False, True])
def test_whatever_ends_come_in_whatever_order_the_order_ends_once(
    one: str, other: str, second_first: bool
) -> None:
    first, second = halves()
    second.assign("courier-2", at(60), at(75), plan_version=9)
    if other != "rejected":
        collect(second, "so-2", when=65)
    ends = [(first, one, "so-1"), (second, other, "so-2")]
    for number, (trip, end, part) in enumerate(reversed(ends) if second_first else ends):
        match end:
            case "handed over":
                hand_over(trip, 70 + number)
            case "failed":
                trip.fail("courier-lost", at(70 + number))
            case "rejected" if trip is first:
                # What is on board may be taken off the order no more than off an order that was not split.
                trip.fail("courier-lost", at(70 + number))
            case _:
                trip.rejected(part, at(70 + number))
    said = told(first, second)
    brought = "handed over" in {one, other}
    assert said.count("DeliveryCompleted") == brought
    assert said.count("DeliveryFailed") == (not brought and not (other == "rejected" and not second_first))
    handed_over = {
        name for trip in (first, second) if trip.status is Status.DELIVERED for name in _parts(trip)
    }
    left_out = [
        event.store_order_id
        for trip in (first, second)
        for event in trip.events
        if isinstance(event, PickupFailed)
    ]
    assert len(left_out) == len(set(left_out))
    assert handed_over.isdisjoint(left_out)


def _parts(trip: Delivery) -> tuple[str, ...]:
    return () if trip.trip is None else trip.trip.parts


def test_a_third_part_may_stay_to_be_collected_by_the_first_courier() -> None:
    pickups = (a_pickup("so-1"), a_pickup("so-2", place(700)), a_pickup("so-3", place(900)))
    first = an_assigned_delivery(pickups=pickups)
    collect(first, "so-1")
    second = split(first, ("so-3",), WhySplit.OPERATOR, at(6))
    assert first.status is Status.COLLECTING
    collect(first, "so-2")
    assert first.status is Status.DELIVERING
    assert [stop.store_order_id for stop in second.open_stops()] == ["so-3", None]


def test_what_a_shop_says_of_moved_parts_is_known_to_the_second_trip() -> None:
    delivery = an_assigned_delivery()
    delivery.accepted("so-2", at(1), at(60), at(1))
    collect(delivery, "so-1")
    second = split(delivery, MOVED, WhySplit.SHOP_LATE, at(6))
    assert second.expected_ready(second.stops[0], at(7)) == at(60)
    assert second.promised_at == delivery.promised_at == at(0) + minutes(40)
    copied = replace(second, parts=dict(second.parts))
    copied.ready("so-2", at(55), at(55))
    assert "ready_at" not in vars(delivery)
    assert delivery.parts["so-2"].ready_at is None
