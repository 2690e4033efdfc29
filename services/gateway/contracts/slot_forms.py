"""What is sent to change a slot."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Instant, integer, one_of


class PreparationCapacity(Schema):
    per_hour = integer(1, 100_000, required=True)
    counts = one_of("orders", "items", load_default="orders")


def flag() -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False})


class SecondTryWish(Schema):
    """Come to the door once more in this window (none: as soon as possible), or bring the goods back."""

    starts_at = Instant()
    ends_at = Instant()
    give_up = flag()


def preparation_capacity() -> fields.Nested:
    description = "How much it prepares in an hour of the clock; null: whatever is ordered."
    return fields.Nested(PreparationCapacity, allow_none=True, metadata={"description": description})


class Rebook(Schema):
    slot_id = fields.String(
        required=True,
        validate=validate.Length(min=1, max=80),
        metadata={"description": "A slot's id, or `asap`."},
    )
