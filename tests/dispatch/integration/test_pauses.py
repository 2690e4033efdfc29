"""A zone is paused and goes on, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.application.ports import LeaseLostError
from services.dispatch.domain.errors import OperatorsOnly, ZoneNotFound
from shared.kernel.errors import InvalidInput
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor

CUSTOMER = {"account_id": "customer-1", "role": "customer"}


def pause(world: World, reason: str = "storm", actor: Any = OPERATOR) -> Any:
    return world.call("pause_zone", actor=actor, zone_id=ZONE_ID, reason=reason)


def resume(world: World) -> Any:
    return world.call("resume_zone", actor=OPERATOR, zone_id=ZONE_ID)


def test_a_pause_takes_back_what_is_asked_and_leaves_what_is_accepted(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.on_shift("courier-2", place(480))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    busy = next(name for name in ("courier-1", "courier-2") if world.accept_all(name))
    free = "courier-1" if busy == "courier-2" else "courier-2"
    # Each stop of the two routes lies the other way, so the second order is worth a second courier.
    world.a_paid_order("order-2", ready_in=0, shops=[place(-9000)], door=place(-9500))
    world.plan()
    asked = next(name for name in (busy, free) if world.route(name)["offers"])
    offer_id = world.route(asked)["offers"][0]["offer_id"]
    stops = world.route(busy)["stops"]
    assert pause(world)["paused"]
    assert world.route(asked)["offers"] == []
    assert world.scalar("SELECT status FROM offer WHERE offer_id = :it", it=offer_id) == "withdrawn"
    assert world.delivery("order-2").offer_id is None
    assert world.route(busy)["stops"] == stops
    me = courier_actor(busy)
    world.call("arrive", actor=me, stop_id=stops[0]["stop_id"])
    world.call("complete", actor=me, stop_id=stops[0]["stop_id"])
    for _ in range(3):
        world.advance(1)
        epoch = world.plan()
        assert epoch is not None
        assert epoch.offers == 0
    assert resume(world)["paused"] is False
    epoch = world.plan()
    assert epoch is not None
    assert epoch.offers == 1


def test_a_plan_from_before_the_pause_is_not_kept(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    desk = world.desk()
    due = desk.claim(world.clock.now(), world.clock.now())
    assert due is not None
    pause(world)
    with pytest.raises(LeaseLostError), desk.keeping(due):
        pass


def test_a_pause_is_seen_on_the_board_among_the_zones_and_by_customers_who_wait(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    world.accept_all("courier-1")
    pause(world, "storm")
    world.a_paid_order("order-3", ready_in=0)
    board = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)
    assert (board["pause"]["reason"], board["pause"]["paused_by"]) == ("storm", "operator-1")
    since = board["pause"]["paused_at"]
    assert world.call("zones")["items"][0]["paused_at"] == since
    assert "storm" not in str(world.call("zones")), "anybody may look at the zones"
    waits = world.call("tracking", actor=CUSTOMER, order_id="order-3")
    assert (waits["paused_since"], waits["eta"]) == (since, None)
    rides = world.call("tracking", actor=CUSTOMER, order_id="order-1")
    assert rides["paused_since"] is None
    assert rides["eta"] is not None
    resume(world)
    assert world.call("board", actor=OPERATOR, zone_id=ZONE_ID)["pause"] is None
    assert world.call("zones")["items"][0]["paused_at"] is None
    assert world.call("tracking", actor=CUSTOMER, order_id="order-3")["paused_since"] is None


def test_pausing_and_resuming_may_be_asked_again(world: World) -> None:
    world.open_zone()
    assert resume(world) == resume(world)
    first = pause(world, "storm")
    world.advance(5)
    assert pause(world, "still a storm") == first
    over = resume(world)
    assert (over["paused_at"], over["reason"], over["resumed_by"]) == (
        first["paused_at"],
        "storm",
        "operator-1",
    )
    world.advance(5)
    assert pause(world, "flood")["paused_at"] > over["resumed_at"]
    assert world.scalar("SELECT count(*) FROM zone_pause") == 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"actor": {"account_id": "courier-1", "role": "courier"}}, OperatorsOnly),
        ({"zone_id": "nowhere"}, ZoneNotFound),
        ({"reason": ""}, InvalidInput),
        ({"reason": "x" * 201}, InvalidInput),
    ],
    ids=["a courier", "no zone", "no reason", "too long a reason"],
)
def test_a_pause_is_refused(world: World, changes: dict[str, Any], refusal: type[Exception]) -> None:
    world.open_zone()
    with pytest.raises(refusal):
        world.call("pause_zone", **{"actor": OPERATOR, "zone_id": ZONE_ID, "reason": "storm"} | changes)
    assert world.scalar("SELECT count(*) FROM zone_pause") == 0
