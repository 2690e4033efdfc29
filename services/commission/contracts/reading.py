"""How untrusted input is read: field types, what every request carries, and refusals that name each fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.money import BASIS_POINTS, Money

DEFAULT_CURRENCY = "CNY"
ID = validate.Length(min=1, max=100)
RATE = validate.Range(min=0, max=BASIS_POINTS)


class Moment(fields.Field[datetime]):
    """RFC 3339 with an offset, as an aware datetime in UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            return from_wire(value)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal


class Price(fields.Field[Money]):
    """``{"amount", "currency"}``, not negative."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Money:
        try:
            money = Money.from_wire(value)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal
        if money.amount < 0:
            raise ValidationError("Must not be negative.")
        return money


class ActorFields(Schema):
    account_id = fields.String(required=True, validate=ID)
    role = fields.String(required=True, validate=ID)


class Asked(Schema):
    actor = fields.Nested(ActorFields, required=True)


class InCurrency(Asked):
    currency = fields.String(load_default=DEFAULT_CURRENCY, validate=validate.Regexp("^[A-Z]{3}$"))


def read(schema: Schema, wire: Mapping[str, Any]) -> dict[str, Any]:
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
