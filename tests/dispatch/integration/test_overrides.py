"""Operators decide by hand who has a delivery, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.domain.errors import (
    CourierNotAvailable,
    GoodsOnBoard,
    OperatorsOnly,
    OrderNotDispatched,
    OverrideExists,
    WrongState,
)
from shared.kernel.errors import InvalidInput, Refusal
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.integration.test_races import together
from tests.dispatch.world import OPERATOR, World, courier_actor


def decide(world: World, kind: str, courier_id: str | None = None, **changes: Any) -> Any:
    asked = {
        "actor": OPERATOR,
        "override_id": f"{kind}-1",
        "kind": kind,
        "order_id": "order-1",
        "courier_id": courier_id,
        "reason": "asked for by telephone",
    }
    return world.call("override", **asked | changes)


def orders_on_route(world: World, courier_id: str) -> set[str]:
    return {stop["order_id"] for stop in world.route(courier_id)["stops"]}


@pytest.fixture
def lake(world: World) -> World:
    """Two couriers, and an order that waits."""
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.on_shift("courier-2", place(9000))
    world.a_paid_order("order-1", ready_in=0)
    return world


def test_a_waiting_delivery_is_given_to_whom_the_operator_names(lake: World) -> None:
    done = decide(lake, "assign", "courier-2")
    assert (done["from_courier_id"], done["to_courier_id"]) == (None, "courier-2")
    assert (done["actor_id"], done["reason"]) == ("operator-1", "asked for by telephone")
    assert orders_on_route(lake, "courier-2") == {"order-1"}
    lake.plan()
    assert lake.route("courier-1")["offers"] == []
    stop = lake.route("courier-2")["stops"][0]
    lake.call("arrive", actor=courier_actor("courier-2"), stop_id=stop["stop_id"])
    assert lake.delivery("order-1").status.value == "collecting"
    told = lake.scalar("SELECT data FROM outbox WHERE type = 'CourierAssigned'")
    assert '"reason":"operator"' in str(told).replace(" ", "").replace("'", '"')


def test_giving_a_delivery_that_somebody_is_asked_for_withdraws_the_question(lake: World) -> None:
    lake.a_paid_order("order-2", ready_in=0)
    lake.plan()
    asked = lake.scalar("SELECT order_ids FROM offer")
    decide(lake, "assign", "courier-2", order_id=asked[0])
    assert lake.route("courier-1")["offers"] == []
    assert lake.scalar("SELECT count(*) FROM delivery WHERE offer_id IS NOT NULL") == 0
    # What else was asked for is asked for again.
    lake.plan()
    rest = {"order-1", "order-2"} - {asked[0]}
    assert set(lake.scalar("SELECT order_ids FROM offer WHERE status = 'open'")) == rest


def test_what_is_taken_back_goes_to_somebody_else(lake: World) -> None:
    lake.plan()
    assert lake.accept_all("courier-1") == 1
    done = decide(lake, "take_back")
    assert (done["from_courier_id"], done["to_courier_id"]) == ("courier-1", None)
    assert lake.route("courier-1")["stops"] == []
    lake.plan()
    assert lake.route("courier-1")["offers"] == []
    assert lake.accept_all("courier-2") == 1
    assert lake.published().count("CourierUnassigned") == 1


def test_a_delivery_is_handed_on_before_pickup_and_not_after(lake: World) -> None:
    decide(lake, "assign", "courier-1")
    done = decide(lake, "transfer", "courier-2")
    assert (done["from_courier_id"], done["to_courier_id"]) == ("courier-1", "courier-2")
    assert (orders_on_route(lake, "courier-1"), orders_on_route(lake, "courier-2")) == (set(), {"order-1"})
    me = courier_actor("courier-2")
    stop = lake.route("courier-2")["stops"][0]["stop_id"]
    lake.call("arrive", actor=me, stop_id=stop)
    lake.call("complete", actor=me, stop_id=stop)
    for kind, courier_id in (("transfer", "courier-1"), ("take_back", None)):
        with pytest.raises(GoodsOnBoard):
            decide(lake, kind, courier_id, override_id=f"late-{kind}")
    assert lake.scalar("SELECT count(*) FROM override") == 2


def test_the_same_override_twice_is_one(lake: World) -> None:
    first = decide(lake, "assign", "courier-1")
    lake.advance(1)
    assert decide(lake, "assign", "courier-1") == first
    assert lake.published().count("CourierAssigned") == 1
    with pytest.raises(OverrideExists):
        decide(lake, "transfer", "courier-2", override_id="assign-1")
    found = lake.call("overrides", actor=OPERATOR, zone_id=ZONE_ID)["items"]
    assert found == [first]


@pytest.mark.parametrize(
    ("kind", "courier_id", "changes", "refusal"),
    [
        ("assign", "courier-1", {"actor": courier_actor("courier-1")}, OperatorsOnly),
        ("assign", "courier-1", {"order_id": "order-9"}, OrderNotDispatched),
        ("assign", "courier-9", {}, CourierNotAvailable),
        ("assign", None, {}, InvalidInput),
        ("take_back", "courier-1", {}, InvalidInput),
        ("assign", "courier-1", {"reason": ""}, InvalidInput),
        ("steal", "courier-1", {}, InvalidInput),
        ("take_back", None, {}, WrongState),
        ("transfer", "courier-1", {}, WrongState),
    ],
)
def test_an_override_is_refused(
    lake: World, kind: str, courier_id: str | None, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        decide(lake, kind, courier_id, **changes)
    assert lake.scalar("SELECT count(*) FROM override") == 0
    assert lake.delivery("order-1").status.value == "waiting"
    assert lake.scalar("SELECT count(*) FROM courier WHERE courier_id = 'courier-9'") == 0


def test_a_delivery_that_is_held_but_not_paid_is_nobodys_to_give(lake: World) -> None:
    lake.hold("order-2")
    with pytest.raises(OrderNotDispatched):
        decide(lake, "assign", "courier-1", order_id="order-2")


def test_operators_couriers_and_planners_at_once_promise_nothing_twice(lake: World) -> None:
    def answer(courier_id: str) -> int:
        return lake.accept_all(courier_id)

    for number in range(2, 10):
        lake.a_paid_order(f"order-{number}", ready_in=0)
        lake.plan()
        together(
            lake.plan,
            lambda: answer("courier-1"),
            lambda n=number: decide(lake, "assign", "courier-1", order_id=f"order-{n}", override_id=f"a-{n}"),
            lambda n=number: decide(
                lake, "transfer", "courier-2", order_id=f"order-{n - 1}", override_id=f"t-{n}"
            ),
            lambda n=number: decide(lake, "take_back", order_id=f"order-{n - 1}", override_id=f"b-{n}"),
            lambda: answer("courier-2"),
        )
        assert_every_delivery_is_on_one_route_at_most(lake)


def assert_every_delivery_is_on_one_route_at_most(world: World) -> None:
    for order_id, courier_id, holders in _holders(world):
        assert holders == ([] if courier_id is None else [courier_id]), order_id


def _holders(world: World) -> list[tuple[str, str | None, list[str]]]:
    rows = world.scalar("""
        SELECT json_agg(json_build_array(d.order_id, d.courier_id, (
            SELECT coalesce(json_agg(DISTINCT c.courier_id), '[]')
            FROM courier AS c, jsonb_array_elements(c.route) AS s WHERE s->>'order_id' = d.order_id)))
        FROM delivery AS d
    """)
    return [(order_id, courier_id, holders) for order_id, courier_id, holders in rows]
