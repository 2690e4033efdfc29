"""Deciding whose sale it is when an order is paid, and what speaks against that when it is delivered.

Both are decided once and kept with the order's facts, so that nothing that happens later changes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.commission.application.market import Market
from services.commission.application.ports import Books, OpenOrder
from services.commission.domain import attribution, verdicts
from services.commission.domain.attribution import Attributed
from services.commission.domain.facts import OrderFacts, Paid
from services.commission.domain.settlement import goal_of


def attribute(facts: Sequence[OrderFacts], market: Market) -> list[OrderFacts]:
    """The facts, those of payments with the promoter of every sourced line and its terms."""
    promoted = {each.order_id: each.paid for each in facts if each.paid is not None and each.paid.sourcing}
    if not promoted:
        return list(facts)
    around = market.around(
        {paid.customer_id for paid in promoted.values()},
        {listing_id for paid in promoted.values() for listing_id in _listings(paid)},
        {each.link_id for paid in promoted.values() for each in paid.sourcing if each.link_id is not None},
    )
    settled: dict[str, Paid] = {}
    fresh: list[Attributed] = []
    # In the order of payment, so that a first order binds for those that are heard of together with it.
    for order_id, paid in sorted(promoted.items(), key=lambda each: (each[1].paid_at, each[0])):
        settled[order_id], attributed = attribution.attribute(order_id, paid, around)
        around = replace(around, attributed=(*around.attributed, *attributed))
        fresh += attributed
    market.keep_attributed(fresh)
    return [
        replace(each, paid=settled[each.order_id]) if each.order_id in settled else each for each in facts
    ]


def judge(orders: Sequence[OpenOrder], books: Books) -> list[OpenOrder]:
    """The orders, those that accrue their commissions now with what speaks against them."""
    due = {order.facts.order_id: order for order in orders if _is_due(order)}
    if not due:
        return list(orders)
    links = [terms for order in due.values() if order.facts.paid for terms in order.facts.paid.links]
    owners = {terms.promoter_owner_id for terms in links}
    owners |= {terms.recruiter_owner_id for terms in links if terms.recruiter_owner_id is not None}
    grounds = books.market.grounds(
        {order.facts.paid.customer_id for order in due.values() if order.facts.paid},
        owners,
        {terms.offer_id for terms in links if terms.offer_id is not None},
    )
    found = {}
    for order_id, order in due.items():
        if order.facts.paid is not None:
            accruals = goal_of(order.facts, order.plan).accruals
            found[order_id] = verdicts.judge(order.facts.paid, accruals, grounds)
    books.judge(found)
    return [
        replace(order, facts=replace(order.facts, verdicts=found[order.facts.order_id]))
        if order.facts.order_id in found
        else order
        for order in orders
    ]


def _is_due(order: OpenOrder) -> bool:
    facts = order.facts
    return (
        facts.verdicts is None
        and facts.delivered is not None
        and facts.paid is not None
        and bool(facts.paid.links)
    )


def _listings(paid: Paid) -> set[str]:
    wanted = {each.line_id for each in paid.sourcing}
    return {line.listing_id for part in paid.parts for line in part.lines if line.line_id in wanted}
