"""The kinds of values that requests are made of, and how a refusal names the one at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from services.storefront.contracts.plain import CURRENCY, ID, MOST_MONEY
from services.storefront.domain.actor import Actor
from services.storefront.domain.hours import OpeningHours
from services.storefront.domain.listing import Size
from services.storefront.domain.position import Position
from shared.kernel import money
from shared.kernel.errors import InvalidInput


def load(schema: Schema, request: Mapping[str, Any]) -> dict[str, Any]:
    """What ``request`` says, read by ``schema``; raises :class:`InvalidInput` naming every field at fault."""
    try:
        loaded: dict[str, Any] = schema.load(request)
    except ValidationError as error:
        errors = [{"field": field, "message": message} for field, message in _flat(error.messages)]
        raise InvalidInput("The request has invalid fields.", errors=errors) from error
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = "" if key == "_schema" else str(key)
            yield from _flat(inner, ".".join(part for part in (path, name) if part))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, str(message)


def identifier() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(ID, error="Expected an id."))


def words(longest: int, **options: Any) -> fields.String:
    """Text with something in it."""
    checks = (
        validate.Length(max=longest),
        validate.Regexp(r"[^\x00]*[^\x00\s][^\x00]*\Z", error="Expected some text."),
    )
    return fields.String(validate=validate.And(*checks), **options)


def prose(longest: int, **options: Any) -> fields.String:
    """Text, possibly none."""
    checks = validate.And(validate.Length(max=longest), validate.ContainsNoneOf("\x00"))
    return fields.String(validate=checks, **options)


def whole(least: int, most: int, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **options)


def latitude() -> fields.Float:
    return fields.Float(required=True, validate=validate.Range(min=-90, max=90))


def longitude() -> fields.Float:
    return fields.Float(required=True, validate=validate.Range(min=-180, max=180))


class ActorSchema(Schema):
    account_id = identifier()
    role = fields.String(required=True)

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Actor:
        return Actor(**data)


class PositionSchema(Schema):
    lat = latitude()
    lon = longitude()

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Position:
        return Position(**data)


class DropOffSchema(PositionSchema):
    """Only where a drop-off is; what else is said about it is not read here."""

    class Meta:
        unknown = EXCLUDE


class MoneySchema(Schema):
    amount = whole(0, MOST_MONEY, required=True)
    currency = fields.String(
        required=True, validate=validate.Regexp(CURRENCY, error="Expected an ISO 4217 code.")
    )

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> money.Money:
        return money.Money(**data)


class SizeSchema(Schema):
    volume_ml = whole(0, 1_000_000, load_default=0)
    weight_g = whole(0, 1_000_000, load_default=0)
    cold = fields.Boolean(truthy={True}, falsy={False}, load_default=False)

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Size:
        return Size(**data)


class Hours(fields.Field[OpeningHours]):
    """``{"mon": [["08:00", "22:00"]]}``, in the neighbourhood's time."""

    _spans = fields.Dict(keys=fields.String(), values=fields.List(fields.List(fields.String())))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> OpeningHours:
        try:
            return OpeningHours.read(self._spans.deserialize(value))
        except ValidationError:
            raise
        except ValueError as error:
            raise ValidationError(str(error)) from error
