"""Where idle couriers are told to wait: what holds whatever the zone looks like, and a few plain cases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.application import waiting
from services.dispatch.domain.courier import Courier, Sighting
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.planning.problem import Plan
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.waiting import (
    BusyShop,
    Demand,
    Idler,
    Post,
    WaitingHabits,
    where_to_wait,
)
from services.dispatch.domain.wait import WaitAt
from tests.dispatch.builders import a_courier, a_paid_delivery, a_zone, at, minutes, place

PACE = 320.0
NOTHING = Plan(routes={}, unassigned=(), cost=0.0)
QUICK = (2.0, 3.0, 4.0)


def a_shop(name: str, where: Position, weight: float = 1.0) -> BusyShop:
    return BusyShop(shop_id=name, name=name.title(), place=where, weight=weight)


def away(count: float, north: float = 0) -> Position:
    """So many minutes east (and north) of the middle, or a few metres less."""
    return place(0.99 * count * PACE, 0.99 * north * PACE)


def posts(
    idlers: list[Idler], shops: list[BusyShop], farthest: float = 10.0, prepared: tuple[float, ...] = QUICK
) -> dict[str, Post]:
    demand = Demand(shops=tuple(shops), preparations=prepared)
    return dict(where_to_wait(idlers, demand, farthest=farthest, metres_per_minute=PACE))


def sent(*arguments: object, **options: object) -> dict[str, str]:
    found = posts(*arguments, **options)  # type: ignore[arg-type]
    return {courier: post.shop.shop_id for courier, post in found.items()}


_PLACES = st.builds(place, st.integers(-5000, 5000), st.integers(-5000, 5000))


@st.composite
def idlers(draw: st.DrawFn) -> list[Idler]:
    return [
        Idler(
            courier_id=f"c{number}",
            place=draw(_PLACES),
            free_at=draw(st.sampled_from([0.0, 0.0, 4.5])),
            movable=draw(st.booleans()),
            speed_factor=draw(st.sampled_from([1.0, 0.4, 2.0])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


_SHOPS = st.lists(
    st.builds(
        BusyShop, shop_id=st.uuids().map(str), name=st.just(""), place=_PLACES, weight=st.floats(0.1, 50)
    ),
    max_size=8,
    unique_by=lambda shop: shop.place,
)


@settings(max_examples=200, deadline=None)
@given(idlers(), _SHOPS, st.floats(0, 15), st.lists(st.floats(0, 60), max_size=6))
def test_laws_of_where_to_wait(
    couriers: list[Idler], shops: list[BusyShop], farthest: float, prepared: list[float]
) -> None:
    asked = {courier.courier_id: courier for courier in couriers}
    found = posts(couriers, shops, farthest, tuple(prepared))
    assert len(found) <= WaitingHabits().most_moved
    for courier_id, post in found.items():
        courier = asked[courier_id]
        assert courier.movable
        assert 0 < post.away <= farthest
        ridden = courier.place.metres_to(post.shop.place) / PACE / courier.speed_factor
        assert ridden <= post.away + 0.05
        assert post.gain > WaitingHabits().worth
        assert post.shop in shops
    # A third courier at the same place spares nobody anything, however much is wanted there.
    assert max(Counter(post.shop.shop_id for post in found.values()).values(), default=0) <= 2
    assert posts(couriers[::-1], shops[::-1], farthest, tuple(prepared)) == found


def test_an_idle_courier_goes_to_where_orders_are_likely() -> None:
    busy, calm = a_shop("busy", away(8), 20), a_shop("calm", away(-2), 1)
    assert sent([Idler(courier_id="c", place=away(0))], [busy, calm]) == {"c": "busy"}


def test_nobody_rides_farther_than_the_zone_allows() -> None:
    idle = [Idler(courier_id="c", place=away(0))]
    assert sent(idle, [a_shop("far", away(8), 20)], farthest=7.5) == {}
    assert sent(idle, [a_shop("far", away(8), 20)], farthest=0) == {}


def test_who_comes_while_the_goods_are_prepared_need_not_be_nearer() -> None:
    idle = [Idler(courier_id="c", place=away(0))]
    assert sent(idle, [a_shop("slow", away(8), 20)], prepared=(20.0, 25.0)) == {}
    assert sent(idle, [a_shop("quick", away(8), 20)], prepared=(3.0, 5.0)) == {"c": "quick"}


def test_a_second_courier_comes_to_one_shop_only_as_the_first_may_be_busy() -> None:
    there, near = Idler(courier_id="a", place=away(0)), Idler(courier_id="b", place=away(8))
    one = Demand(shops=(a_shop("one", away(0)),), preparations=QUICK)

    def sent_if(busy: float) -> set[str]:
        habits = WaitingHabits(busy=busy)
        return set(where_to_wait([there, near], one, farthest=10, metres_per_minute=PACE, habits=habits))

    assert sent_if(0.2) == {"b"}
    assert sent_if(0.0) == set()


def test_of_two_the_one_who_is_less_wanted_goes() -> None:
    shops = [a_shop("here", away(0), 10), a_shop("there", away(6), 10)]
    both = [
        Idler(courier_id="a", place=away(0)),
        Idler(courier_id="b", place=away(0, 4)),
    ]
    assert sent(both, shops) == {"b": "there"}


# -- what couriers of a zone are told ------------------------------------------------------------------------


def a_state(*couriers: Courier, **settings: float) -> ZoneState:
    shop = a_shop("shop-busy", away(6), 20)
    return ZoneState(
        zone=a_zone(**settings),
        couriers={courier.courier_id: courier for courier in couriers},
        demand=Demand(shops=(shop,), preparations=QUICK),
    )


def told(state: ZoneState, plan: Plan = NOTHING, bound: tuple[str, ...] = ()) -> dict[str, str]:
    return {name: wait.shop_id for name, wait in waiting.advise(state, plan, bound, at(10)).items()}


def test_a_courier_is_told_where_and_why() -> None:
    (wait,) = waiting.advise(a_state(a_courier()), NOTHING, (), at(10)).values()
    assert (wait.shop_id, wait.name, wait.place, wait.since) == ("shop-busy", "Shop-Busy", away(6), at(10))
    assert wait.minutes == 6
    assert wait.why == "Orders are likely here and nearby, and no other courier is free."


def test_the_reason_says_how_far_the_next_courier_is() -> None:
    near, far = a_courier("near", away(0)), a_courier("far", away(18))
    (wait,) = waiting.advise(a_state(near, far), NOTHING, (), at(10)).values()
    assert wait.why.endswith("the nearest courier who is free is 12 minutes away.")


def _resting(courier: Courier) -> None:
    courier.ask_for_break(at(1))


def _left_alone(courier: Courier) -> None:
    courier.leave_alone(at(20))


def _going_home(courier: Courier) -> None:
    courier.shift = replace(courier.on_shift(), ends_at=at(25))


@pytest.mark.parametrize("unwilling", [_resting, _left_alone, _going_home])
def test_who_takes_nothing_new_is_told_nothing(unwilling: object) -> None:
    courier = a_courier()
    unwilling(courier)  # type: ignore[operator]
    assert told(a_state(courier)) == {}


def test_nobody_is_told_anything_where_the_zone_does_not_want_it() -> None:
    assert told(a_state(a_courier())) == {"courier-1": "shop-busy"}
    assert told(a_state(a_courier(), wait_minutes=0)) == {}
    assert told(a_state(a_courier(), wait_minutes=5)) == {}
    paused = a_state(a_courier())
    paused.paused = True
    assert told(paused) == {}
    unknown = a_state(a_courier())
    unknown.demand = Demand()
    assert told(unknown) == {}


def test_who_is_asked_planned_for_or_bound_is_left_where_they_are() -> None:
    state = a_state(a_courier())
    assert told(state, bound=("courier-1",)) == {}
    state.deliveries["order-1"] = a_paid_delivery()
    plan = solve(look_ahead(state, at(10), {}))
    assert "courier-1" in plan.routes
    assert told(state, plan) == {}
    offer = Offer(
        offer_id="offer-1",
        zone_id=state.zone.zone_id,
        courier_id="courier-1",
        order_ids=("order-1",),
        route=(),
        plan_version=1,
        offered_at=at(9),
        expires_at=at(11),
    )
    state.offers["offer-1"] = offer
    assert told(state) == {}


def a_told_courier(since: float = 5) -> Courier:
    courier = a_courier()
    courier.waits = WaitAt(
        shop_id="shop-busy", name="Busy", place=away(6), minutes=6, since=at(since), why="Because."
    )
    return courier


def test_who_is_on_the_way_is_not_sent_elsewhere_and_is_counted_there() -> None:
    riding, idle = a_told_courier(), a_courier("courier-2")
    state = a_state(riding, idle)
    state.demand = replace(state.demand, shops=(*state.demand.shops, a_shop("shop-calm", away(0, 7), 8)))
    state.sightings["courier-1"] = Sighting(place=away(4), at=at(9))
    assert told(state) == {"courier-2": "shop-calm"}


def test_who_stays_elsewhere_is_not_told_the_same_twice() -> None:
    state = a_state(a_told_courier(since=-30))
    state.sightings["courier-1"] = Sighting(place=away(0), at=at(9))
    assert told(state) == {}


def test_every_planner_takes_its_turn_by_the_clock() -> None:
    assert waiting.TURNS.is_time(None, at(0))
    assert not waiting.TURNS.is_time(at(0), at(1.9))
    assert waiting.TURNS.is_time(at(1.9), at(2))
    assert waiting.TURNS.next_time(at(0.5)) == at(2)
    assert waiting.TURNS.next_time(at(2)) - at(2) == minutes(2)
