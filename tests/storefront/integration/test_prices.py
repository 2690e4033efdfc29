from __future__ import annotations

import pytest

from services.storefront.domain import errors
from shared.kernel.errors import InvalidInput
from tests.storefront.builders import BAO, HERE, MEI, Street, cny

DROP_OFF = {"lat": 30.26, "lon": 120.15, "address": "somewhere", "contact": "Chen"}


@pytest.fixture(autouse=True)
def goods(street: Street):
    street.open_shop()
    street.open_shop("bread", actor=BAO, name="面包房", category="bakery", preparation_minutes=20)
    street.list_goods("apple")
    street.list_goods("loaf", "bread", name="全麦面包", price=cny(900), stock=2, unit="个")


def price(street: Street, *listing_ids: str, drop_off=DROP_OFF):
    lines = [{"listing_id": listing_id, "quantity": 3} for listing_id in listing_ids]
    return street.service.price(lines=lines, drop_off=drop_off)


def test_a_basket_over_shops_is_priced_in_its_own_order(street: Street):
    basket = price(street, "loaf", "apple", "loaf")
    assert basket["currency"] == "CNY"
    assert basket["shops"][0] == {
        "shop_id": "bread",
        "merchant_id": "bao",
        "name": "面包房",
        "category": "bakery",
        "position": HERE,
        "preparation_minutes": 20,
        "counts_preparation": False,
        "accept_minutes": None,
    }
    assert [shop["shop_id"] for shop in basket["shops"]] == ["bread", "fruit"]
    assert basket["lines"][0] == {
        "listing_id": "loaf",
        "shop_id": "bread",
        "name": "全麦面包",
        "unit": "个",
        "category": "bakery",
        "quantity": 3,
        "unit_price": cny(900),
        "available": 2,
        "sourced": False,
        "unit_grams": None,
    }
    assert [line["listing_id"] for line in basket["lines"]] == ["loaf", "apple", "loaf"]


def test_what_is_not_on_sale_is_refused_by_its_line(street: Street):
    street.service.change_listing(actor=MEI, listing_id="apple", status="withdrawn")
    with pytest.raises(errors.ListingNotFound) as refusal:
        price(street, "plum", "loaf", "apple")
    assert [error["field"] for error in refusal.value.errors] == ["lines.0.listing_id", "lines.2.listing_id"]


def test_a_shop_that_is_closed_or_out_of_hours_sells_nothing(street: Street):
    street.service.change_shop(actor=MEI, shop_id="fruit", hours={"mon": [["08:00", "18:00"]]})
    with pytest.raises(errors.ShopClosed) as refusal:
        price(street, "loaf", "apple")
    assert [error["field"] for error in refusal.value.errors] == ["lines.1.listing_id"]
    street.service.change_shop(actor=BAO, shop_id="bread", status="closed")
    with pytest.raises(errors.ShopClosed):
        price(street, "loaf")


def test_a_shop_does_not_sell_beyond_its_radius(street: Street):
    street.service.change_shop(actor=BAO, shop_id="bread", delivery_radius_m=1000)
    with pytest.raises(errors.OutOfDeliveryRange) as refusal:
        price(street, "apple", "loaf")
    assert [error["field"] for error in refusal.value.errors] == ["lines.1.listing_id"]


def test_a_basket_is_in_one_currency(street: Street):
    street.list_goods("import", price={"amount": 5, "currency": "USD"})
    with pytest.raises(errors.MixedCurrencies):
        price(street, "apple", "import")


def test_an_empty_basket_is_refused(street: Street):
    with pytest.raises(InvalidInput):
        price(street)


def test_what_a_unit_measures_goes_with_its_price(street: Street):
    size = {"volume_ml": 6000, "weight_g": 5000, "cold": False}
    street.list_goods("rice", name="大米 5kg", size=size)
    rice, apple = price(street, "rice", "apple")["lines"]
    assert rice["size"] == size
    assert "size" not in apple
    changed = street.service.change_listing(actor=MEI, listing_id="rice", size=None)
    assert changed["size"] is None
