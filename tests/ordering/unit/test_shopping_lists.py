"""Buying again: baskets at present prices, and lists that remind on their days and order nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ordering.domain.buying_again import NO_LONGER_SOLD, SOLD_OUT, OnSale, Wanted, fill
from services.ordering.domain.shopping_list import DAYS, LOCAL, Recurrence, ShoppingList

MONDAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)  # Six in the evening there.
RECURRENCES = st.builds(
    Recurrence,
    days=st.sets(st.sampled_from(DAYS), min_size=1).map(lambda days: tuple(sorted(days, key=DAYS.index))),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    every_weeks=st.integers(1, 8),
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


def weekly(*days: str, at: time = time(18, 0), every_weeks: int = 1) -> Recurrence:
    return Recurrence(days=days, at=at, every_weeks=every_weeks)


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (weekly("mon", at=time(18, 1)), datetime(2026, 1, 5, 18, 1, tzinfo=LOCAL)),
        (weekly("mon"), datetime(2026, 1, 12, 18, 0, tzinfo=LOCAL)),
        (weekly("sun", "tue"), datetime(2026, 1, 6, 18, 0, tzinfo=LOCAL)),
        (weekly("mon", every_weeks=2), datetime(2026, 1, 19, 18, 0, tzinfo=LOCAL)),
    ],
)
def test_a_list_is_due_on_its_day_and_time_there(recurrence: Recurrence, expected: datetime) -> None:
    assert recurrence.next_after(MONDAY, MONDAY) == expected


@given(RECURRENCES, MOMENTS, MOMENTS)
def test_the_next_time_is_later_and_on_a_day_of_a_week_that_counts(
    recurrence: Recurrence, moment: datetime, since: datetime
) -> None:
    found = recurrence.next_after(moment, since)
    there = found.astimezone(LOCAL)
    assert found > moment
    assert found - moment <= timedelta(weeks=recurrence.every_weeks, days=7)
    assert DAYS[there.weekday()] in recurrence.days
    assert there.time() == recurrence.at
    first = since.astimezone(LOCAL).date() - timedelta(days=since.astimezone(LOCAL).weekday())
    assert ((there.date() - first).days // 7) % recurrence.every_weeks == 0


def a_list(recurrence: Recurrence | None) -> ShoppingList:
    made = ShoppingList(list_id="l", customer_id="c", name="for grandma", lines=(), created_at=MONDAY)
    made.recur(recurrence, MONDAY)
    return made


def test_a_list_reminds_once_however_long_nobody_looked() -> None:
    kept = a_list(weekly("mon"))
    kept.remind(MONDAY + timedelta(days=6))
    assert kept.recorded == []
    kept.remind(MONDAY + timedelta(days=30))
    kept.remind(MONDAY + timedelta(days=30))
    (told,) = kept.recorded
    assert told.due_at == MONDAY + timedelta(days=7) == kept.due_at
    assert kept.next_at == MONDAY + timedelta(days=35)


def test_a_list_without_days_never_reminds_and_a_changed_one_counts_anew() -> None:
    kept = a_list(None)
    assert kept.next_at is None
    kept.change("for us", (), weekly("wed"), MONDAY)
    assert kept.next_at == MONDAY + timedelta(days=2)
    kept.change("for us", (), None, MONDAY)
    assert kept.next_at is None


def on_sale(listing_id: str, available: int | None, price: int = 100) -> OnSale:
    return OnSale(
        listing_id=listing_id,
        shop_id="shop",
        name=listing_id,
        unit="份",
        unit_price=price,
        currency="CNY",
        available=available,
    )


def wanted(listing_id: str, quantity: int) -> Wanted:
    return Wanted(
        listing_id=listing_id, quantity=quantity, name=listing_id, list_name=None, if_missing="call"
    )


def test_what_is_gone_is_listed_as_such_and_what_is_short_is_lowered() -> None:
    lines = [
        wanted("apples", 3),
        wanted("quince", 1),
        wanted("apples", 2),
        wanted("milk", 9),
        wanted("apples", 1),
    ]
    shelf = {"apples": on_sale("apples", 4), "milk": on_sale("milk", None)}
    basket = fill(lines, shelf)
    assert [(line.wanted.listing_id, line.quantity) for line in basket.lines] == [
        ("apples", 3),
        ("apples", 1),
        ("milk", 9),
    ]
    assert [(gone.wanted.listing_id, gone.reason) for gone in basket.gone] == [
        ("quince", NO_LONGER_SOLD),
        ("apples", SOLD_OUT),
    ]


@given(
    st.lists(st.builds(wanted, st.sampled_from("abcd"), st.integers(1, 9))),
    st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 12))),
)
def test_every_wanted_line_is_bought_or_gone_and_never_more_than_there_is(
    lines: list[Wanted], stock: dict[str, int | None]
) -> None:
    basket = fill(lines, {listing_id: on_sale(listing_id, left) for listing_id, left in stock.items()})
    assert len(basket.lines) + len(basket.gone) == len(lines)
    for listing_id, left in stock.items():
        bought = sum(line.quantity for line in basket.lines if line.wanted.listing_id == listing_id)
        assert left is None or bought <= left
    assert all(1 <= line.quantity <= line.wanted.quantity for line in basket.lines)
