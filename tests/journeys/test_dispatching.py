"""Dispatch run by hand, over HTTP: pauses, overrides, breaks, and zones of any shape."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.contracts import recorded
from services.dispatch.domain.planning.record import explain
from tests.journeys.people import Neighbourhood, Person, Refused, eventually

pytestmark = pytest.mark.timeout(240)


def a_second_courier(town: Neighbourhood) -> Person:
    courier = town.register("courier")
    town.operator.post(f"/v1/couriers/{courier.account_id}/approve")
    body = {"zone_id": town.zone_id, "ends_at": town.in_minutes(1440), "position": town.place_at(0.001, 0)}
    courier.post("/v1/courier/shift", body)
    return courier


def refusal(person: Person, path: str, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        person.post(path, body)
    return refused.value.status, refused.value.code


def test_a_paused_zone_asks_nobody_and_an_operator_decides_who_brings_what(town: Neighbourhood) -> None:
    first, second = town.courier, a_second_courier(town)
    pause = town.operator.post(f"/v1/zones/{town.zone_id}/pause", {"reason": "storm"})
    assert (pause["paused"], pause["reason"]) == (True, "storm")
    order = town.place_and_pay()
    town.accept_and_pack(order)
    tracking, delivery = (
        f"/v1/orders/{order['order_id']}/tracking",
        f"/v1/dispatch/deliveries/{order['order_id']}",
    )
    waits = eventually(
        lambda: seen if (seen := _asked(town.customer, tracking)) else None, 15, "a delivery to be there"
    )
    assert waits["paused_since"] == pause["paused_at"]
    board = town.operator.get("/v1/dispatch/board", zone_id=town.zone_id)
    assert (board["pause"]["reason"], board["offers"]) == ("storm", [])
    zones = {zone["zone_id"]: zone["paused_at"] for zone in town.customer.get("/v1/zones")["items"]}
    assert zones[town.zone_id] == pause["paused_at"]

    town.operator.post(f"{delivery}/assign", {"courier_id": first.account_id, "reason": "lives there"})
    assert len(first.get("/v1/courier/route")["stops"]) == 4
    town.operator.post(f"{delivery}/transfer", {"courier_id": second.account_id, "reason": "flat tyre"})
    assert first.get("/v1/courier/route")["stops"] == []
    stop = second.get("/v1/courier/route")["stops"][0]
    second.post(f"/v1/stops/{stop['stop_id']}/arrive")
    second.post(f"/v1/stops/{stop['stop_id']}/complete", {"proof": {"code": "7"}})
    taken = refusal(town.operator, f"{delivery}/take-back", {"reason": "too slow"})
    assert taken == (409, "goods-on-board")
    decided = town.operator.get("/v1/dispatch/overrides", zone_id=town.zone_id)["items"]
    assert [(one["kind"], one["reason"]) for one in decided] == [
        ("transfer", "flat tyre"),
        ("assign", "lives there"),
    ]

    town.courier = second
    assert town.deliver(order).count("drop_off") == 1
    assert town.operator.post(f"/v1/zones/{town.zone_id}/resume")["paused"] is False
    another = town.place_and_pay()
    town.accept_and_pack(another)
    offered = eventually(
        lambda: next((c for c in (first, second) if c.get("/v1/courier/route")["offers"]), None),
        30,
        "somebody to be asked again",
    )
    town.courier = offered
    town.deliver(another)
    recorded_plan = town.operator.get(f"/v1/dispatch/deliveries/{another['order_id']}/plan")
    found = explain(recorded.read(recorded_plan), another["order_id"])
    assert (found.same, found.asked, found.chosen) == (True, True, offered.account_id)


def _asked(person: Person, path: str) -> Any:
    try:
        return person.get(path)
    except Refused as refused:
        if refused.code != "delivery-not-found":
            raise
        return None


def test_a_courier_takes_a_break_and_comes_back(town: Neighbourhood) -> None:
    assert town.courier.post("/v1/courier/break")["break_status"] == "on"
    (courier,) = town.operator.get("/v1/dispatch/board", zone_id=town.zone_id)["couriers"]
    assert courier["break_status"] == "on"
    assert town.courier.get("/v1/courier/route")["shift"]["break_status"] == "on"
    assert town.courier.delete("/v1/courier/break")["break_status"] is None
    order = town.place_and_pay()
    town.accept_and_pack(order)
    town.deliver(order)


def test_a_courier_is_lent_next_door_and_called_back(town: Neighbourhood) -> None:
    zones = town.customer.get("/v1/zones")["items"]
    area = next(zone["area"] for zone in zones if zone["zone_id"] == town.zone_id)
    beside = area | {"west": area["east"], "east": area["east"] + 0.02}
    there = town.operator.post("/v1/zones", {"name": "Next door", "area": beside})["zone_id"]
    body = {
        "courier_id": town.courier.account_id,
        "to_zone_id": there,
        "until": town.in_minutes(60),
        "reason": "busy there",
    }
    loan = town.operator.post("/v1/dispatch/loans", body)
    assert (loan["status"], loan["by"]) == ("lent", town.operator.account_id)
    (courier,) = town.operator.get("/v1/dispatch/board", zone_id=there)["couriers"]
    assert (courier["courier_id"], courier["loan_status"]) == (town.courier.account_id, "lent")
    assert town.courier.get("/v1/courier/route")["shift"]["zone_id"] == there
    assert refusal(town.operator, "/v1/dispatch/loans", body) == (409, "courier-not-available")
    with pytest.raises(Refused) as refused:
        town.courier.post("/v1/dispatch/loans", body)
    assert refused.value.status == 403
    recall = f"/v1/dispatch/loans/{loan['loan_id']}/recall"
    assert town.operator.post(recall)["status"] == "returned"
    (listed,) = town.operator.get("/v1/dispatch/loans", zone_id=there)["items"]
    assert listed["status"] == "returned"
    assert town.operator.get("/v1/dispatch/figures", zone_id=there)["delivered"] == 0
    order = town.place_and_pay()
    town.accept_and_pack(order)
    town.deliver(order)
    assert town.operator.get("/v1/dispatch/figures", zone_id=town.zone_id)["delivered"] >= 1


def test_a_zone_may_have_any_shape_that_does_not_meet_itself(town: Neighbourhood) -> None:
    lat, lon = -town.lat, 121.44
    slope = [[lon, lat], [lon + 0.01, lat], [lon, lat + 0.01], [lon, lat]]
    body = {"name": "Slope", "outline": {"type": "Polygon", "coordinates": [slope]}}
    opened = town.operator.post("/v1/zones", body)
    assert opened["outline"] == body["outline"]
    assert town.customer.get("/v1/slots", lat=lat + 0.002, lon=lon + 0.002)["asap"] is True
    with pytest.raises(Refused) as refused:
        town.customer.get("/v1/slots", lat=lat + 0.008, lon=lon + 0.008)
    assert refused.value.code == "out-of-zone"
    bow_tie = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    with pytest.raises(Refused) as crossing:
        town.operator.post("/v1/zones", body | {"outline": {"type": "Polygon", "coordinates": [bow_tie]}})
    assert crossing.value.status == 422
    assert "touch or cross" in str(crossing.value.problem["errors"])


@pytest.mark.timeout(400)
def test_a_slot_takes_what_the_planned_couriers_bring_sells_out_and_opens_again(town: Neighbourhood) -> None:
    # Far enough ahead that nobody is asked to ride for it while this is looked at.
    window = {"starts_at": town.in_minutes(1500), "ends_at": town.in_minutes(1620)}
    zone, slots = f"/v1/zones/{town.zone_id}", f"/v1/zones/{town.zone_id}/slots"
    (opened,) = town.operator.post(slots, {"slots": [{**window, "capacity": 1}]})["items"]
    basket = town.basket(shops=1, quantity=1) | {"slot_id": opened["slot_id"]}

    def seen() -> Any:
        return town.operator.get(slots)["items"][0]

    assert (seen()["capacity"], seen()["source"]) == (1, "typed")
    planned = {"shifts": [{**window, "courier_id": town.courier.account_id, "breaks": []}]}
    (entry,) = town.operator.post(f"{zone}/rota", planned)["items"]
    # Two hours of which seven tenths are the slot's, at two deliveries an hour.
    assert (seen()["capacity"], seen()["source"], seen()["couriers"]) == (2, "rota", 1)
    for _ in range(2):
        town.place_and_pay(basket)
    with pytest.raises(Refused) as full:
        town.place(basket)
    assert full.value.code == "slot-full"
    offered = town.customer.get("/v1/slots", lat=town.lat, lon=121.44)["items"]
    assert opened["slot_id"] not in [one["slot_id"] for one in offered]

    second = a_second_courier(town)
    announced = second.post("/v1/courier/rota", {**window, "zone_id": town.zone_id})["items"]
    assert [one["entry_id"] for one in second.get("/v1/courier/rota")["items"]] == [announced[0]["entry_id"]]
    assert refusal(second, "/v1/courier/rota", {**window, "zone_id": town.zone_id}) == (409, "rota-overlap")
    assert (seen()["capacity"], seen()["taken"], seen()["left"]) == (5, 2, 3)
    town.place_and_pay(basket)

    # A process beside the planner has looked at what is booked, hours before anybody is asked.
    outlook = eventually(lambda: seen()["outlook"], 180, "the slot to be planned")
    assert outlook["couriers_needed"] == 1
    assert outlook["late"] == []

    override = f"/v1/slots/{opened['slot_id']}/override"
    capped = town.operator.post(override, {"kind": "cap", "capacity": 3, "reason": "road works"})
    assert (capped["capacity"], capped["source"], capped["left"]) == (3, "cap", 0)
    with pytest.raises(Refused) as capped_full:
        town.place(basket)
    assert capped_full.value.code == "slot-full"
    assert town.operator.delete(override)["capacity"] == 5
    town.operator.post(f"/v1/rota/{entry['entry_id']}/withdraw")
    assert (seen()["source"], seen()["taken"]) == ("typed", 3)


def test_an_idle_courier_sees_where_to_wait_until_there_is_something_else(town: Neighbourhood) -> None:
    order = town.place_and_pay(town.basket(shops=1))
    town.accept_and_pack(order)
    town.deliver(order)
    idle = town.register("courier")
    town.operator.post(f"/v1/couriers/{idle.account_id}/approve")
    far = town.place_at(0.018, 0.0)
    body = {"zone_id": town.zone_id, "ends_at": town.in_minutes(24 * 60), "position": far}
    idle.post("/v1/courier/shift", body)
    wait = eventually(lambda: idle.get("/v1/courier/route")["wait_at"], 40, "to be told where to wait")
    shop = town.shops[0]
    assert (wait["shop_id"], wait["name"]) == (shop.shop_id, "Shop 0")
    assert wait["position"] == town.place_at(0.0, 0.0)
    assert wait["since"] < town.in_minutes(0)
    assert wait["why"].startswith("Orders are likely here and nearby")
    board = town.operator.get("/v1/dispatch/board", zone_id=town.zone_id)["couriers"]
    (seen,) = [courier for courier in board if courier["courier_id"] == idle.account_id]
    assert seen["wait_at"]["shop_id"] == shop.shop_id
    idle.post("/v1/courier/break")
    assert idle.get("/v1/courier/route")["wait_at"] is None
