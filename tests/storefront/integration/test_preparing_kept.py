"""Rules 9 to 12 on PostgreSQL: places in shops' hours go with the order, and are given back once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from services.storefront.domain import errors
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from tests.storefront.builders import MEI, NOON, Street

HOURS = {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture(autouse=True)
def goods(street: Street):
    street.open_shop(preparation_capacity={"per_hour": 3}, hours=HOURS)
    street.list_goods("apple", stock=100)


def window(starts: float, ends: float) -> dict[str, str]:
    """From so many hours after 18:00 to so many."""
    return {
        "starts_at": to_wire(NOON + timedelta(hours=starts)),
        "ends_at": to_wire(NOON + timedelta(hours=ends)),
    }


def wanted(within: dict[str, str] | None = None, items: int = 1) -> dict[str, Any]:
    return {"shops": [{"shop_id": "fruit", "items": items}], "window": within}


def place(street: Street, order_id: str, within: dict[str, str] | None = None, items: int = 1) -> Any:
    return street.service.reserve(
        order_id=order_id,
        expires_at=to_wire(street.clock.now() + timedelta(minutes=15)),
        lines=[{"listing_id": "apple", "quantity": items}],
        expected=[],
        preparation=wanted(within, items),
    )


def taken(street: Street) -> dict[int, int]:
    """How much of each hour is taken, by hours after 18:00."""
    with street.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT hour, taken FROM preparation_hour WHERE taken > 0")
        return {round((row.hour - NOON).total_seconds() / 3600): row.taken for row in rows}


def tell(street: Street, *events: tuple[str, dict[str, Any]]) -> None:
    made = [
        Event(
            id=f"{type}-{number}-{data['order_id']}",
            type=type,
            source="ordering",
            subject=data["order_id"],
            time=to_wire(NOON),
            version=1,
            sequence=number,
            data=data,
        )
        for number, (type, data) in enumerate(events, 1)
    ]
    handle = type(street.service).on_ordering.handle  # type: ignore[attr-defined]
    consume(
        street.database,
        "storefront.from.ordering",
        lambda tx, event: handle(street.service, tx, event),
        made,
    )
    with street.database.read() as connection:
        assert connection.exec_driver_sql("SELECT reason FROM inbox_retry").all() == []


def cancelled(order_id: str, was_paid: bool = True) -> tuple[str, dict[str, Any]]:
    return "OrderCancelled", {"order_id": order_id, "was_paid": was_paid}


def rejected(order_id: str) -> tuple[str, dict[str, Any]]:
    return "StoreOrderRejected", {"order_id": order_id, "shop_id": "fruit"}


def rebooked(
    order_id: str, number: int, shop_ids: tuple[str, ...] = ("fruit",)
) -> tuple[str, dict[str, Any]]:
    return "OrderRebooked", {"order_id": order_id, "number": number, "shop_ids": list(shop_ids)}


def together(*acts: Any) -> list[Any]:
    def run(act: Any) -> Any:
        try:
            return act()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(max_workers=8) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_an_hour_takes_what_the_shop_prepares_whoever_asks_at_once(street: Street) -> None:
    acts = [lambda n=n: place(street, f"order-{n}") for n in range(12)]
    answers = together(*acts)
    assert answers.count("shop-full") == 9
    assert taken(street) == {0: 3}
    assert street.level("apple") == (100, 3)


def test_a_window_of_several_hours_takes_what_all_of_them_take(street: Street) -> None:
    evening = window(0.5, 2.5)
    answers = together(*[lambda n=n: place(street, f"order-{n}", evening) for n in range(12)])
    assert answers.count("shop-full") == 6
    assert taken(street) == {0: 3, 1: 3}


def test_a_shop_that_is_closed_then_is_named_with_when_it_opens(street: Street) -> None:
    with pytest.raises(errors.ShopClosed) as refusal:
        place(street, "order-1", window(3, 4))
    assert refusal.value.extra["shops"][0]["shop_id"] == "fruit"
    assert street.level("apple") == (100, 0)


def test_a_basket_is_priced_for_a_window_in_which_its_shop_is_open(street: Street) -> None:
    street.clock.advance(timedelta(hours=3))
    lines = [{"listing_id": "apple", "quantity": 1}]
    drop_off = {"lat": 30.25, "lon": 120.15}
    with pytest.raises(errors.ShopClosed) as refusal:
        street.service.price(lines=lines, drop_off=drop_off)
    assert refusal.value.extra["basket"] == {"fruit": 1}
    assert refusal.value.extra["shops"][0]["opens_at"] == to_wire(NOON + timedelta(hours=14))
    priced = street.service.price(lines=lines, drop_off=drop_off, window=window(15, 16))
    assert priced["shops"][0]["counts_preparation"] is True


@pytest.mark.parametrize("repeats", [1, 2])
def test_places_are_given_back_once_whatever_says_so_first(street: Street, repeats: int) -> None:
    for number in range(3):
        place(street, f"order-{number}")
    for _ in range(repeats):
        tell(street, rejected("order-0"), cancelled("order-0"))
        street.service.release(order_id="order-1", reason="not-placed")
    assert taken(street) == {0: 1}
    tell(street, ("OrderExpired", {"order_id": "order-2"}))
    assert taken(street) == {}


def test_what_is_held_too_long_is_given_back_by_itself(street: Street) -> None:
    place(street, "order-0")
    street.clock.advance(timedelta(minutes=20))
    street.service.expire_reservations()
    assert taken(street) == {}


def test_a_move_holds_both_until_it_is_made_and_then_the_new_one(street: Street) -> None:
    place(street, "order-0")
    move = {"order_id": "order-0", "number": 1, "preparation": wanted(window(1, 2))}
    for _ in range(2):
        street.service.hold_move(**move)
    assert taken(street) == {0: 1, 1: 1} or sum(taken(street).values()) == 2
    for _ in range(2):
        tell(street, rebooked("order-0", 1))
    assert sum(taken(street).values()) == 1
    tell(street, cancelled("order-0"))
    assert taken(street) == {}


def test_a_move_that_is_dropped_gives_back_what_it_held_and_is_not_held_later(street: Street) -> None:
    place(street, "order-0")
    move = {"order_id": "order-0", "number": 1, "preparation": wanted(window(1, 2))}
    street.service.hold_move(**move)
    for _ in range(2):
        street.service.drop_move(order_id="order-0", number=1)
    assert sum(taken(street).values()) == 1
    with pytest.raises(errors.ReservationReleased):
        street.service.hold_move(**move)
    street.service.drop_move(order_id="order-0", number=2)
    with pytest.raises(errors.ReservationReleased):
        street.service.hold_move(**move | {"number": 2})


def test_a_shop_that_dropped_out_while_the_order_moved_keeps_no_place(street: Street) -> None:
    place(street, "order-0")
    tell(street, rejected("order-0"))
    street.service.hold_move(order_id="order-0", number=1, preparation=wanted(window(1, 2)))
    tell(street, rebooked("order-0", 1, ()))
    assert taken(street) == {}


def test_moves_and_cancellations_that_cross_leave_nothing_taken(street: Street) -> None:
    for turn in range(8):
        order_id = f"order-{turn}"
        place(street, order_id)
        move = {"order_id": order_id, "number": 1, "preparation": wanted(window(1, 2))}
        together(
            lambda m=move: street.service.hold_move(**m),
            lambda o=order_id: tell(street, cancelled(o)),
            lambda o=order_id: street.service.drop_move(order_id=o, number=1),
        )
        street.service.drop_move(order_id=order_id, number=1)
        tell(street, cancelled(order_id))
    assert taken(street) == {}


def test_obstacles_tell_closed_from_full(street: Street) -> None:
    for number in range(3):
        place(street, f"order-{number}")
    told = street.service.obstacles(
        shops=[{"shop_id": "fruit", "items": 1}], windows=[window(3, 4), window(1, 2)]
    )
    assert [[one["reason"] for one in found] for found in told["windows"]] == [["closed"], []]
    assert [one["reason"] for one in told["soon"]] == ["full"]


def test_a_shop_may_change_and_drop_what_it_prepares(street: Street) -> None:
    assert street.service.shop(shop_id="fruit")["preparation_capacity"] == {"per_hour": 3, "counts": "orders"}
    street.service.change_shop(
        actor=MEI, shop_id="fruit", preparation_capacity={"per_hour": 4, "counts": "items"}
    )
    place(street, "order-1", items=4)
    with pytest.raises(errors.ShopFull):
        place(street, "order-2")
    street.service.change_shop(actor=MEI, shop_id="fruit", preparation_capacity=None)
    place(street, "order-2")
