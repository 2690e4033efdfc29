"""Couriers lent between zones, in PostgreSQL: one zone's at a time, whoever acts at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.dispatch.application.planner import plan_next_zone
from services.dispatch.domain.errors import (
    CourierNotAvailable,
    LoanExists,
    LoanNotFound,
    OperatorsOnly,
    WrongState,
    ZoneNotFound,
)
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput, Refusal
from shared.kernel.ids import UuidV7
from tests.dispatch.builders import ZONE_ID, Position, place
from tests.dispatch.world import OPERATOR, World, courier_actor

# East of the zone that the world opens.
HILL, BORDER = "zone-hill", 120.5


@pytest.fixture
def two_zones(world: World) -> World:
    world.open_zone()
    open_hill(world)
    return world


def open_hill(world: World, **settings: float) -> None:
    area = {"south": 30.0, "west": 120.5, "north": 30.5, "east": 121.0}
    world.call("open_zone", actor=OPERATOR, zone_id=HILL, name="Hill", area=area, settings=settings)


def lend(world: World, courier_id: str = "courier-1", loan_id: str = "loan-1", **changes: Any) -> Any:
    asked = {
        "loan_id": loan_id,
        "courier_id": courier_id,
        "to_zone_id": HILL,
        "until": to_wire(world.clock.now() + timedelta(minutes=60)),
        "reason": "busy there",
    }
    return world.call("lend_courier", actor=OPERATOR, **asked | changes)


def recall(world: World, loan_id: str = "loan-1") -> Any:
    return world.call("recall_courier", actor=OPERATOR, loan_id=loan_id)


def zone_of(world: World, courier_id: str = "courier-1") -> Any:
    return world.scalar("SELECT zone_id FROM courier WHERE courier_id = :c", c=courier_id)


def border(east: float) -> Position:
    """So many metres east of the border between the two zones."""
    middle = place()
    return replace(place(east), lon=place(east).lon - middle.lon + BORDER)


def an_order_on_the_hill(world: World, order_id: str) -> None:
    world.a_paid_order(order_id, ready_in=0, shops=[border(500)], door=border(900))


def an_order_at_the_lake(world: World, order_id: str) -> None:
    world.a_paid_order(order_id, ready_in=0, shops=[border(-500)], door=border(-900))


def plan_all(world: World) -> None:
    for _ in range(6):
        if world.plan() is None:
            return


def bring_everything(world: World, courier_id: str) -> None:
    for stop in world.route(courier_id)["stops"]:
        world.call("arrive", actor=courier_actor(courier_id), stop_id=stop["stop_id"])
        world.call("complete", actor=courier_actor(courier_id), stop_id=stop["stop_id"], proof={})


def test_an_idle_courier_is_lent_at_once_plans_there_and_comes_back_when_time_is_up(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100))
    assert lend(world)["status"] == "lent"
    assert zone_of(world) == HILL
    an_order_on_the_hill(world, "order-1")
    plan_all(world)
    assert world.accept_all("courier-1") == 1
    world.advance(61)
    world.call("position", actor=courier_actor("courier-1"), position=border(400).to_wire())
    plan_all(world)
    assert zone_of(world) == HILL, "what was accepted is brought first"
    bring_everything(world, "courier-1")
    plan_all(world)
    assert zone_of(world) == ZONE_ID
    loan = world.call("loans", actor=OPERATOR, zone_id=ZONE_ID)["items"][0]
    assert (loan["status"], loan["by"], loan["returned_at"] is not None) == ("returned", "operator-1", True)
    told = [name for name in world.published() if "Lent" in name or "Loan" in name or "Returned" in name]
    assert told == ["CourierLoanOffered", "CourierLent", "CourierReturned"]


def test_a_courier_with_a_route_leaves_once_it_is_done(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100))
    an_order_at_the_lake(world, "order-1")
    plan_all(world)
    world.accept_all("courier-1")
    assert lend(world)["status"] == "offered"
    an_order_at_the_lake(world, "order-2")
    plan_all(world)
    assert world.route("courier-1")["offers"] == [], "nothing new in the old zone"
    assert zone_of(world) == ZONE_ID
    bring_everything(world, "courier-1")
    plan_all(world)
    assert zone_of(world) == HILL


def test_an_open_offer_is_answered_before_the_courier_leaves(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100))
    an_order_at_the_lake(world, "order-1")
    plan_all(world)
    assert lend(world)["status"] == "offered"
    world.accept_all("courier-1")
    plan_all(world)
    assert zone_of(world) == ZONE_ID
    bring_everything(world, "courier-1")
    plan_all(world)
    assert zone_of(world) == HILL


def test_a_recall_brings_an_idle_courier_back_at_once_and_a_busy_one_when_done(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100))
    lend(world)
    assert recall(world)["status"] == "returned"
    assert zone_of(world) == ZONE_ID
    assert recall(world)["status"] == "returned", "again, it changes nothing"
    lend(world, loan_id="loan-2")
    an_order_on_the_hill(world, "order-1")
    plan_all(world)
    world.accept_all("courier-1")
    assert recall(world, "loan-2")["status"] == "recalled"
    assert recall(world, "loan-2")["status"] == "recalled"
    bring_everything(world, "courier-1")
    plan_all(world)
    assert zone_of(world) == ZONE_ID


def test_what_cannot_be_lent_is_refused_with_a_reason(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100))
    far = {"south": 40.0, "west": 100.0, "north": 40.5, "east": 101.0}
    world.call("open_zone", actor=OPERATOR, zone_id="far", name="Far", area=far, settings={})
    with pytest.raises(CourierNotAvailable):
        lend(world, "nobody")
    with pytest.raises(ZoneNotFound):
        lend(world, to_zone_id="nowhere")
    with pytest.raises(WrongState):
        lend(world, to_zone_id="far")
    with pytest.raises(WrongState):
        lend(world, to_zone_id=ZONE_ID)
    with pytest.raises(InvalidInput):
        lend(world, until=to_wire(world.clock.now()))
    with pytest.raises(LoanNotFound):
        recall(world)
    with pytest.raises(OperatorsOnly):
        world.call("loans", actor=courier_actor("courier-1"), zone_id=ZONE_ID)
    first = lend(world)
    assert lend(world) == first, "the same loan again"
    with pytest.raises(LoanExists):
        lend(world, "courier-2")
    with pytest.raises(CourierNotAvailable):
        lend(world, loan_id="loan-2")


def test_a_shift_that_ends_while_lent_ends_the_loan(two_zones: World) -> None:
    world = two_zones
    world.on_shift("courier-1", border(-100), hours=0.5)
    loan = lend(world)
    assert loan["until"] == world.scalar("SELECT shift->>'ends_at' FROM courier").replace("+00:00", ".000Z")
    world.call("end_shift", actor=courier_actor("courier-1"))
    assert zone_of(world) is None
    assert world.scalar("SELECT status FROM loan") == "returned"
    assert world.published()[-2:] == ["CourierReturned", "CourierOffShift"]


def test_a_planner_lends_idle_couriers_where_its_zone_is_set_to_and_orders_wait_beside(world: World) -> None:
    world.open_zone(lend_minutes=45)
    open_hill(world)
    for number in range(4):
        world.on_shift(f"courier-{number}", border(-100))
    for number in range(2):
        an_order_on_the_hill(world, f"order-{number}")
    plan_all(world)
    world.advance(1)
    plan_all(world)
    lent = world.call("loans", actor=OPERATOR, zone_id=HILL)["items"]
    assert [(loan["status"], loan["by"]) for loan in lent] == [("lent", "planner")] * 2
    world.advance(1)
    plan_all(world)
    assert world.scalar("SELECT count(*) FROM loan") == 2, "no more than are missed"
    assert world.scalar("SELECT count(*) FROM offer WHERE zone_id = :z", z=HILL) > 0


def test_without_the_setting_no_planner_lends(two_zones: World) -> None:
    world = two_zones
    for number in range(4):
        world.on_shift(f"courier-{number}", border(-100))
    an_order_on_the_hill(world, "order-1")
    for _ in range(3):
        plan_all(world)
        world.advance(1)
    assert world.scalar("SELECT count(*) FROM loan") == 0


def test_two_zones_never_plan_one_courier_whatever_happens_at_once(two_zones: World) -> None:
    """Planners of both zones, loans and recalls race; each courier has work of one zone at a time."""
    world = two_zones
    couriers = [f"courier-{number}" for number in range(3)]
    for courier_id in couriers:
        world.on_shift(courier_id, border(-100))
    for number in range(8):
        an_order_at_the_lake(world, f"lake-{number}")
        an_order_on_the_hill(world, f"hill-{number}")
    chance = random.Random(5)

    def plan(holder: str) -> None:
        plan_next_zone(world.desk(holder), clock=world.clock, ids=UuidV7(), policy=world.policy)

    def operate(turn: int, courier_id: str) -> None:
        try:
            if turn % 2:
                lend(world, courier_id, f"{courier_id}.{turn}")
            else:
                recall(world, f"{courier_id}.{turn - 1}")
        except Refusal:
            pass

    def answer(courier_id: str) -> None:
        try:
            world.accept_all(courier_id)
            if chance.random() < 0.5:
                bring_everything(world, courier_id)
        except Refusal:
            pass

    with ThreadPoolExecutor(max_workers=6) as pool:
        for turn in range(1, 21):
            world.clock.advance(timedelta(seconds=20))
            acts = [pool.submit(plan, "a"), pool.submit(plan, "b"), pool.submit(plan, "c")]
            acts += [pool.submit(operate, turn, courier_id) for courier_id in couriers]
            acts += [pool.submit(answer, courier_id) for courier_id in couriers]
            for act in acts:
                act.result()
            assert mixed(world) == 0
            assert world.scalar("SELECT count(*) FROM loan WHERE status <> 'returned'") <= len(couriers)
    assert world.scalar("SELECT count(*) FROM loan WHERE status = 'returned'") > 0, "they did move"
    assert world.scalar("SELECT count(*) FROM loan WHERE lent_at IS NOT NULL") > 0


def mixed(world: World) -> Any:
    """How much a courier has, or is asked for, of a zone that is not the courier's."""
    return world.scalar("""
        SELECT count(*) FROM courier AS c
        LEFT JOIN delivery AS d ON d.courier_id = c.courier_id
            AND d.status IN ('assigned', 'collecting', 'delivering')
        LEFT JOIN offer AS o ON o.courier_id = c.courier_id AND o.status = 'open'
        WHERE d.zone_id <> c.zone_id OR o.zone_id <> c.zone_id
    """)
