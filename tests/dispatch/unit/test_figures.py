"""What is counted of deliveries, by zone."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.dispatch.adapters.figures import observe
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.splitting import split
from services.dispatch.domain.trips import WhySplit
from services.dispatch.domain.zone import SlotWindow
from tests.dispatch.builders import a_pickup, an_assigned_delivery, at

SLOT = SlotWindow(slot_id="slot-1", starts_at=at(60), ends_at=at(120))


def of(zone: str, delivery: Delivery) -> Delivery:
    """The delivery in a zone of this test alone, everything that has happened counted and forgotten."""
    delivery.zone_id = zone
    delivery.events.clear()
    return delivery


def count(name: str, **labels: Any) -> float | None:
    return REGISTRY.get_sample_value(f"linli_delivery_{name}", labels)


def brought(delivery: Delivery, door_at: float) -> None:
    for number, stop in enumerate(delivery.stops):
        is_door = stop is delivery.stops[-1]
        moment = at(door_at if is_door else 10 + number)
        delivery.arrive(stop.stop_id, moment)
        delivery.complete(stop.stop_id, None, 500, moment)
    observe(delivery, delivery.events)


def test_a_delivery_is_counted_from_click_over_pickup_to_door() -> None:
    delivery = of("brought", an_assigned_delivery())
    delivery.ready("so-1", at(4), at(4))
    delivery.ready("so-2", at(9), at(9))
    brought(delivery, 45)
    asap = {"zone": "brought", "kind": "asap"}
    assert count("click_to_door_minutes_sum", **asap, shops="2") == 45
    assert count("ready_to_door_minutes_sum", **asap) == 45 - 9
    assert count("late_minutes_sum", **asap) == 5
    # 10 - 4 at the first shop, 11 - 9 at the second.
    assert count("ready_to_pickup_minutes_sum", zone="brought") == 8
    assert count("ready_to_pickup_minutes_count", zone="brought") == 2
    assert count("metres_total", zone="brought") == 1500


@pytest.mark.parametrize(
    ("zone", "shops", "slot", "kind", "label"),
    [("one", 1, None, "asap", "1"), ("four", 4, None, "asap", "4+"), ("six", 6, SLOT, "slot", "4+")],
)
def test_shops_and_slots_are_told_apart(
    zone: str, shops: int, slot: SlotWindow | None, kind: str, label: str
) -> None:
    pickups = tuple(a_pickup(f"so-{number}") for number in range(shops))
    delivery = of(zone, an_assigned_delivery(pickups=pickups, slot=slot))
    brought(delivery, 30)
    assert count("click_to_door_minutes_count", zone=zone, kind=kind, shops=label) == 1
    # Whoever comes early is not late by less than nothing.
    assert count("late_minutes_sum", zone=zone, kind=kind) == 0
    # No shop has said that it was ready.
    assert not count("ready_to_door_minutes_count", zone=zone, kind=kind)


def test_what_goes_wrong_is_counted_by_the_code_of_its_reason() -> None:
    delivery = of("wrong", an_assigned_delivery())
    delivery.fail_stop(delivery.stops[0].stop_id, "shop closed, says the neighbour", at(5))
    delivery.assign("courier-2", at(6), at(40), 2)
    delivery.fail("courier-lost", at(300))
    observe(delivery, delivery.events)
    assert count("unassigned_total", zone="wrong", reason="shop-closed") == 1
    assert count("assigned_total", zone="wrong") == 1
    assert count("failed_total", zone="wrong", reason="courier-lost") == 1


def test_an_order_that_was_split_is_counted_by_why_and_each_trip_as_a_delivery() -> None:
    first = of("split", an_assigned_delivery())
    first.arrive(first.stops[0].stop_id, at(4))
    first.complete(first.stops[0].stop_id, None, 500, at(5))
    second = split(first, ["so-2"], WhySplit.SHOP_LATE, at(6))
    second.assign("courier-2", at(20), at(50), 3)
    for trip, minute in ((first, 15), (second, 55)):
        for stop in trip.open_stops():
            trip.arrive(stop.stop_id, at(minute))
            trip.complete(stop.stop_id, None, 500, at(minute))
        observe(trip, trip.events)
    assert count("split_total", zone="split", reason="shop-late") == 1
    assert count("click_to_door_minutes_sum", zone="split", kind="asap", shops="1") == 15 + 55
    assert count("metres_total", zone="split") == 2000
    assert count("doorbell_rings_total", zone="split") == 2


def test_a_trip_that_fails_behind_the_other_counts_that_one_no_second_time() -> None:
    first = of("behind", an_assigned_delivery())
    first.arrive(first.stops[0].stop_id, at(4))
    first.complete(first.stops[0].stop_id, None, 500, at(5))
    second = split(first, ["so-2"], WhySplit.OPERATOR, at(6))
    first.arrive(first.stops[-1].stop_id, at(15))
    first.complete(first.stops[-1].stop_id, None, 500, at(15))
    second.fail("no-courier", at(200))
    for trip in (first, second):
        observe(trip, trip.events)
    assert count("click_to_door_minutes_count", zone="behind", kind="asap", shops="1") == 1
