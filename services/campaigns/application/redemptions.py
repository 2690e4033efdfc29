"""Pricing with campaigns, and keeping their budgets true through an order's life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.campaigns.application.ports import Store, Taking
from services.campaigns.domain import pipeline
from services.campaigns.domain.campaign import Obstacle, normal_code, obstacle
from services.campaigns.domain.commands import (
    Evaluate,
    OrderClosed,
    OrderPaid,
    Redeem,
    RefundFact,
    Release,
)
from services.campaigns.domain.errors import CampaignsRefused, RedemptionClosed, RedemptionDiffers
from services.campaigns.domain.events import CouponRedeemed, CouponReturned
from services.campaigns.domain.redemption import OrderRedemption, Standing, corrections
from shared.kernel.clock import Clock

# Ordering says when an order expires; this much later a hold goes even if its word never comes.
LAPSE_GRACE = timedelta(hours=1)

_SENTENCES = {
    Obstacle.NOT_FOUND: "There is no such campaign.",
    Obstacle.OTHER_CURRENCY: "The campaign is in another currency.",
    Obstacle.ENDED: "The campaign has ended.",
    Obstacle.NOT_STARTED: "The campaign has not started.",
    Obstacle.TOTAL_LIMIT: "The campaign is used up.",
    Obstacle.CUSTOMER_LIMIT: "The customer has used it as often as allowed.",
    Obstacle.BUDGET: "The campaign's budget is used up.",
    Obstacle.TOO_MUCH: "The campaign does not give that much.",
}


def evaluate(query: Evaluate, *, store: Store, clock: Clock) -> pipeline.Evaluation:
    """What the customer would get off these lines now; promises nothing."""
    now = clock.now()
    shop_ids = {line.shop_id for line in query.lines}
    codes = {normal_code(code) for code in query.codes}
    offers = store.campaigns.offers(query.customer_id, shop_ids, codes, now)
    return pipeline.evaluate(query.lines, query.codes, offers, now)


def redeem(command: Redeem, *, store: Store, clock: Clock) -> None:
    """Take every amount, or raise and take nothing; the same order and amounts are taken once."""
    if not store.redemptions.open(command):
        _check_same(command, store)
        return
    now = clock.now()
    taking = store.redemptions.take(command, now)
    if taking.granted != set(command.amounts):
        raise _refusal(command, taking, store, now)


def release(command: Release, *, store: Store, clock: Clock) -> None:
    """Give back all that an order took, once; an order never heard of can redeem nothing afterwards."""
    close(OrderClosed(order_id=command.order_id, at=clock.now(), reason=command.reason), store=store)


def confirm(fact: OrderPaid, *, store: Store) -> None:
    """The order was paid: what it holds is used."""
    _settle(store.redemptions.mark_paid(fact.order_id, fact.at), store)


def close(fact: OrderClosed, *, store: Store) -> None:
    """The order came to nothing: what it took goes back."""
    store.redemptions.mark_closed(fact.order_id, fact.at, fact.reason)
    _settle(store.redemptions.load(fact.order_id), store)


def refund(fact: RefundFact, *, store: Store) -> None:
    """Lines were refunded: their parts go back to the budgets, and a use when all its parts did."""
    if fact.returned:
        store.redemptions.record_refund(fact)
        _settle(store.redemptions.load(fact.order_id), store)


def lapse(*, store: Store, clock: Clock, limit: int = 50) -> int:
    """Give back what unpaid orders held too long; answers how many orders that were."""
    now = clock.now()
    orders = store.redemptions.lapse(now - LAPSE_GRACE, now, limit)
    for order_id in orders:
        _settle(store.redemptions.load(order_id), store)
    return len(orders)


def _settle(order: OrderRedemption | None, store: Store) -> None:
    """Count and tell what the facts ask for and is not counted and told yet."""
    if order is None or order.customer_id is None:
        return
    wanted = corrections(order)
    if not wanted:
        return
    store.redemptions.correct(order, wanted)
    for one in wanted:
        whose = (one.campaign_id, order.order_id, order.customer_id)
        if one.tell_redeemed:
            store.events.announce(CouponRedeemed(*whose, amount=one.amount))
        if one.tell_returned:
            store.events.announce(CouponReturned(*whose, amount=one.amount))


def _check_same(command: Redeem, store: Store) -> None:
    order = store.redemptions.load(command.order_id)
    if order is None or order.standing is Standing.RELEASED:
        raise RedemptionClosed()
    if not _is_what_was_taken(command, order):
        raise RedemptionDiffers()


def _is_what_was_taken(command: Redeem, order: OrderRedemption) -> bool:
    taken = {one.campaign_id: one.amount for one in order.taken}
    return order.customer_id == command.customer_id and taken == command.amounts


def _refusal(command: Redeem, taking: Taking, store: Store, now: datetime) -> CampaignsRefused:
    """Name every campaign that had no room, and why."""
    accounts = store.campaigns.accounts(command.amounts, command.customer_id)
    reasons = {}
    for campaign_id in sorted(set(command.amounts) - taking.granted):
        known = accounts.get(campaign_id)
        if known is None:
            reasons[campaign_id] = Obstacle.NOT_FOUND
            continue
        # This order may be counted with its customer already: it must not stand in its own way.
        by_customer = known.usage.uses_by_customer - (campaign_id in taking.counted)
        usage = replace(known.usage, uses_by_customer=by_customer)
        found = obstacle(known.campaign, usage, command.amounts[campaign_id], now)
        reasons[campaign_id] = found or Obstacle.BUDGET
    return CampaignsRefused(
        errors=[
            {"field": f"discounts.{campaign_id}", "message": _SENTENCES[reason]}
            for campaign_id, reason in reasons.items()
        ],
        reasons={campaign_id: reason.value for campaign_id, reason in reasons.items()},
    )
