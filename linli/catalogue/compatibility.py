"""Whether a published event may change so: old readers and old events both go on.

A new publisher's events must satisfy whoever reads by the old schema, and the events that are kept in streams
and archives must satisfy the new one. So an event may gain fields that may be absent, a list of choices may
gain choices, and a limit may be lifted; anything else is a new type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]

# Words for people change nothing for a reader.
_ANNOTATIONS = {"$schema", "$comment", "$defs", "title", "description", "examples", "default", "deprecated"}
_SEVERAL = ("allOf", "anyOf", "oneOf")
_COMPARED_BY_THEMSELVES = {
    *("$ref", "type", "properties", "required", "items", "enum", "additionalProperties"),
    *_SEVERAL,
}
_AT_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_AT_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A promise that the new schema does not keep; ``where`` is the event and the way to the field."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def breaches(before: Schemas, after: Schemas) -> list[Breach]:
    """Every promise of the schemas ``before`` that those ``after`` break; both are named by their path."""
    found: list[Breach] = []
    for path, old in sorted(before.items()):
        name = path.removesuffix(".json")
        if path in after:
            found += _Comparison(old, after[path]).of(name, old, after[path])
        else:
            found.append(Breach(where=name, problem="the event was removed; others may still read it"))
    return found


class _Comparison:
    """Two schemas side by side; ``$ref`` leads into the ``$defs`` of each."""

    def __init__(self, before: Schema, after: Schema) -> None:
        self._old_parts = before.get("$defs", {})
        self._new_parts = after.get("$defs", {})
        self._under_way: set[tuple[str, str]] = set()

    def of(self, where: str, old: Schema, new: Schema) -> Iterator[Breach]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._under_way:
                return
            self._under_way.add(pair)
        yield from self._bodies(where, _resolved(old, self._old_parts), _resolved(new, self._new_parts))
        self._under_way.discard(pair)

    def _bodies(self, where: str, old: Schema, new: Schema) -> Iterator[Breach]:
        if _types(old) != _types(new):
            before, after = " or ".join(_types(old)), " or ".join(_types(new))
            yield Breach(where=where, problem=f"its type changed from {before or 'any'} to {after or 'any'}")
            return
        yield from self._fields(where, old, new)
        yield from self._choices(where, old, new)
        for inner in ("items", "additionalProperties"):
            yield from self._inner(f"{where}[]", inner, old, new)
        for several in _SEVERAL:
            yield from self._alternatives(where, several, old, new)
        yield from self._constraints(where, old, new)

    def _fields(self, where: str, old: Schema, new: Schema) -> Iterator[Breach]:
        fields, now = old.get("properties", {}), new.get("properties", {})
        required, now_required = set(old.get("required", ())), set(new.get("required", ()))
        for name, field in fields.items():
            if name not in now:
                yield Breach(where=f"{where}.{name}", problem="the field was removed")
                continue
            if name in required - now_required:
                yield Breach(
                    where=f"{where}.{name}", problem="the field may now be absent; readers rely on it"
                )
            yield from self.of(f"{where}.{name}", field, now[name])
        for name in sorted(now_required - required):
            problem = "the field is now required; events that are kept lack it"
            yield Breach(where=f"{where}.{name}", problem=problem)

    def _choices(self, where: str, old: Schema, new: Schema) -> Iterator[Breach]:
        if "enum" not in new:
            return
        if "enum" not in old:
            yield Breach(where=where, problem="only some values are now allowed")
        gone = [value for value in old.get("enum", ()) if value not in new["enum"]]
        if gone:
            yield Breach(where=where, problem=f"no longer allowed: {', '.join(map(str, gone))}")

    def _inner(self, where: str, keyword: str, old: Schema, new: Schema) -> Iterator[Breach]:
        before, after = old.get(keyword), new.get(keyword)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.of(where, before, after)
        elif before != after:
            yield Breach(where=where, problem=f"`{keyword}` changed")

    def _alternatives(self, where: str, keyword: str, old: Schema, new: Schema) -> Iterator[Breach]:
        before, after = old.get(keyword, []), new.get(keyword, [])
        if len(before) != len(after):
            yield Breach(where=where, problem=f"`{keyword}` changed")
            return
        for one, other in zip(before, after, strict=True):
            yield from self.of(where, one, other)

    def _constraints(self, where: str, old: Schema, new: Schema) -> Iterator[Breach]:
        for keyword in sorted((set(old) | set(new)) - _ANNOTATIONS - _COMPARED_BY_THEMSELVES):
            before, after = old.get(keyword), new.get(keyword)
            if before == after or _is_lifted(keyword, before, after):
                continue
            if keyword in old:
                yield Breach(where=where, problem=f"`{keyword}` changed from {before} to {after}")
            else:
                yield Breach(
                    where=where, problem=f"`{keyword}` {after} is new; events that are kept may break it"
                )


def _is_lifted(keyword: str, before: Any, after: Any) -> bool:
    if keyword in _AT_LEAST:
        return before is not None and (after is None or after < before)
    if keyword in _AT_MOST:
        return before is not None and (after is None or after > before)
    return keyword == "pattern" and after is None


def _resolved(schema: Schema, parts: Schemas) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**parts[reference.rpartition("/")[2]], **beside}


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return sorted([types] if isinstance(types, str) else types)
