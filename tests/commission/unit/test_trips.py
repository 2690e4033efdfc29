"""An order that two couriers bring: each trip is paid, the tip is shared, and nothing counts twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.adapters.facts_json import (
    earlier_trips_to_json,
    trip_from_json,
    trip_to_json,
)
from services.commission.domain import ledger
from services.commission.domain.courier_pay import CourierPay, PeakRule
from services.commission.domain.ledger import Heading, Kind
from services.commission.domain.settlement import goal_of
from tests.commission.builders import COURIER, SECOND_COURIER, Order, a_plan, an_order
from tests.commission.formulas import results
from tests.commission.unit.test_settlement import facts_of, sums

FIRST, SECOND = ledger.courier_payable(COURIER), ledger.courier_payable(SECOND_COURIER)
# 3.00 for the drop and 0.80 a kilometre: 1.5 km, and 2.5 km.
FIRST_PAY, SECOND_PAY = 300 + 120, 300 + 200


def brought_by_two(order: Order) -> list[object]:
    return [
        order.paid(),
        order.earlier_trip(),
        order.last_trip(),
        order.delivered(courier_id=SECOND_COURIER),
    ]


def test_each_trip_is_a_delivery_of_its_own_to_the_rate_plan() -> None:
    order = an_order()
    found = sums(*brought_by_two(order))  # type: ignore[arg-type]
    assert (found[FIRST], found[SECOND]) == (-FIRST_PAY, -SECOND_PAY)
    assert found[ledger.COURIER_PAY] == FIRST_PAY + SECOND_PAY


def test_the_first_courier_is_paid_while_the_second_is_still_under_way() -> None:
    order = an_order()
    found = sums(order.paid(), order.earlier_trip())
    assert found[FIRST] == -FIRST_PAY
    assert SECOND not in found


def test_the_customer_pays_nothing_more_and_every_cent_is_somewhere() -> None:
    order = replace(an_order(), tip=501)
    assert sum(sums(*brought_by_two(order)).values()) == 0  # type: ignore[arg-type]
    one = sums(order.paid(), order.trip(), order.delivered())
    two = sums(*brought_by_two(order))  # type: ignore[arg-type]
    for account in (ledger.CASH, ledger.DELIVERY_FEE, ledger.TAKE_RATE):
        assert one[account] == two[account]


@pytest.mark.parametrize(
    ("pickups", "tip", "shares"),
    [((1, 1), 500, (250, 250)), ((1, 1), 501, (250, 251)), ((2, 1), 500, (333, 167)), ((1, 3), 1, (0, 1))],
)
def test_the_tip_is_shared_by_parts_and_the_rest_is_the_last_ones(
    pickups: tuple[int, int], tip: int, shares: tuple[int, int]
) -> None:
    order = replace(an_order(), tip=tip)
    told = [
        order.earlier_trip(pickups=pickups[0]),
        order.last_trip(pickups=pickups[1]),
        order.delivered(courier_id=SECOND_COURIER),
    ]
    without = replace(order, tip=0)
    found, bare = sums(order.paid(), *told), sums(without.paid(), *told)
    assert (bare[FIRST] - found[FIRST], bare[SECOND] - found[SECOND]) == shares


def test_a_tip_is_nobodys_before_the_order_is_delivered() -> None:
    order = replace(an_order(), tip=500)
    assert sums(order.paid(), order.earlier_trip(), order.last_trip())[FIRST] == -FIRST_PAY


def test_who_alone_brought_something_has_the_whole_tip_and_is_paid_once() -> None:
    """The second courier lost it: what was told of the first trip is told again as all that came."""
    order = replace(an_order(), tip=500)
    earlier = order.earlier_trip()
    lost = order.refund(order.parts[1])
    told = [order.paid(), earlier, lost, order.told_again(earlier), order.delivered(order.parts[0])]
    found = sums(*told)
    assert found[FIRST] == -(FIRST_PAY + 500)
    assert found[ledger.COURIER_PAY] == FIRST_PAY
    assert sum(found.values()) == 0


def test_one_courier_who_makes_both_trips_is_paid_for_both_and_sees_why() -> None:
    order = replace(an_order(), tip=501)
    told = [order.paid(), order.earlier_trip(), order.last_trip(courier_id=COURIER), order.delivered()]
    sheet = goal_of(facts_of(*told), a_plan()).sheet
    assert sheet.by_account()[FIRST] == -(FIRST_PAY + SECOND_PAY + 501)
    for account in (FIRST, ledger.COURIER_PAY):
        figure = sheet.figures[Heading(account, Kind.COURIER_PAY.value)]
        assert results(figure.note or "") == [FIRST_PAY, SECOND_PAY, FIRST_PAY + SECOND_PAY]


def test_the_platforms_cost_explains_both_trips_and_each_couriers_pay_its_own() -> None:
    rule = PeakRule(name="noon", days=tuple(range(7)), starts=0, ends=0, factor_bp=15_000)
    pay = CourierPay(per_drop=300, per_extra_pickup=100, per_km=80, peaks=(rule,))
    plan = a_plan(courier_pay=pay)
    sheet = goal_of(facts_of(*brought_by_two(an_order())), plan).sheet  # type: ignore[arg-type]
    note = {heading.account: figure.note or "" for heading, figure in sheet.figures.items()}
    assert note[FIRST].startswith("peak noon: ")
    assert results(note[FIRST]) == [630]
    assert results(note[SECOND]) == [750]
    assert results(note[ledger.COURIER_PAY]) == [630, 750, 1380]


@given(st.permutations(range(4)), st.integers(0, 2000), st.integers(1, 4), st.integers(1, 4))
def test_no_order_of_the_facts_makes_another_sheet(
    arrival: list[int], tip: int, one: int, other: int
) -> None:
    order = replace(an_order(), tip=tip)
    told = [
        order.paid(),
        order.earlier_trip(pickups=one),
        order.last_trip(pickups=other),
        order.delivered(courier_id=SECOND_COURIER),
    ]
    assert sums(*(told[place] for place in arrival)) == sums(*told)


def test_trips_are_kept_and_what_older_rows_say_of_one_stays_readable() -> None:
    facts = facts_of(*brought_by_two(an_order()))  # type: ignore[arg-type]
    assert facts.trip is not None
    assert trip_from_json(trip_to_json(facts.trip)) == facts.trip
    (kept,) = earlier_trips_to_json(facts.earlier_trips).values()
    assert trip_from_json(kept) == facts.trips[0]
    # What was written before there were two trips names no delivery, and is the same one all the same.
    (earlier,) = facts.earlier_trips.values()
    old = trip_to_json(earlier)
    del old["delivery_id"]
    told_again = replace(facts, trip=trip_from_json(old))
    assert [trip.courier_id for trip in told_again.trips] == [COURIER]
