"""Answers by allow-list: only what a schema names leaves the platform.

A schema is compiled once to plain functions. They copy what other services already put in wire form, which
costs a fraction of what dumping it field by field would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields

Pick = Callable[[Any], Any]


def picker(schema: Schema) -> Pick:
    """A function from wire data to the same data without what ``schema`` does not name."""
    plain: list[str] = []
    deep: list[tuple[str, Pick]] = []
    for name, field in schema.fields.items():
        pick = _of_field(field)
        if pick is None:
            plain.append(name)
        else:
            deep.append((name, pick))

    def pick_object(data: Any) -> Any:
        if not isinstance(data, Mapping):
            return None
        picked = {name: data[name] for name in plain if name in data}
        for name, inner in deep:
            if name in data:
                value = data[name]
                picked[name] = None if value is None else inner(value)
        return picked

    return pick_object


def _of_field(field: fields.Field[Any]) -> Pick | None:
    if isinstance(field, fields.Nested):
        one = picker(field.schema)
        return _each(one) if field.many else one
    if isinstance(field, fields.List):
        inner = _of_field(field.inner)
        return None if inner is None else _each(inner)
    if isinstance(field, fields.Dict) and field.value_field is not None:
        value = _of_field(field.value_field)
        return None if value is None else _values(value)
    return None


def _each(pick: Pick) -> Pick:
    return lambda values: [pick(value) for value in values]


def _values(pick: Pick) -> Pick:
    return lambda values: {key: pick(value) for key, value in values.items()}
