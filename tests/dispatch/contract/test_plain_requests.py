"""What is read without a schema is what the schema would have read, and never what it would have refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.contracts import plain, requests
from shared.kernel.errors import InvalidInput

USUAL: dict[str, Any] = {
    "order_id": "order-1",
    "slot_id": "asap",
    "drop_off": {"lat": 30.25, "lon": 120, "address": "Lakeside 7", "contact": None},
    "pickups": [
        {
            "store_order_id": f"order-1.{number}",
            "shop_id": f"shop-{number}",
            "name": "Fruit",
            "position": {"lat": 30.2, "lon": 120.1},
            "preparation_minutes": 15,
            **({"load": {"volume": 2, "weight": 0, "cold": 1}} if number else {}),
        }
        for number in range(2)
    ],
    "expires_at": "2026-01-05T12:15:00.000Z",
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-200, 2000),
    st.floats(),
    st.sampled_from(
        ["", "asap", " ", "a\x00b", "x" * 101, "x" * 201, "x" * 301, "ü", "id\n", "12", "1.5", "nan"]
    ),
    st.sampled_from(
        [
            "2026-01-05T12:15:00+08:00",
            "2026-01-05T12:15:00",
            "2026-01-05 12:15Z",
            "20260105T121500Z",
            "2026-13-05T12:15:00Z",
            "2026-01-05T12:15:00.1234567Z",
            "2026-01-05T12:15:00+99:00",
        ]
    ),
    st.just([]),
    st.just({}),
    st.just({"lat": 1, "lon": 2, "more": 3}),
    st.just(USUAL["pickups"] * 11),
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [found for key, each in inner for found in _paths(each, (*path, key))]


@st.composite
def _requests(draw: st.DrawFn) -> dict[str, Any]:
    request = copy.deepcopy(USUAL)
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(_paths(request)))
        holder: Any = request
        for key in way:
            holder = holder[key]
        match draw(st.sampled_from(["change", "change", "drop", "add"])):
            case "change":
                holder[last] = copy.deepcopy(draw(ODD))
            case "drop":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder["unexpected"] = 1
    return request


@settings(max_examples=600, deadline=None)
@given(_requests())
def test_plain_holds_are_those_of_the_schema(request: dict[str, Any]) -> None:
    read = plain.hold(request)
    try:
        expected = requests.load(requests.HOLD, request)
    except InvalidInput:
        assert read is None
    else:
        assert read in {None, expected}


def test_the_usual_hold_needs_no_schema() -> None:
    assert plain.hold(USUAL) == requests.load(requests.HOLD, USUAL)


def test_a_wrong_hold_is_refused_by_the_names_of_its_fields() -> None:
    with pytest.raises(InvalidInput) as refused:
        requests.hold(USUAL | {"pickups": [], "order_id": "two words"})
    assert {error["field"] for error in refused.value.errors or ()} == {"pickups", "order_id"}
