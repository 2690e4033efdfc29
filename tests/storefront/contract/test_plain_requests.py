"""What is read without a schema is what the schema would have read, and never what it would have refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.storefront.contracts import consumed, plain, requests
from shared.kernel.errors import InvalidInput

LINES = [{"listing_id": "apple", "quantity": 2}, {"listing_id": "pear", "quantity": 1}]
PRICE: dict[str, Any] = {
    "lines": LINES,
    "drop_off": {"lat": 30.25, "lon": 120, "address": "Lakeside 7", "contact": None},
}
RESERVE: dict[str, Any] = {
    "order_id": "order-1",
    "expires_at": "2026-01-05T12:15:00.000Z",
    "lines": [*LINES, {"listing_id": "apple", "quantity": 1}],
    "expected": [{"listing_id": "apple", "unit_price": {"amount": 100, "currency": "CNY"}}],
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-200, 20_000),
    st.sampled_from([10**12, 10**12 + 1]),
    st.floats(),
    st.sampled_from(["", " ", "a\x00b", "x" * 101, "ü", "id\n", "12", "1.5", "nan", "CNY\n", "cny", "EUR"]),
    st.sampled_from(
        [
            "2026-01-05T12:15:00+08:00",
            "2026-01-05T12:15:00",
            "20260105T121500Z",
            "2026-13-05T12:15:00Z",
            "2026-01-05T12:15:00.1234567Z",
            "2026-01-05T12:15:00+99:00",
        ]
    ),
    st.just([]),
    st.just({}),
    st.just({"lat": 1, "lon": 2, "more": 3}),
    st.just(LINES * 101),
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [found for key, each in inner for found in _paths(each, (*path, key))]


@st.composite
def _twisted(draw: st.DrawFn, usual: dict[str, Any]) -> dict[str, Any]:
    request = copy.deepcopy(usual)
    for _ in range(draw(st.integers(0, 3))):
        paths = _paths(request)
        if not paths:
            break
        *way, last = draw(st.sampled_from(paths))
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


def _agree(read: Callable[[Any], Any], by_schema: Callable[[Any], Any], request: dict[str, Any]) -> None:
    plainly = read(request)
    try:
        expected = by_schema(request)
    except InvalidInput:
        assert plainly is None
    else:
        assert plainly is None or plainly == expected


@settings(max_examples=400, deadline=None)
@given(_twisted(PRICE))
def test_plain_prices_are_those_of_the_schema(request: dict[str, Any]) -> None:
    _agree(plain.price, requests.schematic_price, request)


@settings(max_examples=400, deadline=None)
@given(_twisted(RESERVE))
def test_plain_reservations_are_those_of_the_schema(request: dict[str, Any]) -> None:
    _agree(plain.reserve, requests.schematic_reserve, request)


def test_the_usual_requests_need_no_schema() -> None:
    assert plain.price(PRICE) == requests.schematic_price(PRICE)
    assert plain.reserve(RESERVE) == requests.schematic_reserve(RESERVE)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"order_id": "order-1"},
        {"order_id": 7, "store_orders": []},
        {"order_id": "order-1", "store_orders": [7]},
        {"order_id": "order-1", "store_orders": [{"lines": [{"listing_id": "apple"}]}]},
        {"order_id": "order-1", "store_orders": [{"lines": [{"listing_id": 1, "quantity": 1}]}]},
        {"order_id": "order-1", "store_orders": [{"lines": [{"listing_id": "apple", "quantity": "1"}]}]},
        {"order_id": "order-1", "store_orders": [{"lines": [{"listing_id": "apple", "quantity": None}]}]},
        {"order_id": "order-1", "store_orders": [{"lines": [{"listing_id": "apple", "quantity": 0.5}]}]},
    ],
)
def test_a_payment_that_is_not_as_promised_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        consumed.facts_of("OrderPaid", data)
