"""What couriers earn by a delivery and by a shift (rule 27)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.domain.courier_pay import CourierPay, PeakRule
from services.commission.domain.errors import InvalidRatePlan
from services.commission.domain.facts import Trip
from services.commission.domain.guarantee import PaidTrip, Shift, guarantee_of, pay_by_shift
from tests.commission.formulas import results

# A Monday, noon in Asia/Shanghai.
MONDAY = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
PLAIN = CourierPay(per_drop=300, per_extra_pickup=100, per_km=80)


def a_trip(at: datetime = MONDAY, **changes: Any) -> Trip:
    known: dict[str, Any] = {"courier_id": "courier-1", "pickups": 2, "distance_m": 3140, "zone_id": "zone-1"}
    return Trip(completed_at=at, **(known | changes))


def a_peak(**changes: Any) -> PeakRule:
    terms: dict[str, Any] = {"name": "lunch", "days": (0,), "starts": 11 * 60, "ends": 13 * 60}
    return PeakRule(**(terms | {"factor_bp": 15000} | changes))


def paying(*peaks: PeakRule) -> CourierPay:
    return CourierPay(per_drop=300, per_extra_pickup=100, per_km=80, peaks=peaks)


def test_a_drop_an_extra_pickup_and_the_distance_are_paid() -> None:
    assert PLAIN.of(a_trip()) == 651
    assert PLAIN.formula(a_trip()) == "300 + 1 x 100 + 3 140 m x 80 / 1 000 m = 651"
    assert PLAIN.formula(a_trip(pickups=1, distance_m=0)) == "300 = 300"


def test_a_peak_multiplies_what_a_trip_earns_and_is_rounded_once() -> None:
    pay = paying(a_peak())
    # 651.2 x 1.5 is 976.8; what was rounded before would be 976.5.
    assert pay.of(a_trip()) == 977
    assert pay.formula(a_trip()) == "peak lunch: (300 + 1 x 100 + 3 140 m x 80 / 1 000 m) x 1.5 = 977"


def test_a_supplement_comes_on_top() -> None:
    pay = paying(a_peak(factor_bp=10000, supplement=200))
    assert pay.formula(a_trip()) == "peak lunch: 300 + 1 x 100 + 3 140 m x 80 / 1 000 m + 200 = 851"


@pytest.mark.parametrize(
    ("hours", "holds"), [(-2, False), (-1, True), (0, True), (1, False), (24, False), (24 * 7, True)]
)
def test_peaks_are_hours_of_the_week_in_shanghai(hours: int, holds: bool) -> None:
    assert a_peak().holds(MONDAY + timedelta(hours=hours), None) is holds


@pytest.mark.parametrize(("hours", "holds"), [(9, False), (10, True), (13, True), (14, False), (34, False)])
def test_a_peak_may_go_on_past_midnight(hours: int, holds: bool) -> None:
    late = a_peak(name="late", starts=22 * 60, ends=2 * 60)
    assert late.holds(MONDAY + timedelta(hours=hours), None) is holds


def test_a_peak_of_zones_holds_in_them_alone() -> None:
    peak = a_peak(zones=("zone-1",))
    assert peak.holds(MONDAY, "zone-1")
    assert not peak.holds(MONDAY, "zone-2")
    assert not peak.holds(MONDAY, None)


def test_of_several_peaks_the_one_that_pays_most_counts_alone() -> None:
    best = a_peak(name="storm", factor_bp=20000)
    for peaks in ((a_peak(), best), (best, a_peak())):
        assert paying(*peaks).formula(a_trip()).startswith("peak storm: ")
        assert paying(*peaks).of(a_trip()) == 1302


@pytest.mark.parametrize(
    "changes",
    [
        {"factor_bp": 9999},
        {"supplement": -1},
        {"days": ()},
        {"days": (7,)},
        {"starts": 1440},
        {"ends": 1441},
        {"name": "a: b"},
        {"name": ""},
    ],
)
def test_a_peak_rule_makes_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRatePlan):
        a_peak(**changes)


def test_peak_rules_have_names_of_their_own() -> None:
    with pytest.raises(InvalidRatePlan, match="names of their own"):
        paying(a_peak(), a_peak(days=(1,)))


AMOUNTS = st.integers(0, 100_000)
PEAKS = st.builds(
    PeakRule,
    name=st.sampled_from(["lunch", "dinner", "storm"]),
    days=st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
    starts=st.integers(0, 1439),
    ends=st.integers(0, 1440),
    zones=st.sampled_from([(), ("zone-1",)]),
    factor_bp=st.integers(10_000, 40_000),
    supplement=st.integers(0, 2000),
)
PAYS = st.builds(
    CourierPay,
    per_drop=AMOUNTS,
    per_extra_pickup=AMOUNTS,
    per_km=AMOUNTS,
    peaks=st.lists(PEAKS, max_size=3, unique_by=lambda rule: rule.name).map(tuple),
    guaranteed_per_hour=AMOUNTS,
)
TRIPS = st.builds(
    Trip,
    courier_id=st.just("courier-1"),
    completed_at=st.integers(0, 7 * 24 * 3600).map(lambda seconds: MONDAY + timedelta(seconds=seconds)),
    pickups=st.integers(0, 9),
    distance_m=st.integers(0, 100_000),
    zone_id=st.sampled_from([None, "zone-1", "zone-2"]),
)


@given(PAYS, TRIPS)
def test_pay_is_what_its_formula_says_and_never_less_than_without_a_peak(pay: CourierPay, trip: Trip) -> None:
    assert results(pay.formula(trip)) == [pay.of(trip)]
    plain = CourierPay(per_drop=pay.per_drop, per_extra_pickup=pay.per_extra_pickup, per_km=pay.per_km)
    assert pay.of(trip) >= plain.of(trip) >= 0


# -- the guaranteed minimum ----------------------------------------------------------------------------------


def a_shift(hours: float, begins: datetime = MONDAY, shift_id: str = "shift-1") -> Shift:
    return Shift(
        shift_id=shift_id,
        courier_id="courier-1",
        started_at=begins,
        ended_at=begins + timedelta(hours=hours),
    )


def test_a_shift_that_paid_too_little_is_made_up_for() -> None:
    found = guarantee_of(a_shift(3.5), 5600, 2000)
    assert (found.amount, found.formula) == (1400, "12 600 s / 3 600 s x 2 000 - 5 600 = 1 400")


def test_a_shift_that_paid_enough_is_not() -> None:
    assert guarantee_of(a_shift(3.5), 7000, 2000).amount == 0


@pytest.mark.parametrize(
    "shift",
    [
        Shift(shift_id="shift-1", courier_id="courier-1", started_at=MONDAY),
        Shift(shift_id="shift-1", courier_id="courier-1", ended_at=MONDAY),
    ],
)
def test_nothing_is_guaranteed_while_an_end_of_the_shift_is_unknown(shift: Shift) -> None:
    assert guarantee_of(shift, 0, 2000).amount == 0


def test_a_delivery_belongs_to_the_last_shift_that_began_before_it() -> None:
    early, late = a_shift(2), a_shift(2, MONDAY + timedelta(hours=4), "shift-2")
    trips = [
        PaidTrip(order_id="before", completed_at=MONDAY - timedelta(seconds=1), pay=1),
        PaidTrip(order_id="within", completed_at=MONDAY, pay=10),
        PaidTrip(order_id="after the end", completed_at=MONDAY + timedelta(hours=3), pay=100),
        PaidTrip(order_id="next", completed_at=MONDAY + timedelta(hours=4), pay=1000),
    ]
    assert pay_by_shift([late, early], trips) == {"shift-1": 110, "shift-2": 1000}


@given(st.integers(0, 50_000), st.integers(0, 100_000), st.integers(0, 10_000))
def test_a_guarantee_is_never_negative_and_fills_up_exactly(seconds: int, pay: int, per_hour: int) -> None:
    shift = a_shift(seconds / 3600)
    found = guarantee_of(shift, pay, per_hour)
    assert found.amount >= 0
    whole = (2 * shift.seconds * per_hour + 3600) // 7200
    assert pay + found.amount == max(whole, pay)
    if found.formula is not None:
        assert results(found.formula) == [found.amount]
