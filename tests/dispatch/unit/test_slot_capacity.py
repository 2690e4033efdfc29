"""What a slot takes, worked out from couriers' hours, what was typed in, and what operators say."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.capacity import (
    USUAL_PACE,
    Labour,
    OverrideOfSlot,
    Pace,
    SlotOverride,
    changed,
    expected_pace,
    judged,
    labour_in,
)
from services.dispatch.domain.rota import Span
from services.dispatch.domain.zone import Slot, SlotSource
from tests.dispatch.builders import NOON, ZONE_ID, at


def a_slot(
    slot_id: str = "slot-1",
    starts: float = 120,
    ends: float = 240,
    typed: int | None = 5,
    taken: int = 0,
) -> Slot:
    return Slot(
        slot_id=slot_id,
        zone_id=ZONE_ID,
        starts_at=at(starts),
        ends_at=at(ends),
        capacity=typed or 0,
        cutoff_at=at(starts),
        taken=taken,
        typed=typed,
        source=SlotSource.ROTA if typed is None else SlotSource.TYPED,
    )


def an_override(kind: OverrideOfSlot, capacity: int) -> SlotOverride:
    return SlotOverride(
        override_id="override-1",
        slot_id="slot-1",
        kind=kind,
        capacity=capacity,
        reason="market day",
        made_at=NOON,
        made_by="operator-1",
    )


def judge(
    slot: Slot,
    minutes: float = 240,
    reaches: datetime | None = None,
    override: SlotOverride | None = None,
    pace: float = 2.5,
) -> Slot:
    labour = Labour(couriers=2, minutes=minutes)
    return judged(slot, reaches=reaches, labour=labour, pace=pace, override=override)


def test_without_a_rota_a_slot_takes_what_was_typed_in() -> None:
    slot = judge(a_slot())
    assert (slot.capacity, slot.source, slot.couriers) == (5, SlotSource.TYPED, 0)


def test_where_a_rota_reaches_a_slot_takes_what_the_couriers_bring() -> None:
    slot = judge(a_slot(), reaches=at(240))
    assert (slot.capacity, slot.source, slot.couriers, slot.courier_minutes) == (10, SlotSource.ROTA, 2, 240)
    assert judge(a_slot(), reaches=at(120)).source is SlotSource.TYPED
    assert judge(a_slot(), minutes=0, reaches=at(240)).capacity == 0


def test_a_slot_without_a_typed_capacity_takes_what_the_couriers_bring_and_nothing_else() -> None:
    assert judge(a_slot(typed=None)).capacity == 10
    assert judge(a_slot(typed=None), minutes=0).capacity == 0


def test_half_a_delivery_is_none() -> None:
    assert judge(a_slot(), minutes=59, reaches=at(240), pace=1.0).capacity == 0
    assert judge(a_slot(), minutes=60, reaches=at(240), pace=1.0).capacity == 1


@pytest.mark.parametrize(
    ("override", "capacity", "source"),
    [
        (an_override(OverrideOfSlot.CAP, 7), 7, SlotSource.CAP),
        (an_override(OverrideOfSlot.CAP, 12), 10, SlotSource.ROTA),
        (an_override(OverrideOfSlot.FIXED, 12), 12, SlotSource.FIXED),
        (an_override(OverrideOfSlot.FIXED, 0), 0, SlotSource.FIXED),
    ],
    ids=["a cap", "a cap that does not bind", "more", "none at all"],
)
def test_an_operator_has_the_last_word(override: SlotOverride, capacity: int, source: SlotSource) -> None:
    slot = judge(a_slot(), reaches=at(240), override=override)
    assert (slot.capacity, slot.source) == (capacity, source)


def test_what_was_measured_counts_as_far_as_there_is_enough_of_it() -> None:
    def measured(samples: int) -> float:
        return expected_pace(Pace(per_hour=4.0, samples=samples, measured_at=NOON))

    assert expected_pace(None) == measured(0) == USUAL_PACE
    assert USUAL_PACE < measured(20) < measured(200) < 4.0


def test_what_changed_is_told_with_the_next_version_and_once() -> None:
    before = [a_slot("slot-1"), a_slot("slot-2", 240, 360)]
    told = changed(before, [judge(slot, reaches=at(240)) for slot in before])
    assert [(slot.slot_id, slot.version) for slot in told] == [("slot-1", 1), ("slot-2", 1)]
    assert changed(told, [judge(slot, reaches=at(240)) for slot in told]) == []
    later = changed(told, [judge(slot, minutes=120, reaches=at(240)) for slot in told])
    assert [(slot.slot_id, slot.version, slot.capacity) for slot in later] == [("slot-1", 2, 5)]


def test_small_shifts_of_a_large_figure_are_let_be_but_never_the_last_one() -> None:
    def told(first: float, then: float, taken: int = 0) -> bool:
        (slot,) = changed([a_slot(taken=taken)], [judge(a_slot(taken=taken), first, at(240), pace=60.0)])
        return bool(changed([slot], [judge(slot, then, at(240), pace=60.0)]))

    assert not told(100, 98)
    assert told(100, 95)
    assert told(10, 9)
    assert told(100, 0)
    assert told(100, 98, taken=99), "it is full now, and was not"


def test_what_is_taken_stays_taken_and_nothing_is_left() -> None:
    slot = judge(a_slot(taken=8), minutes=60, reaches=at(240))
    assert (slot.capacity, slot.taken, slot.left) == (2, 8, 0)


_TIMES = st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda t: (15.0 * t[0], 15.0 * (t[0] + t[1])))


@given(
    st.lists(_TIMES, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 200)), max_size=4),
    st.floats(0.1, 1.0),
)
def test_slots_never_share_out_more_than_the_couriers_work(
    windows: list[tuple[float, float]], shifts: list[tuple[int, int]], share: float
) -> None:
    slots = [a_slot(f"slot-{number}", *window) for number, window in enumerate(windows)]
    works = {
        f"courier-{number}": [Span(starts_at=at(start), ends_at=at(start + length))]
        for number, (start, length) in enumerate(shifts)
    }
    labour = labour_in(slots, works, share)
    covered = sum(
        any(slot.starts_at <= at(minute) < slot.ends_at for slot in slots)
        for spans in works.values()
        for span in spans
        for minute in range(600)
        if span.starts_at <= at(minute) < span.ends_at
    )
    assert sum(one.minutes for one in labour.values()) == pytest.approx(covered * share)
