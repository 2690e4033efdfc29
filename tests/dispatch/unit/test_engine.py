"""The engine: what its rules mean, and that both machines give the same plan."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random

import pytest

from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import solve
from services.dispatch.engine import machine
from services.dispatch.engine.kernel import INF
from services.dispatch.engine.model import Job, Model, Stop, Vehicle
from services.dispatch.engine.search import Search
from tests.dispatch.builders import place

# Places on a line, a minute apart.
LINE = [float(abs(a - b)) for a in range(40) for b in range(40)]


def a_job(start: int, goal: int, **fields: object) -> Job:
    amount = fields.pop("amount", (1,))
    job = Job(pickups=(Stop(place=start, amount=amount),), drop=Stop(place=goal), waiting=1.0, due=60.0)
    return dataclasses.replace(job, **fields)


def a_model(*jobs: Job, vehicles: tuple[Vehicle, ...], seed: int = 0) -> Model:
    return Model(jobs=jobs, vehicles=vehicles, travel=LINE, late=3.0, riding=0.15, seed=seed)


def routes(model: Model, rounds: int = 12) -> tuple[tuple[int, ...], ...]:
    return Search(model, machine.PLAIN).run(rounds=rounds).stops


def test_each_dimension_of_the_capacity_holds() -> None:
    bulky = (a_job(5, 9, amount=(1, 8)), a_job(5, 9, amount=(1, 8)))
    (route,) = routes(a_model(*bulky, vehicles=(Vehicle(start=0, capacity=(10, 10)),)))
    assert route in {(0, 1, 2, 3), (2, 3, 0, 1)}, "one after the other: both are too heavy together"
    (route,) = routes(a_model(*bulky, vehicles=(Vehicle(start=0, capacity=(10, 16)),)))
    assert set(route[:2]) == {0, 2}


def test_nothing_is_served_in_a_break() -> None:
    job = a_job(5, 9)
    search = Search(
        a_model(job, vehicles=(Vehicle(start=0, capacity=(1,), breaks=((4.0, 20.0),)),)), machine.PLAIN
    )
    found = search.run()
    # Five minutes there, fifteen more of the break, four to the door.
    assert found.stops == ((0, 1),)
    assert found.cost == pytest.approx(24.0 + 0.15 * 9)


def test_a_faster_vehicle_takes_less_time() -> None:
    vehicles = (Vehicle(start=0, capacity=(1,)), Vehicle(start=0, capacity=(1,), speed_factor=2.0))
    assert routes(a_model(a_job(10, 20), vehicles=vehicles)) == ((), (0, 1))


def test_a_window_and_a_shift_are_hard_and_a_due_time_is_soft() -> None:
    late = a_job(5, 9, due=1.0)
    shut = dataclasses.replace(late, drop=Stop(place=9, closes=8.0))
    vehicle = Vehicle(start=0, capacity=(1,))
    assert routes(a_model(late, vehicles=(vehicle,))) == ((0, 1),)
    assert routes(a_model(shut, vehicles=(vehicle,))) == ((),)
    assert routes(a_model(late, vehicles=(dataclasses.replace(vehicle, until=8.9),))) == ((),)
    assert routes(a_model(late, vehicles=(dataclasses.replace(vehicle, until=10.0, end=0),))) == ((),)
    assert routes(a_model(late, vehicles=(dataclasses.replace(vehicle, until=18.0, end=0),))) == ((0, 1),)


def test_nothing_is_picked_up_after_the_last_pickup_and_brought_all_the_same() -> None:
    vehicle = Vehicle(start=0, capacity=(2,), loads_until=5.0)
    assert routes(a_model(a_job(5, 9), vehicles=(vehicle,))) == ((0, 1),)
    # Both lie at the same place, but the second takes a minute more than there is.
    twice = a_job(5, 9, pickups=(Stop(place=5, service=1.0), Stop(place=5, service=1.0)))
    assert routes(a_model(twice, vehicles=(vehicle,))) == ((),)
    behind = dataclasses.replace(vehicle, loads_until=6.0)
    assert len(routes(a_model(twice, vehicles=(behind,)))[0]) == 3
    # What is promised stays promised, and nothing new comes to it.
    late = dataclasses.replace(vehicle, loads_until=4.0, route=(0, 1))
    assert routes(a_model(a_job(5, 9), a_job(6, 9), vehicles=(late,))) == ((0, 1),)


def test_what_was_announced_is_moved_only_for_more_than_it_is_worth() -> None:
    vehicles = tuple(Vehicle(start=start, capacity=(1,)) for start in (0, 2))
    job = a_job(10, 20)
    assert routes(a_model(job, vehicles=vehicles)) == ((), (0, 1))
    assert routes(a_model(dataclasses.replace(job, extra={1: 2.0}), vehicles=vehicles)) == ((), (0, 1))
    assert routes(a_model(dataclasses.replace(job, extra={1: 3.0}), vehicles=vehicles)) == ((0, 1), ())


def test_an_announced_courier_keeps_a_basket_that_another_would_bring_a_little_sooner() -> None:
    basket = Basket(
        basket_id="b",
        pickups=(Visit(stop_id="p", place=place(3190)),),
        drop_off=Visit(stop_id="d", place=place(4000)),
        clicked=0,
        due=60,
    )
    riders = (Rider(courier_id="far", place=place()), Rider(courier_id="near", place=place(330)))
    assert set(solve(Snapshot(baskets=(basket,), riders=riders)).routes) == {"near"}
    told = dataclasses.replace(basket, announced="far")
    assert set(solve(Snapshot(baskets=(told,), riders=riders)).routes) == {"far"}


def test_the_best_of_all_orders_is_found_where_there_are_few() -> None:
    chance = random.Random(5)
    for _ in range(25):
        jobs = tuple(a_job(chance.randrange(40), chance.randrange(40), due=25.0) for _ in range(3))
        model = a_model(*jobs, vehicles=(Vehicle(start=20, capacity=(2,)),), seed=chance.randrange(9))
        search = Search(model, machine.PLAIN)
        possible = [
            order
            for order in itertools.permutations(range(6))
            if all(order.index(2 * job) < order.index(2 * job + 1) for job in range(3))
        ]
        best = min(search.cost(0, order) for order in possible)
        assert best < INF
        assert search.run(rounds=80).cost == pytest.approx(best)


def a_zone(seed: int) -> Snapshot:
    chance = random.Random(seed)

    def somewhere() -> object:
        return place(chance.randint(-3000, 3000), chance.randint(-3000, 3000))

    baskets = tuple(
        Basket(
            basket_id=f"b{number}",
            pickups=tuple(
                Visit(stop_id=f"{number}.{shop}", place=somewhere(), ready=chance.randint(-9, 25), service=3)
                for shop in range(chance.choice([1, 1, 2, 3]))
            ),
            drop_off=Visit(stop_id=f"{number}.door", place=somewhere(), service=3),
            clicked=chance.randint(-20, 0),
            due=chance.randint(15, 40),
        )
        for number in range(25)
    )
    riders = tuple(
        Rider(
            courier_id=f"c{number:02}",
            place=somewhere(),
            until=chance.choice([60, 120, math.inf]),
            loads_until=chance.choice([40, math.inf]),
            breaks=chance.choice([(), ((20.0, 35.0),)]),
            speed_factor=chance.choice([1.0, 1.3]),
        )
        for number in range(14)
    )
    return Snapshot(baskets=baskets, riders=riders, seed=seed)


def test_the_compiled_kernel_gives_the_same_plan_as_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    assert machine.warm_up()
    saved = 0.0
    for seed in range(6):
        snapshot = a_zone(seed)
        compiled = solve(snapshot, rounds=25, board=Board(snapshot))
        with monkeypatch.context() as without:
            without.setattr(machine, "_ready", [])
            plain = solve(snapshot, rounds=25, board=Board(snapshot))
        assert plain == compiled
        saved += solve(snapshot, rounds=0).cost - plain.cost
    assert saved > 1, "there was something to search for"


def test_until_the_kernel_is_compiled_plain_python_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_ready", [])
    assert machine.machine() is machine.PLAIN
