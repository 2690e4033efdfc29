"""What customers say of shops and deliveries."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import customer_forms as forms
from services.gateway.contracts import customer_shapes as shapes
from services.gateway.contracts.after_sale_shapes import KeptPicture
from services.gateway.contracts.forms import Page
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routes.proofs import PICTURE_HEADERS, PICTURES
from services.gateway.entrypoints.routing import ANYONE, CUSTOMER, MERCHANT, OPERATOR, Routes
from services.gateway.entrypoints.wire import Answer

routes = Routes("Reviews")


@routes.put(
    "/v1/store-orders/{store_order_id}/review",
    summary="Say how a shop's part was, or say it otherwise",
    description="Once it has come. It can be changed for a week.",
    roles=CUSTOMER,
    body=forms.WriteReview,
    answer=shapes.Review,
    refusals=("store-order-not-found", "not-received", "review-too-old"),
)
def review_store_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "review_store_order", **call.path, **call.body)


@routes.put(
    "/v1/orders/{order_id}/delivery-review",
    summary="Say how the delivery was, or say it otherwise",
    roles=CUSTOMER,
    body=forms.WriteReview,
    answer=shapes.Review,
    refusals=("order-not-found", "not-received", "review-too-old"),
)
def review_delivery(call: Call) -> Any:
    return call.ask_as_caller("ordering", "review_delivery", **call.path, **call.body)


@routes.get(
    "/v1/orders/{order_id}/reviews",
    summary="The reviews of an order",
    roles=CUSTOMER | OPERATOR,
    answer=shapes.ReviewPage,
    refusals=("order-not-found",),
)
def reviews_of_order(call: Call) -> Any:
    return call.ask_as_caller("ordering", "reviews_of_order", **call.path)


@routes.get(
    "/v1/shops/{shop_id}/reviews",
    summary="What customers say of a shop, newest first, and the average of their stars",
    roles=ANYONE,
    query=Page,
    answer=shapes.ReviewsOfShop,
)
def reviews_of_shop(call: Call) -> Any:
    return call.ask("ordering", "reviews_of_shop", **call.path, **call.query)


@routes.post(
    "/v1/reviews/{review_id}/answer",
    summary="Answer a review of one's shop, once",
    roles=MERCHANT,
    body=forms.AnswerReview,
    answer=shapes.PublicReview,
    refusals=("review-not-found", "wrong-state"),
)
def answer_review(call: Call) -> Any:
    return call.ask_as_caller("ordering", "answer_review", **call.path, **call.body)


@routes.post(
    "/v1/reviews/{review_id}/hide",
    summary="Take a review out of sight, with a reason",
    description="It counts no more, and stays hidden when it is changed.",
    roles=OPERATOR,
    body=forms.HideReview,
    answer=shapes.Review,
    refusals=("review-not-found",),
)
def hide_review(call: Call) -> Any:
    return call.ask_as_caller("ordering", "hide_review", **call.path, **call.body)


@routes.put(
    "/v1/reviews/{review_id}/photos/{photo_id}",
    summary="Send a picture with a review",
    description="As with after-sale cases; everybody may see it while the review of a shop is shown.",
    roles=CUSTOMER,
    raw_body=True,
    takes=PICTURES,
    answer=KeptPicture,
    refusals=("review-not-found", "picture-refused", "picture-too-large", "too-many-photos"),
)
def send_photo_of_review(call: Call) -> Any:
    content = base64.b64encode(call.raw_body).decode()
    return call.ask_as_caller(
        "ordering",
        "keep_review_photo",
        owner_id=call.path["review_id"],
        photo_id=call.path["photo_id"],
        content=content,
    )


@routes.get(
    "/v1/reviews/{review_id}/photos/{photo_id}",
    summary="A picture of a review of a shop",
    roles=ANYONE,
    gives=PICTURES,
    refusals=("review-not-found", "photo-not-found"),
)
def photo_of_review(call: Call) -> Answer:
    found = call.ask(
        "ordering", "review_photo", owner_id=call.path["review_id"], photo_id=call.path["photo_id"]
    )
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], dict(PICTURE_HEADERS))
