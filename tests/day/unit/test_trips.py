"""The day's invariant about trips says what is wrong with orders that two couriers brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from linli.day.invariants import Case, every_trip_is_one_couriers_and_paid

Rows = list[tuple[str, ...]]
SOUND: Mapping[str, Rows] = {
    "DeliverySplit": [("two",)],
    "PickupCompleted": [],
    "TripCompleted": [("one", "d1", "ann"), ("two", "d2", "ann"), ("two", "d3", "bob")],
    "courier_pay": [
        ("one", "payable:courier:ann"),
        ("two", "payable:courier:ann"),
        ("two", "payable:courier:bob"),
    ],
    "cash": [("one",)],
}


class Answers:
    """Databases that answer a question by what it mentions."""

    urls: Mapping[str, str] = dict.fromkeys(("dispatch", "commission", "ordering"), "")

    def __init__(self, told: Mapping[str, Rows]) -> None:
        self._told = told

    def rows(self, service: str, sql: str) -> Rows:
        del service
        return next(rows for word, rows in self._told.items() if word in sql)


def look(**changes: Rows) -> tuple[bool, str]:
    answers = cast(Any, Answers({**SOUND, **changes}))
    found = every_trip_is_one_couriers_and_paid(
        Case(outcome=cast(Any, None), audit=cast(Any, None), databases=answers)
    )
    return found.holds, found.evidence


def test_two_trips_of_a_split_order_are_as_they_should_be() -> None:
    assert look() == (True, "3 trips, 1 orders split")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DeliverySplit": [("two",), ("two",)]}, "split twice: two"),
        ({"PickupCompleted": [("part",)]}, "collected twice: part"),
        ({"DeliverySplit": []}, "two came by"),
        ({"TripCompleted": [("one", "d1", "ann"), ("one", "d1", "bob")]}, "one came by"),
        (
            {"courier_pay": [("one", "payable:courier:ann"), ("two", "payable:courier:bob")]},
            "two was brought",
        ),
        ({"cash": [("two",)]}, "split, and paid at the door: two"),
    ],
)
def test_what_is_wrong_is_named(changes: Mapping[str, Rows], said: str) -> None:
    holds, evidence = look(**changes)
    assert not holds
    assert said in evidence
