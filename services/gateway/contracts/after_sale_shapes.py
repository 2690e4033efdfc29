"""What is answered about after-sale cases."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.shapes import several

_STATUSES = [
    "open",
    "rejected",
    "appealed",
    "resending",
    "resent",
    "refunded",
    "resolved",
    "dismissed",
    "withdrawn",
    "overtaken",
]


class ClaimedLine(Schema):
    line_id = fields.String(required=True)
    listing_id = Id()
    name = fields.String()
    quantity = fields.Integer(metadata={"description": "What was asked for."})
    left = fields.Integer(
        metadata={"description": "What the case is still about: other refunds count against it."}
    )


class CaseStep(Schema):
    at = Instant()
    by = fields.String(metadata={"enum": ["customer", "shop", "operator", "clock", "elsewhere"]})
    status = fields.String(metadata={"enum": _STATUSES})
    words = fields.String(allow_none=True)


class AfterSaleCase(Schema):
    """What is wrong with goods that arrived, and what came of it."""

    case_id = Id(required=True)
    order_id = Id()
    store_order_id = fields.String()
    shop_id = Id()
    status = fields.String(metadata={"enum": _STATUSES})
    reason = fields.String(metadata={"enum": ["damaged", "missing", "wrong-item", "quality", "other"]})
    opened_at = Instant()
    due_at = Instant(
        allow_none=True,
        metadata={
            "description": "When the clock decides: a silent shop refunds, a rejection that is not appealed"
            " stands, what was sent again counts as arrived."
        },
    )
    lines = fields.List(fields.Nested(ClaimedLine))
    steps = fields.List(fields.Nested(CaseStep))
    photo_ids = fields.List(Id())
    borne_by = fields.String(allow_none=True, metadata={"enum": ["shop", "platform", "courier", None]})
    refund_id = fields.String(allow_none=True)
    refunded = fields.Nested(Money)


class KeptPicture(Schema):
    photo_id = Id(required=True)
    media_type = fields.String()
    bytes = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


AfterSaleCasePage = several(AfterSaleCase, "AfterSaleCasePage")
