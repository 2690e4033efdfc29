"""What happens to the money of an order: attempts, charges, cash at the door, notices."""

from __future__ import annotations

from random import Random

from services.ordering.application import paying, refunds
from services.ordering.domain.commands import (
    Actor,
    HandBackRefund,
    PayOrder,
    ProviderNotice,
)
from services.ordering.domain.errors import OrderNotPayable
from services.ordering.domain.payment import CASH
from tests.laws.life import BUYER, OPERATOR, RULES, Life
from tests.laws.till import METHOD


def begin_to_pay(life: Life, random: Random) -> None:
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


def pay_at_the_door(life: Life, random: Random) -> None:
    command = PayOrder(
        actor=BUYER,
        order_id=life.order_id,
        payment_id=f"{life.name}-cash-{random.randrange(2)}",
        method=CASH,
        scenario="",
    )
    was_unpaid = life.order.paid_at is None
    try:
        paying.confirm_cash(
            command,
            transactions=life.backend.ordering,
            providers=life.providers,
            clock=life.world,
            rules=RULES,
        )
    except OrderNotPayable:
        # A charge that was found when the attempts were closed pays the order instead.
        if not (was_unpaid and life.order.paid_at is not None):
            raise


def hand_back(life: Life, random: Random) -> None:
    """Somebody gives a customer the money of a refund in hand; often there is none to give."""
    if life.refunds:
        actor = random.choice((OPERATOR, Actor(account_id=life.courier_id, role="courier")))
        refund_id = random.choice(life.refunds).refund_id
        refunds.hand_back(
            HandBackRefund(actor=actor, refund_id=refund_id),
            transactions=life.backend.ordering,
            clock=life.world,
        )
        life.handed_back.add(refund_id)


def charge(life: Life, random: Random) -> None:
    """The provider takes money: in time, late, or a second time; its notice may get lost."""
    if life.till.attempts:
        notice = life.till.charge(random.choice(sorted(life.till.attempts)))
        life.notices.append(notice)
        life.unheard.add(notice.charge_id or "")
        if random.random() < 0.8:
            notify(life, notice)


def tell_again(life: Life, random: Random) -> None:
    """A notice that was lost, or was heard before."""
    if life.notices:
        notify(life, random.choice(life.notices))


def attempt_fails(life: Life, random: Random) -> None:
    if life.till.attempts:
        payment = life.till.attempts[random.choice(sorted(life.till.attempts))]
        notify(
            life,
            ProviderNotice(
                payment_id=payment.payment_id,
                succeeded=False,
                charge_id=None,
                amount=payment.amount,
                currency=payment.currency,
            ),
        )


def notify(life: Life, notice: ProviderNotice) -> None:
    paying.take_notice(notice, transactions=life.backend.ordering, clock=life.world)
    life.unheard.discard(notice.charge_id or "")


def provider_goes_or_comes(life: Life, random: Random) -> None:
    life.till.is_away = not life.till.is_away
