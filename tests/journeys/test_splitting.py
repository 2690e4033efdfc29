"""One shop is an hour late while another shop's goods are on board: two couriers bring one order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Person, Refused, eventually
from tests.journeys.test_dispatching import a_second_courier

pytestmark = pytest.mark.timeout(240)


def ride(courier: Person, kind: str | None = None) -> list[str]:
    """The courier takes what is offered and makes what stops there are; answers their deliveries."""
    route = courier.get("/v1/courier/route")
    for offer in route["offers"]:
        courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    made = []
    for stop in route["stops"]:
        if kind in {None, stop["kind"]}:
            courier.post(f"/v1/stops/{stop['stop_id']}/arrive")
            courier.post(f"/v1/stops/{stop['stop_id']}/complete")
            made.append(stop["delivery_id"])
    return made


def half_on_board(town: Neighbourhood) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order over two shops, and the part that is still to be collected: the other one is on board."""
    order = town.place_and_pay(town.basket(shops=2))
    quick, late = order["store_orders"]
    path = f"/v1/store-orders/{quick['store_order_id']}"
    town.merchant_of(quick).post(f"{path}/accept", {"ready_at": town.in_minutes(0)})
    town.merchant_of(quick).post(f"{path}/ready")
    given = {"courier_id": town.courier.account_id, "reason": "is next to it"}
    assign = f"/v1/dispatch/deliveries/{order['order_id']}/assign"

    def assigned() -> Any:
        try:
            return town.operator.post(assign, given)
        except Refused as refused:
            if refused.code != "delivery-not-found":
                raise
            return None

    eventually(assigned, 15, "the delivery to be there")
    stops = town.courier.get("/v1/courier/route")["stops"]
    (stop,) = (stop for stop in stops if stop["store_order_id"] == quick["store_order_id"])
    town.courier.post(f"/v1/stops/{stop['stop_id']}/arrive")
    town.courier.post(f"/v1/stops/{stop['stop_id']}/complete")
    return order, late


def test_a_shop_that_is_an_hour_late_is_left_to_a_second_courier(town: Neighbourhood) -> None:
    order, late = half_on_board(town)
    second = a_second_courier(town)
    path = f"/v1/store-orders/{late['store_order_id']}"
    town.merchant_of(late).post(f"{path}/accept", {"ready_at": town.in_minutes(90)})
    tracking = f"/v1/orders/{order['order_id']}/tracking"

    def in_two() -> Any:
        seen = town.customer.get(tracking)
        return seen if len(seen["trips"]) == 2 else None

    seen = eventually(in_two, 30, "the plan to split the order")
    first, other = seen["trips"]
    assert first["delivery_id"] == seen["delivery_id"]
    assert other["parts"] == [late["store_order_id"]]
    assert first["eta"] < other["eta"]
    assert town.courier.get("/v1/courier/route")["stops"][0]["kind"] == "drop_off"
    (told,) = town.operator.get(f"/v1/dispatch/deliveries/{order['order_id']}/plan")["plan"]["splits"]
    assert (told["why"], told["done"]) == ("shop-late", True)

    assert ride(town.courier) == [first["delivery_id"]]
    # From now on it is the other trip that counts.
    assert town.customer.get(tracking)["delivery_id"] == other["delivery_id"]
    assert town.order(order)["status"] != "delivered"
    town.merchant_of(late).post(f"{path}/ready")
    made: list[str] = []

    def brought() -> Any:
        for courier in (second, town.courier):
            made.extend(ride(courier))
        return town.order(order)["status"] in {"delivered", "completed"} or None

    eventually(brought, 60, "a second courier to bring the rest")
    assert set(made) == {other["delivery_id"]}
    assert {trip["status"] for trip in town.customer.get(tracking)["trips"]} == {"delivered"}


def test_an_operator_splits_an_order_and_may_not_split_it_again(town: Neighbourhood) -> None:
    order, late = half_on_board(town)
    split = f"/v1/dispatch/deliveries/{order['order_id']}/split"
    body = {"store_order_ids": [late["store_order_id"]], "reason": "the oven broke"}
    done = town.operator.post(split, body)
    assert (done["kind"], done["store_order_ids"]) == ("split", body["store_order_ids"])
    with pytest.raises(Refused) as refused:
        town.operator.post(split, body)
    assert (refused.value.status, refused.value.code) == (409, "wrong-state")
    with pytest.raises(Refused) as forbidden:
        town.customer.post(split, body)
    assert forbidden.value.status == 403
    # The rest is cancelled with its shop: what is on board is all there is.
    path = f"/v1/store-orders/{late['store_order_id']}"
    town.merchant_of(late).post(f"{path}/reject", {"reason": "sold out"})
    ride(town.courier, "drop_off")
    town.until_status(order, "delivered", "completed")
