"""What an operator may decide by hand, and what is refused, each with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from services.dispatch.domain.courier import Courier, RouteStop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import CourierNotAvailable, GoodsOnBoard, WrongState
from services.dispatch.domain.events import CourierAssigned, CourierUnassigned
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.override import give, must_be_able, must_be_given_back, must_wait, take
from shared.kernel.errors import Refusal
from tests.dispatch.builders import (
    NOON,
    a_courier,
    a_held_delivery,
    a_paid_delivery,
    a_pickup,
    a_zone,
    an_assigned_delivery,
    at,
    place,
)


def collected() -> Delivery:
    delivery = an_assigned_delivery()
    delivery.arrive(delivery.stops[0].stop_id, at(2))
    delivery.complete(delivery.stops[0].stop_id, None, 100, at(3))
    return delivery


def arrived() -> Delivery:
    delivery = an_assigned_delivery()
    delivery.arrive(delivery.stops[0].stop_id, at(2))
    return delivery


def cancelled() -> Delivery:
    delivery = a_paid_delivery()
    delivery.cancel("changed-my-mind", at(2))
    return delivery


@pytest.mark.parametrize(
    ("check", "delivery", "refusal", "says"),
    [
        (must_wait, a_paid_delivery, None, ""),
        (must_wait, an_assigned_delivery, WrongState, "A courier has this delivery already"),
        (must_wait, collected, WrongState, "A courier has this delivery already"),
        (must_wait, cancelled, WrongState, "This delivery is cancelled"),
        (must_wait, a_held_delivery, WrongState, "This delivery is held"),
        (must_be_given_back, an_assigned_delivery, None, ""),
        (must_be_given_back, arrived, None, ""),
        (must_be_given_back, collected, GoodsOnBoard, "Goods of this order are on board"),
        (must_be_given_back, a_paid_delivery, WrongState, "no courier has it"),
        (must_be_given_back, cancelled, WrongState, "no courier has it"),
    ],
)
def test_what_state_a_delivery_has_to_be_in(
    check: Callable[[Delivery], object],
    delivery: Callable[[], Delivery],
    refusal: type[Refusal] | None,
    says: str,
) -> None:
    if refusal is None:
        check(delivery())
        return
    with pytest.raises(refusal) as refused:
        check(delivery())
    assert says in refused.value.detail


def off_shift() -> Courier:
    return Courier(courier_id="courier-1", approved_at=NOON)


def elsewhere() -> Courier:
    courier = a_courier()
    courier.shift = replace(courier.on_shift(), zone_id="zone-hill")
    return courier


def ending() -> Courier:
    courier = a_courier()
    courier.wind_down(set())
    return courier


def resting() -> Courier:
    courier = a_courier()
    courier.ask_for_break(at(1))
    return courier


@pytest.mark.parametrize(
    ("courier", "says"),
    [
        (a_courier(), None),
        (a_courier(capacity=2), None),
        (None, "not on shift"),
        (off_shift(), "not on shift"),
        (elsewhere(), "in another zone"),
        (ending(), "shift is ending"),
        (resting(), "takes a break"),
        (a_courier(capacity=1), "carries 1 parts at once; this order has 2"),
    ],
    ids=[
        "able",
        "just enough room",
        "unknown",
        "off shift",
        "elsewhere",
        "ending",
        "resting",
        "too little room",
    ],
)
def test_who_may_be_given_a_delivery(courier: Courier | None, says: str | None) -> None:
    if says is None:
        assert must_be_able(courier, a_paid_delivery(), NOON) is courier
        return
    with pytest.raises(CourierNotAvailable, match=says):
        must_be_able(courier, a_paid_delivery(), NOON)


def test_what_is_given_goes_behind_the_route_the_next_shop_first_and_the_door_last() -> None:
    courier, first = a_courier(where=place()), an_assigned_delivery("order-1")
    door = first.stops[-1]
    courier.follow([RouteStop(stop_id=door.stop_id, order_id="order-1", kind=door.kind, eta=at(30))])
    far, near = a_pickup("far", place(0, 3000)), a_pickup("near", place(0, 1200))
    second = a_paid_delivery("order-2", pickups=(far, near), drop_off=place(0, 3200))
    second.offer("offer-1")
    give(courier, second, {"order-1": first}, a_zone(), "operator", at(10))
    names = [stop.store_order_id or "door" for stop in _stops(courier, first, second)]
    assert names == ["door", "near", "far", "door"]
    etas = [stop.eta for stop in courier.route]
    assert etas == sorted(etas)
    # The last stop of before is served, and nobody leaves a shop before the goods are ready.
    assert etas[1] >= at(34)
    assert (second.status, second.courier_id, second.offer_id) == (Status.ASSIGNED, "courier-1", None)
    event = second.events[-1]
    assert isinstance(event, CourierAssigned)
    assert (event.reason, event.plan_version, event.eta) == ("operator", 0, etas[-1])


def _stops(courier: Courier, *deliveries: Delivery) -> list[object]:
    known = {stop.stop_id: stop for delivery in deliveries for stop in delivery.stops}
    return [known[stop.stop_id] for stop in courier.route]


@pytest.mark.parametrize(("winds_down", "on_shift"), [(False, True), (True, False)])
def test_what_is_taken_leaves_the_route_and_may_end_a_shift(winds_down: bool, on_shift: bool) -> None:
    courier, delivery = a_courier(), arrived()
    courier.follow(_route(delivery, at(5)))
    if winds_down:
        courier.wind_down({"order-1"})
    take(courier, delivery, "transferred", at(6))
    assert courier.route == ()
    assert (courier.shift is not None) == on_shift
    assert (delivery.status, delivery.courier_id) == (Status.WAITING, None)
    event = delivery.events[-1]
    assert isinstance(event, CourierUnassigned)
    assert event.reason == "transferred"


def _route(delivery: Delivery, eta: datetime) -> list[RouteStop]:
    return [
        RouteStop(stop_id=stop.stop_id, order_id=delivery.order_id, kind=stop.kind, eta=eta)
        for stop in delivery.stops
    ]
