"""Many at once: slots never overfill, and nobody and nothing is promised twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from services.dispatch.domain.lifecycle import RIDING
from services.dispatch.domain.offer import OfferStatus
from shared.kernel.errors import Refusal
from tests.dispatch.builders import place
from tests.dispatch.world import World, courier_actor


def together(*acts: Callable[[], Any]) -> list[Any]:
    """The results, or refusals, of acts that happen at the same time."""

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(max_workers=8) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_a_slot_takes_as_many_as_it_holds(world: World) -> None:
    world.open_zone()
    world.open_slot(capacity=3)
    requests = [world.hold_request(f"order-{number}", slot_id="slot-1") for number in range(12)]
    answers = together(*(lambda r=r: world.call("hold", **r) for r in requests))
    refused = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert refused == ["slot-full"] * 9
    assert world.scalar("SELECT taken FROM slot") == 3
    assert world.scalar("SELECT count(*) FROM delivery") == 3


def test_the_same_hold_many_times_takes_one_place(world: World) -> None:
    world.open_zone()
    world.open_slot(capacity=100)
    for number in range(50):
        request = world.hold_request(f"order-{number}", slot_id="slot-1")
        answers = together(*(lambda r=request: world.call("hold", **r) for _ in range(8)))
        assert all(answer == answers[0] for answer in answers)
        assert world.scalar("SELECT taken FROM slot") == number + 1


def test_holding_and_releasing_at_once_leaves_no_place_taken(world: World) -> None:
    world.open_zone()
    world.open_slot(capacity=100)
    for number in range(15):
        request = world.hold_request(f"order-{number}", slot_id="slot-1")
        together(
            lambda r=request: world.call("hold", **r),
            lambda n=number: world.call("release_hold", order_id=f"order-{n}", reason="stock gone"),
        )
    assert world.scalar("SELECT taken FROM slot") == 0


def test_two_planners_plan_two_zones_and_never_the_same(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    results = together(world.plan, world.plan, world.plan, world.plan)
    assert sum(result is not None for result in results) >= 1
    assert world.scalar("SELECT count(*) FROM offer") == 1


def test_accepting_against_the_time_out_has_one_winner(world: World) -> None:
    world.open_zone(offer_seconds=60)
    couriers = ["courier-1", "courier-2"]
    for number, courier_id in enumerate(couriers):
        world.on_shift(courier_id, place(400 + 1500 * number))
    for number in range(8):
        world.a_paid_order(f"order-{number}", ready_in=0)
    for _ in range(25):
        world.plan()
        offers = [(c, offer["offer_id"]) for c in couriers for offer in world.route(c)["offers"]]
        # Some answer in time, some at the very moment that the offer runs out.
        world.clock.advance(timedelta(seconds=random.choice([10, 58.9, 60])))
        together(
            world.plan,
            *(
                lambda c=c, o=o: world.call("accept_offer", actor=courier_actor(c), offer_id=o)
                for c, o in offers
            ),
            world.plan,
            *(
                lambda c=c, o=o: world.call(
                    "decline_offer", actor=courier_actor(c), offer_id=o, reason="busy"
                )
                for c, o in offers[:1]
            ),
        )
        assert_nothing_is_promised_twice(world)


def _orders_in(offers: Any, status: OfferStatus) -> Counter[str]:
    return Counter(order for offer in offers if offer["status"] == status for order in offer["order_ids"])


def assert_nothing_is_promised_twice(world: World) -> None:
    with world.database.read() as connection:
        offers = connection.execute(text("SELECT * FROM offer")).mappings().all()
        deliveries = connection.execute(text("SELECT * FROM delivery")).mappings().all()
        couriers = connection.execute(text("SELECT * FROM courier")).mappings().all()
    on_offer = _orders_in(offers, OfferStatus.OPEN)
    assert all(count == 1 for count in on_offer.values())
    taken = _orders_in(offers, OfferStatus.ACCEPTED)
    routes = {c["courier_id"]: Counter(stop["order_id"] for stop in c["route"]) for c in couriers}
    for delivery in deliveries:
        order_id = delivery["order_id"]
        holders = [courier_id for courier_id, orders in routes.items() if order_id in orders]
        if delivery["status"] in RIDING:
            assert holders == [delivery["courier_id"]]
            assert taken[order_id] == 1
            assert on_offer[order_id] == 0
        else:
            assert holders == []
            assert taken[order_id] == 0
            assert (delivery["offer_id"] is not None) == (on_offer[order_id] == 1)


def test_a_plan_made_of_what_has_changed_is_dropped(world: World) -> None:
    from services.dispatch.adapters.desk import SqlDesk
    from services.dispatch.application.planner import plan_next_zone
    from shared.kernel.ids import UuidV7

    class Slow(SqlDesk):
        def look(self, zone: Any) -> Any:
            state = super().look(zone)
            world.consume(world.cancelled("order-1"))
            return state

    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.clock.advance(timedelta(seconds=1))
    desk = Slow(world.database, "planner", 30.0)
    epoch = plan_next_zone(desk, clock=world.clock, ids=UuidV7(), policy=world.policy)
    assert epoch is not None
    assert epoch.stale >= 1
    assert world.scalar("SELECT count(*) FROM offer") == 0
    assert world.delivery("order-1").status.value == "cancelled"
    assert world.plan() is not None, "a zone with stale changes is due again at once"


@contextmanager
def before_statement(world: World, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Do ``act`` when the ``number``-th statement from now on is about to be sent."""
    seen = 0

    def see(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            act()

    event.listen(world.database.engine, "before_cursor_execute", see)
    try:
        yield
    finally:
        event.remove(world.database.engine, "before_cursor_execute", see)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_zone_is_planned_whole_whatever_happens_between_two_statements(world: World, number: int) -> None:
    me = courier_actor("courier-1")

    def next_stop() -> None:
        stop = world.route("courier-1")["stops"][0]
        world.call("arrive", actor=me, stop_id=stop["stop_id"])
        world.call("complete", actor=me, stop_id=stop["stop_id"])

    world.open_zone(commit_margin_minutes=30)
    world.on_shift("courier-1", place(100))
    world.a_paid_order("order-1", ready_in=0, shops=[place(100), place(200)], door=place(9000))
    world.a_paid_order("order-2", ready_in=0, shops=[place(300)], door=place(9100))
    world.plan()
    world.accept_all("courier-1")
    stops = [stop["stop_id"] for stop in world.route("courier-1")["stops"]]
    next_stop()
    world.plan()
    world.a_paid_order("order-3", ready_in=60)
    with before_statement(world, number, next_stop):
        epoch = world.plan()
    assert epoch is not None
    assert epoch.offers == 0, "what somebody carries is offered to nobody"
    assert [stop["stop_id"] for stop in world.route("courier-1")["stops"]] == stops[2:]
    assert_nothing_is_promised_twice(world)


def test_a_crowded_zone_is_planned_from_the_most_urgent_on(world: World) -> None:
    world.open_zone()
    for number in range(50):
        world.a_paid_order(f"order-{number:02}", ready_in=0)
        world.advance(0.1)
    world.on_shift("courier-1", place(100))
    for _ in range(4):
        epoch = world.plan()
        assert epoch is not None
        # What has been planned once counts as well; only what somebody is asked for comes on top.
        on_offer = world.scalar("SELECT count(*) FROM delivery WHERE offer_id IS NOT NULL")
        assert 40 <= epoch.baskets <= 40 + on_offer
        world.a_paid_order(f"late-{epoch.plan_version}", ready_in=0)
    assert world.scalar("SELECT max(order_id) FROM delivery WHERE status = 'planned'") < "order-45"
