"""A break: asked for, begun when the route is done, ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.dispatch.adapters.rows import courier_of, courier_row
from services.dispatch.domain.courier import Break, Courier, Rest, RouteStop
from services.dispatch.domain.errors import NoShift, WrongState
from services.dispatch.domain.stop import StopKind
from tests.dispatch.builders import NOON, a_courier, at


def riding() -> Courier:
    courier = a_courier()
    courier.follow([RouteStop(stop_id="stop-1", order_id="order-1", kind=StopKind.DROP_OFF, eta=at(9))])
    return courier


def ask(courier: Courier) -> None:
    courier.ask_for_break(at(1))


def ask_twice(courier: Courier) -> None:
    courier.ask_for_break(at(1))
    courier.ask_for_break(at(2))


def ask_and_arrive(courier: Courier) -> None:
    courier.ask_for_break(at(1))
    courier.leave_out({"stop-1"})


def ask_and_end(courier: Courier) -> None:
    courier.ask_for_break(at(1))
    courier.end_break(at(2))


def ask_and_go_home(courier: Courier) -> None:
    courier.ask_for_break(at(1))
    courier.wind_down(set())


@pytest.mark.parametrize(
    ("courier", "act", "rest", "may_be_asked"),
    [
        (a_courier, lambda _: None, None, True),
        (a_courier, ask, Break.ON, False),
        (a_courier, ask_twice, Break.ON, False),
        (riding, ask, Break.ASKED, False),
        (riding, ask_and_arrive, Break.ON, False),
        (riding, ask_and_end, None, True),
        (a_courier, ask_and_end, None, True),
        (a_courier, ask_and_go_home, None, False),
    ],
)
def test_a_break_begins_when_the_route_is_done_and_takes_nothing_new(
    courier: Callable[[], Courier], act: Callable[[Courier], None], rest: Break | None, may_be_asked: bool
) -> None:
    one = courier()
    act(one)
    assert one.rest is rest
    assert one.may_be_asked(at(3)) is may_be_asked


def test_the_first_time_a_break_was_asked_for_counts() -> None:
    courier = a_courier()
    ask_twice(courier)
    assert courier.on_shift().break_asked_at == at(1)


def test_breaks_that_are_over_are_kept_and_one_without_an_end_lasts_as_long_as_the_shift() -> None:
    courier = a_courier()
    courier.end_break(at(1))
    assert courier.rests == [], "there was none"
    ask_and_end(courier)
    courier.ask_for_break(at(5))
    courier.wind_down(set())
    shift_id = courier.on_shift().shift_id
    assert courier.rests == [
        Rest(shift_id=shift_id, asked_at=at(1), ended_at=at(2)),
        Rest(shift_id=shift_id, asked_at=at(5), ended_at=None),
    ]


@pytest.mark.parametrize("act", [ask, lambda courier: courier.end_break(at(1))])
def test_there_is_no_break_without_a_shift(act: Callable[[Courier], None]) -> None:
    with pytest.raises(NoShift):
        act(Courier(courier_id="courier-1", approved_at=NOON))


def test_there_is_no_break_in_a_shift_that_is_ending() -> None:
    courier = riding()
    courier.wind_down({"order-1"})
    with pytest.raises(WrongState):
        courier.ask_for_break(at(1))


def test_a_shift_that_was_kept_before_there_were_breaks_has_none() -> None:
    row = courier_row(a_courier())
    del row["shift"]["break_asked_at"]
    assert courier_of(row | {"approved_at": NOON, "registered_at": NOON}).rest is None
