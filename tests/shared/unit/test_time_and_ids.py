"""Time is UTC, aware and injected; ids sort by time or derive from what they name."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.kernel.clock import AcceleratedClock, SystemClock, clock_from_environment, from_wire, to_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.ids import UuidV7, derived_id
from shared.testing.clock import CountedIds, StoppedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_an_accelerated_clock_tells_the_same_time_in_every_process() -> None:
    clock = AcceleratedClock(NOON, time.time() - 1.0, 240.0)
    again = clock_from_environment(clock.to_environment())
    assert again == clock
    assert timedelta(minutes=4) <= clock.now() - NOON < timedelta(minutes=8)
    assert clock.wall_seconds(timedelta(minutes=4)) == 1.0


def test_the_system_clock_is_the_default() -> None:
    assert isinstance(clock_from_environment("system"), SystemClock)
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize("text", ["fast", "anchor=2026-01-05T00:00:00;wall=1;speed=2", "anchor=x", "speed=0"])
def test_a_clock_that_cannot_be_read_is_refused_by_its_variable(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clock_from_environment(text)
    assert refusal.value.errors[0]["field"] == "LINLI_CLOCK"


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_wire(datetime(2026, 1, 5))  # noqa: DTZ001 - the very thing that is refused
    with pytest.raises(InvalidInput):
        from_wire("2026-01-05T12:00:00")
    with pytest.raises(ValueError, match="time zone"):
        StoppedClock(datetime(2026, 1, 5))  # noqa: DTZ001


def test_times_survive_the_wire_in_utc() -> None:
    assert to_wire(NOON) == "2026-01-05T12:00:00.000Z"
    assert from_wire("2026-01-05T20:00:00+08:00") == NOON


def test_a_stopped_clock_moves_when_told() -> None:
    clock = StoppedClock(NOON)
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(hours=1)


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [UuidV7().new() for _ in range(100)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 100


def test_derived_ids_tell_their_parts_apart() -> None:
    assert derived_id("delivery", "o1") == derived_id("delivery", "o1")
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_counted_ids_count() -> None:
    ids = CountedIds("o")
    assert [ids.new(), ids.new()] == ["o-1", "o-2"]
