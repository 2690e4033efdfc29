"""A plan made by a planner and recorded by it."""

from __future__ import annotations

import random
from datetime import timedelta

from services.dispatch.application.planner import PlannerPolicy, plan_next_zone
from services.dispatch.domain.facts import Pickup
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.record import PlanRecord
from shared.testing.clock import CountedIds, StoppedClock
from tests.dispatch.builders import NOON, a_courier, a_paid_delivery, a_zone, place
from tests.dispatch.simulation import DeskInMemory


def a_record(
    orders: int = 6, couriers: int = 4, build_seconds: float = 1e9, seed: int = 1, rounds: int = 12
) -> PlanRecord:
    """One zone, made up by ``seed``. Its processor's time is counted in looks at the clock."""
    chance = random.Random(seed)
    zone = a_zone()
    state = ZoneState(zone=zone)
    for number in range(couriers):
        courier = a_courier(
            f"courier-{number}", place(chance.uniform(0, 3000), chance.uniform(0, 3000)), NOON, 4
        )
        state.couriers[courier.courier_id] = courier
    for number in range(orders):
        shops = tuple(
            Pickup(
                store_order_id=f"order-{number}.{shop}",
                shop_id=f"shop-{shop}",
                name="",
                place=place(chance.uniform(0, 3000), chance.uniform(0, 3000)),
                preparation_minutes=number,
            )
            for shop in range(1 + number % 3)
        )
        delivery = a_paid_delivery(
            f"order-{number}", pickups=shops, drop_off=place(chance.uniform(0, 3000)), placed_at=NOON
        )
        delivery.promised_at = NOON + timedelta(minutes=30)
        state.deliveries[delivery.order_id] = delivery
    desk = DeskInMemory(zone=zone, state=state)
    looks = iter(range(1_000_000))
    policy = PlannerPolicy(records=True, build_seconds=build_seconds, solve_seconds=1e9, rounds=rounds)
    ids, clock = CountedIds("offer"), StoppedClock(NOON)
    plan_next_zone(desk, clock=clock, ids=ids, policy=policy, effort=lambda: float(next(looks)))
    (record,) = desk.records
    return record
