"""What holds for every plan, whatever the snapshot."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.planning.problem import Basket, Plan, Rider, Snapshot, Visit
from services.dispatch.domain.planning.solver import solve
from tests.dispatch.builders import place

_SOMEWHERE = st.builds(place, st.integers(-4000, 4000), st.integers(-4000, 4000))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    couriers = draw(st.integers(0, 5))
    baskets: list[Basket] = []
    routes: dict[int, list[str]] = {number: [] for number in range(couriers)}
    loads: Counter[int] = Counter()
    for number in range(draw(st.integers(0, 8))):
        shops = draw(st.integers(1, 4))
        holder = draw(st.none() | st.integers(0, couriers - 1)) if couriers else None
        aboard = draw(st.integers(0, shops)) if holder is not None else 0
        pickups = tuple(
            Visit(
                stop_id=f"b{number}.{shop}",
                place=draw(_SOMEWHERE),
                ready=draw(st.integers(-20, 40)),
                service=4.0,
                amount=(1, draw(st.integers(0, 3))),
            )
            for shop in range(aboard, shops)
        )
        drop_off = Visit(stop_id=f"b{number}.door", place=draw(_SOMEWHERE), service=4.0)
        if holder is not None:
            routes[holder] += [visit.stop_id for visit in (*pickups, drop_off)]
            loads[holder] += aboard
        clicked = draw(st.integers(-60, 0))
        baskets.append(
            Basket(
                basket_id=f"b{number}",
                pickups=pickups,
                drop_off=drop_off,
                clicked=clicked,
                due=clicked + 40,
                asap=draw(st.booleans()),
                holder=None if holder is None else f"c{holder}",
                barred=frozenset(f"c{c}" for c in draw(st.sets(st.integers(0, 4), max_size=2))),
                on_board=(aboard, 0),
                announced=draw(st.none() | st.sampled_from(["c0", "c1", "somebody else"])),
            )
        )
    riders = tuple(
        Rider(
            courier_id=f"c{number}",
            place=draw(_SOMEWHERE),
            until=draw(st.integers(0, 120)),
            capacity=(draw(st.integers(1, 6)), draw(st.integers(0, 9))),
            load=(loads[number], 0),
            breaks=draw(st.sampled_from([(), ((10.0, 30.0),), ((0.0, 5.0), (25.0, 60.0))])),
            speed_factor=draw(st.sampled_from([0.5, 1.0, 1.0, 2.0])),
            route=tuple(routes[number]),
            frozen=draw(st.integers(0, min(1, len(routes[number])))),
            new=draw(st.booleans()),
        )
        for number in range(couriers)
    )
    return Snapshot(baskets=tuple(baskets), riders=riders, seed=draw(st.integers(0, 9)))


def check(snapshot: Snapshot, plan: Plan) -> None:
    riders = {rider.courier_id: rider for rider in snapshot.riders}
    baskets = {basket.basket_id: basket for basket in snapshot.baskets}
    carried: dict[str, set[str]] = {}
    for courier_id, route in plan.routes.items():
        rider = riders[courier_id]
        ids = [stop.stop_id for stop in route]
        assert len(ids) == len(set(ids)), "no stop is made twice"
        assert tuple(ids[: rider.frozen]) == rider.route[: rider.frozen], "frozen stops keep their place"
        assert set(rider.route) <= set(ids), "promised stops stay"
        times = [(stop.arrive, stop.start, stop.finish) for stop in route]
        assert all(a <= s <= f for a, s, f in times)
        assert all(before[2] <= after[0] for before, after in itertools.pairwise(times))
        for stop in route:
            carried.setdefault(stop.basket_id, set()).add(courier_id)
        for stop in route:
            for starts, ends in rider.breaks:
                assert stop.finish <= starts or ends <= stop.start, "nothing is served in a break"
        for basket_id in {stop.basket_id for stop in route}:
            basket = baskets[basket_id]
            assert {visit.stop_id for visit in (*basket.pickups, basket.drop_off)} <= set(ids)
            door = ids.index(basket.drop_off.stop_id)
            assert all(ids.index(pickup.stop_id) < door for pickup in basket.pickups), "goods before the door"
            if basket.holder is None:
                assert rider.new
                assert courier_id not in basket.barred
            else:
                assert basket.holder == courier_id
        taken_on = any(baskets[stop.basket_id].holder is None for stop in route)
        if taken_on and not rider.route:
            assert route[-1].finish <= rider.until, "nobody is kept past the shift for something new"
            for dimension, capacity in enumerate(rider.capacity):
                assert peak_of(rider, ids, baskets.values(), dimension) <= capacity, "nobody carries too much"
    assert all(len(couriers) == 1 for couriers in carried.values()), "one courier per basket"
    assert not set(plan.unassigned) & set(carried)
    assert {basket.basket_id for basket in snapshot.baskets} == set(carried) | set(plan.unassigned)


def peak_of(rider: Rider, ids: list[str], baskets: Iterable[Basket], dimension: int) -> int:
    loads: dict[str, int] = {}
    for basket in baskets:
        loads |= {pickup.stop_id: pickup.amount[dimension] for pickup in basket.pickups}
        loads[basket.drop_off.stop_id] = -sum(pickup.amount[dimension] for pickup in basket.pickups)
    return max(itertools.accumulate((loads[stop_id] for stop_id in ids), initial=rider.load[dimension]))


@settings(max_examples=150, deadline=None)
@given(snapshots())
def test_every_plan_keeps_the_hard_rules(snapshot: Snapshot) -> None:
    check(snapshot, solve(snapshot, rounds=8))


@settings(max_examples=40, deadline=None)
@given(snapshots())
def test_the_same_snapshot_gives_the_same_plan(snapshot: Snapshot) -> None:
    assert solve(snapshot, rounds=6) == solve(snapshot, rounds=6)


@settings(max_examples=60, deadline=None)
@given(snapshots())
def test_a_plan_made_warm_keeps_the_hard_rules_and_is_no_dearer(snapshot: Snapshot) -> None:
    first = solve(snapshot, rounds=4)
    again = dataclasses.replace(snapshot, previous=previous_of(first))
    warm = solve(again, rounds=0)
    check(again, warm)
    assert warm.cost <= first.cost + 1e-6


@settings(max_examples=40, deadline=None)
@given(snapshots())
def test_looking_longer_never_makes_a_plan_dearer(snapshot: Snapshot) -> None:
    assert solve(snapshot, rounds=10).cost <= solve(snapshot, rounds=0).cost + 1e-6


@settings(max_examples=60, deadline=None)
@given(snapshots())
def test_a_plan_whose_time_is_up_keeps_the_hard_rules_and_the_next_ones_finish_it(snapshot: Snapshot) -> None:
    plan = solve(snapshot, rounds=3, keep_going=lambda: False, keep_building=lambda: False)
    check(snapshot, plan)
    for _ in snapshot.baskets:
        again = dataclasses.replace(snapshot, previous=previous_of(plan))
        plan = solve(again, rounds=0, keep_building=lambda: False)
        check(again, plan)
    assert solve(dataclasses.replace(snapshot, previous=previous_of(plan)), rounds=0).cost >= plan.cost - 1e-6


def previous_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {courier: tuple(stop.stop_id for stop in route) for courier, route in plan.routes.items()}


def test_a_crowd_of_baskets_is_placed_little_by_little_when_time_is_short() -> None:
    riders = tuple(Rider(courier_id=f"c{number}", place=place(300 * number)) for number in range(10))
    baskets = tuple(
        Basket(
            basket_id=f"b{number:03}",
            pickups=(Visit(stop_id=f"{number}.p", place=place(10 * number), service=1),),
            drop_off=Visit(stop_id=f"{number}.d", place=place(10 * number, 400), service=1),
            clicked=0,
            due=40 + number,
        )
        for number in range(90)
    )
    snapshot = Snapshot(baskets=baskets, riders=riders)
    left: list[int] = []
    for _ in range(40):
        asked = iter(range(60))
        plan = solve(snapshot, rounds=0, keep_building=lambda asked=asked: next(asked, None) is not None)
        left.append(len(plan.unassigned))
        snapshot = dataclasses.replace(snapshot, previous=previous_of(plan))
    assert left[0] > 0
    assert left == sorted(left, reverse=True), "what was placed stays placed"
    assert left[-1] < left[0]
