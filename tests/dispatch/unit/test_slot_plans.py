"""Slots planned hours ahead, by PyVRP and by the engine: every order once, in time, with few couriers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.adapters.pyvrp_pairs import PyVrpSlots
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.own_slots import OwnSlots
from services.dispatch.domain.planning.pace import Trial, measured_pace
from services.dispatch.domain.planning.slots import (
    BestOf,
    Booked,
    Planned,
    SlotSolver,
    SlotWork,
    as_pairs,
    in_best_order,
    outlook,
)
from services.dispatch.domain.zone import Slot, ZoneSettings
from tests.dispatch.builders import NOON, ZONE_ID, at, place

LEAD, LONG = 60.0, 120.0


def an_order(order_id: str, *shops: Position, door: Position | None = None) -> Booked:
    door = door or place(0, 900)
    return Booked(order_id=order_id, shops=in_best_order(shops or (place(500),), door, 320.0), door=door)


def some_work(*booked: Booked, minutes: float = LONG, **figures: float) -> SlotWork:
    slot = Slot(
        slot_id="slot-1",
        zone_id=ZONE_ID,
        starts_at=at(LEAD),
        ends_at=at(LEAD + minutes),
        capacity=9,
        cutoff_at=at(0),
    )
    return SlotWork(slot=slot, settings=ZoneSettings(**figures), booked=booked)  # type: ignore[arg-type]


SOLVERS: list[SlotSolver] = [OwnSlots(), PyVrpSlots()]
BOTH = pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)


def must_hold(work: SlotWork, planned: Planned) -> None:
    """Every order once or named, its shops before its door, each round within the slot and the capacity."""
    doors = [stop.booked.order_id for one in planned.rounds for stop in one if stop.shop is None]
    assert sorted([*doors, *planned.late]) == sorted(one.order_id for one in work.booked)
    for one in planned.rounds:
        minute, here, load = 0.0, one[0].place, 0
        seen: dict[str, set[int]] = {}
        for stop in one:
            minute += work.minutes(here, stop.place) if stop is not one[0] else 0.0
            here = stop.place
            if stop.shop is None:
                assert seen[stop.booked.order_id] == set(range(len(stop.booked.shops)))
                minute = max(minute, work.opens) + work.settings.drop_off_service_minutes
                load -= len(stop.booked.shops)
                assert minute <= work.ends + 1e-6
            else:
                seen.setdefault(stop.booked.order_id, set()).add(stop.shop)
                minute += work.settings.pickup_service_minutes
                load += 1
            assert load <= work.settings.capacity


@BOTH
def test_orders_that_lie_together_need_one_courier_and_far_ones_more(solver: SlotSolver) -> None:
    near = [an_order(f"near-{n}", place(500 + 10 * n), door=place(0, 900 + 10 * n)) for n in range(4)]
    work = some_work(*near)
    assert len(solver.solve(work, 0.3, 1).rounds) == 1
    far = [an_order(f"far-{n}", place(-9000, 9000 * n), door=place(9000, -9000 * n)) for n in (-1, 1)]
    work = some_work(*far, minutes=30)
    planned = solver.solve(work, 0.3, 1)
    must_hold(work, planned)
    assert len(planned.rounds) == 2


@BOTH
def test_an_order_that_nobody_can_bring_in_time_is_named_and_the_others_are_planned(
    solver: SlotSolver,
) -> None:
    possible = an_order("order-1")
    never = an_order("order-2", place(-30_000), door=place(30_000))
    work = some_work(possible, never, minutes=15)
    planned = solver.solve(work, 0.3, 1)
    must_hold(work, planned)
    assert planned.late == ("order-2",)
    told = outlook(work, planned, NOON)
    assert (told.booked, told.couriers_needed, told.late) == (2, 1, ("order-2",))


@BOTH
@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=1, max_size=3),
            st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([20.0, 60.0, 120.0]),
    st.integers(3, 12),
)
def test_whatever_is_booked_the_plan_holds(
    solver: SlotSolver, orders: list[tuple[list[tuple[int, int]], tuple[int, int]]], long: float, most: int
) -> None:
    booked = [
        an_order(
            f"order-{number}",
            *(place(100 * x, 100 * y) for x, y in shops),
            door=place(100 * door[0], 100 * door[1]),
        )
        for number, (shops, door) in enumerate(orders)
    ]
    work = some_work(*booked, minutes=long, capacity=most)
    must_hold(work, solver.solve(work, 0.05, 1))


def test_shops_of_different_orders_take_turns_and_the_better_plan_counts() -> None:
    """Two orders over the same two shops: the engine goes to each shop once, an errand cannot."""
    shops = place(-4000), place(4000)
    work = some_work(*(an_order(f"order-{n}", *shops, door=place(0, 200 * n)) for n in (1, 2)))
    own, pyvrp = (solver.solve(work, 0.2, 1) for solver in SOLVERS)
    both = BestOf(PyVrpSlots(), OwnSlots())
    best = both.solve(work, 0.4, 1)
    assert own.rank(work) < pyvrp.rank(work)
    assert (best.solver, best.rank(work), both.name) == ("own", own.rank(work), "pyvrp+own")


def test_the_shops_of_an_order_are_one_errand_from_the_first_to_the_last() -> None:
    order = an_order("order-1", place(3180), place(0), door=place(6360))
    assert order.shops == (place(0), place(3180))
    pairs = as_pairs(some_work(order))
    (errand,) = pairs.errands
    assert errand.pickup.service == pytest.approx(4 + 10 + 4)
    assert pairs.travel[errand.pickup.place][errand.drop.place] == pytest.approx(10)
    assert pairs.travel[errand.drop.place][errand.pickup.place] == pytest.approx(20)


def test_many_shops_are_put_in_order_without_trying_all() -> None:
    shops = [place(500.0 * n) for n in (3, 7, 1, 5, 0, 6, 2, 4)]
    assert in_best_order(shops, place(4500), 320.0) == tuple(place(500.0 * n) for n in range(8))


def test_a_round_leaves_as_late_as_delays_no_door() -> None:
    work = some_work(an_order("order-1", place(0), door=place(3180)))
    planned = OwnSlots().solve(work, 0.05, 1)
    (route,) = outlook(work, planned, NOON).routes
    # Four minutes at the shop and ten on the way, to be at the door when the slot opens; four there.
    assert route.leaves_at == at(LEAD) - timedelta(minutes=14)
    assert route.ends_at == at(LEAD) + timedelta(minutes=4)


@pytest.mark.parametrize(("metres", "least", "most"), [(200, 4.0, 8.0), (6000, 0.4, 1.8)])
def test_a_pace_is_that_of_the_zone_s_own_ways(metres: float, least: float, most: float) -> None:
    history = [
        an_order(f"order-{n}", place(metres * (n % 3), 0), door=place(-metres * (n % 4), metres))
        for n in range(12)
    ]
    trial = Trial(couriers=2, minutes=120, draws=2, rounds=4)
    pace = measured_pace(history, ZoneSettings(), 1, trial)
    assert pace is not None
    assert least <= pace <= most
    assert measured_pace(history, ZoneSettings(), 1, trial) == pace


def test_a_few_deliveries_tell_nothing() -> None:
    assert measured_pace([an_order("order-1")] * 4, ZoneSettings(), 1) is None
