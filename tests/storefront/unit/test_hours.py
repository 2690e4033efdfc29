from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storefront.domain.hours import DAYS, MINUTES_A_WEEK, OpeningHours, minute_of_week

MONDAY_MIDNIGHT = datetime(2026, 1, 4, 16, 0, tzinfo=UTC)
clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
spans = st.lists(st.tuples(clock_times, clock_times | st.just("24:00")).map(list), max_size=3)
weeks = st.dictionaries(st.sampled_from(DAYS), spans)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY_MIDNIGHT + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (at(0, 7, 59), False),
        (at(0, 8), True),
        (at(0, 11, 59), True),
        (at(0, 12), False),
        (at(0, 23), True),
        (at(1, 1, 59), True),
        (at(1, 2), False),
        (at(1, 12), False),
        (at(6, 23, 59), True),
        (at(7, 0, 30), True),
        (at(7, 1), False),
    ],
)
def test_a_shop_is_open_within_its_spans_also_past_midnight(moment, is_open):
    hours = OpeningHours.read({"mon": [["08:00", "12:00"], ["18:00", "02:00"]], "sun": [["22:00", "01:00"]]})
    assert hours.is_open(moment) is is_open


@given(week=weeks, minute=st.integers(0, MINUTES_A_WEEK - 1))
def test_the_open_minutes_lie_within_the_week_and_say_the_same(week, minute):
    hours = OpeningHours.read(week)
    assert all(0 <= start < end <= MINUTES_A_WEEK for start, end in hours.minutes)
    moment = MONDAY_MIDNIGHT + timedelta(minutes=minute)
    assert minute_of_week(moment) == minute
    assert hours.is_open(moment) == any(start <= minute < end for start, end in hours.minutes)


@pytest.mark.parametrize(
    "week",
    [
        {"monday": []},
        {"mon": [["08:00"]]},
        {"mon": [["8:00", "9:00"]]},
        {"mon": [["08:00", "25:00"]]},
        {"mon": [["24:00", "08:00"]]},
    ],
)
def test_hours_that_are_none_are_refused_in_a_sentence(week):
    with pytest.raises(ValueError, match=r"\.$"):
        OpeningHours.read(week)
