"""What ordering tells others of reviews: stars and codes, never what somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from services.ordering.contracts.event_schemas import _id, _optional_id, _time
from services.ordering.contracts.message import Message
from services.ordering.domain import review
from services.ordering.domain.review import HIDING_REASONS, ReviewKind
from shared.kernel.clock import to_wire


class _ReviewSchema(Schema):
    rating_id = _id()
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in ReviewKind]))
    order_id = _id()
    store_order_id = _optional_id()
    shop_id = _optional_id()
    courier_id = _optional_id()


class ReviewPublishedSchema(_ReviewSchema):
    """A customer said how a shop's part or a delivery was; a later version replaces the earlier."""

    customer_id = _id()
    stars = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=5))
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    published_at = _time()


class ReviewHiddenSchema(_ReviewSchema):
    """An operator took a review out of sight; it counts no more."""

    reason = fields.String(required=True, validate=validate.OneOf(HIDING_REASONS))
    hidden_at = _time()


REVIEW_SCHEMAS: Mapping[str, type[Schema]] = {
    "ReviewPublished": ReviewPublishedSchema,
    "ReviewHidden": ReviewHiddenSchema,
}


def to_message(event: review.Event) -> Message:
    told = event.review
    data: dict[str, Any] = {
        "rating_id": told.review_id,
        "kind": str(told.kind),
        "order_id": told.order_id,
        "store_order_id": told.store_order_id,
        "shop_id": told.shop_id,
        "courier_id": told.courier_id,
    }
    match event:
        case review.ReviewPublished():
            data |= {
                "customer_id": told.customer_id,
                "stars": told.stars,
                "version": event.version,
                "published_at": to_wire(event.published_at),
            }
        case review.ReviewHidden():
            data |= {"reason": event.reason, "hidden_at": to_wire(event.hidden_at)}
    return Message(type=type(event).__name__, subject=told.review_id, partitionkey=told.order_id, data=data)
