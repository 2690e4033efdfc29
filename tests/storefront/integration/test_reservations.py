from __future__ import annotations

from datetime import timedelta

import pytest

from services.storefront.domain import errors
from services.storefront.settings import Settings
from tests.storefront.builders import MEI, Street, cny


@pytest.fixture(autouse=True)
def goods(street: Street):
    street.open_shop()
    street.list_goods("apple", stock=10)
    street.list_goods("pear", stock=5, price=cny(800))


def reservation(street: Street, order_id: str = "order") -> str | None:
    with street.database.read() as connection:
        return connection.exec_driver_sql(
            "SELECT status FROM reservation WHERE order_id = %s", (order_id,)
        ).scalar()


def test_units_of_an_order_are_held_once_and_told_once(street: Street):
    for _ in range(2):
        assert street.reserve(apple=3, pear=1) == {"reserved": True}
    assert (street.level("apple"), street.level("pear")) == ((10, 3), (5, 1))
    assert street.published("StockReserved") == [
        {
            "order_id": "order",
            "lines": [{"listing_id": "apple", "quantity": 3}, {"listing_id": "pear", "quantity": 1}],
        }
    ]


def test_the_same_order_with_other_lines_is_refused(street: Street):
    street.reserve(apple=3)
    with pytest.raises(errors.ReservationDiffers):
        street.reserve(apple=4)


def test_lines_of_several_lists_add_up(street: Street):
    lines = [{"listing_id": "apple", "quantity": 2}, {"listing_id": "apple", "quantity": 3}]
    street.service.reserve(order_id="order", expires_at="2026-01-05T11:00:00Z", lines=lines)
    assert street.level() == (10, 5)


def test_all_lines_are_held_or_none(street: Street):
    with pytest.raises(errors.OutOfStock) as refusal:
        street.reserve(apple=3, pear=6)
    assert refusal.value.errors == [{"field": "pear", "message": "6 wanted, 5 left."}]
    assert refusal.value.extra == {"available": {"pear": 5}}
    assert (street.level("apple"), street.level("pear")) == ((10, 0), (5, 0))
    assert reservation(street) is None


def test_what_is_no_longer_on_sale_is_not_held(street: Street):
    street.service.change_listing(actor=MEI, listing_id="pear", status="withdrawn")
    with pytest.raises(errors.ListingNotFound) as refusal:
        street.reserve(pear=1, plum=1)
    assert [error["field"] for error in refusal.value.errors] == ["pear", "plum"]


def test_a_price_that_changed_since_the_quote_is_refused(street: Street):
    expected = [
        {"listing_id": "apple", "unit_price": cny(1250)},
        {"listing_id": "pear", "unit_price": cny(799)},
    ]
    with pytest.raises(errors.PriceChanged) as refusal:
        street.reserve(apple=1, pear=1, expected=expected)
    assert refusal.value.extra == {"prices": {"pear": cny(800)}}
    assert street.level() == (10, 0)
    expected[1]["unit_price"] = cny(800)
    assert street.reserve(apple=1, pear=1, expected=expected)


def test_releasing_twice_returns_the_units_once(street: Street):
    street.reserve(apple=3)
    for _ in range(2):
        street.service.release(order_id="order", reason="slot-full")
    assert street.level() == (10, 0)
    assert street.published("StockReleased") == [
        {"order_id": "order", "reason": "slot-full", "lines": [{"listing_id": "apple", "quantity": 3}]}
    ]


def test_a_released_order_cannot_reserve_whether_it_had_or_not(street: Street):
    street.reserve("held", apple=3)
    street.service.release(order_id="held", reason="cancelled")
    street.service.release(order_id="unheard-of", reason="cancelled")
    for order_id in ("held", "unheard-of"):
        with pytest.raises(errors.ReservationReleased):
            street.reserve(order_id, apple=3)
    assert street.level() == (10, 0)


def test_what_is_not_paid_in_time_is_given_back_once(street: Street):
    street.reserve(apple=3)
    street.clock.advance(timedelta(minutes=15))
    for _ in range(2):
        street.service.expire_reservations()
    assert street.level() == (10, 0)
    assert reservation(street) == "released"
    assert [data["reason"] for data in street.published("StockReleased")] == ["timed-out"]


def test_a_hold_outlives_its_expiry_by_the_grace(street: Street):
    street.service.settings = Settings(expiry_grace_seconds=10)
    street.reserve(apple=3)
    street.clock.advance(timedelta(minutes=15, seconds=9))
    street.service.expire_reservations()
    assert street.level() == (10, 3)
    street.clock.advance(timedelta(seconds=1))
    street.service.expire_reservations()
    assert street.level() == (10, 0)


def test_many_expired_holds_are_given_back_in_one_run(street: Street):
    street.list_goods("rice", stock=1000)
    for number in range(250):
        street.reserve(f"order-{number}", rice=2)
    street.clock.advance(timedelta(hours=1))
    street.service.expire_reservations()
    assert street.level("rice") == (1000, 0)
