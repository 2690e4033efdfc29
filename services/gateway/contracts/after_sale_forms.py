"""What may be sent about after-sale cases."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import one_of, text
from services.gateway.contracts.forms import MOST_LINES, Page, RefundLine

_WORDS = {"description": "For those concerned alone: the customer, the shop, operators."}
_DECISIONS = ("refund", "resend", "reject")


class OpenAfterSaleCase(Schema):
    lines = fields.List(
        fields.Nested(RefundLine),
        required=True,
        validate=validate.Length(min=1, max=MOST_LINES),
        metadata={"description": "Lines and quantities of one shop's part."},
    )
    reason = one_of("damaged", "missing", "wrong-item", "quality", "other", required=True)
    words = text(1000, allow_none=True, metadata={"description": "Needed where the reason is `other`."})


class AnswerAfterSaleCase(Schema):
    decision = one_of(*_DECISIONS, required=True)
    words = text(1000, allow_none=True, metadata={"description": "Needed with a rejection."})


class SayInWords(Schema):
    words = text(1000, allow_none=True, metadata=_WORDS)


class ConfirmResend(Schema):
    arrived = fields.Boolean(required=True)
    words = text(1000, allow_none=True, metadata=_WORDS)


class ArbitrateAfterSaleCase(Schema):
    decision = one_of(*_DECISIONS, required=True)
    borne_by = one_of(
        "shop", "platform", "courier", load_default="shop", metadata={"description": "Whose fault it was."}
    )
    return_delivery_fee = fields.Boolean(load_default=False)
    words = text(1000, required=True, metadata=_WORDS)


class AfterSaleCasesQuery(Page):
    status = text(40)
