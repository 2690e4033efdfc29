"""A recorded plan as JSON and back: in the database, over the API and in files for `linli why`.

Fields with their usual value may be left out, and a time that never comes is ``null``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from services.dispatch.domain.planning.record import PlanRecord
from shared.kernel.errors import InvalidInput

FORM = 1
Made = TypeVar("Made")


def dumps(record: PlanRecord) -> bytes:
    """The record as JSON; exactly the same record is read from it."""
    return orjson.dumps({"form": FORM, "plan": record}, default=_plain)


def to_wire(record: PlanRecord) -> dict[str, Any]:
    """The record as plain data, as :func:`read` takes it."""
    wire: dict[str, Any] = orjson.loads(dumps(record))
    return wire


def loads(document: bytes | str) -> PlanRecord:
    """What :func:`dumps` wrote; raises :class:`InvalidInput` for anything else."""
    try:
        return read(orjson.loads(document))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"A recorded plan is JSON: {error}.") from error


def read(wire: Any) -> PlanRecord:
    """The record in a JSON document that is read already."""
    if not isinstance(wire, Mapping) or wire.get("form") != FORM:
        raise InvalidInput(f"This is no recorded plan of form {FORM}.")
    try:
        return _made(PlanRecord, wire["plan"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"This recorded plan cannot be read: {error}.") from error


def _plain(value: object) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"a {type(value).__name__} has no place in a record")


_known: dict[type, dict[str, Any]] = {}


def _fields_of(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, with their types; finding out takes its time."""
    if kind not in _known:
        hints = get_type_hints(kind)
        _known[kind] = {field.name: (hints[field.name], field) for field in fields(kind)}
    return _known[kind]


def _made(kind: type[Made], wire: Mapping[str, Any]) -> Made:
    """A dataclass from its fields: what is missing takes its default, what is unknown is refused."""
    hints = _fields_of(kind)
    unknown = set(wire) - set(hints)
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    values = {}
    for name, given in wire.items():
        hint, field = hints[name]
        # JSON knows no infinity.
        if given is None and hint is float:
            if field.default is MISSING:
                raise ValueError(f"{name} is missing")
            continue
        values[name] = _value(hint, given)
    return kind(**values)


def _value(hint: Any, given: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        (inner,) = (one for one in arguments if one is not type(None))
        return None if given is None else _value(inner, given)
    if origin is tuple:
        if arguments[-1] is ...:
            return tuple(_value(arguments[0], one) for one in given)
        return tuple(_value(inner, one) for inner, one in zip(arguments, given, strict=True))
    if origin is frozenset:
        return frozenset(_value(arguments[0], one) for one in given)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _value(arguments[1], one) for key, one in given.items()}
    if is_dataclass(hint):
        return _made(hint, given)  # type: ignore[arg-type]
    if hint is datetime:
        return datetime.fromisoformat(given)
    if hint is float and isinstance(given, int):
        return float(given)
    if not isinstance(given, hint):
        raise ValueError(f"{given!r} is no {hint.__name__}")
    return given
