"""Rule 41: what fails at the door is tried again, or goes back to its shops, before it has failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.dispatch.adapters.rows import delivery_of, delivery_row
from services.dispatch.domain.courier import RouteStop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import NoSecondTry, SecondTryRefused
from services.dispatch.domain.events import DeliveryFailed, DropOffFailed, GoodsReturned, ReturnStarted
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.upkeep import keep_up
from services.dispatch.domain.second_try import Phase, choose, give_up, is_overdue, phase_of, redirect
from services.dispatch.domain.stop import StopKind, StopStatus
from services.dispatch.domain.zone import ZoneSettings
from tests.dispatch.builders import a_courier, a_zone, an_assigned_delivery, at, place

SETTINGS = ZoneSettings()
AT_ONCE = ZoneSettings(second_try_minutes=0)


def door_of(delivery: Delivery) -> str:
    return next(stop.stop_id for stop in delivery.stops if stop.kind is StopKind.DROP_OFF)


def at_the_door(order_id: str = "order-1") -> Delivery:
    delivery = an_assigned_delivery(order_id)
    for stop in list(delivery.stops[:-1]):
        delivery.arrive(stop.stop_id, at(2))
        delivery.complete(stop.stop_id, None, 100, at(3))
    delivery.arrive(door_of(delivery), at(10))
    delivery.events.clear()
    return delivery


def failed_once(reason: str = "customer-absent", settings: ZoneSettings = SETTINGS) -> Delivery:
    delivery = at_the_door()
    delivery.fail_stop(door_of(delivery), reason, at(10), settings)
    return delivery


def ring_again(delivery: Delivery, now: float) -> None:
    delivery.arrive(door_of(delivery), at(now))
    delivery.fail_stop(door_of(delivery), "customer-absent", at(now + 1), SETTINGS)


def test_nobody_is_paid_back_while_it_may_be_tried_again() -> None:
    delivery = failed_once()
    (told,) = delivery.events
    assert isinstance(told, DropOffFailed)
    assert (told.failed_at, told.choose_by) == (at(10), at(40))
    assert phase_of(delivery) is Phase.SECOND_TRY
    assert delivery.stop(door_of(delivery)).status is StopStatus.PENDING


def test_a_failure_that_is_told_twice_is_one_try() -> None:
    delivery = failed_once()
    delivery.fail_stop(door_of(delivery), "customer-absent", at(11), SETTINGS)
    assert phase_of(delivery) is Phase.SECOND_TRY
    assert len(delivery.events) == 1


@pytest.mark.parametrize("reason", ["accident", "damaged", "lost"])
def test_what_is_lost_has_failed_at_once(reason: str) -> None:
    delivery = failed_once(reason)
    assert delivery.status is Status.FAILED
    assert phase_of(delivery) is None


@pytest.mark.parametrize(
    ("reason", "settings"), [("customer-refused", SETTINGS), ("customer-absent", AT_ONCE)]
)
def test_what_nobody_wants_and_what_the_zone_does_not_try_again_goes_back(
    reason: str, settings: ZoneSettings
) -> None:
    delivery = failed_once(reason, settings)
    assert phase_of(delivery) is Phase.RETURNING
    back = delivery.open_stops()
    assert [(stop.kind, stop.store_order_id) for stop in back] == [
        (StopKind.RETURN, "so-1"),
        (StopKind.RETURN, "so-2"),
    ]


def test_a_zone_that_returns_nothing_fails_at_once() -> None:
    keeps = ZoneSettings(second_try_minutes=0, returns_goods=False)
    assert failed_once(settings=keeps).status is Status.FAILED


def test_the_second_try_that_succeeds_is_a_delivery_like_any_other() -> None:
    delivery = failed_once()
    choose(delivery, at(30), at(60), "customer", at(12), at(200))
    delivery.arrive(door_of(delivery), at(35))
    delivery.complete(door_of(delivery), None, 0, at(36))
    assert delivery.status is Status.DELIVERED
    assert phase_of(delivery) is None


def test_the_second_try_that_fails_brings_the_goods_back_and_then_it_has_failed() -> None:
    delivery = failed_once()
    choose(delivery, at(30), at(60), "customer", at(12), at(200))
    ring_again(delivery, 35)
    assert phase_of(delivery) is Phase.RETURNING
    first, second = delivery.open_stops()
    delivery.arrive(first.stop_id, at(50))
    delivery.complete(first.stop_id, None, 10, at(51))
    assert delivery.status is Status.DELIVERING
    delivery.arrive(second.stop_id, at(60))
    delivery.fail_stop(second.stop_id, "shop-closed", at(61), SETTINGS)
    assert delivery.status is Status.FAILED
    kinds = [type(event) for event in delivery.events]
    assert kinds[-3:] == [ReturnStarted, GoodsReturned, DeliveryFailed]
    assert "customer-absent" in (delivery.failure or "")


def test_a_window_has_to_fit_the_courier_who_has_the_goods() -> None:
    delivery = failed_once()
    for starts, ends in ((20, 25), (0, 5), (180, 210), (20, 12)):
        with pytest.raises(SecondTryRefused):
            choose(delivery, at(starts), at(ends), "customer", at(12), at(200))
    choose(delivery, at(20), at(40), "customer", at(12), at(200))
    told = len(delivery.events)
    choose(delivery, at(20), at(40), "customer", at(13), at(200))
    assert len(delivery.events) == told


def test_there_is_nothing_to_choose_before_a_failure_nor_at_the_door_nor_on_the_way_back() -> None:
    delivery = at_the_door()
    with pytest.raises(NoSecondTry):
        give_up(delivery, at(11))
    delivery = failed_once()
    delivery.arrive(door_of(delivery), at(30))
    with pytest.raises(NoSecondTry):
        choose(delivery, at(40), at(60), "customer", at(31), at(200))
    delivery = failed_once()
    give_up(delivery, at(12))
    with pytest.raises(NoSecondTry):
        give_up(delivery, at(13))


def riding(delivery: Delivery) -> ZoneState:
    courier = a_courier()
    courier.follow(
        [
            RouteStop(stop_id=stop.stop_id, order_id=delivery.order_id, kind=stop.kind, eta=at(11))
            for stop in delivery.open_stops()
        ]
    )
    state = ZoneState(zone=a_zone())
    state.couriers[courier.courier_id], state.deliveries[delivery.order_id] = courier, delivery
    return state


def test_when_nobody_chooses_in_time_the_planner_sends_the_goods_back() -> None:
    delivery = failed_once()
    state = riding(delivery)
    assert keep_up(state, at(39)) == []
    assert is_overdue(delivery, at(40))
    assert keep_up(state, at(40))
    assert phase_of(delivery) is Phase.RETURNING
    assert [stop.kind for stop in state.couriers["courier-1"].route] == [StopKind.RETURN, StopKind.RETURN]


def test_the_courier_does_other_things_before_the_second_try_begins() -> None:
    delivery, other = failed_once(), an_assigned_delivery("order-2")
    choose(delivery, at(60), at(90), "customer", at(12), at(200))
    state = riding(delivery)
    state.deliveries["order-2"] = other
    courier = state.couriers["courier-1"]
    more = [
        RouteStop(stop_id=stop.stop_id, order_id="order-2", kind=stop.kind, eta=at(20))
        for stop in other.open_stops()
    ]
    courier.follow([*courier.route, *more])
    snapshot = look_ahead(state, at(12), {})
    assert snapshot.riders[0].frozen == 0
    (route,) = solve(snapshot, rounds=5).routes.values()
    assert route[-1].stop_id == door_of(delivery)
    assert route[-1].start >= 48


def test_the_way_back_is_planned_with_everything_else() -> None:
    delivery = failed_once()
    give_up(delivery, at(12))
    state = riding(delivery)
    (route,) = solve(look_ahead(state, at(12), {}), rounds=5).routes.values()
    assert {stop.stop_id for stop in route} == {stop.stop_id for stop in delivery.open_stops()}


def test_a_second_try_goes_behind_what_the_courier_has_to_do_anyway() -> None:
    delivery, courier = failed_once(), a_courier(where=place(100))
    first = RouteStop(stop_id="elsewhere", order_id="order-2", kind=StopKind.DROP_OFF, eta=at(20))
    courier.follow([first])
    redirect(courier, delivery, SETTINGS, at(12))
    assert [stop.order_id for stop in courier.route] == ["order-2", "order-1"]
    assert courier.route[1].eta >= at(40) - timedelta(seconds=1)


def test_a_second_try_is_kept_with_the_delivery() -> None:
    delivery = failed_once()
    choose(delivery, at(30), at(60), "operator", at(12), at(200))
    row = delivery_row(delivery)
    kept = delivery_of(row | {name: None for name in row if name.endswith("_at")})
    assert kept.second_try == delivery.second_try
