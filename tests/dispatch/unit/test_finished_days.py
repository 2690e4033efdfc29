"""A zone's day out of what is kept of it: what was to be brought, and who was there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.dispatch.domain.business_day import BusinessDay, days_before
from services.dispatch.domain.courier import PlannedBreak, Shift
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.finished_day import LivedDay, finished_day
from services.dispatch.domain.loan import Loan, LoanStatus
from services.dispatch.domain.planning.problem import Rider
from services.dispatch.domain.presence import Worked
from services.dispatch.domain.stop import StopKind
from services.dispatch.domain.vehicle import Capacity
from services.dispatch.domain.zone import SlotWindow
from tests.dispatch.builders import (
    NOON,
    ZONE_ID,
    a_courier,
    a_paid_delivery,
    a_pickup,
    a_zone,
    an_assigned_delivery,
    at,
    place,
)

TODAY = BusinessDay.of(NOON.date())
THERE = "zone-hill"


def brought(
    name: str = "order-1", door_at: float = 30, courier_id: str = "courier-1", **held: object
) -> Delivery:
    """Two shops ready at 5 and collected at 10 and 15, and the door at 30 minutes past noon."""
    delivery = an_assigned_delivery(name, courier_id, **held)
    for number, stop in enumerate(list(delivery.stops)):
        if stop.store_order_id is not None:
            delivery.ready(stop.store_order_id, at(5), at(5))
        moment = at(door_at) if stop.kind is StopKind.DROP_OFF else at(10 + 5 * number)
        delivery.arrive(stop.stop_id, moment)
        delivery.complete(stop.stop_id, None, 100 * (number + 1), moment)
    return delivery


def worked(hours: float = 4, left_at: float | None = None, **known: object) -> Worked:
    shift = a_courier(hours=hours).on_shift()
    ended_at = None if left_at is None else at(left_at)
    return Worked(courier_id="courier-1", shift=replace(shift, **known), place=place(450), ended_at=ended_at)  # type: ignore[arg-type]


def lived(
    *deliveries: Delivery, by: tuple[Worked, ...] = (worked(),), loans: tuple[Loan, ...] = ()
) -> LivedDay:
    return LivedDay(zone=a_zone(), day=TODAY, deliveries=deliveries, worked=by, loans=loans)


def past_noon(minutes: float) -> float:
    """In minutes from midnight in Shanghai, where noon is noon."""
    return 12 * 60 + minutes


def the_rider(day: LivedDay) -> Rider:
    (rider,) = finished_day(day).riders
    return rider


def test_business_days_begin_at_midnight_in_shanghai() -> None:
    assert BusinessDay.of(date(2026, 1, 5)).begins == datetime(2026, 1, 4, 16, tzinfo=UTC)
    night = datetime(2026, 1, 5, 17, tzinfo=UTC)
    assert [one.day.day for one in days_before(night, 2)] == [5, 4]


def test_what_was_brought_is_there_as_it_truly_was() -> None:
    day = finished_day(lived(brought()))
    (basket,) = day.baskets
    assert [visit.ready for visit in basket.pickups] == [past_noon(5), past_noon(5)]
    assert (basket.clicked, basket.asap, basket.drop_off.service) == (past_noon(0), True, 4.0)
    assert day.doors == {"order-1": past_noon(30)}
    assert day.metres == 600
    (stops,) = day.routes.values()
    assert list(stops) == [stop.stop_id for stop in brought().stops]
    assert the_rider(lived(brought())).place == place(450)


def test_goods_were_ready_when_they_were_collected_whatever_the_shop_said_later() -> None:
    late = brought()
    first = late.stops[0].store_order_id or ""
    late.parts[first] = replace(late.parts[first], ready_at=at(12))
    silent = brought("order-2")
    silent.parts.clear()
    found = {basket.basket_id: basket for basket in finished_day(lived(late, silent)).baskets}
    assert [visit.ready for visit in found["order-1"].pickups] == [past_noon(10), past_noon(5)]
    assert [visit.ready for visit in found["order-2"].pickups] == [past_noon(10), past_noon(15)]


def test_what_nobody_took_is_there_and_what_was_called_off_or_refused_is_not() -> None:
    nobody, unknown, off, refused = (a_paid_delivery(f"order-{number}") for number in range(4))
    for part in ("so-1", "so-2"):
        nobody.accepted(part, at(1), at(20), at(1))
    unknown.fail("no-courier", at(200))
    nobody.fail("no-courier", at(200))
    off.cancel("changed my mind", at(5))
    refused.fail("drop-off-failed: refused", at(90))
    day = finished_day(lived(nobody, unknown, off, refused))
    assert [basket.basket_id for basket in day.baskets] == ["order-0"], "of the other it is not known when"
    assert day.baskets[0].pickups[0].ready == past_noon(20)
    assert day.doors == {}


def test_a_slot_opens_and_closes_the_door() -> None:
    slot = SlotWindow(slot_id="slot-1", starts_at=at(60), ends_at=at(120))
    (basket,) = finished_day(lived(brought(door_at=70, slot=slot))).baskets
    assert (basket.asap, basket.drop_off.ready, basket.due) == (False, past_noon(60), past_noon(120))


@pytest.mark.parametrize(
    ("left_at", "until"),
    [(None, 260), (240, 260), (250, 260), (100, 100), (20, 30)],
    ids=["not ended yet", "as planned", "a little later", "early", "before what was brought"],
)
def test_a_courier_is_there_to_the_end_of_the_slack_or_until_they_left(
    left_at: float | None, until: float
) -> None:
    rider = the_rider(lived(brought(), by=(worked(left_at=left_at),)))
    assert (rider.free_at, rider.until) == (past_noon(0), past_noon(until))


def test_breaks_are_those_planned_and_those_that_were_taken_once_the_route_was_done() -> None:
    planned = PlannedBreak(starts_at=at(100), ends_at=at(130))
    rested = replace(worked(breaks=(planned,)), rests=((at(20), at(45)), (at(120), at(140)), (at(200), None)))
    assert the_rider(lived(brought(), by=(rested,))).breaks == (
        (past_noon(30), past_noon(45)),
        (past_noon(100), past_noon(140)),
        (past_noon(200), past_noon(260)),
    )


def test_what_a_vehicle_carries_counts_where_somebody_is_bounded() -> None:
    assert the_rider(lived(brought())).capacity == (12,)
    bounded = worked(room=Capacity(weight=7), speed_factor=1.3)
    day = lived(brought(), by=(bounded,))
    assert (the_rider(day).capacity, the_rider(day).speed_factor) == ((12, 7), 1.3)
    assert finished_day(day).baskets[0].pickups[0].amount == (1, 1)


def a_loan(begins: float, ends: float | None, away: bool) -> Loan:
    here, there = (ZONE_ID, THERE) if away else (THERE, ZONE_ID)
    return Loan(
        loan_id=f"loan-{begins}",
        courier_id="courier-1",
        from_zone_id=here,
        to_zone_id=there,
        until=at(500),
        offered_at=at(begins),
        by="operator-1",
        reason="busy there",
        status=LoanStatus.LENT if ends is None else LoanStatus.RETURNED,
        lent_at=at(begins),
        returned_at=None if ends is None else at(ends),
    )


def test_who_is_lent_is_where_they_are_lent_to() -> None:
    away = finished_day(lived(brought(), loans=(a_loan(60, 90, away=True),)))
    spans = [(rider.free_at, rider.until) for rider in away.riders]
    assert spans == [(past_noon(0), past_noon(60)), (past_noon(90), past_noon(260))]
    door = brought().stops[-1].place
    assert [rider.place for rider in away.riders] == [place(450), door], "where the last stop was"
    for_good = finished_day(lived(brought(), loans=(a_loan(60, None, away=True),)))
    assert [rider.until for rider in for_good.riders] == [past_noon(60)]
    stranger = worked(zone_id=THERE)
    here = finished_day(lived(by=(stranger,), loans=(a_loan(30, 90, away=False),)))
    assert [(rider.free_at, rider.until) for rider in here.riders] == [(past_noon(30), past_noon(90))]


def test_whose_place_nobody_knows_begins_where_the_first_stop_was_and_else_is_not_there() -> None:
    unknown = replace(worked(), place=None)
    assert the_rider(lived(brought(), by=(unknown,))).place == brought().stops[0].place
    assert finished_day(lived(by=(unknown,))).riders == ()


def test_a_shift_of_another_day_is_not_of_this_one() -> None:
    shift = Shift(
        shift_id="shift-9",
        zone_id=ZONE_ID,
        started_at=NOON - timedelta(days=2),
        ends_at=NOON - timedelta(days=2) + timedelta(hours=4),
        capacity=12,
    )
    other = Worked(courier_id="courier-1", shift=shift, place=place())
    assert finished_day(lived(brought(pickups=(a_pickup(),)), by=(other,))).riders == ()
