"""What the courier does, as dispatch tells it."""

from __future__ import annotations

from random import Random

from services.ordering.application import fulfilment
from services.ordering.domain.delivery import Split
from services.ordering.domain.payment import CASH
from services.ordering.domain.refund import FAULTS
from services.ordering.domain.store_order import BEFORE_PICKUP
from tests.laws.acts.choosing import part
from tests.laws.life import COURIERS, RULES, Life


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


def split_up(life: Life, random: Random) -> None:
    """A second courier brings some of what nobody has collected yet."""
    order = life.order
    open_ = [store.store_order_id for store in order.stores if store.status in BEFORE_PICKUP]
    going_on = [store for store in order.stores if store.is_live]
    is_over = order.delivery.delivered_at is not None or order.delivery.failed_at is not None
    if order.paid_at is None or order.method == CASH or is_over or life.split is not None or not open_:
        return
    moved = random.sample(open_, random.randint(1, len(open_)))
    if len(moved) == len(going_on):
        return
    life.second_courier_id = random.choice(COURIERS)
    life.split = Split(
        trip_id=f"{life.name}-trip-2",
        store_order_ids=tuple(moved),
        reason="shop-late",
        split_at=life.world.now(),
        rank=1,
    )
    told = life.split
    life.tell(lambda work: fulfilment.split(work, order_id=life.order_id, told=told))


def hand_over_one(life: Life, random: Random) -> None:
    """One of two couriers was at the door while the other still has something to bring."""
    if life.split is None or life.order.delivery.handed_over or life.order.delivery.failed_at is not None:
        return
    if life.parts_of(False) and life.parts_of(True):
        _hand_over(life, random, second=random.random() < 0.5)


def _hand_over(life: Life, random: Random, *, second: bool) -> None:
    parts, at = tuple(store.store_order_id for store in life.parts_of(second)), life.world.now()
    life.courier_arrived(random, second=second, pickups=len(parts), type="TripCompleted")
    life.tell(
        lambda work: fulfilment.trip_completed(
            work,
            order_id=life.order_id,
            delivery_id=life.delivery_id(second),
            courier_id=life.courier_of(second),
            at=at,
            store_order_ids=parts,
        )
    )


def deliver(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.failed_at is not None:
        return
    second, pickups = False, None
    if life.split is not None:
        if life.order.delivery.delivered_at is not None:
            return
        first, rest = life.parts_of(False), life.parts_of(True)
        if first and rest and not life.order.delivery.handed_over:
            _hand_over(life, random, second=random.random() < 0.5)
        # What was handed over already is told again where the other trip has nothing left.
        was_second = bool(life.order.delivery.second.handed_over)
        second = not was_second if life.order.delivery.handed_over else bool(rest)
        if not life.parts_of(second):
            second = not second
        pickups = len(life.parts_of(second)) or None
    life.courier_arrived(random, second=second, pickups=pickups)
    before, at = life.order, life.world.now()
    life.tell(
        lambda work: fulfilment.delivered(
            work,
            order_id=life.order_id,
            delivery_id=life.delivery_id(second),
            courier_id=life.courier_of(second),
            at=at,
            rules=RULES,
            pickups=pickups,
        )
    )
    if before.delivered_at is None:
        life.refunded_at_the_door = before.refunded


def fail_delivery(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.delivered_at is not None:
        return
    reason, at = random.choice(sorted(FAULTS)), life.world.now()
    if life.split is not None and life.parts_of(False) and life.parts_of(True):
        _fail_one(life, random, reason)
        return
    if life.order.delivery.handed_over:
        return
    life.tell(lambda work: fulfilment.delivery_failed(work, order_id=life.order_id, reason=reason, at=at))


def _fail_one(life: Life, random: Random, reason: str) -> None:
    """One of two trips fails as a whole: what was handed over by the other is all that comes."""
    handed, at = life.order.delivery.handed_over, life.world.now()
    second = not life.order.delivery.second.handed_over if handed else random.random() < 0.5
    for store in life.parts_of(second):
        name = store.store_order_id
        life.tell(
            lambda work, name=name: fulfilment.pickup_failed(
                work, order_id=life.order_id, store_order_id=name, reason=reason, at=at
            )
        )
    if handed:
        deliver(life, random)
