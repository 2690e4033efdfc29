from __future__ import annotations

import pytest

from services.storefront.domain import errors
from shared.kernel.errors import InvalidInput
from tests.storefront.builders import BAO, CUSTOMER, HERE, MEI, OPERATOR, Street

HOURS = {"mon": [["08:00", "12:00"], ["18:00", "02:00"]], "sun": [["22:00", "24:00"]]}


def open_request(**fields):
    return {
        "actor": MEI,
        "shop_id": "fruit",
        "name": "鲜果园",
        "category": "fruit",
        "position": HERE,
    } | fields


def test_a_new_shop_waits_for_approval_and_keeps_what_it_said(street: Street):
    shop = street.service.open_shop(**open_request(hours=HOURS, delivery_radius_m=1200))
    assert shop == {
        "shop_id": "fruit",
        "owner_id": "mei",
        "name": "鲜果园",
        "category": "fruit",
        "position": HERE,
        "delivery_radius_m": 1200,
        "hours": HOURS,
        "preparation_minutes": 15,
        "preparation_capacity": None,
        "accept_minutes": None,
        "status": "pending",
        "version": 1,
    }
    assert street.service.shop(shop_id="fruit") == shop
    assert street.published() == []


def test_opening_a_shop_twice_gives_the_same_shop_and_never_somebody_elses(street: Street):
    first = street.service.open_shop(**open_request())
    assert street.service.open_shop(**open_request(name="other")) == first
    with pytest.raises(errors.ShopExists):
        street.service.open_shop(**open_request(actor=BAO))


def test_customers_open_no_shops(street: Street):
    with pytest.raises(errors.MerchantsOnly):
        street.service.open_shop(**open_request(actor=CUSTOMER))


def test_approving_tells_the_world_once_and_only_coarsely_where_the_shop_is(street: Street):
    street.service.open_shop(**open_request(position={"lat": 30.25491, "lon": 120.15122}))
    for _ in range(2):
        assert street.service.approve_shop(actor=OPERATOR, shop_id="fruit")["status"] == "open"
    assert street.published() == [
        {"shop_id": "fruit", "owner_id": "mei", "category": "fruit", "area": {"lat": 30.25, "lon": 120.15}}
    ]


def test_only_operators_approve(street: Street):
    street.service.open_shop(**open_request())
    with pytest.raises(errors.OperatorsOnly):
        street.service.approve_shop(actor=MEI, shop_id="fruit")


def test_a_change_raises_the_version_and_the_same_change_again_does_not(street: Street):
    street.open_shop()
    for version in (2, 2):
        changed = street.service.change_shop(
            actor=MEI, shop_id="fruit", version=version, name="新名", hours=HOURS
        )
    assert (changed["name"], changed["hours"], changed["version"]) == ("新名", HOURS, 3)
    assert street.service.shop(shop_id="fruit") == changed


def test_a_change_of_an_old_version_is_refused(street: Street):
    street.open_shop()
    street.service.change_shop(actor=MEI, shop_id="fruit", name="first")
    with pytest.raises(errors.ShopChanged):
        street.service.change_shop(actor=MEI, shop_id="fruit", version=2, name="second")


def test_a_shop_that_waits_for_approval_cannot_open_itself(street: Street):
    street.service.open_shop(**open_request())
    with pytest.raises(errors.ShopNotApproved):
        street.service.change_shop(actor=MEI, shop_id="fruit", status="open")


def test_nobody_changes_the_shop_of_another_and_a_pending_one_is_not_even_there(street: Street):
    street.service.open_shop(**open_request())
    with pytest.raises(errors.ShopNotFound):
        street.service.change_shop(actor=BAO, shop_id="fruit", name="mine")
    street.service.approve_shop(actor=OPERATOR, shop_id="fruit")
    with pytest.raises(errors.NotYourShop):
        street.service.change_shop(actor=BAO, shop_id="fruit", name="mine")


def test_merchants_list_their_own_shops_page_by_page(street: Street):
    for name in ("a", "b", "c"):
        street.open_shop(name)
    street.open_shop("d", actor=BAO)
    first = street.service.my_shops(actor=MEI, limit=2)
    second = street.service.my_shops(actor=MEI, limit=2, cursor=first["next_cursor"])
    assert [shop["shop_id"] for shop in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None
    assert street.service.shops_of(actor=BAO) == {"shop_ids": ["d"]}
    assert street.service.owns(account_id="bao", shop_id="d")
    assert not street.service.owns(account_id="mei", shop_id="d")


def test_every_field_at_fault_is_named(street: Street):
    with pytest.raises(InvalidInput) as refusal:
        street.service.open_shop(
            **open_request(
                name=" ", hours={"mon": [["8", "9"]]}, position={"lat": 91, "lon": 0}, colour="red"
            )
        )
    assert {error["field"] for error in refusal.value.errors} == {"name", "hours", "position.lat", "colour"}


def test_a_cursor_of_another_list_is_refused(street: Street):
    with pytest.raises(InvalidInput):
        street.service.my_shops(actor=MEI, cursor="bm8")
