"""What couriers ride and carry, their planned breaks, and who was foreseen: as the planner is told of it."""

from __future__ import annotations

from dataclasses import replace

from services.dispatch.domain.courier import Courier, PlannedBreak
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.candidates import Judge
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.planning.problem import Snapshot
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.vehicle import BOUNDLESS, Capacity, Load, Vehicle, VehicleKind
from services.dispatch.domain.zone import ZoneSettings
from tests.dispatch.builders import a_courier, a_paid_delivery, a_pickup, a_zone, at, place


def riding(courier_id: str = "courier-1", where: Position | None = None, **shift: object) -> Courier:
    courier = a_courier(courier_id, where)
    courier.shift = replace(courier.on_shift(), **shift)  # type: ignore[arg-type]
    return courier


def seen(*couriers: Courier, deliveries: tuple[Delivery, ...] = (), minute: float = 16) -> Snapshot:
    state = ZoneState(
        zone=a_zone(),
        couriers={courier.courier_id: courier for courier in couriers},
        deliveries={delivery.order_id: delivery for delivery in deliveries},
    )
    return look_ahead(state, at(minute), {})


def loaded(order_id: str, load: Load) -> Delivery:
    return a_paid_delivery(order_id, pickups=(replace(a_pickup(f"{order_id}.1"), load=load),))


def test_what_a_zone_says_of_a_vehicle_goes_before_the_usual() -> None:
    cargo = VehicleKind(vehicle=Vehicle.CAR, speed_factor=1.1, capacity=Capacity(volume=60))
    settings = ZoneSettings(capacity=9, vehicles=(cargo,))
    assert settings.kind_of(Vehicle.CAR).capacity == Capacity(pickups=40, volume=60)
    assert settings.kind_of(Vehicle.CAR).speed_factor == 1.1
    assert settings.kind_of(Vehicle.BICYCLE).capacity == Capacity(pickups=9)
    assert settings.kind_of(Vehicle.FOOT).capacity == Capacity(pickups=4, volume=4)


def test_only_dimensions_that_bound_somebody_are_counted() -> None:
    assert [rider.capacity for rider in seen(riding()).riders] == [(12,)]
    both = seen(riding(), riding("courier-2", room=Capacity(volume=7, cold=0))).riders
    assert [rider.capacity for rider in both] == [(12, BOUNDLESS, BOUNDLESS), (12, 7, 0)]


def test_goods_go_to_whoever_has_room_for_them() -> None:
    small = riding("courier-1", place(450), room=Capacity(volume=5))
    large = riding("courier-2", place(-2000), room=Capacity(volume=50))
    bulky = seen(small, large, deliveries=(loaded("order-1", Load(volume=6)),))
    assert list(solve(bulky).routes) == ["courier-2"]
    usual = seen(small, large, deliveries=(loaded("order-1", Load()),))
    assert list(solve(usual).routes) == ["courier-1"]


def test_what_must_stay_cold_needs_a_box() -> None:
    snapshot = seen(riding(room=Capacity(cold=0)), deliveries=(loaded("order-1", Load(cold=1)),))
    assert solve(snapshot).unassigned == ("order-1",)


def test_what_is_on_board_counts_until_the_door() -> None:
    delivery = loaded("order-1", Load(volume=3, weight=2))
    delivery.assign("courier-1", at(1), at(30), plan_version=1)
    delivery.arrive(delivery.stops[0].stop_id, at(5))
    delivery.complete(delivery.stops[0].stop_id, None, 0, at(9))
    assert delivery.load == (1, 3, 2, 0)


def test_somebody_on_foot_takes_longer_and_the_explanation_knows_it() -> None:
    order = loaded("order-1", Load())
    on_foot = riding("courier-1", place(-2000), vehicle=Vehicle.FOOT, speed_factor=0.3)
    cycling = riding("courier-2", place(-2200))
    snapshot = seen(on_foot, cycling, deliveries=(order,))
    assert list(solve(snapshot).routes) == ["courier-2"]
    cheapest, other = Judge(Board(snapshot)).candidates("order-1", "courier-2")
    assert (cheapest.courier_id, other.courier_id) == ("courier-2", "courier-1")
    assert other.door > cheapest.door + 10


def test_nothing_is_planned_to_be_served_in_a_planned_break() -> None:
    pause = PlannedBreak(starts_at=at(20), ends_at=at(50))
    snapshot = seen(riding(breaks=(pause,)), deliveries=(loaded("order-1", Load()),))
    assert snapshot.riders[0].breaks == ((4, 34),)
    (route,) = solve(snapshot).routes.values()
    assert all(stop.finish <= 4 or stop.start >= 34 for stop in route)
    (candidate,) = Judge(Board(snapshot)).candidates("order-1", "courier-1")
    assert candidate.door >= 34


def test_nobody_is_asked_in_a_planned_break_and_past_ones_are_forgotten() -> None:
    courier = riding(breaks=(PlannedBreak(starts_at=at(20), ends_at=at(50)),))
    assert [courier.may_be_asked(at(minute)) for minute in (19, 20, 49, 50)] == [True, False, False, True]
    assert seen(courier, minute=51).riders[0].breaks == ()


def test_who_was_foreseen_keeps_a_delivery_unless_somebody_else_is_better_by_what_moving_costs() -> None:
    order = loaded("order-1", Load())
    order.foresee("courier-2", at(30), plan_version=1)
    riders = (riding("courier-1", place(480)), riding("courier-2", place(-300)))
    snapshot = seen(*riders, deliveries=(order,))
    assert snapshot.baskets[0].announced == "courier-2"
    assert snapshot.weights.moving == ZoneSettings().moving_minutes
    dear = replace(snapshot, weights=replace(snapshot.weights, moving=10))
    assert list(solve(dear).routes) == ["courier-2"]
    cheap = replace(snapshot, weights=replace(snapshot.weights, moving=0))
    assert list(solve(cheap).routes) == ["courier-1"]


def test_who_does_not_take_it_is_foreseen_no_more() -> None:
    order = loaded("order-1", Load())
    order.foresee("courier-1", at(30), plan_version=1)
    order.offer("offer-1")
    order.not_taken("courier-1", None)
    assert order.foreseen is None
    order.foresee("courier-2", at(31), plan_version=2)
    order.assign("courier-2", at(2), at(31), plan_version=2)
    order.unassign("operator")
    assert order.foreseen is None
