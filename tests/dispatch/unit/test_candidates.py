"""Why a courier was asked: the cheapest couriers of that moment, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.candidates import Judge
from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import solve
from services.dispatch.engine import machine
from tests.dispatch.builders import place

# 320 m a minute; a place so many minutes to the east.
SHOP, DOOR = 5, 10


def east(minutes: float) -> Position:
    return place(minutes * 319.9)


def a_basket(name: str = "order-1", shops: tuple[float, ...] = (SHOP,), door: float = DOOR) -> Basket:
    pickups = tuple(
        Visit(stop_id=f"{name}.{number}", place=east(shop), service=2) for number, shop in enumerate(shops)
    )
    drop_off = Visit(stop_id=f"{name}.door", place=east(door), service=2)
    return Basket(basket_id=name, pickups=pickups, drop_off=drop_off, clicked=0, due=40)


def a_rider(name: str, where: float, **changes: object) -> Rider:
    return replace(Rider(courier_id=name, place=east(where)), **changes)  # type: ignore[arg-type]


def a_snapshot(*riders: Rider, baskets: tuple[Basket, ...] = (a_basket(),)) -> Snapshot:
    return Snapshot(baskets=baskets, riders=riders)


def names(snapshot: Snapshot, chosen: str = "a") -> list[str]:
    return [one.courier_id for one in Judge(Board(snapshot)).candidates("order-1", chosen)]


def test_what_an_idle_courier_would_cost_is_waiting_and_riding() -> None:
    (one,) = Judge(Board(a_snapshot(a_rider("a", 0)))).candidates("order-1", "a")
    # 5 minutes to the shop, 2 there, 5 to the door, 2 there; ten of them ridden.
    assert (one.door, one.extra, one.cost, one.chosen) == (14, 14, pytest.approx(14 + 0.15 * 10), True)


def test_being_late_costs_three_times_as_much() -> None:
    late = replace(a_basket(), due=4.0)
    (one,) = Judge(Board(a_snapshot(a_rider("a", 0), baskets=(late,)))).candidates("order-1", "a")
    assert one.cost == pytest.approx(14 + 0.15 * 10 + 3 * 10)


def test_the_three_cheapest_are_kept_and_the_chosen_one_in_any_case() -> None:
    riders = [a_rider(name, where) for name, where in zip("abcde", (-9, -1, 1, 3, 0), strict=True)]
    assert names(a_snapshot(*riders), chosen="d") == ["d", "c", "e"]
    assert names(a_snapshot(*riders), chosen="a") == ["d", "c", "e", "a"]


@pytest.mark.parametrize(
    ("rider", "comes_into_question"),
    [
        (a_rider("b", 5), True),
        (a_rider("b", 5, new=False), False),
        (a_rider("b", 5, until=8.0), False),
        (a_rider("b", 5, until=9.0), True),
        (a_rider("b", 5, capacity=(0,)), False),
    ],
    ids=["free", "takes nothing new", "shift too short", "shift just long enough", "no room"],
)
def test_who_comes_into_question(rider: Rider, comes_into_question: bool) -> None:
    assert ("b" in names(a_snapshot(a_rider("a", 0), rider))) == comes_into_question


def test_who_may_not_be_asked_does_not_come_into_question() -> None:
    barred = replace(a_basket(), barred=frozenset({"b"}))
    assert names(a_snapshot(a_rider("a", 0), a_rider("b", 5), baskets=(barred,))) == ["a"]


def test_stops_on_the_way_cost_only_what_they_add_and_the_frozen_ones_stay_in_front() -> None:
    other = a_basket("order-2", (6,), 12)
    route = ("order-2.0", "order-2.door")
    for frozen, extra in ((0, 4), (1, 6)):
        rider = a_rider("a", 0, route=route, frozen=frozen)
        (one,) = Judge(Board(a_snapshot(rider, baskets=(a_basket(), other)))).candidates("order-1", "a")
        # On the way it is two services more; behind the frozen shop it is a minute back and forth besides.
        assert one.extra == extra


def test_several_shops_are_all_collected_before_the_door() -> None:
    (one,) = Judge(Board(a_snapshot(a_rider("a", 0), baskets=(a_basket(shops=(5, 3, 8)),)))).candidates(
        "order-1", "a"
    )
    assert (one.door, one.extra) == (18, 18)


def test_the_compiled_engine_judges_as_plain_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    assert machine.warm_up()
    other = a_basket("order-2", (6, 3), 12)
    riders = [a_rider("a", 0, route=("order-2.0", "order-2.1", "order-2.door"), frozen=1), a_rider("b", 4)]
    snapshot = a_snapshot(*riders, baskets=(a_basket(shops=(5, 3)), other))
    compiled = Judge(Board(snapshot)).candidates("order-1", "a")
    monkeypatch.setattr(machine, "_ready", [])
    assert Judge(Board(snapshot)).candidates("order-1", "a") == compiled
    assert json.dumps([one.cost + one.extra + one.door for one in compiled]), "plain numbers, as JSON wants"


def test_a_board_whose_plan_is_made_still_judges_by_what_was_promised() -> None:
    snapshot = a_snapshot(a_rider("a", 0), a_rider("b", 4))
    board = Board(snapshot)
    assert solve(snapshot, board=board).routes
    assert Judge(board).candidates("order-1", "b") == Judge(Board(snapshot)).candidates("order-1", "b")
