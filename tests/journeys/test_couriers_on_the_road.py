"""Couriers who are followed, who do not answer, and who are not heard of any more; over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from linli.day.starting import private_platform
from linli.stack.platform import Platform
from tests.journeys.conftest import SPEED
from tests.journeys.people import Neighbourhood, Person, Refused, eventually

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def platform(state_of_platforms: object) -> Iterator[Platform]:
    with private_platform("embedded", "journeys-road", speed=SPEED) as made:
        yield made


def a_second_courier(town: Neighbourhood) -> Person:
    courier = town.register("courier")
    town.operator.post(f"/v1/couriers/{courier.account_id}/approve")
    body = {"zone_id": town.zone_id, "ends_at": town.in_minutes(1440), "position": town.place_at(0.001, 0)}
    courier.post("/v1/courier/shift", body)
    return courier


def packed_order(town: Neighbourhood) -> Any:
    order = town.place_and_pay()
    town.accept_and_pack(order)
    return order


def tracked(town: Neighbourhood, order: Mapping[str, Any]) -> Any:
    return town.customer.get(f"/v1/orders/{order['order_id']}/tracking")


def until_asked(courier: Person, patience: float = 40.0) -> str:
    """The offer that the courier has open, once there is one."""

    def open_offer() -> str | None:
        offers = courier.get("/v1/courier/route")["offers"]
        return offers[0]["offer_id"] if offers else None

    return eventually(open_offer, patience, "the courier to be asked")


def test_the_customer_sees_where_the_courier_is_as_the_courier_tells(town: Neighbourhood) -> None:
    order = packed_order(town)
    offer = until_asked(town.courier)
    assert tracked(town, order)["courier_position"] is None, "nobody has taken it yet"
    town.courier.post(f"/v1/offers/{offer}/accept")
    for step in (1, 2, 3):
        here = town.place_at(0.0002 * step, 0.0003)
        town.courier.put("/v1/courier/position", here)
        seen = tracked(town, order)
        assert seen["courier_id"] == town.courier.account_id
        assert seen["courier_position"] == here
    past = {**town.place_at(0.005, 0.005), "at": town.in_minutes(-30)}
    town.courier.put("/v1/courier/position", past)
    assert tracked(town, order)["courier_position"] == here, "what comes late moves nobody back"
    stranger = town.register("customer")
    with pytest.raises(Refused) as refused:
        stranger.get(f"/v1/orders/{order['order_id']}/tracking")
    assert refused.value.status == 404
    town.deliver(order)
    done = tracked(town, order)
    assert (done["status"], done["courier_position"]) == ("delivered", None)
    town.courier.put("/v1/courier/position", town.place_at(0.001, 0.001))
    assert tracked(town, order)["courier_position"] is None, "where they go now is not the customer's to see"


def test_who_does_not_answer_in_time_is_passed_over_and_the_next_courier_is_asked(
    town: Neighbourhood,
) -> None:
    order = packed_order(town)
    unanswered = until_asked(town.courier)
    second = a_second_courier(town)
    assert second.get("/v1/courier/route")["offers"] == [], "one is asked at a time"
    offer = until_asked(second)
    assert offer != unanswered
    assert all(one["offer_id"] != unanswered for one in town.courier.get("/v1/courier/route")["offers"])
    with pytest.raises(Refused) as late:
        town.courier.post(f"/v1/offers/{unanswered}/accept")
    assert (late.value.status, late.value.code) == (409, "offer-expired")
    second.post(f"/v1/offers/{offer}/accept")
    assert tracked(town, order)["courier_id"] == second.account_id
    town.courier = second
    assert town.deliver(order).count("drop_off") == 1


def test_who_falls_silent_loses_what_is_not_started_and_another_brings_it(town: Neighbourhood) -> None:
    order, silent = packed_order(town), town.courier
    silent.post(f"/v1/offers/{until_asked(silent)}/accept")
    assert tracked(town, order)["courier_id"] == silent.account_id
    second = a_second_courier(town)
    # Half an hour of business time, but never less than a minute of the wall: a device may hang for a moment.
    lost = eventually(
        lambda: seen if (seen := tracked(town, order))["courier_id"] != silent.account_id else None,
        120,
        "the silent courier to lose the delivery",
    )
    assert lost["courier_id"] is None
    assert silent.get("/v1/courier/route")["stops"] == []
    second.post(f"/v1/offers/{until_asked(second)}/accept")
    assert tracked(town, order)["courier_id"] == second.account_id
    town.courier = second
    assert town.deliver(order).count("drop_off") == 1
    assert town.order(order)["status"] in {"delivered", "completed"}
