"""What customers complain of, and how that is decided."""

from __future__ import annotations

from random import Random

from services.ordering.application import cases
from services.ordering.domain.case_commands import (
    AnswerCase,
    ArbitrateCase,
    ConfirmCase,
    Decision,
    MoveCase,
    OpenCase,
)
from tests.laws.acts.choosing import merchant, part
from tests.laws.life import BUYER, OPERATOR, RULES, Life


def open_case(life: Life, random: Random) -> None:
    store = part(life, random)
    line = random.choice(store.lines)
    case_id = f"case-{life.number()}"
    cases.open_(
        OpenCase(
            actor=BUYER,
            case_id=case_id,
            order_id=life.order_id,
            lines={line.line_id: random.randint(1, max(1, line.left))},
            reason="damaged",
            words=None,
        ),
        transactions=life.backend.ordering,
        clock=life.world,
        rules=RULES,
    )
    life.cases.append((case_id, merchant(store)))
    life.unanswered.append(life.cases[-1])


def answer_case(life: Life, random: Random) -> None:
    if life.cases:
        case_id, shop = random.choice(life.unanswered or life.cases)
        life.unanswered.clear()
        decision = random.choice((*Decision, Decision.REJECT))
        cases.answer(
            AnswerCase(
                actor=OPERATOR if random.random() < 0.1 else shop,
                case_id=case_id,
                decision=decision,
                words="so it is",
            ),
            transactions=life.backend.ordering,
            clock=life.world,
            rules=RULES,
        )
        if decision is Decision.REJECT:
            life.rejected.append(case_id)


def go_on_with_case(life: Life, random: Random) -> None:
    """The customer appeals, withdraws, or says what arrived."""
    if life.cases:
        ordering = life.backend.ordering
        case_id = random.choice(life.rejected or [case_id for case_id, _ in life.cases])
        life.rejected.clear()
        move = MoveCase(actor=BUYER, case_id=case_id, words="no")
        match random.randrange(4):
            case 0 | 3:
                cases.appeal(move, transactions=ordering, clock=life.world)
                life.appealed.append(case_id)
            case 1:
                cases.withdraw(move, transactions=ordering, clock=life.world)
            case _:
                arrived = ConfirmCase(actor=BUYER, case_id=case_id, arrived=random.random() < 0.5, words=None)
                cases.confirm(arrived, transactions=ordering, clock=life.world)


def arbitrate(life: Life, random: Random) -> None:
    if life.cases:
        case_id = random.choice(life.appealed or [case_id for case_id, _ in life.cases])
        life.appealed.clear()
        cases.arbitrate(
            ArbitrateCase(
                actor=OPERATOR,
                case_id=case_id,
                decision=random.choice((*Decision, Decision.REFUND)),
                borne_by=random.choice(("shop", "platform", "courier")),
                return_delivery_fee=random.random() < 0.3,
                words="decided",
            ),
            transactions=life.backend.ordering,
            clock=life.world,
            rules=RULES,
        )
