"""Reviews: one each, after the receipt, changed for a while, answered once, hidden for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ordering.contracts.customer_views import public_review, reviews_of_shop
from services.ordering.domain.errors import NotReceived, ReviewTooOld, WrongState
from services.ordering.domain.review import Review, ReviewPublished, review_of_delivery, review_of_shop
from tests.ordering import builders as b
from tests.ordering.unit.test_cases import RECEIPT, a_delivered_order

WEEK = timedelta(days=7)


def a_review(stars: int = 4) -> Review:
    return review_of_shop(a_delivered_order(), b.STORE_ORDERS[0], stars=stars, words="good", at=RECEIPT)


def test_a_review_is_written_once_the_goods_have_come() -> None:
    order = b.a_paid_order()
    with pytest.raises(NotReceived):
        review_of_shop(order, b.STORE_ORDERS[0], stars=5, words=None, at=b.NOON)
    with pytest.raises(NotReceived):
        review_of_delivery(order, stars=5, words=None, at=b.NOON)
    review = review_of_delivery(a_delivered_order(), stars=1, words="late", at=RECEIPT)
    assert (review.courier_id, review.shop_id) == (b.COURIER, None)


def test_a_part_that_was_rejected_is_not_reviewed() -> None:
    order = b.a_paid_order()
    order.reject(b.STORE_ORDERS[1], "sold-out", b.NOON)
    order.deliver("delivery", b.COURIER, RECEIPT, RECEIPT)
    with pytest.raises(NotReceived):
        review_of_shop(order, b.STORE_ORDERS[1], stars=1, words=None, at=RECEIPT)


def test_a_review_has_one_id_whoever_writes_it_again() -> None:
    assert a_review(1).review_id == a_review(5).review_id


def test_a_review_is_changed_for_a_week_and_then_stays() -> None:
    review = a_review()
    review.change(2, "on second thought", RECEIPT + WEEK - timedelta(seconds=1), WEEK)
    assert (review.stars, review.version) == (2, 2)
    assert [event.version for event in review.recorded if isinstance(event, ReviewPublished)] == [1, 2]
    with pytest.raises(ReviewTooOld):
        review.change(5, "much better", RECEIPT + WEEK, WEEK)
    # Saying the same again changes nothing, however late.
    review.change(2, "on second thought", RECEIPT + 2 * WEEK, WEEK)
    assert len(review.recorded) == 2


def test_a_merchant_answers_once() -> None:
    review = a_review()
    review.answer("Thank you", RECEIPT)
    review.answer("Thank you", RECEIPT + WEEK)
    assert review.replied_at == RECEIPT
    with pytest.raises(WrongState):
        review.answer("And another thing", RECEIPT)


def test_a_hidden_review_stays_hidden_when_it_is_changed() -> None:
    review = a_review()
    review.hide("insult", RECEIPT)
    review.hide("other", RECEIPT)
    review.change(5, "nice words", RECEIPT, WEEK)
    assert review.hidden_for == "insult"
    assert [type(event).__name__ for event in review.recorded].count("ReviewHidden") == 1


@pytest.mark.parametrize(
    ("count", "stars", "average"), [(0, 0, None), (1, 5, 5.0), (3, 14, 4.67), (3, 13, 4.33), (8, 33, 4.13)]
)
def test_the_average_has_two_decimals_half_up(count: int, stars: int, average: float | None) -> None:
    assert reviews_of_shop([], (count, stars), {"items": []})["average"] == average


def test_the_public_is_not_told_who_wrote() -> None:
    assert not {"customer_id", "order_id", "store_order_id"} & set(public_review(a_review()))
