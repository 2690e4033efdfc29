"""What is read by hand is what the schemas say, and nothing that they refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ordering.contracts import requests

Wire = dict[str, Any]

ACTOR = {"account_id": "customer-1", "role": "customer"}
LINE = {
    "line_id": "line-1",
    "listing_id": "apples",
    "quantity": 3,
    "list_name": "for us",
    "if_missing": "call",
    "promotion_code": "CODE",
}
QUOTE = {
    "actor": ACTOR,
    "quote_id": "quote-1",
    "lines": [LINE, {"listing_id": "bread", "quantity": 1}],
    "drop_off": {"lat": 30.27, "lon": 120, "address": "Lotus lane 7", "contact": "138"},
    "slot_id": "slot-1",
    "coupon_codes": ["WELCOME", "WELCOME", "OTHER"],
}
PLACE = {"actor": ACTOR, "order_id": "order-1", "quote_id": "quote-1"}
PAY = {
    "actor": ACTOR,
    "order_id": "order-1",
    "payment_id": "payment-1",
    "method": "sandbox",
    "scenario": "failure",
}
NOTICE = {
    "type": "payment.succeeded",
    "timestamp": "2026-01-05T10:00:00.000Z",
    "data": {
        "payment_id": "payment-1",
        "charge_id": "charge-1",
        "amount": {"amount": 6930, "currency": "CNY"},
    },
}
BY_HAND = [
    (requests.QUOTE, QUOTE),
    (requests.PLACE, PLACE),
    (requests.PAY, PAY),
    (requests.NOTICE, NOTICE),
]
# What somebody could send where something else belongs; texts of every length that a bound names.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["", " ", "a b", "a\x00b", "ünïcode", "asap", "refund", "silent", "success", "sandbox"]),
    st.sampled_from([3, 4, 40, 41, 60, 61, 100, 101, 300, 301]).map(lambda length: "x" * length),
    st.sampled_from([0, 1, 999, 1000, 90, 90.0, 90.1, -180, 180.5, 1.0, "1", "30.27", "1\n", "id\n"]),
    st.sampled_from(
        ["2026-01-05T10:00:00Z", "2026-13-05T10:00:00.000Z", "2026-01-05T10:00:00.000", "payment.failed"]
    ),
    st.sampled_from([0, 1, 10, 11, 100, 101]).map(lambda count: ["x"] * count),
    st.sampled_from([0, 1, 2, 100, 101]).map(lambda count: [{"listing_id": "apples", "quantity": 1}] * count),
    st.just([LINE, LINE]),
    st.just({}),
)


def places_in(wire: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be put in, taken away or exchanged."""
    keys = list(wire) if isinstance(wire, dict) else range(len(wire)) if isinstance(wire, list) else []
    found = [(*path, "surprise")] if isinstance(wire, dict) else []
    for key in keys:
        found += [(*path, key), *places_in(wire[key], (*path, key))]
    return found


def same_or_left_alone(schema: Any, wire: Wire) -> bool:
    """True when it is read by hand, and then as the schema reads it."""
    by_hand = requests.BY_HAND[schema](copy.deepcopy(wire))
    if by_hand is None:
        return False
    assert by_hand == schema.load(wire)
    return True


@pytest.mark.parametrize(("schema", "wire"), BY_HAND)
def test_what_is_in_order_is_read_by_hand(schema: Any, wire: Wire) -> None:
    assert same_or_left_alone(schema, wire)


@pytest.mark.parametrize("wire", [{"slot_id": None}, {"slot_id": "asap"}, {"coupon_codes": []}])
def test_a_quote_may_leave_things_open(wire: Wire) -> None:
    assert same_or_left_alone(requests.QUOTE, QUOTE | wire)


@given(st.data())
def test_what_is_read_by_hand_is_what_the_schema_reads(data: st.DataObject) -> None:
    schema, wire = data.draw(st.sampled_from(BY_HAND))
    changed = copy.deepcopy(wire)
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from(places_in(changed)))
        holder: Any = changed
        for key in path:
            holder = holder[key]
        if isinstance(holder, dict) and data.draw(st.booleans()):
            holder.pop(last, None)
        else:
            holder[last] = copy.deepcopy(data.draw(ODD))
    same_or_left_alone(schema, changed)
