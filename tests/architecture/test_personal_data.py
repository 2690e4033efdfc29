"""No event tells who somebody is, where they live, or what they wrote."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from linli.catalogue.published import Published, catalogue
from tests.architecture.personal_data import THOUGHT_ABOUT, doubts_about_sample, doubts_about_schema

EVENTS = catalogue()
PLACED = next(event for event in EVENTS if event.type == "OrderPlaced")

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)


@each_event
def test_a_schema_leaves_no_room_for_a_person(event: Published) -> None:
    assert doubts_about_schema(event.schema) == []


@each_event
def test_a_sample_tells_of_nobody(event: Published) -> None:
    assert doubts_about_sample(event.sample["data"], event.schema) == []


def test_no_name_is_on_the_list_that_no_event_has() -> None:
    assert {name for event in EVENTS for name in _names(event.schema)} == THOUGHT_ABOUT


def _names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for one in schema for name in _names(one)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own.union(*(_names(inner) for inner in schema.values()))


def _with(part: str, name: str, **field: Any) -> Callable[[dict[str, Any]], None]:
    """Add a field to the order (``""``) or to one of its parts."""

    def add(schema: dict[str, Any]) -> None:
        body = schema["$defs"][part] if part else schema
        body["properties"][name] = field

    return add


TEXT, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("part", "name", "field", "doubt"),
    [
        ("", "customer_name", TEXT, "customer_name: a field called name"),
        ("", "contact", TEXT, "contact: a field called contact"),
        ("", "email", {"type": "string", "enum": ["a"]}, "email: a field called email"),
        ("Line", "note", TEXT, "store_orders[].lines[].note: a field called note"),
        ("StorePart", "phone", TEXT, "store_orders[].phone: a field called phone"),
        ("", "lat", NUMBER, "lat: a field called lat"),
        ("Money", "lon", NUMBER, "goods.lon: a field called lon"),
        ("Area", "address", TEXT, "drop_off_area.address: a field called address"),
        ("", "mood", {"type": "integer"}, "mood: nobody has said yet"),
        ("", "reason", TEXT, "reason: may be any text"),
        ("", "status", {"type": ["string", "null"]}, "status: may be any text"),
        ("", "lines", {"type": "array", "items": TEXT}, "lines[]: may be any text"),
        ("", "payee", {"type": "object"}, "payee: may hold anything"),
        ("", "parts", {}, "parts: may be anything"),
    ],
)
def test_such_a_field_would_be_refused(part: str, name: str, field: dict[str, Any], doubt: str) -> None:
    schema = copy.deepcopy(PLACED.schema)
    _with(part, name, **field)(schema)
    assert any(found.startswith(doubt) for found in doubts_about_schema(schema)), doubts_about_schema(schema)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (lambda d: d["drop_off_area"].update(lat=30.2741), "drop_off_area.lat: 30.2741 says more exactly"),
        (
            lambda d: d.update(customer_id="lan@example.org"),
            "customer_id: 'lan@example.org' looks like an e-mail",
        ),
        (lambda d: d.update(customer_id="13800138000"), "customer_id: '13800138000' looks like a phone"),
        (
            lambda d: d.update(customer_id="+86 571 5555 0100"),
            "customer_id: '+86 571 5555 0100' looks like a",
        ),
        (lambda d: d.update(slot_id="王小明"), "slot_id: '王小明' looks like something that a person wrote"),
        (
            lambda d: d["store_orders"][0].update(shop_id="Mrs Wang"),
            "store_orders[].shop_id: 'Mrs Wang' looks",
        ),
        (lambda d: d.update(door="3"), "door: its schema does not know it"),
    ],
)
def test_such_a_value_would_be_refused(change: Callable[[dict[str, Any]], object], doubt: str) -> None:
    data = copy.deepcopy(PLACED.sample["data"])
    change(data)
    assert any(found.startswith(doubt) for found in doubts_about_sample(data, PLACED.schema))
