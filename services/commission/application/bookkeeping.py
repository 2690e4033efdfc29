"""Keeping the books of orders: add what was heard, see what the ledger should say, post the difference.

What is posted is always a difference to a goal that depends on the facts alone. So events may come in any
order and any number of times: the sums are the same in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.commission.application import promoters
from services.commission.application.guarantees import TripEarned
from services.commission.application.ports import Books, CourierTrip, OpenOrder
from services.commission.domain.announcements import (
    Announcement,
    CommissionAccrued,
    CommissionReleased,
    CommissionReversed,
    SettlementPosted,
)
from services.commission.domain.errors import ContradictoryEvent, NoRatePlan
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import PAYEES, Cause, Entry, Posting, Sheet, difference
from services.commission.domain.promotion import Accrual, AccrualStatus
from services.commission.domain.settlement import goal_of
from shared.kernel.clock import Clock
from shared.kernel.ids import derived_id

_EARNED = {AccrualStatus.ACCRUED, AccrualStatus.RELEASED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What one event told of an order; what follows from it is announced under the event's ``context``."""

    facts: OrderFacts
    cause: Cause
    context: object = None


def record(heard: Sequence[Heard], *, books: Books, clock: Clock) -> list[TripEarned]:
    """Take in what events told of any number of orders, and post what that makes necessary.

    Returns the deliveries whose pay became known by that.

    Raises :class:`NoRatePlan` when no plan was in force at a payment, :class:`ContradictoryEvent` when an
    event's currency is not its order's.
    """
    return [earned for turn in _turns(heard) for earned in _record(turn, books, clock)]


def _turns(heard: Sequence[Heard]) -> Iterator[Mapping[str, Heard]]:
    """Events of different orders take effect together, those of one order one after another."""
    turns: list[dict[str, Heard]] = []
    told: Counter[str] = Counter()
    for each in heard:
        order_id = each.facts.order_id
        if told[order_id] == len(turns):
            turns.append({})
        turns[told[order_id]][order_id] = each
        told[order_id] += 1
    return iter(turns)


def _record(heard: Mapping[str, Heard], books: Books, clock: Clock) -> list[TripEarned]:
    now = clock.now()
    told = promoters.attribute([each.facts for each in heard.values()], books.market)
    orders = promoters.judge(books.add(told), books)
    for order in orders:
        _check(order, heard[order.facts.order_id])
    paid = {order.facts.order_id: order for order in orders if order.facts.paid is not None}
    goals = {order_id: goal_of(order.facts, order.plan) for order_id, order in paid.items()}
    known = [order_id for order_id, order in paid.items() if not order.fresh]
    posted = books.posted(known)
    accrued = books.accruals([order_id for order_id in known if goals[order_id].accruals])

    postings: list[Posting] = []
    changes: list[tuple[Accrual, str]] = []
    news: dict[str, list[Announcement]] = {}
    for order_id, order in paid.items():
        goal, each = goals[order_id], heard[order_id]
        entries = difference(goal.sheet, posted.get(order_id, Sheet()))
        if entries:
            posting = _posting(order, each.cause, entries, now)
            postings.append(posting)
            news[order_id] = [*settlements(posting)]
        before = accrued.get(order_id, {})
        changed = [accrual for accrual in goal.accruals if before.get(accrual.accrual_id) != accrual]
        if changed:
            currency = order.facts.currency or ""
            changes += [(accrual, currency) for accrual in changed]
            news.setdefault(order_id, []).extend(_progress(before, changed, each.facts, currency, now))
    books.post(postings)
    books.keep_accruals(changes, now)
    for order_id, announcements in news.items():
        books.announce(announcements, heard[order_id].context)
    return [earned for order_id, order in paid.items() for earned in _earned(order, heard[order_id])]


def _earned(order: OpenOrder, heard: Heard) -> Iterator[TripEarned]:
    """The trips of an order, by the event that made their pay known."""
    told = heard.facts.trip or heard.facts.earlier_trips or heard.facts.paid
    if order.plan is None or not told:
        return
    for trip in order.facts.trips:
        yield TripEarned(
            trip=CourierTrip(
                order_id=order.facts.order_id,
                earlier_delivery_id=None if trip is order.facts.trip else trip.delivery_id,
                courier_id=trip.courier_id,
                currency=order.facts.currency or "",
                completed_at=trip.completed_at,
                pay=order.plan.courier_pay.of(trip),
            ),
            cause=heard.cause,
        )


def _check(order: OpenOrder, heard: Heard) -> None:
    told, known = heard.facts.currency, order.facts.currency
    if told is not None and known != told:
        raise ContradictoryEvent(f"{heard.cause.type} is in {told}, the order in {known}.")
    if order.facts.paid is not None and order.plan is None:
        raise NoRatePlan(f"No rate plan was in force at {order.facts.paid.paid_at:%Y-%m-%d %H:%M}.")


def _posting(order: OpenOrder, cause: Cause, entries: list[Entry], at: datetime) -> Posting:
    return Posting(
        transaction_id=derived_id("posting", cause.event_id),
        cause=cause,
        order_id=order.facts.order_id,
        currency=order.facts.currency or "",
        rate_plan=order.plan_version or 0,
        posted_at=at,
        entries=tuple(entries),
    )


def settlements(posting: Posting) -> list[SettlementPosted]:
    """What ``posting`` moved to shops, couriers and the delivery fee, for each payee and store order.

    Nothing is announced of a transaction that concerns no order.
    """
    if posting.order_id is None:
        return []
    groups: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in posting.entries:
        if entry.heading.account.startswith(tuple(PAYEES)):
            groups.setdefault((entry.heading.account, entry.heading.store_order_id), []).append(entry)
    announced = []
    for (account, store_order_id), entries in groups.items():
        prefix = next(prefix for prefix in PAYEES if account.startswith(prefix))
        announced.append(
            SettlementPosted(
                settlement_id=derived_id("settlement", posting.transaction_id, account, store_order_id or ""),
                transaction_id=posting.transaction_id,
                order_id=posting.order_id,
                store_order_id=store_order_id,
                kind=PAYEES[prefix][0],
                payee_kind=PAYEES[prefix][1],
                payee_id=account.removeprefix(prefix) or None,
                currency=posting.currency,
                amount=-sum(entry.amount for entry in entries),
                parts=tuple((entry.heading.kind, -entry.amount) for entry in entries),
                correction=any(entry.reverses for entry in entries),
                rate_plan=posting.rate_plan or 0,
                at=posting.posted_at,
            )
        )
    return announced


def _progress(
    before: Mapping[str, Accrual], changed: Sequence[Accrual], heard: OrderFacts, currency: str, now: datetime
) -> Iterator[Announcement]:
    """What is new about each changed commission."""
    for accrual in changed:
        old = before.get(accrual.accrual_id)
        was_earned = old is not None and old.status in _EARNED
        if old is not None and was_earned and accrual.amount < old.amount:
            refund_id = next(iter(heard.refunds), "")
            lost = old.amount - accrual.amount
            yield CommissionReversed(
                accrual=accrual, amount=lost, refund_id=refund_id, currency=currency, at=now
            )
        if accrual.status in _EARNED and not was_earned:
            yield CommissionAccrued(accrual=accrual, currency=currency, at=now)
        was_released = old is not None and old.status is AccrualStatus.RELEASED
        if accrual.status is AccrualStatus.RELEASED and not was_released:
            yield CommissionReleased(accrual=accrual, currency=currency, at=now)
