"""What is asked of the archive of events, and what it answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.gateway.contracts.fields import count

_MOST = 200
_FURTHEST = 2**62
_TYPE = validate.Regexp(r"^[A-Za-z,]{1,2000}$", error="Expected names of events, such as OrderPaid.")
_SUBJECT = validate.Regexp(r"^[\x21-\x7e]{1,5000}$", error="Expected ids.")


class ReadEvents(Schema):
    offset = count(
        0,
        _FURTHEST,
        load_default=0,
        metadata={"description": "The first offset that is wanted; one that is not there yet is waited for."},
    )
    limit = count(1, 1000, load_default=200)
    types = fields.List(
        fields.String(validate=_TYPE),
        load_default=list,
        metadata={"description": "Only events of these types: several times, or with commas."},
    )
    subjects = fields.List(
        fields.String(validate=_SUBJECT),
        load_default=list,
        metadata={"description": "Only events of these subjects: several times, or with commas."},
    )
    wait_seconds = fields.Float(
        load_default=0.0,
        allow_nan=False,
        validate=validate.Range(min=0, max=30),
        metadata={"description": "How long to wait for an event when there is none yet."},
    )

    @post_load
    def _split(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name in ("types", "subjects"):
            data[name] = sorted({one for text in data[name] for one in text.split(",") if one})
            if len(data[name]) > _MOST:
                raise ValidationError(f"Name up to {_MOST}.", name)
        return data


class ArchivedEvent(Schema):
    offset = fields.Integer(required=True)
    event = fields.Dict(
        required=True, metadata={"description": "A CloudEvents 1.0 envelope; docs/events.md has all types."}
    )


class EventPage(Schema):
    """Events in the order of their offsets, which have no gaps and stay for good.

    Go on at `next_offset`. When it is greater than `last_offset` there is nothing more for now; a page may be
    empty before that, when what it looked through was of other types. Without any event `last_offset` is -1.
    """

    items = fields.List(fields.Nested(ArchivedEvent), required=True)
    next_offset = fields.Integer(required=True)
    first_offset = fields.Integer(required=True)
    last_offset = fields.Integer(required=True)
