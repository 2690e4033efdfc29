"""One shop at a time: bundles, plans, the moment to set off, and where to wait."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.engine.bundling import kernel
from services.dispatch.engine.bundling.cover import LONGEST, delays
from services.dispatch.engine.bundling.machine import PLAIN, Machine, fastest
from services.dispatch.engine.bundling.policy import Bundler, Habits, Move, Pickup, Shift, Stops
from services.dispatch.engine.bundling.rows import MOST_BUNDLES, Town

STOPS = Stops(metres_per_minute=100.0, pickup_minutes=4, drop_off_minutes=4)
STILL = Habits(every=0, rounds=20)


def bundler(
    shops: list[tuple[float, float]],
    couriers: list[tuple[float, float]],
    habits: Habits = STILL,
    on: Machine = PLAIN,
    off: float = 500.0,
) -> Bundler:
    return Bundler(shops, [Shift(place=place, on=0, off=off) for place in couriers], STOPS, habits, 3, on)


def a_town(seed: int, on: Machine, couriers: int = 6, orders: int = 14) -> Bundler:
    chance = random.Random(seed)

    def point() -> tuple[float, float]:
        return chance.randrange(3000), chance.randrange(3000)

    town = bundler([point() for _ in range(4)], [point() for _ in range(couriers)], on=on)
    for _ in range(orders):
        placed = chance.randrange(20)
        town.order(chance.randrange(4), point(), placed, placed + chance.randrange(40))
    return town


def planned(town: Town) -> list[list[int]]:
    """Each courier's orders, bundle after bundle."""
    plans = []
    for courier in range(town.couriers):
        mine: list[int] = []
        for bundle in range(courier * MOST_BUNDLES, courier * MOST_BUNDLES + town.bundles[courier]):
            first = bundle * town.most_together
            mine += [int(order) for order in town.orders[first : first + town.size[bundle]]]
        plans.append(mine)
    return plans


def run_plan(policy: Bundler, rounds: int, now: float = 20.0) -> Town:
    town, couriers, orders = policy.town, policy.town.couriers, len(policy._open)
    town.active[:couriers] = range(couriers)  # type: ignore[call-overload]
    town.pool[:orders] = list(policy._open)  # type: ignore[call-overload]
    policy.on.plan(policy._inside, couriers, orders, now, rounds)
    return town


def total(town: Town) -> float:
    served = sum(town.cost[courier] for courier in range(town.couriers))
    nobody = sum(town.courier_of[order] < 0 for order in range(14))
    return float(served + town.unserved * nobody)


@given(seed=st.integers(0, 10_000), rounds=st.integers(0, 15))
@settings(max_examples=60, deadline=None)
def test_a_plan_has_every_order_once_in_bundles_of_one_shop_and_its_costs_are_those_of_its_rows(
    seed: int, rounds: int
) -> None:
    town = run_plan(a_town(seed, PLAIN), rounds)
    plans = planned(town)
    given_away = sorted(order for plan in plans for order in plan)
    assert given_away == [order for order in range(14) if town.courier_of[order] >= 0]
    assert all(town.courier_of[order] == courier for courier, plan in enumerate(plans) for order in plan)
    for courier in range(town.couriers):
        for bundle in range(courier * MOST_BUNDLES, courier * MOST_BUNDLES + town.bundles[courier]):
            first = bundle * town.most_together
            orders = town.orders[first : first + town.size[bundle]]
            assert 1 <= len(orders) <= town.most_together
            assert {town.shop_of[order] for order in orders} == {town.shop[bundle]}
        assert town.cost[courier] == pytest.approx(kernel.serve(town, courier, courier, 20.0))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_more_rounds_never_make_a_plan_dearer(seed: int) -> None:
    costs = [total(run_plan(a_town(seed, PLAIN), rounds)) for rounds in (0, 5, 30)]
    assert costs[2] <= costs[1] + 1e-6 <= costs[0] + 2e-6


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_an_order_goes_where_no_other_way_would_cost_less(seed: int) -> None:
    policy = a_town(seed, PLAIN, couriers=1, orders=3)
    run_plan(policy, 0)
    town, order = policy.town, 3
    policy.order(1, (100.0, 100.0), 18.0, 22.0)
    found = kernel.best_way(town, 0, order, 20.0)
    before = town.cost[0]
    assert kernel.give(town, 0, order, 20.0)
    assert town.cost[0] - before == pytest.approx(found)
    with_it = planned(town)[0]
    kernel.take(town, order, 20.0)
    assert town.cost[0] == pytest.approx(before)
    assert [one for one in with_it if one != order] == planned(town)[0]


@pytest.mark.parametrize("seed", range(8))
def test_the_compiled_kernel_makes_the_same_plans(seed: int) -> None:
    compiled = fastest()
    assert compiled is not PLAIN, "numba belongs to the development environment"
    one, other = a_town(seed, PLAIN), a_town(seed, compiled)
    for minute in range(20, 60):
        done, same = one.decide(float(minute)), other.decide(float(minute))
        assert done == same
        for policy in (one, other):
            for decision in done:
                policy.courier_at(decision.courier, (0.0, 0.0), minute + 7.0)
    assert planned(one.town) == planned(other.town)


def test_a_courier_sets_off_when_waiting_a_minute_longer_would_delay_the_customer() -> None:
    policy = bundler([(1000.0, 0.0)], [(0.0, 0.0)])
    policy.order(0, (1000.0, 500.0), 0.0, 30.0)
    # Ten minutes away, and two more before the goods change hands.
    assert [minute for minute in range(30) if policy.decide(float(minute))] == list(range(18, 30))


def test_couriers_set_off_sooner_where_preparation_times_are_only_expected() -> None:
    policy = bundler([(1000.0, 0.0)], [(0.0, 0.0)], Habits(every=0, lead=8.0))
    policy.order(0, (1000.0, 500.0), 0.0, 30.0, certain=False)
    assert next(minute for minute in range(30) if policy.decide(float(minute))) == 10


def test_goods_are_taken_once_they_are_ready_and_not_before_a_courier_has_served_half_the_stop() -> None:
    policy = bundler([(0.0, 0.0)], [(0.0, 0.0)])
    policy.courier_at(0, (0.0, 0.0), 5.0, shop=0)
    policy.order(0, (500.0, 0.0), 0.0, 3.0)
    assert policy.decide(6.0) == []
    assert policy.decide(7.0) == [Pickup(courier=0, shop=0, orders=(0,))]


def test_goods_that_are_not_known_to_be_ready_are_not_taken() -> None:
    policy = bundler([(0.0, 0.0)], [(0.0, 0.0)])
    policy.courier_at(0, (0.0, 0.0), 0.0, shop=0)
    order = policy.order(0, (500.0, 0.0), 0.0, 3.0, certain=False)
    assert policy.waiting_in(0, 9.0)
    assert policy.decide(9.0) == []
    policy.goods_ready(order, 8.0)
    assert policy.decide(10.0) == [Pickup(courier=0, shop=0, orders=(order,))]


def test_whoever_stands_in_the_shop_first_takes_the_goods_even_if_another_set_off_for_them() -> None:
    policy = bundler([(2000.0, 0.0)], [(0.0, 0.0), (9000.0, 0.0)])
    order = policy.order(0, (2500.0, 0.0), 0.0, 10.0)
    assert policy.decide(0.0) == [Move(courier=0, shop=0)]
    policy.courier_at(0, (2000.0, 0.0), 20.0, shop=0)
    # The other happens to become free in the shop, long before the first arrives.
    policy.courier_at(1, (2000.0, 0.0), 5.0, shop=0)
    assert policy.decide(10.0) == [Pickup(courier=1, shop=0, orders=(order,))]


def test_orders_of_one_shop_for_neighbours_travel_together_when_couriers_are_scarce() -> None:
    policy = bundler([(0.0, 0.0)], [(0.0, 0.0)])
    policy.courier_at(0, (0.0, 0.0), 0.0, shop=0)
    orders = {policy.order(0, (3000.0, float(far)), 0.0, 2.0) for far in (0, 100)}
    (pickup,) = policy.decide(2.0)
    assert isinstance(pickup, Pickup)
    assert set(pickup.orders) == orders


def test_nobody_takes_goods_after_the_end_of_the_shift() -> None:
    policy = bundler([(1000.0, 0.0)], [(0.0, 0.0)], off=20.0)
    policy.order(0, (1000.0, 500.0), 0.0, 25.0)
    assert [policy.decide(float(minute)) for minute in range(40)] == [[]] * 40


def test_idle_couriers_wait_where_orders_come_from() -> None:
    habits = Habits(rounds=5, prior=0.1)
    policy = bundler([(0.0, 0.0), (4000.0, 0.0)], [(0.0, 0.0), (0.0, 0.0)], habits)
    for shop in (0, 0, 1, 1, 1, 1):
        order = policy.order(shop, (4000.0, 100.0), 0.0, 3.0)
        del policy._open[order]
    assert policy.decide(4.0) == [Move(courier=0, shop=1, idle=True)]
    assert policy.decide(5.0) == [], "the other stays for the other shop"


@pytest.mark.parametrize("most_first", [True, False])
def test_the_courier_who_spares_most_by_waiting_elsewhere_is_moved_first(most_first: bool) -> None:
    habits = Habits(rounds=5, prior=0.1, most_moved=1, most_first=most_first)
    places = [(0.0, 0.0), (0.0, 0.0), (9000.0, 9000.0)]
    policy = bundler([(0.0, 0.0), (4000.0, 0.0), (9000.0, 0.0)], places, habits)
    for shop in (0, 0, 1, 1, 1, 2):
        del policy._open[policy.order(shop, (4000.0, 100.0), 0.0, 3.0)]
    (move,) = policy.decide(4.0)
    policy.courier_at(move.courier, places[move.courier], 0.0)
    gains = {}
    for courier in range(3):
        if policy._better_place(courier, policy.on.ints(range(3)), 3, 4.0) >= 0:
            gains[courier] = policy.town.gain[0]
    most = max(gains, key=lambda courier: gains[courier])
    assert most != min(gains), "the order of their numbers says something else"
    assert move.courier == (most if most_first else min(gains))


def test_a_courier_whose_shift_ends_goes_before_one_who_is_still_needed() -> None:
    shifts = [Shift(place=place, on=0, off=off) for place, off in [((0.0, 0.0), 500.0), ((0.0, 10.0), 25.0)]]
    for engaged, chosen in ((0.0, 0), (0.06, 1)):
        policy = Bundler(
            [(1000.0, 0.0)], shifts, STOPS, Habits(every=0, rounds=20, engaged=engaged), 3, PLAIN
        )
        policy.order(0, (3000.0, 0.0), 0.0, 20.0)
        assert policy.decide(8.0) == [Move(courier=chosen, shop=0)]


def test_a_courier_sets_off_no_later_because_time_has_a_price() -> None:
    moments = []
    for engaged in (0.0, 0.06, 1.0):
        policy = bundler([(1000.0, 0.0)], [(0.0, 0.0)], Habits(every=0, rounds=20, engaged=engaged))
        policy.order(0, (1000.0, 500.0), 0.0, 30.0)
        moments.append(next(minute for minute in range(60) if policy.decide(float(minute))))
    assert moments == [18, 18, 18]


def test_an_approach_that_takes_as_long_as_the_preparation_delays_nobody() -> None:
    expected = [0.0] * LONGEST
    delays([10.0, 20.0], 2, 2.0, expected)
    assert expected[8] == 0.0
    assert expected[10] == pytest.approx(1.0)
    assert expected[20] == pytest.approx((12 + 2) / 2)
    assert all(a <= b for a, b in pairwise(expected))


def test_there_is_room_for_any_number_of_orders() -> None:
    policy = bundler([(0.0, 0.0)], [(0.0, 0.0)])
    for number in range(300):
        assert policy.order(0, (float(number), 0.0), 0.0, 500.0 + number) == number
    assert [policy.town.ready[number] for number in (0, 63, 64, 299)] == [500.0, 563.0, 564.0, 799.0]
