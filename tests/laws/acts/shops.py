"""What shops, customers and operators do with an order as it was placed."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from services.ordering.application import after_sale, fulfilment
from services.ordering.domain.commands import (
    AcceptStoreOrder,
    Actor,
    CancelOrder,
    ReadyStoreOrder,
    RefundOrder,
    RejectStoreOrder,
)
from services.ordering.domain.store_order import BEFORE_PICKUP, StoreStatus
from tests.laws.acts.choosing import merchant, part
from tests.laws.life import BUYER, OPERATOR, Life


def accept(life: Life, random: Random) -> None:
    store = part(life, random, {StoreStatus.PLACED})
    fulfilment.accept(
        AcceptStoreOrder(
            actor=merchant(store),
            store_order_id=store.store_order_id,
            ready_at=life.world.now() + timedelta(minutes=10),
        ),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def reject(life: Life, random: Random) -> None:
    store = part(life, random, BEFORE_PICKUP)
    fulfilment.reject(
        RejectStoreOrder(actor=merchant(store), store_order_id=store.store_order_id, reason="sold-out"),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def ready(life: Life, random: Random) -> None:
    store = part(life, random, {StoreStatus.ACCEPTED})
    fulfilment.ready(
        ReadyStoreOrder(actor=merchant(store), store_order_id=store.store_order_id),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def refund_lines(life: Life, random: Random) -> None:
    """Some units of some lines of one part; now and then more than there are."""
    store = part(life, random)
    chosen = random.sample(store.lines, random.randint(1, len(store.lines)))
    lines = {line.line_id: random.randint(1, max(1, line.left + (random.random() < 0.1))) for line in chosen}
    actor = OPERATOR if random.random() < 0.3 else merchant(store)
    _refund(life, random, actor, store.store_order_id, lines)


def refund_part(life: Life, random: Random) -> None:
    store = part(life, random)
    _refund(life, random, merchant(store), store.store_order_id, None)


def refund_order(life: Life, random: Random) -> None:
    _refund(life, random, OPERATOR, None, None)


def _refund(
    life: Life, random: Random, actor: Actor, store_order_id: str | None, lines: dict[str, int] | None
) -> None:
    # An id of before now and then: the same command twice, or another one under its id.
    refund_id = life.number() if random.random() < 0.85 else f"{life.name}-{random.randint(1, 5)}"
    after_sale.refund(
        RefundOrder(
            actor=actor,
            refund_id=f"refund-{refund_id}",
            order_id=life.order_id if store_order_id is None else None,
            store_order_id=store_order_id,
            lines=lines,
            reason="not-good",
            return_delivery_fee=actor.is_operator and random.random() < 0.4,
        ),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def cancel(life: Life, random: Random) -> None:
    actor = BUYER if random.random() < 0.8 else OPERATOR
    after_sale.cancel(
        CancelOrder(actor=actor, order_id=life.order_id, reason="changed-mind"),
        transactions=life.backend.ordering,
        providers=life.providers,
        clock=life.world,
    )
