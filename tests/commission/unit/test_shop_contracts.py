"""What shops are charged for tools and advertisements."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.domain.shop_contract import (
    ContractKind,
    ShopContract,
    begin_of,
    charge_of,
    day_of,
)
from tests.commission.builders import NOON
from tests.commission.formulas import results

JANUARY = date(2026, 1, 1)


def a_contract(**changes: Any) -> ShopContract:
    terms: dict[str, Any] = {
        "contract_id": "contract-1",
        "kind": ContractKind.SUBSCRIPTION,
        "shop_id": "bakery",
        "product": "shelf planner",
        "currency": "CNY",
        "fee": 19800,
        "per_order": 0,
        "rate_plan": 1,
        "starts_on": JANUARY,
        "ends_on": None,
        "booked_by": "operator-1",
        "booked_at": NOON,
    }
    return ShopContract(**(terms | changes))


def a_placement(**changes: Any) -> ShopContract:
    kind = {"kind": ContractKind.ADVERTISING, "product": "front page", "fee": 500}
    return a_contract(**(kind | changes))


def test_a_whole_month_costs_the_fee() -> None:
    found = charge_of(a_contract(), None, JANUARY)
    assert (found.amount, found.formula) == (
        19800,
        "shelf planner, 2026-01-01: 19 800 x 31 d / 31 d = 19 800",
    )


@pytest.mark.parametrize(
    ("changes", "ends_before", "days"),
    [
        ({"starts_on": date(2026, 1, 19)}, None, 13),
        ({"ends_on": date(2026, 1, 10)}, None, 10),
        ({}, date(2026, 1, 11), 10),
        ({"ends_on": date(2026, 1, 20)}, date(2026, 1, 11), 10),
        ({"starts_on": date(2026, 1, 19), "ends_on": date(2026, 1, 19)}, None, 1),
    ],
)
def test_a_part_of_a_month_costs_its_days_half_up(
    changes: dict[str, Any], ends_before: date | None, days: int
) -> None:
    found = charge_of(a_contract(**changes), ends_before, JANUARY)
    assert found.amount == (2 * 19800 * days + 31) // 62


def test_nothing_is_due_for_days_after_the_end() -> None:
    assert charge_of(a_contract(), date(2026, 1, 1), JANUARY).amount == 0
    assert charge_of(a_contract(), date(2026, 1, 20), date(2026, 2, 1)).amount == 0


def test_a_placement_costs_its_day_and_the_orders_of_it() -> None:
    found = charge_of(a_placement(per_order=30), None, JANUARY, orders=7)
    assert (found.amount, found.formula) == (710, "front page, 2026-01-01: 500 + 7 x 30 = 710")
    assert charge_of(a_placement(), None, JANUARY, orders=7).amount == 500


def test_a_subscription_is_paid_ahead_and_a_placement_when_its_day_is_over() -> None:
    assert a_contract(starts_on=date(2026, 1, 5)).due_at(JANUARY) == begin_of(date(2026, 1, 5))
    assert a_placement().due_at(JANUARY) == begin_of(date(2026, 1, 2)) + timedelta(minutes=5)


def test_periods_are_months_or_days_until_the_last() -> None:
    now = begin_of(date(2026, 3, 15))
    contract = a_contract(starts_on=date(2026, 1, 31))
    assert [*contract.periods(JANUARY, now, None)] == [date(2026, month, 1) for month in (1, 2, 3)]
    assert [*contract.periods(JANUARY, now, date(2026, 2, 1))] == [JANUARY, date(2026, 2, 1)]
    placement = a_placement()
    assert [*placement.periods(JANUARY, begin_of(date(2026, 1, 3)), None)] == [JANUARY]


def test_a_day_is_one_of_shanghai() -> None:
    assert day_of(begin_of(JANUARY)) == JANUARY
    assert day_of(begin_of(JANUARY) - timedelta(seconds=1)) == date(2025, 12, 31)


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(st.integers(0, 10**6), DAYS, st.none() | DAYS, st.none() | DAYS)
def test_a_month_never_costs_more_than_its_fee_and_says_why(
    fee: int, starts_on: date, ends_on: date | None, ends_before: date | None
) -> None:
    ends_on = None if ends_on is None else max(starts_on, ends_on)
    contract = a_contract(fee=fee, starts_on=starts_on, ends_on=ends_on)
    last = contract.last_day(ends_before)
    for period in contract.periods(JANUARY, begin_of(date(2027, 1, 1)), last):
        found = charge_of(contract, ends_before, period)
        assert 0 <= found.amount <= fee
        if found.formula is not None:
            assert results(found.formula) == [found.amount]
