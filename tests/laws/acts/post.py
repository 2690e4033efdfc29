"""Time that passes, refunds that are sent, and letters from ordering to commission."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from services.ordering.application import cases, deadlines, paying
from tests.laws.life import Life


def time_passes(life: Life, random: Random) -> None:
    life.world.pass_by(timedelta(minutes=random.choice((1, 10, 20, 60 * 30, 60 * 49))))
    deadlines.keep_deadlines(transactions=life.backend.ordering, clock=life.world)
    cases.decide_overdue(transactions=life.backend.ordering, clock=life.world)
    deadlines.complete_delivered(transactions=life.backend.ordering, clock=life.world)
    deadlines.expire_unpaid(transactions=life.backend.ordering, providers=life.providers, clock=life.world)


def send_refunds(life: Life, random: Random) -> None:
    paying.send_refunds(transactions=life.backend.ordering, providers=life.providers, clock=life.world)


def deliver_letters(life: Life, random: Random) -> None:
    """Some of what is on its way reaches commission, in any order, and old letters once more."""
    random.shuffle(life.undelivered)
    taken = life.undelivered[: random.randint(1, max(1, len(life.undelivered)))]
    life.undelivered = life.undelivered[len(taken) :]
    again = [letter for letter in life.delivered_letters if random.random() < 0.1]
    life.delivered_letters += taken
    batch = taken + again
    random.shuffle(batch)
    life.record(batch)
