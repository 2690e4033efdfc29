"""What the planner decides, on small snapshots and over a small day."""

from __future__ import annotations

import random

from services.dispatch.application.planner import PlannerPolicy
from services.dispatch.domain.courier import Courier, RouteStop, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.planning.commitment import decide
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.upkeep import keep_up
from shared.kernel.clock import AcceleratedClock
from tests.dispatch.builders import NOON, a_courier, a_paid_delivery, a_zone, an_assigned_delivery, at, place
from tests.dispatch.simulation import Day, DayOrder, DayRider


def a_basket(ready: float, east: float = 3200) -> Basket:
    return Basket(
        basket_id="b",
        pickups=(Visit(stop_id="p", place=place(east), ready=ready, service=4),),
        drop_off=Visit(stop_id="d", place=place(east, 1600), service=4),
        clicked=0,
        due=40,
    )


def asked(snapshot: Snapshot, margin: float = 2) -> list[str]:
    return [p.courier_id for p in decide(snapshot, solve(snapshot), margin).proposals]


def test_a_courier_is_asked_just_in_time_and_not_sooner() -> None:
    rider = Rider(courier_id="c", place=place())
    # Ten minutes to ride: nobody is needed until ready − 10 − the margin.
    assert asked(Snapshot(baskets=(a_basket(ready=30),), riders=(rider,))) == []
    assert asked(Snapshot(baskets=(a_basket(ready=13),), riders=(rider,))) == []
    assert asked(Snapshot(baskets=(a_basket(ready=12),), riders=(rider,))) == ["c"]
    assert decide(
        Snapshot(baskets=(a_basket(ready=30),), riders=(rider,)),
        solve(Snapshot(baskets=(a_basket(ready=30),), riders=(rider,))),
        2,
    ).look_again_in == 18  # fmt: skip


def test_the_nearest_free_courier_is_asked() -> None:
    riders = (Rider(courier_id="far", place=place(-3000)), Rider(courier_id="near", place=place(2000)))
    assert asked(Snapshot(baskets=(a_basket(ready=0),), riders=riders)) == ["near"]


def test_a_courier_who_declined_is_passed_over() -> None:
    riders = (Rider(courier_id="far", place=place(-3000)), Rider(courier_id="near", place=place(2000)))
    basket = a_basket(ready=0)
    barred = Basket(**(basket.__dict__ | {"barred": frozenset({"near"})}))
    assert asked(Snapshot(baskets=(barred,), riders=riders)) == ["far"]


def test_nobody_is_asked_who_would_be_kept_past_the_shift() -> None:
    rider = Rider(courier_id="c", place=place(), until=20)
    assert asked(Snapshot(baskets=(a_basket(ready=0),), riders=(rider,))) == []


def test_what_waits_on_the_way_is_picked_up_on_the_way() -> None:
    rider = Rider(courier_id="c", place=place(), route=("p", "d"), frozen=1)
    held = Basket(**(a_basket(ready=0).__dict__ | {"holder": "c"}))
    other = Basket(
        basket_id="o",
        pickups=(Visit(stop_id="op", place=place(3250), ready=0, service=4),),
        drop_off=Visit(stop_id="od", place=place(3200, 1700), service=4),
        clicked=0,
        due=40,
    )
    snapshot = Snapshot(baskets=(held, other), riders=(rider,))
    (proposal,) = decide(snapshot, solve(snapshot), 15).proposals
    route = [stop.stop_id for stop in proposal.route]
    assert route[:2] == ["p", "op"]
    assert set(route[2:]) == {"d", "od"}


def test_what_the_plan_puts_before_a_promised_stop_is_asked_for_before_the_courier_rides_past_it() -> None:
    aboard = Basket(
        basket_id="aboard",
        pickups=(),
        drop_off=Visit(stop_id="d", place=place(6400), service=4),
        clicked=0,
        due=40,
        holder="c",
        on_board=(1,),
    )
    # Ready in four minutes, a minute from here, and both go to the same house.
    near = Basket(
        basket_id="o",
        pickups=(Visit(stop_id="op", place=place(320), ready=4, service=1),),
        drop_off=Visit(stop_id="od", place=place(6400), service=1),
        clicked=0,
        due=40,
    )
    rider = Rider(courier_id="c", place=place(), load=(1,), route=("d",))
    assert asked(Snapshot(baskets=(aboard, near), riders=(rider,)), margin=0) == ["c"]
    idle = Rider(courier_id="c", place=place())
    assert asked(Snapshot(baskets=(near,), riders=(idle,)), margin=0) == [], "and in its own time otherwise"


def promise(courier: Courier, *deliveries: Delivery) -> None:
    courier.follow(
        [
            RouteStop(stop_id=stop.stop_id, order_id=delivery.order_id, kind=stop.kind, eta=at(9))
            for delivery in deliveries
            for stop in delivery.stops
        ]
    )


def test_a_snapshot_keeps_started_and_offered_work_with_its_courier() -> None:
    started = an_assigned_delivery("order-1")
    first = started.stops[0].stop_id
    started.arrive(first, at(5))
    started.complete(first, None, 0, at(9))
    courier = a_courier()
    promise(courier, started)
    state = ZoneState(zone=a_zone(), deliveries={"order-1": started}, couriers={"courier-1": courier})
    keep_up(state, at(10))
    snapshot = look_ahead(state, at(10), {})
    (basket,) = snapshot.baskets
    (rider,) = snapshot.riders
    assert basket.holder == "courier-1"
    assert len(basket.pickups) == 1
    assert rider.load == (1,)
    assert basket.on_board == (1,)
    assert rider.frozen == 1
    assert rider.route == tuple(stop.stop_id for stop in started.open_stops())


def test_a_shift_past_its_end_keeps_what_is_started_or_will_be_brought_in_time() -> None:
    started, untouched = an_assigned_delivery("order-1"), an_assigned_delivery("order-2")
    in_time = an_assigned_delivery("order-3")
    started.eta, untouched.eta, in_time.eta = at(120), at(81), at(79)
    started.arrive(started.stops[0].stop_id, at(5))
    courier = a_courier(hours=1)
    promise(courier, started, untouched, in_time)
    state = ZoneState(
        zone=a_zone(),
        deliveries={"order-1": started, "order-2": untouched, "order-3": in_time},
        couriers={"courier-1": courier},
    )
    keep_up(state, at(61))
    assert started.courier_id == "courier-1"
    assert untouched.courier_id is None
    assert in_time.courier_id == "courier-1"
    assert courier.shift is not None
    assert courier.shift.ending


def test_the_work_of_a_courier_who_fell_silent_goes_to_others_and_lost_goods_are_given_up() -> None:
    untouched, aboard = an_assigned_delivery("order-1"), an_assigned_delivery("order-2")
    first = aboard.stops[0].stop_id
    aboard.arrive(first, at(5))
    aboard.complete(first, None, 100, at(9))
    courier = a_courier(hours=8)
    promise(courier, untouched, aboard)
    courier.leave_out({first})
    state = ZoneState(
        zone=a_zone(),
        deliveries={"order-1": untouched, "order-2": aboard},
        couriers={"courier-1": courier},
        sightings={"courier-1": Sighting(place=place(), at=at(9))},
    )
    keep_up(state, at(38))
    assert untouched.courier_id == "courier-1"
    keep_up(state, at(40))
    assert untouched.courier_id is None
    assert not courier.may_be_asked(at(41))
    assert aboard.courier_id == "courier-1"
    assert aboard.failure is None
    keep_up(state, at(9 + 241))
    assert aboard.failure == "courier-lost"


def test_who_takes_something_after_a_long_wait_is_not_silent_from_the_first_moment() -> None:
    delivery, courier = a_paid_delivery(), a_courier(hours=8)
    delivery.assign("courier-1", at(100), at(130), plan_version=1)
    promise(courier, delivery)
    state = ZoneState(
        zone=a_zone(),
        deliveries={"order-1": delivery},
        couriers={"courier-1": courier},
        sightings={"courier-1": Sighting(place=place(), at=at(0))},
    )
    keep_up(state, at(129))
    assert delivery.courier_id == "courier-1"
    keep_up(state, at(130))
    assert delivery.courier_id is None


def test_time_to_answer_is_enough_for_a_device_on_a_fast_clock() -> None:
    policy = PlannerPolicy(answer_wall_seconds=2.0, least_wall_seconds=0.1)
    clock = AcceleratedClock(anchor=NOON, wall=0.0, speed=240.0)
    assert policy.time_to_answer(at(1) - at(0), clock) == at(8) - at(0)
    assert policy.pause(clock) == at(0.4) - at(0)


def test_an_unanswered_shop_is_not_waited_for_at_its_door() -> None:
    delivery = a_paid_delivery()
    state = ZoneState(zone=a_zone(), deliveries={"order-1": delivery}, couriers={"courier-1": a_courier()})
    snapshot = look_ahead(state, at(3), {})
    assert [visit.ready for visit in snapshot.baskets[0].pickups] == [15, 15]
    assert decide(snapshot, solve(snapshot), 2).proposals == ()


def a_small_day(seed: int) -> Day:
    chance = random.Random(seed)
    shops = [place(chance.randint(-2500, 2500), chance.randint(-2500, 2500)) for _ in range(14)]
    orders = []
    for number in range(70):
        placed = chance.uniform(0, 180)
        first = chance.choice(shops)
        near = sorted(shops, key=first.metres_to)[:4]
        chosen = near[: chance.choice([1, 1, 2, 2, 3])]
        orders.append(
            DayOrder(
                order_id=f"o{number}",
                placed=placed,
                shops=tuple((shop, placed + chance.uniform(5, 20)) for shop in chosen),
                door=place(chance.randint(-3000, 3000), chance.randint(-3000, 3000)),
            )
        )
    riders = [
        DayRider(
            courier_id=f"c{number}",
            place=place(chance.randint(-2500, 2500), chance.randint(-2500, 2500)),
            on=30.0 * (number // 8),
            off=30.0 * (number // 8) + 170,
        )
        for number in range(24)
    ]
    return Day(a_zone(), orders, riders)


def test_a_small_day_is_delivered() -> None:
    figures = a_small_day(7).play(until=500)
    assert figures.delivered >= 0.95 * figures.orders, str(figures)
    assert figures.mean < 40, str(figures)
    assert figures.quantile(0.9) < 60, str(figures)
