"""What goes wrong in a courier's day, over HTTP, and where it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Person, eventually

pytestmark = pytest.mark.timeout(240)


def a_second_courier(town: Neighbourhood) -> Person:
    courier = town.register("courier")
    town.operator.post(f"/v1/couriers/{courier.account_id}/approve")
    body = {"zone_id": town.zone_id, "ends_at": town.in_minutes(1440), "position": town.place_at(0.001, 0)}
    courier.post("/v1/courier/shift", body)
    return courier


def asked(*couriers: Person) -> tuple[Person, Any]:
    """The courier who is asked next, and the offer."""

    def look() -> tuple[Person, Any] | None:
        for courier in couriers:
            for offer in courier.get("/v1/courier/route")["offers"]:
                return courier, offer
        return None

    return eventually(look, 30, "somebody to be asked")


def stops_of(courier: Person, order: Any, kind: str) -> list[str]:
    route = courier.get("/v1/courier/route")["stops"]
    found = [stop for stop in route if stop["order_id"] == order["order_id"] and stop["kind"] == kind]
    return [f"/v1/stops/{stop['stop_id']}" for stop in found]


def make(courier: Person, stop: str) -> None:
    courier.post(f"{stop}/arrive")
    courier.post(f"{stop}/complete")


def test_who_declines_is_not_asked_again_and_the_next_courier_is(town: Neighbourhood) -> None:
    first, second = town.courier, a_second_courier(town)
    order = town.place_and_pay(town.basket(shops=1))
    town.accept_and_pack(order)
    unwilling, offer = asked(first, second)
    unwilling.post(f"/v1/offers/{offer['offer_id']}/decline", {"reason": "flat tyre"})
    willing, another = asked(first, second)
    assert willing is not unwilling
    willing.post(f"/v1/offers/{another['offer_id']}/accept")
    (shop,), (door,) = stops_of(willing, order, "pickup"), stops_of(willing, order, "drop_off")
    make(willing, shop)
    make(willing, door)
    town.until_status(order, "delivered", "completed")


def test_a_closed_shop_s_part_is_paid_back_and_the_rest_is_brought(town: Neighbourhood) -> None:
    order = town.place_and_pay(town.basket(shops=2))
    town.accept_and_pack(order)
    courier, offer = asked(town.courier)
    courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    first, second = stops_of(courier, order, "pickup")
    make(courier, first)
    closed = courier.post(f"{second}/fail", {"reason": "shop-closed"})
    assert (closed["status"], closed["delivery_status"]) == ("failed", "delivering")
    (door,) = stops_of(courier, order, "drop_off")
    make(courier, door)
    town.until_status(order, "delivered", "completed")

    def settled() -> Any:
        seen = town.order(order)
        statuses = sorted(part["status"] for part in seen["store_orders"])
        return seen if statuses == ["delivered", "rejected"] else None

    seen = eventually(settled, 20, "the closed shop's part to be given up")
    (left_out,) = [part for part in seen["store_orders"] if part["status"] == "rejected"]
    assert seen["refunded"]["amount"] == left_out["paid"]["amount"]


def test_an_order_that_nobody_takes_in_ends_cancelled_and_its_goods_are_paid_back(
    town: Neighbourhood,
) -> None:
    order = town.place_and_pay(town.basket(shops=1))
    town.accept_and_pack(order)
    courier, offer = asked(town.courier)
    courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    (shop,), (door,) = stops_of(courier, order, "pickup"), stops_of(courier, order, "drop_off")
    make(courier, shop)
    courier.post(f"{door}/arrive")
    failed = courier.post(f"{door}/fail", {"reason": "customer-refused"})
    assert failed["delivery_status"] == "returning"
    (back,) = stops_of(courier, order, "return")
    assert town.order(order)["refunded"]["amount"] == 0
    make(courier, back)
    seen = town.until_status(order, "cancelled")
    # Nobody else is at fault: the goods are paid back, the ride is not.
    assert 0 < seen["refunded"]["amount"] < seen["total"]["amount"]
    assert courier.get("/v1/courier/route")["stops"] == []
