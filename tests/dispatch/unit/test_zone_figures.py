"""How a zone did: exact figures out of what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.outcome import outcome_of, spread
from services.dispatch.domain.zone import SlotWindow
from services.dispatch.domain.zone_figures import zone_figures
from tests.dispatch.builders import a_paid_delivery, a_pickup, an_assigned_delivery, at

SPAN = (at(0), at(240))


def brought(name: str, door_at: float, courier_id: str = "courier-1", **held: object) -> Delivery:
    delivery = an_assigned_delivery(name, courier_id, **held)
    for part in delivery.parts or {stop.store_order_id for stop in delivery.stops if stop.store_order_id}:
        delivery.ready(str(part), at(8), at(8))
    for stop in list(delivery.stops):
        moment = at(door_at) if stop is delivery.stops[-1] else at(10)
        delivery.arrive(stop.stop_id, moment)
        delivery.complete(stop.stop_id, None, 400, moment)
    return delivery


def test_what_a_delivery_took_is_known_from_its_own_facts() -> None:
    outcome = outcome_of(brought("order-1", 45))
    assert (outcome.kind, outcome.shops, outcome.delivered) == ("asap", "2", True)
    assert (outcome.click_to_door, outcome.ready_to_door, outcome.late) == (45, 37, 5)
    assert outcome.ready_to_pickup == (2, 2)
    assert (outcome.metres, outcome.rings, outcome.split) == (1200, 1, False)


def test_a_basket_that_changes_couriers_with_goods_on_board_would_be_noticed() -> None:
    delivery = brought("order-1", 45)
    delivery.assigned_at = at(20)
    assert outcome_of(delivery).split


def test_figures_are_of_what_was_brought_and_of_who_was_there() -> None:
    slot = SlotWindow(slot_id="slot-1", starts_at=at(30), ends_at=at(60))
    nobody, off = a_paid_delivery("order-4"), a_paid_delivery("order-5")
    nobody.fail("no-courier", at(200))
    off.cancel("changed my mind", at(5))
    ended = [
        brought("order-1", 30),
        brought("order-2", 50, pickups=(a_pickup("so-1"),)),
        brought("order-3", 50, "courier-2", slot=slot),
        nobody,
        off,
    ]
    shifts = [(at(-60), at(120)), (at(0), at(60)), (at(300), at(400))]
    found = zone_figures(SPAN, ended, shifts, ["order-1", "order-1", "order-2", "order-3"])
    assert (found.delivered, found.failed, found.cancelled) == (3, {"no-courier": 1}, 1)
    assert found.unassigned_share == 0.25
    assert [(group.kind, group.shops, group.click_to_door.count) for group in found.groups] == [
        ("asap", "1", 1),
        ("asap", "2", 1),
        ("slot", "2", 1),
    ]
    assert (found.click_to_door.mean, found.click_to_door.p50, found.click_to_door.p90) == (43.33, 50, 50)
    # Ten minutes after the promise of forty, twice.
    assert (found.late.count, found.late_share) == (2, 0.6667)
    assert (found.split, found.doorbell_rings_per_basket, found.reassigned) == (0, 1, 1)
    assert found.km_per_order == pytest.approx((1.2 + 0.8 + 1.2) / 3, abs=1e-4)
    assert (found.courier_hours, found.orders_per_courier_hour) == (3, 1)
    # From minute 1 to 50 one courier has something, and the other, too.
    assert found.utilisation == pytest.approx(2 * 49 / 180, abs=1e-4)


def test_of_nothing_nothing_is_said() -> None:
    found = zone_figures(SPAN, [], [], [])
    assert (found.delivered, found.late_share, found.km_per_order, found.utilisation) == (0, None, None, None)
    assert (found.click_to_door.count, found.click_to_door.p90) == (0, None)


def test_a_spread_leaves_out_what_is_not_known() -> None:
    assert spread([None, 3.0, 1.0, None, 2.0]) == spread([1.0, 2.0, 3.0])
    found = spread(float(minute) for minute in range(1, 101))
    assert (found.mean, found.p50, found.p90) == (50.5, 50, 90)


def test_time_outside_the_span_does_not_count() -> None:
    late_one = brought("order-1", 45)
    short = (at(30), at(30) + timedelta(minutes=30))
    found = zone_figures(short, [late_one], [(at(0), at(240))], [])
    assert (found.courier_hours, found.utilisation) == (0.5, 0.5)
