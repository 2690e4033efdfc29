"""What shops send while they pick an order."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Id, MoneyToPay, integer, text
from services.gateway.contracts.forms import MOST_LINES


class Weight(Schema):
    line_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    grams = integer(
        1,
        1_000_000,
        required=True,
        metadata={"description": "What all units of the line that are left weigh together."},
    )


class Weights(Schema):
    lines = fields.List(fields.Nested(Weight), required=True, validate=validate.Length(min=1, max=MOST_LINES))


class Ready(Schema):
    lines = fields.List(
        fields.Nested(Weight),
        load_default=list,
        validate=validate.Length(max=MOST_LINES),
        metadata={"description": "What weighed lines weigh, if that was not told before."},
    )


class Missing(Schema):
    line_id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    quantity = integer(1, 999, required=True)


class Propose(Missing):
    """Either a listing of the shop, whose units are held for it, or something that has a name and a price."""

    listing_id = Id(allow_none=True)
    name = text(100, allow_none=True)
    unit_price = fields.Nested(MoneyToPay, allow_none=True)
    photo_url = fields.URL(schemes={"https"}, allow_none=True, validate=validate.Length(max=500))
