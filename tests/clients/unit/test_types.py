"""The types that the client package tells a type checker are those that the platform publishes."""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest

import linli_events.types
from linli.catalogue.client_types import client_types
from linli.catalogue.published import Published, catalogue

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "services").glob("*/contracts/samples/*.json"))


def misfits(value: Any, kind: Any, where: str) -> list[str]:
    """What of ``value`` is not as ``kind`` says."""
    if is_typeddict(kind):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        hints = get_type_hints(kind)
        missing = [f"{where} has no {key}" for key in kind.__required_keys__ - set(value)]
        unknown = [f"{where}.{key} is not known" for key in set(value) - set(hints)]
        inner = [misfits(value[key], hint, f"{where}.{key}") for key, hint in hints.items() if key in value]
        return [*missing, *unknown, *(one for found in inner for one in found)]
    if get_origin(kind) is list:
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [one for item in value for one in misfits(item, get_args(kind)[0], f"{where}[]")]
    choices = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    plain = [NoneType if one is None else get_origin(one) or one for one in choices]
    return [] if type(value) in plain else [f"{where} is {value!r} and not {kind}"]


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_every_sample_fits_the_type_of_its_name(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    assert misfits(sample["data"], getattr(linli_events.types, sample["type"]), sample["type"]) == []


def test_a_sample_that_does_not_fit_is_noticed() -> None:
    wrong: dict[str, Any] = {"order_id": 7, "lines": [{"quantity": 1}], "more": 1}
    assert sorted(misfits(wrong, linli_events.types.StockReleased, "it")) == [
        "it has no reason",
        "it.lines[] has no listing_id",
        "it.more is not known",
        "it.order_id is 7 and not <class 'str'>",
    ]


def test_the_types_are_those_of_the_catalogue() -> None:
    assert Path(linli_events.types.__file__).read_text(encoding="utf-8") == client_types(catalogue())


def published(type: str, properties: dict[str, Any], **parts: Any) -> Published:
    schema = {"properties": properties, "required": ["always"], "$defs": parts}
    return Published(
        type=type, source="s", version=1, promise="It was.", schema=schema, sample={}, subscribers=()
    )


def test_one_name_for_two_things_is_told_apart_and_what_holds_them_too() -> None:
    part = {
        "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}}},
        "required": ["lines"],
    }
    holder = {"always": {"$ref": "#/$defs/Part"}, "now_and_then": {"type": ["integer", "null"]}}
    text = client_types(
        [
            published("A", holder, Part=part, Line={"properties": {"x": {"type": "number"}}}),
            published("B", holder, Part=part, Line={"properties": {"y": {"type": "boolean"}}}),
        ]
    )
    made: dict[str, Any] = {"__name__": "made"}
    exec(compile(text, "types.py", "exec"), made)
    assert {name for name, one in made.items() if is_typeddict(one)} == {
        *("A", "APart", "ALine"),
        *("B", "BPart", "BLine"),
    }
    hints = get_type_hints(made["A"], made, include_extras=True)
    assert hints["always"] is made["APart"]
    assert hints["now_and_then"] == NotRequired[int | None]
    assert made["A"].__doc__ == "It was."
