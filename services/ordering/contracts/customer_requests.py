"""Untrusted requests about reviews and shopping lists, turned into commands."""

from __future__ import annotations

from datetime import time
from typing import Any

from marshmallow import fields, post_load, validate

from services.ordering.contracts import plainly
from services.ordering.contracts.requests import _Command, _id, _Strict, _text
from services.ordering.domain import review_commands, shopping_commands
from services.ordering.domain.review import HIDING_REASONS
from services.ordering.domain.shopping_list import DAYS, ListLine, Recurrence

MOST_WORDS = 1000


def _stars() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=5))


def _words() -> fields.String:
    return _text(MOST_WORDS, required=False, load_default=None, allow_none=True)


class ReviewShopSchema(_Command):
    store_order_id = _id()
    stars = _stars()
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> review_commands.ReviewShop:
        return review_commands.ReviewShop(**data)


class ReviewDeliverySchema(_Command):
    order_id = _id()
    stars = _stars()
    words = _words()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> review_commands.ReviewDelivery:
        return review_commands.ReviewDelivery(**data)


class AnswerReviewSchema(_Command):
    review_id = _id()
    words = _text(MOST_WORDS)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> review_commands.AnswerReview:
        return review_commands.AnswerReview(**data)


class HideReviewSchema(_Command):
    review_id = _id()
    reason = fields.String(required=True, validate=validate.OneOf(HIDING_REASONS))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> review_commands.HideReview:
        return review_commands.HideReview(**data)


class ReviewsOfShopSchema(_Strict):
    shop_id = _id()
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=200))
    cursor = fields.String(load_default=None, allow_none=True)


class ReviewPhotoSchema(_Strict):
    owner_id = _id()
    photo_id = _id()


class ListLineSchema(_Strict):
    listing_id = _id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))
    name = _text(200, required=False, load_default=None, allow_none=True)
    if_missing = fields.String(load_default="refund", validate=validate.OneOf(plainly.IF_MISSING))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ListLine:
        return ListLine(**data)


class RecurrenceSchema(_Strict):
    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS)), required=True, validate=validate.Length(min=1, max=7)
    )
    at = fields.String(required=True, validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d\Z"))
    every_weeks = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=8))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Recurrence:
        days = tuple(day for day in DAYS if day in data["days"])
        at = time.fromisoformat(data["at"])
        return Recurrence(days=days, at=at, every_weeks=data["every_weeks"])


class CreateListSchema(_Command):
    list_id = _id()
    name = _text(60)
    lines = fields.List(fields.Nested(ListLineSchema), required=True, validate=validate.Length(max=100))
    recurrence = fields.Nested(RecurrenceSchema, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> shopping_commands.CreateList:
        return shopping_commands.CreateList(**data | {"lines": tuple(data["lines"])})


class ChangeListSchema(CreateListSchema):
    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> shopping_commands.ChangeList:
        return shopping_commands.ChangeList(**data | {"lines": tuple(data["lines"])})


class OfListSchema(_Command):
    list_id = _id()


class OfActorSchema(_Command):
    pass


REVIEW_SHOP, REVIEW_DELIVERY = ReviewShopSchema(), ReviewDeliverySchema()
ANSWER_REVIEW, HIDE_REVIEW = AnswerReviewSchema(), HideReviewSchema()
REVIEWS_OF_SHOP, REVIEW_PHOTO = ReviewsOfShopSchema(), ReviewPhotoSchema()
CREATE_LIST, CHANGE_LIST, LIST, LISTS = (
    CreateListSchema(),
    ChangeListSchema(),
    OfListSchema(),
    OfActorSchema(),
)
