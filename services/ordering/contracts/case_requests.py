"""Untrusted requests about after-sale cases, turned into commands."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.ordering.contracts.requests import RefundLineSchema, _Command, _id, _text
from services.ordering.domain import case_commands as commands
from services.ordering.domain.bearing import BEARERS
from services.ordering.domain.case import REASONS
from services.ordering.domain.case_commands import Decision
from services.ordering.domain.refund import SHOP
from shared.kernel.picture import MOST_BYTES

MOST_WORDS = 1000


def _words() -> fields.String:
    return _text(MOST_WORDS, required=False, load_default=None, allow_none=True)


def _decision() -> fields.Enum[Decision]:
    return fields.Enum(Decision, by_value=True, required=True)


class OpenCaseSchema(_Command):
    case_id = _id()
    order_id = _id()
    lines = fields.List(
        fields.Nested(RefundLineSchema), required=True, validate=validate.Length(min=1, max=100)
    )
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.OpenCase:
        if data["reason"] == "other" and not data["words"]:
            raise ValidationError({"words": ["Say in your words what is wrong."]})
        wanted = {line["line_id"]: line["quantity"] for line in data["lines"]}
        if len(wanted) < len(data["lines"]):
            raise ValidationError({"lines": ["Each line is named once."]})
        return commands.OpenCase(**data | {"lines": wanted})


class AnswerCaseSchema(_Command):
    case_id = _id()
    decision = _decision()
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AnswerCase:
        if data["decision"] is Decision.REJECT and not data["words"]:
            raise ValidationError({"words": ["Say why."]})
        return commands.AnswerCase(**data)


class MoveCaseSchema(_Command):
    case_id = _id()
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.MoveCase:
        return commands.MoveCase(**data)


class ConfirmCaseSchema(_Command):
    case_id = _id()
    arrived = fields.Boolean(required=True)
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ConfirmCase:
        return commands.ConfirmCase(**data)


class ArbitrateCaseSchema(_Command):
    case_id = _id()
    decision = _decision()
    borne_by = fields.String(load_default=SHOP, validate=validate.OneOf(BEARERS))
    return_delivery_fee = fields.Boolean(load_default=False)
    words = _text(MOST_WORDS)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.ArbitrateCase:
        if data["return_delivery_fee"] and data["decision"] is not Decision.REFUND:
            raise ValidationError({"return_delivery_fee": ["The fee comes back with a refund alone."]})
        return commands.ArbitrateCase(**data)


class KeepPictureSchema(_Command):
    owner_id = _id()
    photo_id = _id()
    # One that is a little too large is refused with a sentence, by whoever reads pictures.
    content = fields.String(required=True, validate=validate.Length(max=MOST_BYTES * 4))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.KeepPicture:
        try:
            content = base64.b64decode(data["content"], validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError("Expected base64.", "content") from None
        return commands.KeepPicture(**data | {"content": content})


class OfPictureSchema(_Command):
    owner_id = _id()
    photo_id = _id()


class OfCaseSchema(_Command):
    case_id = _id()


class OfCustomerSchema(_Command):
    customer_id = _id()


OPEN_CASE, ANSWER_CASE, MOVE_CASE = OpenCaseSchema(), AnswerCaseSchema(), MoveCaseSchema()
CONFIRM_CASE, ARBITRATE_CASE, CASE = ConfirmCaseSchema(), ArbitrateCaseSchema(), OfCaseSchema()
KEEP_PICTURE, PICTURE, OF_CUSTOMER = KeepPictureSchema(), OfPictureSchema(), OfCustomerSchema()
