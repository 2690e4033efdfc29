"""The field types that the whole API speaks, and what it says when one of them is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOST_MONEY = 10**12


class Id(fields.String):
    """An identifier: a UUID in lower case."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"format": "uuid", **options.get("metadata", {})}
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not is_id(value):
            raise ValidationError("Expected an id, which is a UUID.")
        return str(value)


class Instant(fields.String):
    """A moment: RFC 3339 with an offset."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {
            "format": "date-time",
            "examples": ["2026-01-05T08:00:00.000Z"],
            **options.get("metadata", {}),
        }
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        try:
            from_wire(value)
        except InvalidInput as error:
            raise ValidationError(error.detail) from error
        return str(value)


class Latitude(fields.Float):
    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=-90, max=90), allow_nan=False, **options)


class Longitude(fields.Float):
    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=-180, max=180), allow_nan=False, **options)


class Money(Schema):
    """An amount in the currency's minor units."""

    amount = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=-MOST_MONEY, max=MOST_MONEY)
    )
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


class MoneyToPay(Money):
    """An amount that is not negative, in the currency's minor units."""

    amount = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MOST_MONEY))


class Position(Schema):
    """A place (WGS 84)."""

    lat = Latitude(required=True)
    lon = Longitude(required=True)


def is_id(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def text(most: int, *, least: int = 1, **options: Any) -> fields.String:
    """A line of text for people: no control characters."""
    return fields.String(validate=[validate.Length(min=least, max=most), _printable], **options)


def integer(least: int, most: int, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **options)


def count(least: int, most: int, **options: Any) -> fields.Integer:
    """A whole number in the address line, where everything is text."""
    return fields.Integer(validate=validate.Range(min=least, max=most), **options)


def one_of(*choices: str, **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), **options)


def _printable(value: str) -> None:
    if any(ord(character) < 32 and character not in "\n\t" for character in value):
        raise ValidationError("Control characters are not accepted.")


def load(schema: Schema, given: Mapping[str, Any], *, title: str) -> dict[str, Any]:
    """``given`` as ``schema`` reads it; raises :class:`InvalidInput` that names every field at fault."""
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise InvalidInput(title, errors=list(_errors(error.messages))) from None
    return loaded


def _errors(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            deeper = path if name == "_schema" else f"{path}.{name}" if path else str(name)
            yield from _errors(inner, deeper)
    elif isinstance(messages, (list, tuple)):
        for inner in messages:
            yield from _errors(inner, path)
    else:
        yield {"field": path or "body", "message": str(messages)}
