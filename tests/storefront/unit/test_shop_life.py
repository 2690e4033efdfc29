from __future__ import annotations

from dataclasses import replace

import pytest

from services.storefront.domain import errors
from services.storefront.domain.actor import Actor
from services.storefront.domain.hours import OpeningHours
from services.storefront.domain.position import Position
from services.storefront.domain.shop import ShopStatus
from tests.storefront.builders import LAKE, NOON, a_listing, a_shop

ALLOWED = {
    (ShopStatus.OPEN, ShopStatus.CLOSED),
    (ShopStatus.CLOSED, ShopStatus.OPEN),
}


@pytest.mark.parametrize("before", ShopStatus)
@pytest.mark.parametrize("after", ShopStatus)
def test_a_merchant_may_only_close_and_reopen_an_approved_shop(before, after):
    shop = a_shop(status=before)
    if before is after:
        assert shop.changed(shop.terms, after, None) is shop
    elif (before, after) in ALLOWED:
        assert shop.changed(shop.terms, after, None).status is after
    else:
        with pytest.raises(errors.ShopNotApproved):
            shop.changed(shop.terms, after, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ShopStatus.PENDING, ShopStatus.OPEN),
        (ShopStatus.OPEN, ShopStatus.OPEN),
        (ShopStatus.CLOSED, ShopStatus.CLOSED),
    ],
)
def test_approval_opens_a_waiting_shop_and_no_other(before, after):
    assert a_shop(status=before).approved().status is after


def test_a_change_needs_the_present_version_when_it_names_one():
    shop = a_shop(version=4)
    renamed = replace(shop.terms, name="other")
    assert shop.changed(renamed, shop.status, 4).version == 5
    with pytest.raises(errors.ShopChanged):
        shop.changed(renamed, shop.status, 3)
    assert shop.changed(shop.terms, shop.status, 3) is shop


def test_a_listing_is_changed_like_a_shop():
    listing = a_listing(version=4)
    renamed = replace(listing.terms, name="other")
    assert listing.changed(renamed, listing.status, None).version == 5
    with pytest.raises(errors.ListingChanged):
        listing.changed(renamed, listing.status, 3)
    assert listing.changed(listing.terms, listing.status, 3) is listing


@pytest.mark.parametrize(
    ("actor", "status", "refusal"),
    [
        (Actor(account_id="mei", role="merchant"), ShopStatus.PENDING, None),
        (Actor(account_id="olga", role="operator"), ShopStatus.PENDING, None),
        (Actor(account_id="bao", role="merchant"), ShopStatus.PENDING, errors.ShopNotFound),
        (Actor(account_id="bao", role="merchant"), ShopStatus.OPEN, errors.NotYourShop),
        (Actor(account_id="chen", role="customer"), ShopStatus.CLOSED, errors.NotYourShop),
    ],
)
def test_a_shop_is_run_by_its_owner_and_the_operators(actor, status, refusal):
    shop = a_shop(status=status)
    if refusal is None:
        shop.must_be_run_by(actor)
    else:
        with pytest.raises(refusal):
            shop.must_be_run_by(actor)


def test_an_open_shop_serves_within_its_hours_and_its_radius():
    shop = a_shop(delivery_radius_m=1000, hours=OpeningHours.read({"mon": [["18:00", "19:00"]]}))
    assert shop.serves_at(NOON)
    assert not a_shop(status=ShopStatus.CLOSED).serves_at(NOON)
    assert shop.delivers_to(Position(lat=LAKE.lat + 0.0089, lon=LAKE.lon))
    assert not shop.delivers_to(Position(lat=LAKE.lat + 0.0091, lon=LAKE.lon))
