"""What every schema here shares: money as a field, and a refusal that names what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields

from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money


class MoneyField(fields.Field[Money]):
    """``{"amount", "currency"}`` as :class:`Money`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Money:
        try:
            return Money.from_wire(value)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal


class Moment(fields.Field[datetime]):
    """RFC 3339 with an offset, as an aware datetime in UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            return from_wire(value)
        except (InvalidInput, OverflowError) as refusal:
            raise ValidationError(
                "Expected a time such as 2026-01-05T08:00:00Z, with its offset."
            ) from refusal


def read(schema: Schema, wire: Mapping[str, Any]) -> dict[str, Any]:
    """``wire`` as ``schema`` reads it; raises :class:`InvalidInput` naming every field at fault."""
    try:
        loaded: dict[str, Any] = schema.load(wire)
    except ValidationError as error:
        errors = [{"field": field, "message": message} for field, message in _flat(error.messages)]
        raise InvalidInput(errors=errors) from error
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield path.removesuffix("._schema"), str(messages)
