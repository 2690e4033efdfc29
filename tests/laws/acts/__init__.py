"""What may happen to an order, each act drawn from the ``Random`` it is given."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from services.ordering.domain.store_order import BEFORE_PICKUP, GONE
from tests.laws.acts.after_sale import answer_case, arbitrate, go_on_with_case, open_case
from tests.laws.acts.courier import (
    deliver,
    fail_delivery,
    fail_pickup,
    hand_over_one,
    pick_up,
    split_up,
)
from tests.laws.acts.paying import (
    attempt_fails,
    begin_to_pay,
    charge,
    hand_back,
    notify,
    pay_at_the_door,
    provider_goes_or_comes,
    tell_again,
)
from tests.laws.acts.picking import answer_proposal, miss, propose, weigh
from tests.laws.acts.post import deliver_letters, send_refunds, time_passes
from tests.laws.acts.shops import accept, cancel, ready, refund_lines, refund_order, refund_part, reject
from tests.laws.life import Act, Life

UNPAID: dict[Act, int] = {begin_to_pay: 12, charge: 24, pay_at_the_door: 4, attempt_fails: 1, cancel: 1}
PAID: dict[Act, int] = {
    accept: 5,
    reject: 1,
    ready: 4,
    refund_lines: 5,
    refund_part: 1,
    refund_order: 1,
    cancel: 1,
    pick_up: 3,
    fail_pickup: 1,
    deliver: 3,
    fail_delivery: 1,
    split_up: 4,
    hand_over_one: 1,
    charge: 1,
    weigh: 3,
    miss: 1,
    propose: 4,
    answer_proposal: 4,
    hand_back: 1,
}
DELIVERED: dict[Act, int] = {
    refund_lines: 3,
    open_case: 8,
    answer_case: 8,
    go_on_with_case: 8,
    arbitrate: 8,
    hand_back: 3,
    time_passes: 1,
}
ALWAYS: dict[Act, int] = {
    tell_again: 1,
    provider_goes_or_comes: 1,
    time_passes: 2,
    send_refunds: 1,
    deliver_letters: 4,
}
ACTS: tuple[Act, ...] = tuple({**UNPAID, **PAID, **DELIVERED, **ALWAYS})


def weighted(life: Life) -> tuple[list[Act], list[int]]:
    """What may happen, mostly what fits the order's state; now and then anything at all."""
    order = life.order
    likely = dict(UNPAID if order.paid_at is None else PAID)
    if order.delivered_at is not None:
        likely = dict(DELIVERED)
        if not life.cases:
            del likely[answer_case], likely[go_on_with_case], likely[arbitrate]
        elif life.appealed:
            likely[arbitrate] = 30
        elif life.rejected:
            likely[go_on_with_case] = 30
        elif life.unanswered:
            likely[answer_case] = 20
    over = all(store.status in GONE for store in order.stores)
    if (
        order.paid_at is not None
        and order.delivered_at is None
        and not over
        and any(s.status not in BEFORE_PICKUP for s in order.stores)
    ):
        likely[deliver] = 6
        if life.split is not None:
            handed = bool(order.delivery.handed_over)
            likely[deliver], likely[fail_delivery], likely[hand_over_one] = 3, 6 if handed else 1, 12
    weights = {act: 4 * weight for act, weight in likely.items()}
    weights |= {act: 4 * weight for act, weight in ALWAYS.items()}
    for act in ACTS:
        weights.setdefault(act, 1)
    return list(weights), list(weights.values())


def step(life: Life, random: Random) -> str:
    """One thing that may happen now; answers what, and how it went."""
    return life.do(random.choices(*weighted(life))[0], random)


def finish(life: Life, random: Random) -> None:
    """Let every notice, letter and refund arrive; what the order's life still lacks stays open."""
    life.till.is_away = False
    for notice in life.notices:
        notify(life, notice)
    life.world.pass_by(timedelta(minutes=2))
    life.backend.end_pauses()
    send_refunds(life, random)
    life.collect_letters()
    while life.undelivered:
        deliver_letters(life, random)
