"""A finished day solved again: what is known by hand, and what holds for every day."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.planning import hindsight
from services.dispatch.domain.planning.hindsight import FinishedDay, in_hindsight, rounds_for
from services.dispatch.domain.planning.problem import Basket, Rider, Visit
from services.dispatch.domain.planning.travel import minutes_between
from tests.dispatch.builders import place

SPEED = 320.0


def a_visit(stop_id: str, east: int, ready: float = 0.0, service: float = 1.0) -> Visit:
    """A stop so many minutes east of the zone's centre."""
    return Visit(stop_id=stop_id, place=place(300 * east), ready=ready, service=service)


def a_basket(name: str, shop: int, door: int, *, ready: float, clicked: float = 0.0) -> Basket:
    return Basket(
        basket_id=name,
        pickups=(a_visit(f"{name}.shop", shop, ready),),
        drop_off=a_visit(f"{name}.door", door),
        clicked=clicked,
        due=clicked + 40,
    )


def a_day(
    baskets: Iterable[Basket],
    riders: Iterable[Rider],
    doors: Mapping[str, float] = {},
    routes: Mapping[str, tuple[str, ...]] = {},
    metres: float = 0.0,
) -> FinishedDay:
    return FinishedDay(
        baskets=tuple(baskets),
        riders=tuple(riders),
        doors=doors,
        routes=routes,
        metres=metres,
        metres_per_minute=SPEED,
    )


def a_rider(name: str = "r1", east: int = 0, **known: float) -> Rider:
    return Rider(courier_id=name, place=place(300 * east), until=known.pop("until", 600.0), **known)  # type: ignore[arg-type]


# Two baskets from one shop, ten minutes apart, and one from a shop at the second one's door.
THREE = (
    a_basket("b1", 0, 3, ready=10, clicked=0),
    a_basket("b2", 0, 5, ready=20, clicked=5),
    a_basket("b3", 5, 8, ready=30, clicked=12),
)
# As lived the courier waited for the second, brought both together, and lost a minute on the way.
LIVED = a_day(
    THREE,
    [a_rider()],
    doors={"b1": 26, "b2": 29, "b3": 35},
    routes={"r1": ("b1.shop", "b2.shop", "b1.door", "b2.door", "b3.shop", "b3.door")},
    metres=2400,
)


def test_three_baskets_come_as_soon_as_is_known_by_hand() -> None:
    found = in_hindsight(LIVED, rounds=200)
    # Out with the first, 10 + 1 + 3 + 1, and back; 20 + 1 + 5 + 1; 30 + 1 + 3 + 1: each as if it were alone.
    assert found.resolved.click_to_door == pytest.approx((15 + 22 + 23) / 3)
    assert found.lived.click_to_door == pytest.approx((26 + 24 + 23) / 3)
    assert found.gap == pytest.approx(13 / 3)
    assert found.gap_share == pytest.approx((13 / 3) / 20)
    assert found.lived.kilometres == 2.4
    assert found.resolved.kilometres == pytest.approx(4.2, abs=0.01)
    assert (found.baskets, found.compared) == (3, 3)
    assert (found.lived.undelivered, found.resolved.undelivered) == (0, 0)


def test_life_that_was_quicker_than_the_rules_is_said_to_be_better() -> None:
    quick = replace(LIVED, doors={"b1": 8, "b2": 12, "b3": 14})
    found = in_hindsight(quick, rounds=200)
    assert found.lived.click_to_door == pytest.approx((8 + 7 + 2) / 3)
    assert found.gap == pytest.approx(17 / 3 - 20)
    assert found.gap_share == pytest.approx((17 / 3 - 20) / 20)


def test_what_nobody_brought_counts_beside_the_minutes_and_not_in_them() -> None:
    lived = replace(LIVED, doors={"b1": 26, "b2": 29}, routes={"r1": LIVED.routes["r1"][:4]})
    found = in_hindsight(lived, rounds=200)
    assert (found.baskets, found.compared) == (3, 2)
    assert (found.lived.undelivered, found.resolved.undelivered) == (1, 0)
    assert found.resolved.click_to_door == pytest.approx((15 + 22) / 2)
    gone = replace(lived, riders=(a_rider(until=28.0),))
    assert in_hindsight(gone, rounds=200).resolved.undelivered == 1


def test_a_slot_is_kept_and_its_minutes_are_not_counted() -> None:
    slot = replace(
        a_basket("b4", 0, 2, ready=0), asap=False, due=90.0, drop_off=replace(a_visit("b4.door", 2), ready=60)
    )
    lived = replace(
        LIVED, baskets=(*THREE, slot), doors={**LIVED.doors, "b4": 80}, routes={"r1": (*LIVED.routes["r1"],)}
    )
    found = in_hindsight(lived, rounds=300)
    assert (found.baskets, found.compared, found.resolved.undelivered) == (4, 3, 0)
    assert found.resolved.click_to_door == pytest.approx(20)


def test_nothing_to_compare_is_no_gap() -> None:
    assert in_hindsight(a_day([], [a_rider()]), rounds=10).gap is None
    nobody = in_hindsight(a_day(THREE, []), rounds=10)
    assert (nobody.gap, nobody.gap_share, nobody.resolved.undelivered, nobody.rounds) == (None, None, 3, 0)


def test_time_ends_the_search_and_what_was_ridden_is_the_least_that_is_found() -> None:
    looks = itertools.count()
    found = in_hindsight(LIVED, rounds=10_000, spent=lambda: next(looks) / 20)
    assert 0 < found.rounds < 10_000
    # The same routes, at the zone's pace: 20 + 1 + 3 + 1 at the first door.
    none = in_hindsight(LIVED, rounds=0)
    assert none.rounds == 0
    assert none.resolved.click_to_door == pytest.approx((25 + 23 + 23) / 3)


def test_the_same_day_and_seed_give_the_same_answer() -> None:
    day = lived_at_random(random.Random(4), baskets=12, riders=3)
    assert in_hindsight(day, rounds=400, seed=7) == in_hindsight(day, rounds=400, seed=7)
    assert rounds_for(day) > rounds_for(LIVED)


def test_a_day_too_big_to_be_solved_at_once_is_solved_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    day = lived_at_random(random.Random(4), baskets=12, riders=3)
    whole = in_hindsight(day, rounds=200)
    monkeypatch.setattr(hindsight, "MOST_AT_ONCE", 5)
    parts = in_hindsight(day, rounds=200)
    assert (parts.compared, parts.resolved.undelivered, parts.lived) == (12, 0, whole.lived)
    assert parts.resolved.click_to_door is not None
    assert whole.resolved.click_to_door is not None
    assert whole.lived.click_to_door is not None
    assert whole.resolved.click_to_door <= parts.resolved.click_to_door < whole.lived.click_to_door
    assert parts == in_hindsight(day, rounds=200)
    looks = itertools.count()
    hurried = in_hindsight(day, rounds=100_000, spent=lambda: next(looks) / 90)
    assert 0 < hurried.rounds < 5_000
    nobody = in_hindsight(replace(day, riders=()), rounds=10)
    assert nobody.resolved.undelivered == 12


@pytest.mark.parametrize("seed", range(6))
def test_of_three_baskets_and_two_couriers_no_other_way_is_better(seed: int) -> None:
    chance = random.Random(seed)
    baskets = [
        a_basket(f"b{n}", chance.randint(-4, 4), chance.randint(-7, 7), ready=chance.randint(0, 12))
        for n in range(3)
    ]
    riders = [a_rider("r1", -3), a_rider("r2", 3, free_at=float(chance.randint(0, 9)))]
    best = min(
        sum(
            min((sum(doors_of(rider, order).values()) for order in orders(mine)), default=0.0)
            for rider, mine in ((riders[0], of(baskets, who, 0)), (riders[1], of(baskets, who, 1)))
        )
        for who in itertools.product((0, 1), repeat=3)
    )
    lived = a_day(baskets, riders, doors={f"b{n}": 999.0 for n in range(3)})
    assert in_hindsight(lived, rounds=250).resolved.click_to_door == pytest.approx(best / 3)


def of(baskets: Sequence[Basket], who: Sequence[int], rider: int) -> list[Basket]:
    return [basket for basket, taker in zip(baskets, who, strict=True) if taker == rider]


def orders(baskets: Sequence[Basket]) -> Iterator[tuple[Visit, ...]]:
    """Every order of the stops in which each door comes after its shops."""
    stops = [visit for basket in baskets for visit in (*basket.pickups, basket.drop_off)]
    doors = {basket.drop_off.stop_id: {visit.stop_id for visit in basket.pickups} for basket in baskets}
    for order in itertools.permutations(stops):
        seen: set[str] = set()
        for visit in order:
            if not doors.get(visit.stop_id, set()) <= seen:
                break
            seen.add(visit.stop_id)
        else:
            yield order


def doors_of(rider: Rider, route: Iterable[Visit]) -> dict[str, float]:
    """When the doors on a route are done, counted here once more."""
    minute, here, done = rider.free_at, rider.place, {}
    for visit in route:
        minute = max(minute + minutes_between(here, visit.place, SPEED), visit.ready) + visit.service
        here = visit.place
        if visit.stop_id.endswith("door"):
            done[visit.stop_id] = minute
    return done


def lived_at_random(chance: random.Random, baskets: int, riders: int) -> FinishedDay:
    """Somebody takes each basket, in no good order, and is as quick as the rules have it."""
    crew = [
        Rider(
            courier_id=f"r{n}",
            place=place(chance.randint(-3000, 3000), chance.randint(-3000, 3000)),
            free_at=float(chance.randint(0, 30)),
            until=2000.0,
        )
        for n in range(riders)
    ]
    made: list[Basket] = []
    routes: dict[str, list[Visit]] = {rider.courier_id: [] for rider in crew}
    for n in range(baskets):
        clicked = float(chance.randint(0, 120))
        pickups = tuple(
            Visit(
                stop_id=f"b{n}.{shop}",
                place=place(chance.randint(-3000, 3000), chance.randint(-3000, 3000)),
                ready=clicked + chance.randint(0, 40),
                service=float(chance.randint(0, 4)),
            )
            for shop in range(chance.randint(1, 3))
        )
        somewhere = place(chance.randint(-3000, 3000), chance.randint(-3000, 3000))
        door = Visit(stop_id=f"b{n}.door", place=somewhere, service=4.0)
        made.append(
            Basket(basket_id=f"b{n}", pickups=pickups, drop_off=door, clicked=clicked, due=clicked + 40)
        )
        routes[f"r{chance.randrange(riders)}"] += [*pickups, door]
    doors = {
        stop_id.split(".")[0]: minute
        for rider in crew
        for stop_id, minute in doors_of(rider, routes[rider.courier_id]).items()
    }
    stops = {name: tuple(visit.stop_id for visit in route) for name, route in routes.items() if route}
    return a_day(made, crew, doors, stops)


def floor_of(basket: Basket) -> float:
    """The door, if a courier stood at the best first shop from the start: nobody can be quicker."""
    return min(
        doors_of(
            Rider(courier_id="", place=order[0].place, free_at=-1e9), (*order, basket.drop_off)
        ).popitem()[1]
        for order in itertools.permutations(basket.pickups)
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), baskets=st.integers(1, 9), riders=st.integers(1, 4))
def test_it_is_never_better_than_possible_and_never_worse_than_the_routes_that_were_ridden(
    seed: int, baskets: int, riders: int
) -> None:
    day = lived_at_random(random.Random(seed), baskets, riders)
    found = in_hindsight(day, rounds=60, seed=seed)
    assert (found.compared, found.resolved.undelivered) == (baskets, 0)
    assert found.resolved.click_to_door is not None
    assert found.lived.click_to_door is not None
    floor = sum(floor_of(basket) - basket.clicked for basket in day.baskets) / baskets
    assert found.resolved.click_to_door >= floor - 1e-9
    # Riding weighs a thousandth: it decides where minutes do not.
    ridden = 0.001 * 3 * 30 * baskets
    assert found.resolved.click_to_door <= found.lived.click_to_door + ridden / baskets
