"""What may happen to an order, each act drawn from the ``Random`` it is given."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from random import Random

from services.ordering.application import after_sale, deadlines, fulfilment, paying
from services.ordering.domain.commands import (
    AcceptStoreOrder,
    Actor,
    CancelOrder,
    PayOrder,
    ProviderNotice,
    ReadyStoreOrder,
    RefundOrder,
    RejectStoreOrder,
)
from services.ordering.domain.order import Order
from services.ordering.domain.refund import FAULTS
from services.ordering.domain.store_order import BEFORE_PICKUP, GONE, StoreOrder, StoreStatus
from tests.laws.life import BUYER, COURIERS, OPERATOR, RULES, Act, Life
from tests.laws.till import METHOD


def _part(life: Life, random: Random, fit: Collection[StoreStatus] = ()) -> StoreOrder:
    """A part whose status is fit for what follows, mostly; any part now and then."""
    stores = life.order.stores
    ready = [store for store in stores if store.status in fit]
    return random.choice(ready if ready and random.random() < 0.85 else stores)


def _merchant(store: StoreOrder) -> Actor:
    return Actor(account_id=store.merchant_id, role="merchant")


# -- paying ----------------------------------------------------------------------------------------


def _begin_to_pay(life: Life, random: Random) -> None:
    paying.pay(
        PayOrder(
            actor=BUYER,
            order_id=life.order_id,
            payment_id=f"{life.name}-payment-{random.randrange(3)}",
            method=METHOD,
            scenario="success",
        ),
        transactions=life.backend.ordering,
        providers=life.providers,
        clock=life.world,
    )


def _charge(life: Life, random: Random) -> None:
    """The provider takes money: in time, late, or a second time; its notice may get lost."""
    if life.till.attempts:
        notice = life.till.charge(random.choice(sorted(life.till.attempts)))
        life.notices.append(notice)
        life.unheard.add(notice.charge_id or "")
        if random.random() < 0.8:
            _notify(life, notice)


def _tell_again(life: Life, random: Random) -> None:
    """A notice that was lost, or was heard before."""
    if life.notices:
        _notify(life, random.choice(life.notices))


def _attempt_fails(life: Life, random: Random) -> None:
    if life.till.attempts:
        payment = life.till.attempts[random.choice(sorted(life.till.attempts))]
        _notify(
            life,
            ProviderNotice(
                payment_id=payment.payment_id,
                succeeded=False,
                charge_id=None,
                amount=payment.amount,
                currency=payment.currency,
            ),
        )


def _notify(life: Life, notice: ProviderNotice) -> None:
    paying.take_notice(notice, transactions=life.backend.ordering, clock=life.world)
    life.unheard.discard(notice.charge_id or "")


def _provider_goes_or_comes(life: Life, random: Random) -> None:
    life.till.is_away = not life.till.is_away


# -- shops and the customer ------------------------------------------------------------------------


def _accept(life: Life, random: Random) -> None:
    store = _part(life, random, {StoreStatus.PLACED})
    fulfilment.accept(
        AcceptStoreOrder(
            actor=_merchant(store),
            store_order_id=store.store_order_id,
            ready_at=life.world.now() + timedelta(minutes=10),
        ),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def _reject(life: Life, random: Random) -> None:
    store = _part(life, random, BEFORE_PICKUP)
    fulfilment.reject(
        RejectStoreOrder(actor=_merchant(store), store_order_id=store.store_order_id, reason="sold-out"),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def _ready(life: Life, random: Random) -> None:
    store = _part(life, random, {StoreStatus.ACCEPTED})
    fulfilment.ready(
        ReadyStoreOrder(actor=_merchant(store), store_order_id=store.store_order_id),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def _refund_lines(life: Life, random: Random) -> None:
    """Some units of some lines of one part; now and then more than there are."""
    store = _part(life, random)
    chosen = random.sample(store.lines, random.randint(1, len(store.lines)))
    lines = {line.line_id: random.randint(1, max(1, line.left + (random.random() < 0.1))) for line in chosen}
    actor = OPERATOR if random.random() < 0.3 else _merchant(store)
    _refund(life, random, actor, store.store_order_id, lines)


def _refund_part(life: Life, random: Random) -> None:
    store = _part(life, random)
    _refund(life, random, _merchant(store), store.store_order_id, None)


def _refund_order(life: Life, random: Random) -> None:
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


def _cancel(life: Life, random: Random) -> None:
    actor = BUYER if random.random() < 0.8 else OPERATOR
    after_sale.cancel(
        CancelOrder(actor=actor, order_id=life.order_id, reason="changed-mind"),
        transactions=life.backend.ordering,
        providers=life.providers,
        clock=life.world,
    )


# -- the courier, as dispatch tells it ---------------------------------------------------------------


def _pick_up(life: Life, random: Random) -> None:
    if life.order.paid_at is None:
        return
    store = _part(life, random, BEFORE_PICKUP)
    at = life.world.now()
    life.tell(
        lambda work: fulfilment.picked_up(
            work, order_id=life.order_id, store_order_id=store.store_order_id, at=at
        )
    )


def _fail_pickup(life: Life, random: Random) -> None:
    if life.order.paid_at is None:
        return
    store, reason = _part(life, random, BEFORE_PICKUP), random.choice(sorted(FAULTS))
    at = life.world.now()
    life.tell(
        lambda work: fulfilment.pickup_failed(
            work, order_id=life.order_id, store_order_id=store.store_order_id, reason=reason, at=at
        )
    )


def _deliver(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.failed_at is not None:
        return
    life.courier_arrived(random)
    at = life.world.now()
    life.tell(
        lambda work: fulfilment.delivered(
            work,
            order_id=life.order_id,
            delivery_id=f"{life.name}-delivery",
            courier_id=COURIERS[0],
            at=at,
            rules=RULES,
        )
    )


def _fail_delivery(life: Life, random: Random) -> None:
    if life.order.paid_at is None or life.order.delivery.delivered_at is not None:
        return
    reason, at = random.choice(sorted(FAULTS)), life.world.now()
    life.tell(lambda work: fulfilment.delivery_failed(work, order_id=life.order_id, reason=reason, at=at))


# -- time and the post -------------------------------------------------------------------------------


def _time_passes(life: Life, random: Random) -> None:
    life.world.pass_by(timedelta(minutes=random.choice((1, 10, 20, 60 * 30, 60 * 49))))
    deadlines.complete_delivered(transactions=life.backend.ordering, clock=life.world)
    deadlines.expire_unpaid(transactions=life.backend.ordering, providers=life.providers, clock=life.world)


def _send_refunds(life: Life, random: Random) -> None:
    paying.send_refunds(transactions=life.backend.ordering, providers=life.providers)


def _deliver_letters(life: Life, random: Random) -> None:
    """Some of what is on its way reaches commission, in any order, and old letters once more."""
    random.shuffle(life.undelivered)
    taken = life.undelivered[: random.randint(1, max(1, len(life.undelivered)))]
    life.undelivered = life.undelivered[len(taken) :]
    again = [letter for letter in life.delivered_letters if random.random() < 0.1]
    life.delivered_letters += taken
    batch = taken + again
    random.shuffle(batch)
    life.record(batch)


UNPAID: dict[Act, int] = {_begin_to_pay: 12, _charge: 24, _attempt_fails: 1, _cancel: 1}
PAID: dict[Act, int] = {
    _accept: 5,
    _reject: 1,
    _ready: 4,
    _refund_lines: 5,
    _refund_part: 1,
    _refund_order: 1,
    _cancel: 1,
    _pick_up: 3,
    _fail_pickup: 1,
    _deliver: 3,
    _fail_delivery: 1,
    _charge: 1,
}
ALWAYS: dict[Act, int] = {
    _tell_again: 1,
    _provider_goes_or_comes: 1,
    _time_passes: 2,
    _send_refunds: 1,
    _deliver_letters: 4,
}
ACTS: tuple[Act, ...] = tuple({**UNPAID, **PAID, **ALWAYS})


def weighted(order: Order) -> tuple[list[Act], list[int]]:
    """What may happen, mostly what fits the order's state; now and then anything at all."""
    likely = dict(UNPAID if order.paid_at is None else PAID)
    over = all(store.status in GONE for store in order.stores)
    if order.paid_at is not None and not over and any(s.status not in BEFORE_PICKUP for s in order.stores):
        likely[_deliver] = 6
    weights = {act: 4 * weight for act, weight in likely.items()}
    weights |= {act: 4 * weight for act, weight in ALWAYS.items()}
    for act in ACTS:
        weights.setdefault(act, 1)
    return list(weights), list(weights.values())


def step(life: Life, random: Random) -> str:
    """One thing that may happen now; answers what, and how it went."""
    return life.do(random.choices(*weighted(life.order))[0], random)


def finish(life: Life, random: Random) -> None:
    """Let every notice, letter and refund arrive; what the order's life still lacks stays open."""
    life.till.is_away = False
    for notice in life.notices:
        _notify(life, notice)
    life.world.pass_by(timedelta(minutes=2))
    _send_refunds(life, random)
    life.collect_letters()
    while life.undelivered:
        _deliver_letters(life, random)
