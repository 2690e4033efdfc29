"""The events' data as Python types for analysts: a TypedDict per event and per thing within."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linli.catalogue.published import Published

_HEAD = '''"""What each type of event says: the keys of its ``data`` and what lies behind them.

Written by `make docs` from the published schemas. Moments are texts as RFC 3339 has them; amounts are whole
minor units. Later versions may have more keys and more words than are named here: skip what you do not know.
"""

'''
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict[str, Any]",
}


def client_types(events: Sequence[Published]) -> str:
    """The text of the module `linli_events.types`.

    What two events call by one name is one class when it is the same in both, else it bears the event's name.
    """
    shared = _shared(events)
    classes: dict[str, str] = {}
    for event in sorted(events, key=lambda event: event.type):
        parts = event.schema.get("$defs", {})
        names = {name: name if name in shared else f"{event.type}{name}" for name in parts}
        for name in _inner_first(event.schema, parts):
            classes.setdefault(names[name], _class(names[name], "", parts[name], names))
        classes[event.type] = _class(event.type, event.promise, event.schema, names)
    text = "\n\n".join(classes.values())
    used = [name for name in ("Any", "NotRequired", "TypedDict") if re.search(rf"\b{name}\b", text)]
    return f"{_HEAD}from typing import {', '.join(used)}\n\n\n{text}"


def _inner_first(body: Any, parts: Mapping[str, Any]) -> dict[str, None]:
    """The parts that ``body`` refers to, each behind those that it refers to itself."""
    found: dict[str, None] = {}
    for name in _references({key: value for key, value in body.items() if key != "$defs"}):
        found |= _inner_first(parts[name], parts) | {name: None}
    return found


def _shared(events: Sequence[Published]) -> set[str]:
    """The names that mean the same wherever they are used."""
    bodies: dict[str, list[Any]] = {}
    for event in events:
        for name, body in event.schema.get("$defs", {}).items():
            bodies.setdefault(name, []).append(body)
    alike = {name for name, found in bodies.items() if all(body == found[0] for body in found)}
    while True:
        # What refers to something that differs is not the same either.
        left = {name for name in alike if all(to in alike for to in _references(bodies[name][0]))}
        if left == alike:
            return alike
        alike = left


def _references(body: Any) -> Iterator[str]:
    if isinstance(body, Mapping):
        if "$ref" in body:
            yield body["$ref"].rsplit("/", 1)[-1]
        for value in body.values():
            yield from _references(value)
    elif isinstance(body, list):
        for value in body:
            yield from _references(value)


def _class(name: str, promise: str, body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    required = set(body.get("required", ()))
    lines = [f"class {name}(TypedDict):"]
    if promise:
        lines += textwrap.wrap(f'"""{promise}"""', 106, initial_indent="    ", subsequent_indent="    ")
        lines.append("")
    for key, value in body["properties"].items():
        kind = _kind(value, names)
        lines.append(f"    {key}: {kind if key in required else f'NotRequired[{kind}]'}")
    return "\n".join(lines) + "\n"


def _kind(body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "$ref" in body:
        return names[body["$ref"].rsplit("/", 1)[-1]]
    for choice in ("anyOf", "oneOf"):
        if choice in body:
            return " | ".join(_kind(one, names) for one in body[choice])
    types = body.get("type", "object")
    if types == "array":
        return f"list[{_kind(body.get('items', {}), names)}]"
    return " | ".join(_PLAIN[one] for one in ([types] if isinstance(types, str) else types))
