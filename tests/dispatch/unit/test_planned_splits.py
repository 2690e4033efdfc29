"""When the planner splits an order to a second courier, and when it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from services.dispatch.application import parting, waiting
from services.dispatch.application.planner import Epoch, PlannerPolicy, plan_next_zone
from services.dispatch.contracts import recorded
from services.dispatch.domain.courier import RouteStop, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import DeliverySplit
from services.dispatch.domain.facts import Pickup
from services.dispatch.domain.job import trip_key_of
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.planning import outlook
from services.dispatch.domain.planning.outlook import ZoneState, look_again, look_ahead
from services.dispatch.domain.planning.record import PlanRecord, explain
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.splits import worst
from services.dispatch.domain.splitting import split
from services.dispatch.domain.stop import StopKind, StopStatus
from services.dispatch.domain.trips import WhySplit
from services.dispatch.domain.vehicle import Load
from shared.testing.clock import CountedIds, StoppedClock
from tests.dispatch.builders import (
    a_courier,
    a_paid_delivery,
    a_pickup,
    a_zone,
    an_assigned_delivery,
    at,
    place,
)
from tests.dispatch.simulation import DeskInMemory

NOW = 8.0
SECOND = trip_key_of("order-1")


def a_desk(slips_to: float = 70, **settings: float) -> DeskInMemory:
    """Part 1 is on board with courier-1; the shop of part 2 says that it is ready at ``slips_to``.

    Another courier is idle, not far from that shop.
    """
    zone = a_zone(**settings)
    state = ZoneState(zone=zone)
    delivery = an_assigned_delivery()
    first = delivery.stops[0]
    delivery.arrive(first.stop_id, at(4))
    delivery.complete(first.stop_id, None, 500, at(6))
    delivery.accepted("so-2", at(1), at(slips_to), at(NOW))
    delivery.events.clear()
    riding, idle = a_courier("courier-1", place(500)), a_courier("courier-2", place(900, 300))
    riding.follow(
        [
            RouteStop(stop_id=stop.stop_id, order_id="order-1", kind=stop.kind, eta=at(10))
            for stop in delivery.stops[1:]
        ]
    )
    for courier in (riding, idle):
        state.couriers[courier.courier_id] = courier
        state.sightings[courier.courier_id] = Sighting(place=courier.place or place(), at=at(NOW))
    state.deliveries["order-1"] = delivery
    return DeskInMemory(zone=zone, state=state)


def plan(desk: DeskInMemory, minute: float = NOW, **policy: Any) -> Epoch:
    clock = StoppedClock(at(minute))
    epoch = plan_next_zone(
        desk,
        clock=clock,
        ids=CountedIds(f"offer-{minute}"),
        policy=PlannerPolicy(records=True, solve_seconds=60.0, build_seconds=60.0, **policy),
    )
    assert epoch is not None
    return epoch


def test_a_second_look_sees_what_a_first_one_would() -> None:
    desk = a_desk(slips_to=70)
    state = desk.state
    before = look_ahead(state, at(NOW), {}, seed=3)
    second = split(state.deliveries["order-1"], {"so-2"}, WhySplit.SHOP_LATE, at(NOW))
    state.deliveries[second.order_id] = second
    state.couriers["courier-1"].leave_out(
        {s.stop_id for s in state.deliveries["order-1"].stops if s.store_order_id == "so-2"}
    )
    again = look_again(before, state, at(NOW), ("order-1", second.order_id), ("courier-1",))
    assert again == look_ahead(state, at(NOW), {}, seed=3)
    assert again != before


def splits(desk: DeskInMemory) -> list[DeliverySplit]:
    delivery = desk.state.deliveries["order-1"]
    return [event for event in delivery.events if isinstance(event, DeliverySplit)]


def test_a_shop_that_slips_a_lot_sends_the_rest_to_the_door_and_a_second_courier_for_its_part() -> None:
    desk = a_desk(slips_to=70)
    plan(desk)
    first, second = desk.state.deliveries["order-1"], desk.state.deliveries[SECOND]
    assert first.status is Status.DELIVERING
    route = desk.state.couriers["courier-1"].route
    assert [stop.kind for stop in route] == [StopKind.DROP_OFF]
    assert first.stops[1].status is StopStatus.SKIPPED
    assert [stop.store_order_id for stop in second.stops] == ["so-2", None]
    # The customer is told the new time at once, of both.
    assert first.eta is not None
    assert first.eta < at(25)
    assert second.eta is not None
    assert second.eta > at(70)
    (said,) = splits(desk)
    assert (said.reason, said.store_order_ids, said.trip_id) == ("shop-late", ("so-2",), second.delivery_id)
    assert said.eta == first.eta
    assert said.trip_eta == second.eta


def test_a_small_slip_is_waited_for() -> None:
    desk = a_desk(slips_to=18)
    plan(desk)
    assert splits(desk) == []
    assert SECOND not in desk.state.deliveries
    assert desk.records[-1].splits == ()


@pytest.mark.parametrize(
    ("about", "settings"),
    [("a zone that splits nothing", {"split_minutes": 0}), ("a second ring is dear", {"split_minutes": 600})],
)
def test_what_a_split_has_to_save_is_the_zone_s_to_say(about: str, settings: Mapping[str, float]) -> None:
    desk = a_desk(slips_to=70, **settings)
    plan(desk)
    assert splits(desk) == [], about


def test_an_order_that_is_paid_at_the_door_waits() -> None:
    desk = a_desk(slips_to=70)
    desk.state.deliveries["order-1"].method = "cash"
    plan(desk)
    assert splits(desk) == []


def test_with_nobody_for_the_second_trip_the_order_waits() -> None:
    desk = a_desk(slips_to=70)
    del desk.state.couriers["courier-2"]
    desk.state.couriers["courier-1"].ask_for_break(at(NOW))
    plan(desk)
    assert splits(desk) == []
    (tried,) = desk.records[-1].splits
    assert not tried.done
    assert "was not split" in tried.sentence()


def test_nothing_is_split_while_the_zone_is_paused() -> None:
    desk = a_desk(slips_to=70)
    state = replace(desk.state, paused=True)
    snapshot = look_ahead(state, at(NOW), {})
    assert worst(state, snapshot, solve(snapshot)) is None


def test_whom_a_late_shop_holds_up_counts_with_everything_behind_it() -> None:
    """What waits alone is not worth a second ring; with two customers behind it on the route it is."""

    def held_up(many: int) -> float:
        desk = a_desk(slips_to=24)
        state = desk.state
        for number in range(many):
            other = an_assigned_delivery(
                f"behind-{number}",
                pickups=(a_pickup(f"b-{number}", place(700, 300)),),
                drop_off=place(0, 1500),
            )
            other.accepted(f"b-{number}", at(1), at(26), at(1))
            state.deliveries[other.order_id] = other
            courier = state.couriers["courier-1"]
            added = [
                RouteStop(stop_id=stop.stop_id, order_id=other.order_id, kind=stop.kind, eta=at(20))
                for stop in other.stops
            ]
            courier.follow([*courier.route, *added])
        snapshot = look_ahead(state, at(NOW), {})
        found = worst(replace(state, zone=a_zone(split_minutes=0.1)), snapshot, solve(snapshot))
        return found.most if found else 0.0

    assert held_up(0) < held_up(1) < held_up(2)


def test_one_order_at_most_is_tried_in_an_epoch_and_none_where_none_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []
    real = parting._as_if

    def counted(state: ZoneState, found: Any, now: Any) -> Any:
        tried.append(found.order_id)
        return real(state, found, now)

    monkeypatch.setattr(parting, "_as_if", counted)
    desk = a_desk(slips_to=70)
    other = an_assigned_delivery("order-2", courier_id="courier-2")
    first = other.stops[0]
    other.arrive(first.stop_id, at(4))
    other.complete(first.stop_id, None, 500, at(6))
    other.accepted("so-2", at(1), at(90), at(NOW))
    desk.state.deliveries["order-2"] = other
    desk.state.couriers["courier-2"].follow(
        [
            RouteStop(stop_id=stop.stop_id, order_id="order-2", kind=stop.kind, eta=at(10))
            for stop in other.stops[1:]
        ]
    )
    plan(desk)
    assert tried == ["order-2"]
    tried.clear()
    plan(a_desk(slips_to=10))
    assert tried == []


def test_trials_take_turns_by_the_clock_and_never_with_those_of_waiting() -> None:
    quarters = [at(15 + 0.25 * number) for number in range(81)]
    trials = {now for before, now in pairwise(quarters) if parting.TURNS.is_time(before, now)}
    waits = {now for before, now in pairwise(quarters) if waiting.TURNS.is_time(before, now)}
    assert len(trials) == len(waits) == 10
    assert not trials & waits
    desk = a_desk(slips_to=10)
    plan(desk)
    desk.state.deliveries["order-1"].accepted("so-2", at(2), at(70), at(NOW))
    plan(desk, NOW + 0.5)
    assert not splits(desk), "it is not the turn of that yet"
    plan(desk, NOW + 1.5)
    assert len(splits(desk)) == 1


def test_a_split_is_made_once_and_never_from_what_changed_meanwhile() -> None:
    desk = a_desk(slips_to=70)
    desk.stale = {"order-1"}
    assert plan(desk).stale > 0
    assert SECOND not in desk.state.deliveries
    desk = a_desk(slips_to=70)
    plan(desk)
    plan(desk, NOW + 1)
    assert len(splits(desk)) == 1
    assert len(desk.state.deliveries) == 2


def test_the_same_zone_is_split_the_same_way_again() -> None:
    one, other = a_desk(slips_to=70), a_desk(slips_to=70)
    plan(one)
    plan(other)
    assert recorded.dumps(one.records[-1]) == recorded.dumps(other.records[-1])


def test_the_record_says_why_and_the_plan_comes_out_again() -> None:
    desk = a_desk(slips_to=70)
    plan(desk)
    record: PlanRecord = recorded.loads(recorded.dumps(desk.records[-1]))
    assert record == desk.records[-1]
    split = record.split_of("order-1")
    assert split is not None
    assert split.done
    assert (split.apart or 0.0) < split.whole
    assert record.split_of(SECOND) == split
    assert split.sentence().startswith("order-1 was split (shop-late, 1 part to a second courier)")
    assert explain(record, "order-1").same


def test_of_several_late_shops_those_move_that_wait_about_as_long() -> None:
    desk = a_desk(slips_to=70)
    pickups = (a_pickup("so-1"), *(a_pickup(f"so-{n}", place(700, 300 + 50 * n)) for n in (2, 3, 4)))
    delivery = an_assigned_delivery(pickups=pickups)
    first = delivery.stops[0]
    delivery.arrive(first.stop_id, at(4))
    delivery.complete(first.stop_id, None, 500, at(6))
    for name, ready in (("so-2", 70), ("so-3", 60), ("so-4", 9)):
        delivery.accepted(name, at(1), at(ready), at(NOW))
    desk.state.deliveries["order-1"] = delivery
    desk.state.couriers["courier-1"].follow(
        [
            RouteStop(stop_id=stop.stop_id, order_id="order-1", kind=stop.kind, eta=at(10))
            for stop in delivery.stops[1:]
        ]
    )
    plan(desk)
    (said,) = splits(desk)
    assert said.store_order_ids == ("so-2", "so-3")
    assert delivery.status is Status.COLLECTING


def test_a_part_that_moved_keeps_its_shop_as_busy_as_before() -> None:
    desk = a_desk(slips_to=70)
    shop = desk.state.deliveries["order-1"].stops[1].shop_id
    before = outlook._busy(desk.state)
    plan(desk)
    assert len(desk.state.deliveries) == 2
    assert outlook._busy(desk.state)[shop or ""] == before[shop or ""] == 1


# -- too large ---------------------------------------------------------------------------------------------


def a_large_order(*volumes: int, capacity: int) -> DeskInMemory:
    desk = a_desk()
    desk.state.deliveries.clear()
    pickups: list[Pickup] = [
        replace(a_pickup(f"so-{n}", place(500 + 50 * n)), load=Load(volume=volume))
        for n, volume in enumerate(volumes)
    ]
    delivery: Delivery = a_paid_delivery(pickups=tuple(pickups))
    for pickup in pickups:
        delivery.accepted(pickup.store_order_id, at(1), at(15), at(1))
    desk.state.deliveries["order-1"] = delivery
    for courier in desk.state.couriers.values():
        courier.follow([])
        shift = courier.on_shift()
        courier.shift = replace(shift, room=replace(shift.room, volume=capacity))
    return desk


def test_what_nobody_could_carry_goes_with_two_couriers_and_as_few_parts_as_possible_move() -> None:
    desk = a_large_order(6, 2, 5, capacity=8)
    plan(desk)
    first, second = desk.state.deliveries["order-1"], desk.state.deliveries[SECOND]
    (said,) = splits(desk)
    assert (said.reason, said.store_order_ids) == ("too-large", ("so-0",))
    assert first.status is not Status.FAILED
    assert {first.foreseen, second.foreseen} == {"courier-1", "courier-2"}


def test_what_somebody_could_carry_later_waits() -> None:
    desk = a_large_order(3, 2, 3, capacity=8)
    for courier in desk.state.couriers.values():
        courier.ask_for_break(at(NOW))
    plan(desk)
    assert splits(desk) == []


def test_what_not_even_two_could_carry_is_not_split() -> None:
    desk = a_large_order(9, 2, capacity=8)
    plan(desk)
    assert splits(desk) == []
