from __future__ import annotations

import pytest

from services.storefront.domain import errors
from tests.storefront.builders import BAO, MEI, OPERATOR, Street, cny


def test_a_listing_is_published_once_and_told_once(street: Street):
    street.open_shop()
    first = street.list_goods(actor=MEI)
    assert first == street.list_goods(actor=MEI, name="other") == street.service.listing(listing_id="apple")
    assert first["category"] == "fruit"
    assert (first["stock"], first["reserved"], first["available"]) == (10, 0, 10)
    assert street.published("ListingPublished") == [
        {"listing_id": "apple", "shop_id": "fruit", "category": "fruit", "price": cny(1250), "sourced": False}
    ]


def test_a_change_of_price_is_told_and_repeating_it_is_not(street: Street):
    street.open_shop()
    street.list_goods()
    for _ in range(2):
        changed = street.service.change_listing(actor=MEI, listing_id="apple", price=cny(990))
    assert (changed["price"], changed["version"]) == (cny(990), 2)
    assert [data["price"] for data in street.published("ListingChanged")] == [cny(990)]


def test_a_withdrawn_listing_is_shown_to_its_shop_alone(street: Street):
    street.open_shop()
    street.list_goods("apple")
    street.list_goods("pear")
    street.service.change_listing(actor=MEI, listing_id="apple", status="withdrawn")

    def shown(**asker):
        return [item["listing_id"] for item in street.service.listings(shop_id="fruit", **asker)["items"]]

    assert shown() == shown(actor=BAO) == ["pear"]
    assert shown(actor=MEI) == shown(actor=OPERATOR) == ["apple", "pear"]


def test_a_shop_that_is_not_there_has_no_listings_to_show(street: Street):
    street.open_shop()
    assert street.service.listings(shop_id="fruit") == {"items": [], "next_cursor": None}
    with pytest.raises(errors.ShopNotFound):
        street.service.listings(shop_id="nowhere")


def test_only_the_shops_own_merchant_touches_its_listings(street: Street):
    street.open_shop()
    street.list_goods()
    with pytest.raises(errors.NotYourShop):
        street.list_goods("pear", actor=BAO)
    with pytest.raises(errors.NotYourShop):
        street.service.change_listing(actor=BAO, listing_id="apple", name="stolen")
    with pytest.raises(errors.NotYourShop):
        street.service.set_stock(actor=BAO, listing_id="apple", stock=0, command_id="c")


def test_sourced_goods_come_from_operators(street: Street):
    street.open_shop()
    with pytest.raises(errors.OperatorsOnly):
        street.list_goods(actor=MEI, sourced=True)
    assert street.list_goods(actor=OPERATOR, sourced=True)["sourced"]


def test_counting_stock_keeps_what_is_held_and_happens_once(street: Street):
    street.open_shop()
    street.list_goods(stock=10)
    street.reserve("order", apple=3)
    counted = street.service.set_stock(actor=MEI, listing_id="apple", stock=7, command_id="monday")
    assert (counted["stock"], counted["reserved"], counted["available"]) == (7, 3, 4)
    street.reserve("another", apple=2)
    street.service.set_stock(actor=MEI, listing_id="apple", stock=7, command_id="monday")
    assert street.level() == (7, 5)


def test_a_count_below_what_is_held_lets_nothing_more_be_sold_and_comes_true_in_the_end(street: Street):
    street.open_shop()
    street.list_goods(stock=10)
    street.reserve("order", apple=3)
    assert street.service.set_stock(actor=MEI, listing_id="apple", stock=0, command_id="c")["available"] == 0
    street.service.release(order_id="order", reason="changed my mind")
    assert street.level() == (0, 0)


def test_counting_nothing_tells_that_it_is_sold_out(street: Street):
    street.open_shop()
    street.list_goods()
    street.service.set_stock(actor=MEI, listing_id="apple", stock=0, command_id="c")
    assert street.published("ListingSoldOut") == [{"listing_id": "apple", "shop_id": "fruit"}]


def test_goods_are_those_on_sale_in_open_shops_in_the_order_asked_for(street: Street):
    street.open_shop()
    street.list_goods("apple")
    street.list_goods("pear")
    street.list_goods("plum")
    street.service.change_listing(actor=MEI, listing_id="plum", status="withdrawn")

    def goods():
        return street.service.goods(listing_ids=["pear", "plum", "apple", "none"])["items"]

    assert [item["listing_id"] for item in goods()] == ["pear", "apple"]
    assert all(item["shop_name"] for item in goods())
    street.service.change_shop(actor=MEI, shop_id="fruit", status="closed")
    assert goods() == []
