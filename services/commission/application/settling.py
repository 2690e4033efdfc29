"""Settling: when a cycle closes, every payee gets a statement of what became payable to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from services.commission.application import journal as the_journal
from services.commission.application.ports import Journal
from services.commission.application.settling_ports import Payouts, Rules, Settlements
from services.commission.domain.cycle import last_closing, next_closing
from services.commission.domain.facts import OrderFacts
from services.commission.domain.payee import Cycle, Maturity, Payee, PayeeKind, PayeeTerms
from services.commission.domain.payout import netting
from services.commission.domain.settling_news import StatementIssued
from services.commission.domain.statement import (
    PAYOUT,
    PAYOUT_FEE,
    Movement,
    OrderSummary,
    Statement,
    statement_of,
)
from shared.kernel.clock import Clock

log = logging.getLogger(__name__)


class Books:
    """The ports of one transaction."""

    def __init__(self, settlements: Settlements, payouts: Payouts, journal: Journal) -> None:
        self.settlements = settlements
        self.payouts = payouts
        self.journal = journal


Open = Callable[[], AbstractContextManager[Books]]


def settle_due(open_books: Open, *, rules: Rules, clock: Clock) -> int:
    """Settle everybody whose cycle has closed, one transaction each, and say how many statements that made.

    May be run by many at once, and again after it died: a payee is settled by one at a time, and an entry is
    in one statement. Who cannot be settled keeps nobody else from it, and is tried again next time.
    """
    now = clock.now()
    closings = {cycle: last_closing(cycle, now - rules.grace) for cycle in Cycle}
    newest = closings[Cycle.DAILY]
    with open_books() as books:
        if books.settlements.is_closed(newest):
            return 0
        strangers, seen = books.settlements.strangers(now - rules.stragglers)
        books.settlements.meet(
            PayeeTerms(
                payee=each.payee,
                # From the beginning of the day of their first entry.
                settled_until=last_closing(Cycle.DAILY, each.first_at),
                looked_from=each.first_at - rules.stragglers,
            )
            for each in strangers
        )
    issued, left_out = 0, set[Payee]()
    while True:
        terms = None
        try:
            with open_books() as books:
                terms = books.settlements.due(closings, rules.cycle, left_out)
                if terms is None:
                    break
                issued += settle(terms, books, rules=rules, clock=clock) is not None
        except Exception:
            if terms is None:
                raise
            log.exception("%s could not be settled", terms.payee.key)
            left_out.add(terms.payee)
    with open_books() as books:
        # Others may still be settling somebody, and may die of it.
        if not books.settlements.is_anybody_late(closings, rules.cycle):
            books.settlements.close(newest, seen)
    return issued


def settle(terms: PayeeTerms, books: Books, *, rules: Rules, clock: Clock) -> Statement | None:
    """Settle the next period of a payee; no statement is made of a period without entries."""
    payee, cycle = terms.payee, terms.cycle or rules.cycle
    since = terms.settled_until or clock.now()
    until = next_closing(cycle, since)
    looked_from = terms.looked_from or since
    maturity = rules.maturity if payee.kind is PayeeKind.SHOP else Maturity.DELIVERY
    movements = books.settlements.unsettled(payee, looked_from, until, maturity)
    statement = None
    if movements:
        statement, lines = statement_of(
            movements,
            payee=payee,
            number=terms.statements + 1,
            cycle=cycle,
            since=since,
            until=until,
            issued_at=clock.now(),
            opening=terms.closing,
        )
        orders = _summaries(payee, movements, books)
        statement = replace(statement, order_count=len(orders))
        books.settlements.issue(statement, lines, orders)
        books.payouts.add_available(payee, _newly_available(movements))
        books.settlements.announce(StatementIssued(statement=statement))
        _net(payee, statement, books, clock)
    oldest = books.settlements.oldest_unsettled(payee, looked_from, until) or until
    books.settlements.keep(
        replace(
            terms,
            settled_until=until,
            looked_from=min(oldest, until) - rules.stragglers,
            statements=terms.statements + (statement is not None),
            closing=statement.closing if statement else terms.closing,
        )
    )
    return statement


def _newly_available(movements: Sequence[Movement]) -> int:
    """Payouts were taken off what is available when they were confirmed."""
    return -sum(each.amount for each in movements if each.kind not in {PAYOUT, PAYOUT_FEE})


def _net(payee: Payee, statement: Statement, books: Books, clock: Clock) -> None:
    """What a courier holds in cash is set off against the pay: by what is there now, once a statement."""
    if payee.kind is not PayeeKind.COURIER:
        return
    payable, held = books.settlements.held_cash(payee)
    the_journal.post(
        natural_key=f"netting:{statement.statement_id}",
        cause_type="StatementIssued",
        occurred_at=statement.until,
        currency=payee.currency,
        moves=netting(payee, payable, held),
        journal=books.journal,
        clock=clock,
    )


def _summaries(payee: Payee, movements: Sequence[Movement], books: Books) -> list[OrderSummary]:
    """A shop reads what each of its orders consisted of; what others sold is not told to promoters."""
    if payee.kind is not PayeeKind.SHOP:
        return []
    wanted = {each.store_order_id for each in movements if each.store_order_id is not None}
    facts = books.settlements.facts({each.order_id for each in movements if each.order_id is not None})
    return sorted(
        (
            summary
            for order in facts.values()
            for summary in summaries(order)
            if summary.store_order_id in wanted
        ),
        key=lambda each: (each.paid_at, each.store_order_id),
    )


def summaries(facts: OrderFacts) -> list[OrderSummary]:
    """What each store order of an order consists of, as far as it is known."""
    if facts.paid is None:
        return []
    found = []
    for part in facts.paid.parts:
        refunds = [
            line
            for refund in facts.refunds.values()
            for line in refund.lines
            if refund.store_order_id == part.store_order_id
        ]
        goods = sum(line.goods for line in part.lines)
        by_platform = sum(line.platform_discount for line in part.lines)
        found.append(
            OrderSummary(
                store_order_id=part.store_order_id,
                order_id=facts.order_id,
                paid_at=facts.paid.paid_at,
                delivered_at=_delivered_at(facts, part.store_order_id),
                goods=goods,
                shop_discount=goods - by_platform - part.paid,
                platform_discount=by_platform,
                paid=part.paid,
                refunded=sum(line.amount for line in refunds),
                discount_returned=sum(line.platform_discount for line in refunds),
            )
        )
    return found


def _delivered_at(facts: OrderFacts, store_order_id: str) -> datetime | None:
    delivered = facts.delivered
    return delivered.delivered_at if delivered and store_order_id in delivered.store_order_ids else None
