"""Choosing a slot for all shops, changing it, and a second try at the door, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Refused, eventually
from tests.journeys.test_working_day import asked, make, stops_of

pytestmark = pytest.mark.timeout(240)


def open_slots(town: Neighbourhood, *spans: tuple[int, int], capacity: int = 3) -> list[Any]:
    slots = [
        {"starts_at": town.in_minutes(starts), "ends_at": town.in_minutes(ends), "capacity": capacity}
        for starts, ends in spans
    ]
    found: list[Any] = town.operator.post(f"/v1/zones/{town.zone_id}/slots", {"slots": slots})["items"]
    return found


def slot_of(choices: Any, slot: Any) -> Any:
    return next(one for one in choices["items"] if one["slot_id"] == slot["slot_id"])


def test_a_paid_order_moves_to_another_slot_until_it_is_collected(town: Neighbourhood) -> None:
    first, second = open_slots(town, (1500, 1620), (1620, 1740), capacity=1)
    order = town.place_and_pay(town.basket(shops=2) | {"slot_id": first["slot_id"]})
    path = f"/v1/orders/{order['order_id']}/rebookings"
    moved = town.customer.post(path, {"slot_id": second["slot_id"]}, key="the-same-wish")
    assert (moved["state"], moved["from_slot"]["slot_id"]) == ("moved", first["slot_id"])
    again = town.customer.post(path, {"slot_id": second["slot_id"]}, key="the-same-wish")
    assert again["rebooking_id"] == moved["rebooking_id"]
    seen = town.order(order)
    assert (seen["slot"]["slot_id"], seen["slot"]["promised_at"]) == (second["slot_id"], second["ends_at"])
    tracked = eventually(lambda: _tracking(town, order), 20, "dispatch to hear of the payment")
    assert tracked["promised_at"] == second["ends_at"]
    left = {one["slot_id"]: one["left"] for one in _judged(town)}
    assert (left[first["slot_id"]], left[second["slot_id"]]) == (1, 0)

    # The slot that was left takes somebody else, the one that was taken does not.
    other = town.place_and_pay(town.basket(shops=1) | {"slot_id": first["slot_id"]})
    with pytest.raises(Refused) as full:
        town.customer.post(f"/v1/orders/{other['order_id']}/rebookings", {"slot_id": second["slot_id"]})
    assert full.value.code == "slot-full"

    # At once after all: then it is collected, and stays as it is.
    town.operator.post(path, {"slot_id": "asap"})
    town.accept_and_pack(order)
    courier, offer = asked(town.courier)
    courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    make(courier, stops_of(courier, order, "pickup")[0])
    with pytest.raises(Refused) as late:
        town.customer.post(path, {"slot_id": second["slot_id"]})
    assert late.value.code in {"too-late-to-rebook", "goods-on-board"}
    moves = town.customer.get(path)["items"]
    assert [one["state"] for one in moves][:2] == ["moved", "moved"]


def _tracking(town: Neighbourhood, order: Any) -> Any:
    """The delivery as its customer sees it; nothing before dispatch has heard that it was paid."""
    try:
        return town.customer.get(f"/v1/orders/{order['order_id']}/tracking")
    except Refused as refused:
        if refused.code != "delivery-not-found":
            raise
        return None


def _judged(town: Neighbourhood) -> Any:
    return town.operator.get(f"/v1/zones/{town.zone_id}/slots")["items"]


def test_slots_say_what_stands_in_the_way_of_a_basket(town: Neighbourhood) -> None:
    soon, later = open_slots(town, (60, 180), (300, 420))
    shop = town.shops[0]
    quote = town.customer.post("/v1/quotes", town.basket(shops=2))
    found = town.customer.get(f"/v1/quotes/{quote['quote_id']}/slots")
    assert slot_of(found, soon)["state"] == slot_of(found, later)["state"] == "free"
    assert found["asap"] is True

    # A kitchen that prepares one order an hour has room for one of two.
    _change(town, shop, preparation_capacity={"per_hour": 1, "counts": "orders"})
    basket = town.basket(shops=1, quantity=1) | {"slot_id": "asap"}
    town.place_and_pay(basket)
    codes = []
    for _ in range(2):
        try:
            town.place(basket)
        except Refused as refused:
            codes.append(refused.code)
    assert "shop-full" in codes
    asked_for = {"lat": town.lat, "lon": 121.44, "shop_id": shop.shop_id}
    assert town.customer.get("/v1/slots", **asked_for)["soon"]["state"] in {"shop_full", "free"}

    _change(town, shop, status="closed")
    choices = town.customer.get("/v1/slots", **asked_for)
    assert {one["state"] for one in choices["items"]} == {"shop_closed"}
    assert choices["soon"]["shops"][0]["reason"] == "closed"
    with pytest.raises(Refused) as closed:
        town.customer.post("/v1/quotes", basket)
    assert closed.value.code == "shop-closed"


def _change(town: Neighbourhood, shop: Any, **changes: Any) -> None:
    shop.merchant.patch(f"/v1/shops/{shop.shop_id}", changes)


def test_nobody_at_the_door_gets_a_second_try_and_then_the_goods(town: Neighbourhood) -> None:
    order = town.place_and_pay(town.basket(shops=1))
    town.accept_and_pack(order)
    courier, offer = asked(town.courier)
    courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    (shop,), (door,) = stops_of(courier, order, "pickup"), stops_of(courier, order, "drop_off")
    make(courier, shop)
    courier.post(f"{door}/arrive")
    failed = courier.post(f"{door}/fail", {"reason": "customer-absent"})
    assert failed["delivery_status"] == "second_try"
    tracked = town.customer.get(f"/v1/orders/{order['order_id']}/tracking")
    assert (tracked["status"], tracked["second_try"]["reason"]) == ("second_try", "customer-absent")
    chosen = town.customer.post(f"/v1/orders/{order['order_id']}/second-try", {})
    assert chosen["second_try"]["chosen_by"] == "customer"
    eventually(
        lambda: town.order(order)["delivery"]["status"] == "second_try" or None, 20, "ordering to hear of it"
    )
    assert town.order(order)["refunded"]["amount"] == 0
    make(courier, door)
    assert town.until_status(order, "delivered", "completed")["refunded"]["amount"] == 0


def test_when_nobody_chooses_a_second_try_the_goods_go_back_and_are_paid_back(town: Neighbourhood) -> None:
    order = town.place_and_pay(town.basket(shops=2))
    town.accept_and_pack(order)
    courier, offer = asked(town.courier)
    courier.post(f"/v1/offers/{offer['offer_id']}/accept")
    for shop in stops_of(courier, order, "pickup"):
        make(courier, shop)
    (door,) = stops_of(courier, order, "drop_off")
    courier.post(f"{door}/arrive")
    courier.post(f"{door}/fail", {"reason": "customer-absent"})
    # Half an hour of the platform's, a hundredth of that here.
    backs = eventually(lambda: stops_of(courier, order, "return") or None, 90, "the goods to go back")
    assert len(backs) == 2
    for back in backs:
        make(courier, back)
    seen = town.until_status(order, "cancelled")
    assert 0 < seen["refunded"]["amount"] < seen["total"]["amount"]
    assert courier.get("/v1/courier/route")["stops"] == []
