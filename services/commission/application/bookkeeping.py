"""Keeping the books of an order: add what was heard, see what the ledger should say, post the difference.

What is posted is always a difference to a goal that depends on the facts alone. So events may come in any
order and any number of times: the sums are the same in the end.
"""

from __future__ import annotations

from dataclasses import replace

from services.commission.application.ports import Books, OpenOrder
from services.commission.domain.announcements import (
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


def record(facts: OrderFacts, cause: Cause, *, books: Books, clock: Clock) -> Posting | None:
    """Take in what ``cause`` tells of an order; returns the transaction it made necessary, if any.

    Raises :class:`NoRatePlan` when no plan was in force at payment, :class:`ContradictoryEvent` when the
    event's currency is not the order's.
    """
    order = books.add(_with_link_terms(facts, books))
    if facts.currency is not None and order.facts.currency != facts.currency:
        raise ContradictoryEvent(f"{cause.type} is in {facts.currency}, the order in {order.facts.currency}.")
    if order.facts.paid is None:
        return None
    if order.plan is None:
        raise NoRatePlan(f"No rate plan was in force at {order.facts.paid.paid_at:%Y-%m-%d %H:%M}.")
    goal = goal_of(order.facts, order.plan)
    entries = difference(goal.sheet, Sheet() if order.fresh else books.posted(order.facts.order_id))
    posting = _post(order, cause, entries, books, clock) if entries else None
    if goal.accruals:
        _follow_accruals(goal.accruals, order, facts, books, clock)
    return posting


def _with_link_terms(facts: OrderFacts, books: Books) -> OrderFacts:
    if facts.paid is None:
        return facts
    link_ids = {
        line.promotion_link_id
        for part in facts.paid.parts
        for line in part.lines
        if line.promotion_link_id is not None
    }
    if not link_ids:
        return facts
    return replace(facts, paid=replace(facts.paid, links=books.link_terms(link_ids)))


def _post(order: OpenOrder, cause: Cause, entries: list[Entry], books: Books, clock: Clock) -> Posting:
    posting = Posting(
        transaction_id=derived_id("posting", cause.event_id),
        cause=cause,
        order_id=order.facts.order_id,
        currency=order.facts.currency or "",
        rate_plan=order.plan_version or 0,
        posted_at=clock.now(),
        entries=tuple(entries),
    )
    books.post(posting)
    for settlement in settlements(posting):
        books.announce(settlement)
    return posting


def settlements(posting: Posting) -> list[SettlementPosted]:
    """What ``posting`` moved to shops, couriers and the delivery fee, for each payee and store order."""
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
                rate_plan=posting.rate_plan,
                at=posting.posted_at,
            )
        )
    return announced


def _follow_accruals(
    accruals: list[Accrual], order: OpenOrder, heard: OrderFacts, books: Books, clock: Clock
) -> None:
    """Store what became of each commission, and say what is new about it."""
    before = {} if order.fresh else books.accruals(order.facts.order_id)
    changed = [accrual for accrual in accruals if before.get(accrual.accrual_id) != accrual]
    if not changed:
        return
    now, currency = clock.now(), order.facts.currency or ""
    books.keep_accruals(changed, currency, now)
    for accrual in changed:
        old = before.get(accrual.accrual_id)
        was_earned = old is not None and old.status in _EARNED
        if old is not None and was_earned and accrual.amount < old.amount:
            refund_id = next(iter(heard.refunds), "")
            lost = old.amount - accrual.amount
            books.announce(
                CommissionReversed(
                    accrual=accrual, amount=lost, refund_id=refund_id, currency=currency, at=now
                )
            )
        if accrual.status in _EARNED and not was_earned:
            books.announce(CommissionAccrued(accrual=accrual, currency=currency, at=now))
        was_released = old is not None and old.status is AccrualStatus.RELEASED
        if accrual.status is AccrualStatus.RELEASED and not was_released:
            books.announce(CommissionReleased(accrual=accrual, currency=currency, at=now))
