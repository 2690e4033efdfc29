"""Loans of couriers: every pair of states, and a courier who is one zone's at a time."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from services.dispatch.domain import lending
from services.dispatch.domain.courier import Courier, RouteStop
from services.dispatch.domain.errors import CourierNotAvailable, WrongState
from services.dispatch.domain.lending import are_neighbours, must_be_lendable, to_lend
from services.dispatch.domain.loan import MAY_BECOME, Loan, LoanStatus
from services.dispatch.domain.override import must_be_able
from services.dispatch.domain.places import Area
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.upkeep import keep_up
from services.dispatch.domain.stop import StopKind
from tests.dispatch.builders import ZONE_ID, a_courier, a_paid_delivery, a_zone, at, place

THERE = "zone-hill"
S = LoanStatus


def a_loan(status: LoanStatus = S.OFFERED, until: float = 60) -> Loan:
    moments = {
        S.OFFERED: {},
        S.LENT: {"lent_at": at(1)},
        S.RECALLED: {"lent_at": at(1), "recalled_at": at(2), "recalled_by": "operator-1"},
        S.RETURNED: {"returned_at": at(3)},
    }[status]
    return Loan(
        loan_id="loan-1",
        courier_id="courier-1",
        from_zone_id=ZONE_ID,
        to_zone_id=THERE,
        until=at(until),
        offered_at=at(0),
        by="operator-1",
        reason="busy there",
        status=status,
        **moments,  # type: ignore[arg-type]
    )


def a_lent_courier(status: LoanStatus, busy: bool = False) -> Courier:
    courier = a_courier()
    if status is not S.RETURNED:
        courier.loan = a_loan(status)
    if courier.loan is not None and courier.loan.is_abroad:
        courier.shift = replace(courier.on_shift(), zone_id=THERE)
    if busy:
        courier.follow(a_route("order-1"))
    return courier


def a_route(order_id: str) -> list[RouteStop]:
    return [RouteStop(stop_id="stop-1", order_id=order_id, kind=StopKind.DROP_OFF, eta=at(20))]


def names(courier: Courier) -> list[str]:
    return [type(event).__name__ for event in courier.events if "Shift" not in type(event).__name__]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(LoanStatus, LoanStatus)))
def test_a_loan_becomes_what_the_table_says_and_nothing_else(before: LoanStatus, after: LoanStatus) -> None:
    loan = a_loan(before)
    become = {
        S.LENT: lambda: loan.lend(at(5)),
        S.RECALLED: lambda: loan.recall("operator-2", at(5)),
        S.RETURNED: lambda: loan.end(at(5)),
    }.get(after)
    if become is None:
        assert all(after not in MAY_BECOME[status] for status in LoanStatus), "nothing becomes an offer again"
    elif after in MAY_BECOME[before]:
        assert become().status is after
    else:
        with pytest.raises(WrongState):
            become()


def test_an_idle_courier_is_lent_at_once_and_is_the_other_zone_s() -> None:
    courier = a_courier()
    lending.offer(courier, a_loan(), asked=False)
    assert courier.on_shift().zone_id == THERE
    assert courier.loan is not None
    assert courier.loan.status is S.LENT
    assert names(courier) == ["CourierLoanOffered", "CourierLent"]
    assert courier.may_be_asked(at(1))


@pytest.mark.parametrize(("busy", "asked"), [(True, False), (False, True), (True, True)])
def test_whoever_has_something_to_do_or_to_answer_stays_until_it_is_done(busy: bool, asked: bool) -> None:
    courier = a_courier()
    if busy:
        courier.follow(a_route("order-1"))
    lending.offer(courier, a_loan(), asked=asked)
    assert courier.on_shift().zone_id == ZONE_ID
    assert not courier.may_be_asked(at(1)), "nothing new in the old zone"
    assert not lending.settle(courier, asked, at(2))
    courier.follow(())
    assert lending.settle(courier, False, at(3))
    assert courier.on_shift().zone_id == THERE


def test_a_loan_whose_time_is_over_before_it_began_just_ends() -> None:
    courier = a_courier()
    courier.follow(a_route("order-1"))
    lending.offer(courier, a_loan(until=10), asked=False)
    courier.follow(())
    assert lending.settle(courier, False, at(10))
    assert (courier.loan, courier.on_shift().zone_id) == (None, ZONE_ID)
    assert names(courier) == ["CourierLoanOffered", "CourierReturned"]


def test_when_time_is_up_nothing_new_is_asked_and_the_courier_goes_back_once_done() -> None:
    courier = a_lent_courier(S.LENT, busy=True)
    assert courier.may_be_asked(at(59))
    assert not courier.may_be_asked(at(60))
    assert not lending.settle(courier, False, at(60))
    courier.follow(())
    assert lending.settle(courier, False, at(70))
    assert (courier.loan, courier.on_shift().zone_id) == (None, ZONE_ID)


@pytest.mark.parametrize("status", LoanStatus)
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_recalling_in_every_state(status: LoanStatus, busy: bool) -> None:
    courier = a_lent_courier(status, busy)
    if status in {S.RETURNED, S.RECALLED}:
        with pytest.raises(WrongState):
            lending.recall(courier, "operator-2", False, at(5))
        return
    lending.recall(courier, "operator-2", False, at(5))
    stays = status is S.LENT and busy
    assert (courier.loan is not None) == stays
    assert courier.on_shift().zone_id == (THERE if stays else ZONE_ID)
    assert courier.changed_loans[-1].status is (S.RECALLED if stays else S.RETURNED)
    assert courier.may_be_asked(at(6)) is not stays


@pytest.mark.parametrize("status", [S.OFFERED, S.LENT, S.RECALLED])
def test_whoever_goes_home_is_lent_no_more_and_goes_home_from_the_own_zone(status: LoanStatus) -> None:
    courier = a_lent_courier(status)
    courier.wind_down(set())
    assert courier.go_home_if_done(at(9))
    assert (courier.loan, courier.shift) == (None, None)
    returned, off = courier.events[-2:]
    assert type(returned).__name__ == "CourierReturned"
    assert off.zone_id == ZONE_ID  # type: ignore[union-attr]


def test_who_may_be_lent_is_on_shift_and_not_lent_already() -> None:
    for courier in (None, Courier(courier_id="c"), a_lent_courier(S.OFFERED), a_lent_courier(S.LENT)):
        with pytest.raises(CourierNotAvailable):
            must_be_lendable(courier, at(1))
    with pytest.raises(CourierNotAvailable):
        must_be_lendable(a_courier(hours=1), at(60))
    assert must_be_lendable(a_courier(), at(1)).courier_id == "courier-1"


def test_an_operator_gives_nothing_to_whoever_is_changing_zones() -> None:
    delivery = a_paid_delivery()
    with pytest.raises(CourierNotAvailable, match="changing zones"):
        must_be_able(a_lent_courier(S.OFFERED), delivery, at(1))
    with pytest.raises(CourierNotAvailable, match="another zone"):
        must_be_able(a_lent_courier(S.LENT), delivery, at(1))


def test_a_planner_moves_whoever_is_done_and_plans_them_no_more() -> None:
    waiting, busy = a_lent_courier(S.OFFERED), a_courier("courier-2")
    state = ZoneState(zone=a_zone(), couriers={c.courier_id: c for c in (waiting, busy)})
    (change,) = keep_up(state, at(5))
    assert change.couriers == {"courier-1"}
    assert set(state.couriers) == {"courier-2"}


def test_neighbours_touch_or_nearly_do() -> None:
    zone = replace(a_zone(), area=Area(south=30.0, west=120.0, north=30.1, east=120.1))

    def beside(**area: float) -> bool:
        return are_neighbours(zone, replace(zone, zone_id="other", area=Area(**area)))

    assert beside(south=30.1, west=120.0, north=30.2, east=120.1)
    assert beside(south=30.0, west=120.11, north=30.1, east=120.2)
    assert beside(south=30.05, west=120.05, north=30.06, east=120.06), "one within the other"
    assert not beside(south=30.0, west=120.2, north=30.1, east=120.3)
    assert not are_neighbours(zone, zone)


def test_half_of_the_idle_are_lent_at_most_the_nearest_first_to_where_most_is_wanted() -> None:
    idle = [a_courier(f"c{number}") for number in range(5)]
    places = {courier.courier_id: place(number * 1000) for number, courier in enumerate(idle)}
    wanting = {"a": (place(4000), 1), "b": (place(0), 3)}
    chosen = [(courier.courier_id, zone) for courier, zone in to_lend(idle, wanting, places)]
    assert chosen == [("c0", "b"), ("c1", "b")]
    assert to_lend(idle[:1], wanting, places) == [], "the last one stays"
    one_each = {"a": (place(4000), 1), "b": (place(0), 1)}
    assert [c.courier_id for c, _ in to_lend(idle, one_each, places)] == ["c4", "c0"]
