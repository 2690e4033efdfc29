"""What the courier does, as dispatch tells it."""

from __future__ import annotations

from random import Random

from services.ordering.application import fulfilment
from services.ordering.domain.refund import FAULTS
from services.ordering.domain.store_order import BEFORE_PICKUP
from tests.laws.acts.choosing import part
from tests.laws.life import RULES, Life


def pick_up(life: Life, random: Random) -> None:
    if life.order.paid_at is None:
        return
    store = part(life, random, BEFORE_PICKUP)
    at = life.world.now()
    life.tell(
        lambda work: fulfilment.picked_up(
            work, order_id=life.order_id, store_order_id=store.store_order_id, at=at
        )
    )


def fail_pickup(life: Life, random: Random) -> None:
    if life.order.paid_at is None:
        return
    store, reason = part(life, random, BEFORE_PICKUP), random.choice(sorted(FAULTS))
    at = life.world.now()
    life.tell(
        lambda work: fulfilment.pickup_failed(
            work, order_id=life.order_id, store_order_id=store.store_order_id, reason=reason, at=at
        )
    )


def deliver(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.failed_at is not None:
        return
    life.courier_arrived(random)
    before, at = life.order, life.world.now()
    life.tell(
        lambda work: fulfilment.delivered(
            work,
            order_id=life.order_id,
            delivery_id=f"{life.name}-delivery",
            courier_id=life.courier_id,
            at=at,
            rules=RULES,
        )
    )
    if before.delivered_at is None:
        life.refunded_at_the_door = before.refunded


def fail_delivery(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.delivered_at is not None:
        return
    reason, at = random.choice(sorted(FAULTS)), life.world.now()
    life.tell(lambda work: fulfilment.delivery_failed(work, order_id=life.order_id, reason=reason, at=at))
