"""Every move of an order and of its parts: what, when, by whom and why. It is written once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.ordering.domain.order import Order


class Subject(StrEnum):
    """What moved."""

    ORDER = "order"
    STORE_ORDER = "store_order"
    SUBSTITUTION = "substitution"
    DELIVERY = "delivery"


@dataclass(frozen=True, kw_only=True)
class By:
    """Who moved it: a role of people, the ``provider`` of a payment, ``dispatch``, or the ``clock``."""

    role: str
    account_id: str | None = None


CLOCK, DISPATCH, COURIER = By(role="clock"), By(role="dispatch"), By(role="courier")


@dataclass(frozen=True, kw_only=True)
class Move:
    """How a store order comes into a state: who may bring it there, and what is told of it."""

    by: tuple[str, ...]
    event: str | None
    when: str


# By the state that a store order comes into. Who is named first did it, unless it is said otherwise.
MOVES: dict[str, Move] = {
    "placed": Move(
        by=("provider", "customer"), event="StoreOrderSplit", when="the order is paid, or to be paid in cash"
    ),
    "accepted": Move(by=("merchant", "operator"), event="StoreOrderAccepted", when="the shop takes it on"),
    "ready": Move(by=("merchant", "operator"), event="StoreOrderReady", when="it waits for the courier"),
    "picked_up": Move(by=("courier",), event=None, when="dispatch tells PickupCompleted"),
    "delivered": Move(by=("courier",), event="OrderDelivered", when="dispatch tells DeliveryCompleted"),
    "completed": Move(by=("clock",), event="OrderCompleted", when="the after-sale window has closed"),
    "rejected": Move(
        by=("merchant", "operator", "clock", "dispatch", "customer"),
        event="StoreOrderRejected",
        when="the shop refuses it or says nothing in time (`no-answer`), it could not be collected, all of it"
        " was paid back before its pickup, or only the other of two couriers has brought what they had",
    ),
    "cancelled": Move(
        by=("customer", "operator", "dispatch"),
        event="OrderCancelled",
        when="the customer withdraws before the first pickup, or the delivery has failed",
    ),
    "expired": Move(
        by=("clock", "provider"), event="OrderExpired", when="nobody paid in time, or a charge came too late"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One move from ``before`` (None: it came to be) to ``after``. What concerns all shops names no part."""

    subject: Subject
    subject_id: str
    store_order_id: str | None
    before: str | None
    after: str
    at: datetime
    by: By
    reason: str | None = None


def note(
    order: Order,
    subject: Subject,
    subject_id: str,
    store_order_id: str | None,
    *,
    before: str | None,
    after: str,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Write down a move within ``order``, as done by whom the order names, or by whom one expects."""
    order.steps.append(
        Step(
            subject=subject,
            subject_id=subject_id,
            store_order_id=store_order_id,
            before=None if before is None else str(before),
            after=str(after),
            at=at,
            by=order.by or By(role=MOVES[str(after)].by[0] if str(after) in MOVES else CLOCK.role),
            reason=reason,
        )
    )


def take_steps(order: Order) -> list[Step]:
    """The steps since the order was read, and the order's own last; they are taken once."""
    steps, status = list(order.steps), order.status
    if steps and status is not order.seen_status:
        last = steps[-1]
        steps.append(
            Step(
                subject=Subject.ORDER,
                subject_id=order.order_id,
                store_order_id=None,
                before=str(order.seen_status),
                after=str(status),
                at=last.at,
                by=last.by,
                reason=order.reason or last.reason,
            )
        )
    order.steps.clear()
    order.seen_status = status
    return steps


def first_step(order: Order) -> Step:
    """How every order's history begins; it follows from the order itself."""
    return Step(
        subject=Subject.ORDER,
        subject_id=order.order_id,
        store_order_id=None,
        before=None,
        after="pending_payment",
        at=order.placed_at,
        by=By(role="customer", account_id=order.customer_id),
    )
