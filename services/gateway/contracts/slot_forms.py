"""What is sent to change a slot."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Id, Instant, integer, one_of


class PreparationCapacity(Schema):
    per_hour = integer(1, 100_000, required=True)
    counts = one_of("orders", "items", load_default="orders")


class Size(Schema):
    volume_ml = integer(0, 1_000_000)
    weight_g = integer(0, 1_000_000)
    cold = fields.Boolean(truthy={True}, falsy={False})


def size() -> fields.Nested:
    description = "What one unit takes of a courier's box; null: a part of an order is a usual bag."
    return fields.Nested(Size, allow_none=True, metadata={"description": description})


def flag() -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False})


class SecondTryWish(Schema):
    """Come to the door once more in this window (none: as soon as possible), or bring the goods back."""

    starts_at = Instant()
    ends_at = Instant()
    give_up = flag()
    delivery_id = Id(metadata={"description": "Of a split order: the trip that is meant, by its delivery."})


def preparation_capacity() -> fields.Nested:
    description = "How much it prepares in an hour of the clock; null: whatever is ordered."
    return fields.Nested(PreparationCapacity, allow_none=True, metadata={"description": description})


class Rebook(Schema):
    slot_id = fields.String(
        required=True,
        validate=validate.Length(min=1, max=80),
        metadata={"description": "A slot's id, or `asap`."},
    )


class NewSlot(Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = integer(
        1,
        1_000_000,
        metadata={"description": "For as long as no rota reaches the slot; none: what couriers bring alone."},
    )
    cutoff_at = Instant(
        metadata={"description": "Before the start; without it the zone's `slot_cutoff_minutes` decide."}
    )


class OpenSlots(Schema):
    slots = fields.List(fields.Nested(NewSlot), required=True, validate=validate.Length(min=1, max=500))
