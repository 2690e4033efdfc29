"""Untrusted requests about the rota and what slots take, turned into commands."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

from services.dispatch.contracts import plain
from services.dispatch.contracts.requests import ActorSchema
from services.dispatch.domain import commands
from services.dispatch.domain.capacity import OverrideOfSlot
from services.dispatch.domain.rota import MOST_BREAKS, Span

MOST_AT_ONCE = 500


def _id() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(plain.ID, error="Expected an id."))


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _Command(_Strict):
    actor = fields.Nested(ActorSchema, required=True)


class SpanSchema(_Strict):
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return Span(**data)


class ShiftSchema(_Strict):
    """A planned shift; the domain judges whether it makes sense."""

    entry_id = _id()
    courier_id = _id()
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    breaks = fields.List(
        fields.Nested(SpanSchema),
        load_default=list,
        allow_none=True,
        validate=validate.Length(max=MOST_BREAKS),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.PlannedShift:
        return commands.PlannedShift(
            entry_id=data["entry_id"],
            courier_id=data["courier_id"],
            span=Span(starts_at=data["starts_at"], ends_at=data["ends_at"]),
            breaks=tuple(data["breaks"] or ()),
        )


class AnnounceSchema(_Command):
    zone_id = _id()
    shifts = fields.List(fields.Nested(ShiftSchema), required=True, validate=validate.Length(1, MOST_AT_ONCE))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AnnounceShifts:
        return commands.AnnounceShifts(**data | {"shifts": tuple(data["shifts"])})


class OfEntrySchema(_Command):
    entry_id = _id()


class OfSlotSchema(_Command):
    slot_id = _id()


class OverrideSlotSchema(_Command):
    override_id = _id()
    slot_id = _id()
    kind = fields.Enum(OverrideOfSlot, by_value=True, required=True)
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(0, 1_000_000))
    reason = fields.String(
        required=True,
        validate=validate.And(validate.Length(min=1, max=200), validate.ContainsNoneOf("\x00")),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OverrideSlot:
        return commands.OverrideSlot(**data)


class RebookSchema(_Strict):
    order_id = _id()
    number = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))
    slot_id = fields.String(
        required=True, allow_none=True, validate=validate.Regexp(plain.ID, error="Expected an id.")
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.Rebook:
        return commands.Rebook(**data)


class SecondTrySchema(_Command):
    order_id = _id()
    delivery_id = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(plain.ID, error="Expected an id.")
    )
    starts_at = fields.AwareDateTime(load_default=None, allow_none=True)
    ends_at = fields.AwareDateTime(load_default=None, allow_none=True)
    give_up = fields.Boolean(truthy={True}, falsy={False}, load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ChooseSecondTry:
        return commands.ChooseSecondTry(**data)


class AskedSlotSchema(_Strict):
    slot_id = _id()


class OfPlaceSchema(_Strict):
    lat = fields.Float(required=True, allow_nan=False, validate=validate.Range(-90, 90))
    lon = fields.Float(required=True, allow_nan=False, validate=validate.Range(-180, 180))


REBOOK, ASKED_SLOT, OF_PLACE = RebookSchema(), AskedSlotSchema(), OfPlaceSchema()
SECOND_TRY = SecondTrySchema()
ANNOUNCE, OF_ENTRY, OF_SLOT, OVERRIDE_SLOT = (
    AnnounceSchema(),
    OfEntrySchema(),
    OfSlotSchema(),
    OverrideSlotSchema(),
)
