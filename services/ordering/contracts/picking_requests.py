"""What shops and customers ask while an order is picked."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.ordering.contracts.requests import Command, Strict, identifier, words
from services.ordering.domain import commands

MOST_GRAMS = 1_000_000


class WeightSchema(Strict):
    line_id = identifier()
    grams = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MOST_GRAMS))


def _weights(**options: Any) -> Any:
    return fields.List(fields.Nested(WeightSchema), validate=validate.Length(max=100), **options)


def _grams(lines: list[dict[str, Any]]) -> dict[str, int]:
    grams = {line["line_id"]: line["grams"] for line in lines}
    if len(grams) < len(lines):
        raise ValidationError({"lines": ["Each line is named once."]})
    return grams


class ReadySchema(Command):
    store_order_id = identifier()
    lines = _weights(load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ReadyStoreOrder:
        return commands.ReadyStoreOrder(grams=_grams(data.pop("lines")), **data)


class WeighSchema(Command):
    store_order_id = identifier()
    lines = _weights(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.WeighLines:
        return commands.WeighLines(grams=_grams(data.pop("lines")), **data)


class MissingSchema(Command):
    refund_id = identifier()
    store_order_id = identifier()
    line_id = identifier()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ReportMissing:
        return commands.ReportMissing(**data)


class _PriceSchema(Strict):
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=10**12))
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


class ProposeSchema(Command):
    substitution_id = identifier()
    store_order_id = identifier()
    line_id = identifier()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))
    listing_id = identifier(required=False, load_default=None, allow_none=True)
    name = words(100, required=False, load_default=None, allow_none=True)
    unit_price = fields.Nested(_PriceSchema, load_default=None, allow_none=True)
    photo_url = fields.URL(
        schemes={"https"}, load_default=None, allow_none=True, validate=validate.Length(max=500)
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ProposeSubstitution:
        price = data.pop("unit_price")
        named = data["name"] is not None and price is not None
        if named == (data["listing_id"] is not None) or (data["name"] is None) != (price is None):
            raise ValidationError({"listing_id": ["Give either a listing, or a name and a price."]})
        return commands.ProposeSubstitution(
            **data,
            unit_price=price["amount"] if price else None,
            currency=price["currency"] if price else None,
        )


class AnswerSchema(Command):
    substitution_id = identifier()
    accepted = fields.Boolean(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AnswerSubstitution:
        return commands.AnswerSubstitution(**data)


class SubstitutionRequestSchema(Command):
    substitution_id = identifier()


READY, WEIGH, MISSING = ReadySchema(), WeighSchema(), MissingSchema()
PROPOSE, ANSWER, SUBSTITUTION = ProposeSchema(), AnswerSchema(), SubstitutionRequestSchema()
