"""Planned shifts: what makes sense, what counts, and until when a zone has a rota."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.errors import RotaRefused
from services.dispatch.domain.rota import (
    RotaEntry,
    Span,
    Worked,
    courier_spans,
    reaches_until,
    united,
    without,
)
from tests.dispatch.builders import NOON, ZONE_ID, at

GRACE = timedelta(minutes=15)


def span(starts: float, ends: float) -> Span:
    return Span(starts_at=at(starts), ends_at=at(ends))


def an_entry(
    starts: float = 60, ends: float = 300, *breaks: Span, courier: str = "courier-1", by: str = "operator-1"
) -> RotaEntry:
    return RotaEntry(
        entry_id=f"entry-{courier}-{starts}",
        zone_id=ZONE_ID,
        courier_id=courier,
        span=span(starts, ends),
        breaks=breaks,
        announced_at=NOON,
        announced_by=by,
    )


def minutes(spans: dict[str, list[Span]]) -> dict[str, float]:
    return {courier: sum(one.minutes for one in own) for courier, own in spans.items()}


@pytest.mark.parametrize(
    "entry",
    [
        an_entry(300, 60),
        an_entry(0, 25 * 60),
        an_entry(-300, -60),
        an_entry(100 * 24 * 60, 100 * 24 * 60 + 60),
        an_entry(60, 300, span(30, 90)),
        an_entry(60, 300, span(120, 100)),
        an_entry(60, 300, span(100, 140), span(120, 160)),
    ],
    ids=["backwards", "too long", "over", "too far", "break outside", "break backwards", "breaks overlap"],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(entry: RotaEntry) -> None:
    with pytest.raises(RotaRefused) as refused:
        entry.must_make_sense(NOON)
    assert refused.value.detail.endswith(".")


def test_a_shift_with_two_breaks_that_touch_makes_sense() -> None:
    an_entry(60, 300, span(100, 120), span(120, 140)).must_make_sense(NOON)


def test_breaks_are_taken_out() -> None:
    works = courier_spans([an_entry(60, 300, span(100, 130))], [], NOON, GRACE)
    assert minutes(works) == {"courier-1": 210}


def test_who_does_not_come_is_counted_on_for_a_quarter_of_an_hour() -> None:
    entries = [an_entry(60, 300)]
    assert minutes(courier_spans(entries, [], at(74), GRACE)) == {"courier-1": 240}
    assert courier_spans(entries, [], at(75), GRACE) == {}


def test_who_came_counts_for_as_long_as_was_planned_or_said() -> None:
    came = Worked(courier_id="courier-1", span=span(70, 360), running=True)
    assert minutes(courier_spans([an_entry(60, 300)], [came], at(120), GRACE)) == {"courier-1": 300}


def test_who_went_home_early_counts_for_what_was_worked() -> None:
    gone = Worked(courier_id="courier-1", span=span(60, 150), running=False)
    assert minutes(courier_spans([an_entry(60, 300)], [gone], at(150), GRACE)) == {"courier-1": 90}


def test_a_rota_is_an_operator_s() -> None:
    mine = an_entry(60, 900, courier="courier-1", by="courier-1")
    assert reaches_until([mine]) is None
    assert reaches_until([mine, an_entry(60, 300, courier="courier-2")]) == at(300)


def test_a_courier_who_withdraws_leaves_the_rota_as_long_as_it_was() -> None:
    entry = an_entry(60, 300)
    assert reaches_until([entry.withdraw("courier-1", NOON)]) == at(300)
    assert reaches_until([entry.withdraw("operator-2", NOON)]) is None
    assert courier_spans([entry.withdraw("courier-1", NOON)], [], NOON, GRACE) == {}


def test_withdrawing_twice_keeps_who_did_it_first() -> None:
    first = an_entry().withdraw("courier-1", at(1))
    assert first.withdraw("operator-1", at(2)) == first


_SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda t: span(t[0], t[0] + t[1])), max_size=6
)


def _covers(spans: list[Span], moment: datetime) -> bool:
    return any(one.starts_at <= moment < one.ends_at for one in spans)


@given(_SPANS, _SPANS)
def test_each_minute_is_counted_once_and_no_break_is(work: list[Span], breaks: list[Span]) -> None:
    left = [piece for whole in united(work) for piece in without(whole, breaks)]
    for minute in range(100):
        moment = at(minute)
        assert _covers(left, moment) == (_covers(work, moment) and not _covers(breaks, moment))
    total = sum(_covers(left, at(minute)) for minute in range(100))
    assert sum(piece.minutes for piece in left) == total
