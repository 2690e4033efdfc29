"""Offers: who may promote what, within which bounds; on the fakes in memory and on PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.commission.domain.errors import (
    InvalidOffer,
    ListingNotSourced,
    OfferExists,
    OfferNotFound,
    OfferNotOpen,
    OfferTaken,
    OperatorsOnly,
    PriceOutOfBounds,
    RateOutOfBounds,
    ShopNotFound,
)
from shared.kernel.clock import to_wire
from tests.commission.builders import NOON, merchant, operator, yuan
from tests.commission.street import Street


def test_an_offer_is_seen_by_the_shops_of_its_category(street: Street):
    """Rule 19."""
    offered = street.offer(supplier_cost=yuan(600))
    assert offered["supplier_cost"] == yuan(600)
    (seen,) = street.service.offers_to_shop(actor=merchant("florist"), shop_id="florist")["items"]
    assert (seen["offer_id"], seen["accepted"], seen["taken"]) == ("offer", None, False)
    assert "supplier_cost" not in seen
    assert street.service.offers_to_shop(actor=merchant("bakery"), shop_id="bakery")["items"] == []
    assert street.service.offers_to_shop(actor=merchant("supplier"), shop_id="supplier")["items"] == []
    with pytest.raises(ShopNotFound):
        street.service.offers_to_shop(actor=merchant("kiosk"), shop_id="florist")


def test_offers_are_operators_and_make_sense(street: Street):
    with pytest.raises(OperatorsOnly):
        street.service.publish_offer(
            actor=merchant("florist"), offer_id="mine", listing_id="rare-fruit", rate_max_bp=1
        )
    with pytest.raises(ListingNotSourced):
        street.offer(listing_id="apple")
    with pytest.raises(InvalidOffer):
        street.offer(rate_min_bp=2000)
    with pytest.raises(InvalidOffer):
        street.offer(price_min=yuan(100))
    made = street.offer()
    assert street.offer() == made
    with pytest.raises(OfferExists):
        street.offer(rate_max_bp=1600)
    with pytest.raises(OfferNotFound):
        street.service.end_offer(actor=operator(), offer_id="other")


def test_accepting_puts_goods_into_the_virtual_storefront_and_withdrawing_takes_them_out(street: Street):
    street.offer()
    made = street.accept("florist", rate_bp=800)
    assert (made["rate_bp"], made["offer_id"]) == (800, "offer")
    assert street.accept("florist", rate_bp=800, link_id="another") == made
    assert [each["code"] for each in street.shown("florist")] == [made["code"]]
    street.clock.advance(timedelta(minutes=1))
    assert street.accept("florist", rate_bp=1200)["rate_bp"] == 1200
    street.clock.advance(timedelta(minutes=1))
    asked = {"actor": merchant("florist"), "shop_id": "florist", "link_id": made["link_id"]}
    assert street.service.withdraw_promotion_link(**asked)["withdrawn"]
    assert street.service.withdraw_promotion_link(**asked)["withdrawn"]
    assert street.shown("florist") == []


@pytest.mark.parametrize(
    ("terms", "accepts", "refusal"),
    [
        ({}, {"rate_bp": 499}, RateOutOfBounds),
        ({}, {"rate_bp": 1501}, RateOutOfBounds),
        ({}, {"unit_price": yuan(900)}, PriceOutOfBounds),
        ({"price_min": yuan(800), "price_max": yuan(1200)}, {"unit_price": yuan(1300)}, PriceOutOfBounds),
        ({}, {"offer_id": "other"}, OfferNotFound),
        ({"starts_at": to_wire(NOON + timedelta(days=1))}, {}, OfferNotOpen),
        ({"ends_at": to_wire(NOON)}, {}, OfferNotOpen),
        ({"territory": {"lat": 31.0, "lon": 120.15, "radius_m": 5000}}, {}, OfferNotOpen),
    ],
)
def test_shops_accept_within_bounds(
    street: Street, terms: dict[str, Any], accepts: dict[str, Any], refusal: type[Exception]
):
    street.offer(**terms)
    with pytest.raises(refusal):
        street.accept("florist", **accepts)


def test_a_price_within_the_band_goes_with_the_link(street: Street):
    street.offer(price_min=yuan(800), price_max=yuan(1200))
    code = street.accept("florist", unit_price=yuan(900))["code"]
    assert street.service.promotion_link(code=code)["unit_price"] == yuan(900)
    street.service.end_offer(actor=operator(), offer_id="offer")
    assert street.service.promotion_link(code=code)["unit_price"] is None


def test_an_exclusive_offer_has_one_shop_at_a_time(street: Street):
    street.offer(exclusive=True, territory={"lat": 30.27, "lon": 120.15, "radius_m": 5000})
    link_id = street.accept("florist")["link_id"]
    with pytest.raises(OfferTaken):
        street.accept("kiosk")
    (seen,) = street.service.offers_to_shop(actor=merchant("kiosk"), shop_id="kiosk")["items"]
    assert seen["taken"]
    street.service.withdraw_promotion_link(actor=merchant("florist"), shop_id="florist", link_id=link_id)
    assert street.accept("kiosk")["offer_id"] == "offer"
