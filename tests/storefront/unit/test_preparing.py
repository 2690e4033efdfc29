"""Rules 9 to 12: which hours of a shop serve a delivery window, and that none of them takes too much."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storefront.domain.hours import OpeningHours
from services.storefront.domain.preparation import (
    Counts,
    PreparationCapacity,
    SeatWanted,
    Window,
    choose,
    collection_spans,
    hours_of,
    opens_at,
)
from services.storefront.domain.shop import ShopStatus
from tests.storefront.builders import NOON, a_shop

# Monday; local time is eight hours ahead of UTC, so NOON is 18:00 on the shop's clock.
DAYTIME = OpeningHours.read({day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed")})


def window(starts: float, ends: float) -> Window:
    """From so many hours after 18:00 to so many."""
    return Window(starts_at=NOON + timedelta(hours=starts), ends_at=NOON + timedelta(hours=ends))


def test_a_shop_serves_a_window_for_which_it_can_prepare_while_it_is_open() -> None:
    spans = collection_spans(DAYTIME, 15, window(1, 3), NOON)
    assert spans == [
        Window(starts_at=NOON + timedelta(minutes=30), ends_at=NOON + timedelta(minutes=119)),
    ]


def test_a_window_after_closing_is_served_by_nobody() -> None:
    assert collection_spans(DAYTIME, 15, window(3, 4), NOON) == []


def test_what_cannot_be_prepared_in_time_is_not_promised() -> None:
    assert collection_spans(DAYTIME, 90, window(0.5, 1.5), NOON) == []
    assert collection_spans(DAYTIME, 60, window(0.5, 1.5), NOON) != []


def test_a_shop_that_opens_within_the_window_prepares_first() -> None:
    early = NOON + timedelta(hours=12)
    opening = Window(starts_at=NOON + timedelta(hours=14), ends_at=NOON + timedelta(hours=15))
    (span,) = collection_spans(DAYTIME, 20, opening, early)
    assert span.starts_at == NOON + timedelta(hours=14, minutes=20)
    assert opens_at(DAYTIME, early) == NOON + timedelta(hours=14)


def test_a_shop_without_hours_is_always_open_and_one_that_is_closed_never() -> None:
    assert a_shop().collection_spans(window(1, 2), NOON)
    assert not a_shop(status=ShopStatus.CLOSED).collection_spans(window(1, 2), NOON)


def test_spans_that_meet_at_midnight_are_one() -> None:
    nights = OpeningHours.read({"mon": [["18:00", "24:00"]], "tue": [["00:00", "02:00"]]})
    spans = nights.open_spans(NOON, NOON + timedelta(hours=12))
    assert spans == [(NOON, NOON + timedelta(hours=8))]


@given(
    opens=st.integers(0, 23),
    lasts=st.integers(1, 24),
    prepares=st.integers(0, 180),
    starts=st.integers(-60, 600),
    length=st.integers(15, 300),
)
def test_whoever_collects_then_finds_the_shop_open_from_the_first_minute_of_preparing(
    opens: int, lasts: int, prepares: int, starts: int, length: int
) -> None:
    closes = (opens + lasts) % 24
    hours = OpeningHours.read({day: [[f"{opens:02}:00", f"{closes:02}:00"]] for day in ("mon", "tue")})
    asked = Window(
        starts_at=NOON + timedelta(minutes=starts), ends_at=NOON + timedelta(minutes=starts + length)
    )
    for span in collection_spans(hours, prepares, asked, NOON):
        assert span.starts_at <= span.ends_at
        for moment in (span.starts_at, span.ends_at):
            assert moment - timedelta(minutes=prepares) >= NOON
            assert hours.is_open(moment - timedelta(minutes=prepares))
            assert hours.is_open(moment)


def seat(shop_id: str, units: int, per_hour: int, *hours: datetime) -> SeatWanted:
    return SeatWanted(shop_id=shop_id, units=units, per_hour=per_hour, hours=hours)


def test_the_first_hour_with_room_is_taken_and_a_shop_without_any_is_named() -> None:
    first, second = NOON, NOON + timedelta(hours=1)
    chosen, full = choose(
        [seat("bakery", 2, 3, first, second), seat("fruit", 1, 1, first)],
        {("bakery", first): 2, ("fruit", first): 1},
    )
    assert chosen == {"bakery": second}
    assert full == ["fruit"]


@pytest.mark.parametrize(("counts", "units"), [(Counts.ORDERS, 1), (Counts.ITEMS, 7)])
def test_a_part_counts_as_one_order_or_by_its_items(counts: Counts, units: int) -> None:
    assert PreparationCapacity(per_hour=9, counts=counts).units(7) == units


def test_a_window_is_served_by_every_hour_of_the_clock_that_it_reaches_into() -> None:
    spans = collection_spans(None, 15, window(0.5, 2.5), NOON)
    assert hours_of(spans) == (NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2))


_ORDERS = st.sampled_from([f"order-{number}" for number in range(4)])
_STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "give"]), _ORDERS, st.integers(1, 3), st.integers(0, 2)), max_size=40
)


@given(steps=_STEPS, per_hour=st.integers(1, 5))
def test_no_order_of_taking_and_giving_back_sells_an_hour_twice(
    steps: list[tuple[str, str, int, int]], per_hour: int
) -> None:
    hours = [NOON + timedelta(hours=number) for number in range(2)]
    taken: Counter[tuple[str, datetime]] = Counter()
    seats: dict[str, tuple[datetime, int]] = {}
    for act, order, units, first in steps:
        if act == "take" and order not in seats:
            chosen, full = choose([seat("shop", units, per_hour, *hours[first:])], taken)
            assert bool(full) == all(taken["shop", hour] + units > per_hour for hour in hours[first:])
            if not full:
                seats[order] = chosen["shop"], units
                taken["shop", chosen["shop"]] += units
        elif act == "give" and order in seats:
            hour, held = seats.pop(order)
            taken["shop", hour] -= held
        assert all(0 <= count <= per_hour for count in taken.values())
