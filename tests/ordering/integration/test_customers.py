"""Reviews, reordering and shopping lists on a real database."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from shared.kernel.errors import Unavailable
from shared.testing.pictures import a_jpeg
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant, part_of
from tests.ordering.integration.test_cases import STRANGER, code_of
from tests.ordering.integration.test_fulfilment import completed, reject


@pytest.fixture
def delivered(platform: Platform) -> Wire:
    order = platform.paid()
    completed(platform, order)
    return platform.order(order["order_id"])


def review(platform: Platform, order: Wire, stars: int = 5, shop: int = 1, **changes: Any) -> Wire:
    part = part_of(order, f"shop-{shop}")
    return platform.service.review_store_order(
        **{
            "actor": CUSTOMER,
            "store_order_id": part["store_order_id"],
            "stars": stars,
            "words": f"{stars} stars",
        }
        | changes
    )


def rating(platform: Platform) -> tuple[float | None, int]:
    found = platform.service.reviews_of_shop(shop_id="shop-1")
    return found["average"], found["count"]


def test_a_shop_is_shown_with_what_its_customers_said(platform: Platform, delivered: Wire) -> None:
    assert rating(platform) == (None, 0)
    first = review(platform, delivered, 5)
    assert review(platform, delivered, 4)["review_id"] == first["review_id"]
    other = platform.paid()
    completed(platform, other)
    platform.clock.advance(timedelta(minutes=1))
    second = review(platform, other, 1)
    assert rating(platform) == (2.5, 2)
    page = platform.service.reviews_of_shop(shop_id="shop-1", limit=1)
    assert [item["review_id"] for item in page["items"]] == [second["review_id"]]
    rest = platform.service.reviews_of_shop(shop_id="shop-1", cursor=page["next_cursor"])
    assert [item["words"] for item in rest["items"]] == ["4 stars"]
    assert "customer_id" not in rest["items"][0]
    told = platform.published("ReviewPublished")
    assert [(event["stars"], event["version"]) for event in told] == [(5, 1), (4, 2), (1, 1)]


def test_a_hidden_review_counts_no_more(platform: Platform, delivered: Wire) -> None:
    said = review(platform, delivered, 1)
    asked = {"review_id": said["review_id"], "reason": "insult"}
    assert code_of(lambda: platform.service.hide_review(actor=merchant(1), **asked)) == "not-for-this-role"
    for _ in range(2):
        platform.service.hide_review(actor=OPERATOR, **asked)
    assert rating(platform) == (None, 0)
    (told,) = platform.published("ReviewHidden")
    assert told["reason"] == "insult"
    mine = platform.service.reviews_of_order(actor=CUSTOMER, order_id=delivered["order_id"])
    assert mine["items"][0]["hidden_for"] == "insult"


def test_the_merchant_of_the_shop_answers_once(platform: Platform, delivered: Wire) -> None:
    said = review(platform, delivered)
    asked = {"review_id": said["review_id"], "words": "Thank you"}
    assert code_of(lambda: platform.service.answer_review(actor=merchant(2), **asked)) == "review-not-found"
    platform.service.answer_review(actor=merchant(1), **asked)
    again = asked | {"words": "Really"}
    assert code_of(lambda: platform.service.answer_review(actor=merchant(1), **again)) == "wrong-state"
    assert platform.service.reviews_of_shop(shop_id="shop-1")["items"][0]["answer"] == "Thank you"


def test_only_who_received_something_reviews_it(platform: Platform, delivered: Wire) -> None:
    assert code_of(lambda: review(platform, delivered, actor=STRANGER)) == "store-order-not-found"
    waiting = platform.paid()
    reject(platform, waiting, 2)
    assert code_of(lambda: review(platform, waiting)) == "not-received"
    asked = {"actor": CUSTOMER, "order_id": waiting["order_id"], "stars": 5}
    assert code_of(lambda: platform.service.review_delivery(**asked)) == "not-received"
    completed(platform, waiting)
    assert platform.service.review_delivery(**asked)["kind"] == "delivery"
    assert code_of(lambda: review(platform, waiting, shop=2)) == "not-received"
    assert rating(platform) == (None, 0)


def test_a_review_is_changed_for_a_week(platform: Platform, delivered: Wire) -> None:
    review(platform, delivered)
    platform.clock.advance(timedelta(days=7))
    assert code_of(lambda: review(platform, delivered, 1)) == "review-too-old"
    assert rating(platform) == (5.0, 1)


def test_pictures_of_a_review_are_shown_while_it_is(platform: Platform, delivered: Wire) -> None:
    said = review(platform, delivered)
    content = base64.b64encode(a_jpeg()).decode()
    where = {"owner_id": said["review_id"], "photo_id": "photo-0"}
    assert (
        code_of(lambda: platform.service.keep_review_photo(actor=STRANGER, content=content, **where))
        == "review-not-found"
    )
    platform.service.keep_review_photo(actor=CUSTOMER, content=content, **where)
    assert platform.service.review_photo(**where)["media_type"] == "image/jpeg"
    platform.service.hide_review(actor=OPERATOR, review_id=said["review_id"], reason="off-topic")
    assert code_of(lambda: platform.service.review_photo(**where)) == "review-not-found"


def test_an_old_order_is_bought_again_at_present_prices(platform: Platform, delivered: Wire) -> None:
    platform.rpc.storefront.listings["apples"]["price"] = 1400
    platform.rpc.storefront.listings["bread"]["withdrawn"] = True
    del platform.rpc.storefront.listings["milk"]
    asked = {"order_id": delivered["order_id"]}
    assert code_of(lambda: platform.service.reorder(actor=STRANGER, **asked)) == "order-not-found"
    again = platform.service.reorder(actor=CUSTOMER, **asked)
    assert [(line["listing_id"], line["quantity"]) for line in again["lines"]] == [("apples", 3)]
    assert again["goods"][0]["unit_price"]["amount"] == 1400
    gone = {(item["listing_id"], item["reason"]) for item in again["gone"]}
    assert gone == {("bread", "no-longer-sold"), ("milk", "no-longer-sold")}
    quote = platform.quoted(lines=again["lines"])
    assert quote["goods"]["amount"] == 3 * 1400


def test_nothing_is_said_to_be_gone_when_the_storefront_is_silent(
    platform: Platform, delivered: Wire
) -> None:
    platform.rpc.mute.add(("storefront", "listing"))
    with pytest.raises(Unavailable):
        platform.service.reorder(actor=CUSTOMER, order_id=delivered["order_id"])


def a_list(platform: Platform, **changes: Any) -> Wire:
    return platform.service.create_list(
        **{
            "actor": CUSTOMER,
            "list_id": platform.an_id("list"),
            "name": "for grandma",
            "lines": [{"listing_id": "apples", "quantity": 2}, {"listing_id": "milk", "quantity": 1}],
            "recurrence": {"days": ["mon"], "at": "20:00"},
        }
        | changes
    )


def test_a_recurring_list_reminds_and_orders_nothing(platform: Platform) -> None:
    kept = a_list(platform)
    assert kept["next_at"] == "2026-01-05T12:00:00.000Z"
    platform.service.remind_of_lists()
    assert platform.published("ShoppingListDue") == []
    platform.clock.advance(timedelta(hours=2))
    platform.service.remind_of_lists()
    platform.service.remind_of_lists()
    (told,) = platform.published("ShoppingListDue")
    assert told == {
        "list_id": kept["list_id"],
        "customer_id": CUSTOMER["account_id"],
        "due_at": "2026-01-05T12:00:00.000Z",
    }
    seen = platform.service.shopping_list(actor=CUSTOMER, list_id=kept["list_id"])
    assert (seen["due_at"], seen["next_at"]) == (told["due_at"], "2026-01-12T12:00:00.000Z")
    basket = platform.service.basket_of_list(actor=CUSTOMER, list_id=kept["list_id"])
    assert {line["list_name"] for line in basket["lines"]} == {"for grandma"}
    assert platform.quoted(lines=basket["lines"])["goods"]["amount"] == 2 * 1250 + 680
    assert platform.sql("SELECT count(*) FROM orders") == [(0,)]


def test_a_list_is_its_customers_to_change_and_to_delete(platform: Platform) -> None:
    kept = a_list(platform, list_id="list-x")
    assert a_list(platform, list_id="list-x", name="another") == kept
    assert code_of(lambda: a_list(platform, list_id="list-x", actor=STRANGER)) == "command-id-used"
    changed = {"list_id": "list-x", "name": "for us", "lines": []}
    assert code_of(lambda: platform.service.change_list(actor=STRANGER, **changed)) == "list-not-found"
    assert platform.service.change_list(actor=CUSTOMER, **changed)["next_at"] is None
    assert [item["name"] for item in platform.service.shopping_lists(actor=CUSTOMER)["items"]] == ["for us"]
    assert platform.service.shopping_lists(actor=STRANGER)["items"] == []
    asked = {"list_id": "list-x"}
    assert code_of(lambda: platform.service.delete_list(actor=STRANGER, **asked)) == "list-not-found"
    platform.service.delete_list(actor=CUSTOMER, **asked)
    assert code_of(lambda: platform.service.shopping_list(actor=CUSTOMER, **asked)) == "list-not-found"


def test_there_is_an_end_to_how_many_lists_somebody_keeps(platform: Platform) -> None:
    for _ in range(50):
        a_list(platform)
    assert code_of(lambda: a_list(platform)) == "too-many-lists"
