"""What customers may send about reviews and shopping lists."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Id, integer, one_of, text
from services.gateway.contracts.forms import MOST_LINES

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WriteReview(Schema):
    stars = integer(1, 5, required=True)
    words = text(1000, allow_none=True)


class AnswerReview(Schema):
    words = text(1000, required=True)


class HideReview(Schema):
    reason = one_of(
        "insult", "off-topic", "personal-data", "advertising", "not-a-customer", "other", required=True
    )


class ShoppingListLine(Schema):
    listing_id = Id(required=True)
    quantity = integer(1, 999, required=True)
    name = text(200, allow_none=True, metadata={"description": "What it is called, in case it goes."})
    if_missing = one_of("refund", "substitute", "call", load_default="refund")


class ListRecurrence(Schema):
    """When a list reminds of itself, local time."""

    days = fields.List(one_of(*_DAYS), required=True, validate=validate.Length(min=1, max=7))
    at = fields.String(
        required=True,
        validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$"),
        metadata={"examples": ["18:00"]},
    )
    every_weeks = integer(1, 8, load_default=1)


class WriteShoppingList(Schema):
    name = text(60, required=True)
    lines = fields.List(
        fields.Nested(ShoppingListLine), required=True, validate=validate.Length(max=MOST_LINES)
    )
    recurrence = fields.Nested(ListRecurrence, load_default=None, allow_none=True)
