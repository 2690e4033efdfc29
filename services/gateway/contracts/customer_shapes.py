"""What is answered about reviews, shopping lists and buying again."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.shapes import several


class PublicReview(Schema):
    """What a customer says of a shop; not who they are."""

    review_id = Id(required=True)
    kind = fields.String(metadata={"enum": ["shop", "delivery"]})
    shop_id = Id(allow_none=True)
    stars = fields.Integer()
    words = fields.String(allow_none=True)
    written_at = Instant()
    changed_at = Instant(allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "The merchant's, once."})
    answered_at = Instant(allow_none=True)
    photo_ids = fields.List(Id())


class Review(PublicReview):
    """A review, for its customer and operators."""

    order_id = Id()
    store_order_id = fields.String(allow_none=True)
    hidden_for = fields.String(allow_none=True, metadata={"description": "Why an operator has hidden it."})


class ReviewsOfShop(Schema):
    count = fields.Integer(metadata={"description": "All that are shown, not of this page alone."})
    average = fields.Float(allow_none=True, metadata={"description": "Of the stars, to two decimals."})
    items = fields.List(fields.Nested(PublicReview), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ListedGoods(Schema):
    listing_id = Id(required=True)
    quantity = fields.Integer()
    name = fields.String(allow_none=True)
    if_missing = fields.String()


class Recurrence(Schema):
    days = fields.List(fields.String())
    at = fields.String()
    every_weeks = fields.Integer()


class ShoppingList(Schema):
    """A list that a customer keeps; one that recurs reminds, and orders nothing."""

    list_id = Id(required=True)
    name = fields.String()
    lines = fields.List(fields.Nested(ListedGoods))
    recurrence = fields.Nested(Recurrence, allow_none=True)
    created_at = Instant()
    next_at = Instant(allow_none=True, metadata={"description": "When it reminds next."})
    due_at = Instant(allow_none=True, metadata={"description": "When it reminded last."})


class LineToBuy(Schema):
    listing_id = Id(required=True)
    quantity = fields.Integer()
    list_name = fields.String(allow_none=True)
    if_missing = fields.String()


class GoodsToBuy(Schema):
    """What a line is and costs now; there may be less of it than was wanted."""

    listing_id = Id(required=True)
    shop_id = Id()
    name = fields.String()
    unit = fields.String()
    unit_price = fields.Nested(Money)
    wanted = fields.Integer()
    quantity = fields.Integer()


class GoneGoods(Schema):
    listing_id = Id(required=True)
    name = fields.String(allow_none=True)
    quantity = fields.Integer()
    reason = fields.String(metadata={"enum": ["no-longer-sold", "sold-out"]})


class BasketAgain(Schema):
    """`lines` may be sent as they are with `POST /v1/quotes`; nothing is ordered by looking at them."""

    lines = fields.List(fields.Nested(LineToBuy), required=True)
    goods = fields.List(fields.Nested(GoodsToBuy))
    gone = fields.List(fields.Nested(GoneGoods))


ReviewPage = several(Review, "ReviewPage")
ShoppingListPage = several(ShoppingList, "ShoppingListPage")
