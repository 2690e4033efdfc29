"""What shops find while they pick: weights, what is missing, what could take its place."""

from __future__ import annotations

from random import Random

from services.ordering.application import picking
from services.ordering.domain.commands import (
    AnswerSubstitution,
    ProposeSubstitution,
    ReportMissing,
    WeighLines,
)
from services.ordering.domain.store_order import BEFORE_PICKUP
from tests.laws.acts.choosing import merchant, part
from tests.laws.life import BUYER, RULES, KindPeers, Life


def weigh(life: Life, random: Random) -> None:
    store = part(life, random, BEFORE_PICKUP)
    weighed = [line for line in store.lines if line.unit_grams is not None and line.left]
    if weighed:
        line = random.choice(weighed)
        estimated = (line.unit_grams or 0) * line.left
        picking.weigh(
            WeighLines(
                actor=merchant(store),
                store_order_id=store.store_order_id,
                grams={line.line_id: max(1, estimated * random.randint(50, 120) // 100)},
            ),
            transactions=life.backend.ordering,
            clock=life.world,
        )


def miss(life: Life, random: Random) -> None:
    store = part(life, random, BEFORE_PICKUP)
    line = random.choice(store.lines)
    picking.report_missing(
        ReportMissing(
            actor=merchant(store),
            refund_id=f"missing-{life.number()}",
            store_order_id=store.store_order_id,
            line_id=line.line_id,
            quantity=random.randint(1, max(1, line.left)),
        ),
        transactions=life.backend.ordering,
        clock=life.world,
    )


def propose(life: Life, random: Random) -> None:
    """Something else, cheaper or dearer, for units of a line; now and then under an id of before."""
    store = part(life, random, BEFORE_PICKUP)
    line = random.choice(store.lines)
    known = life.substitutions and random.random() < 0.1
    substitution_id = random.choice(life.substitutions) if known else f"substitution-{life.number()}"
    price = random.choice((0, 1, line.unit_price, random.randint(0, line.unit_price * 2)))
    picking.propose(
        ProposeSubstitution(
            actor=merchant(store),
            substitution_id=substitution_id,
            store_order_id=store.store_order_id,
            line_id=line.line_id,
            quantity=random.randint(1, max(1, line.left)),
            listing_id=None,
            name="something else",
            unit_price=price,
            currency="CNY",
            photo_url=None,
        ),
        transactions=life.backend.ordering,
        peers=KindPeers(),  # type: ignore[arg-type]
        clock=life.world,
        rules=RULES,
    )
    life.substitutions.append(substitution_id)


def answer_proposal(life: Life, random: Random) -> None:
    if life.substitutions:
        picking.answer(
            AnswerSubstitution(
                actor=BUYER,
                substitution_id=random.choice(life.substitutions),
                accepted=random.random() < 0.6,
            ),
            transactions=life.backend.ordering,
            clock=life.world,
        )
