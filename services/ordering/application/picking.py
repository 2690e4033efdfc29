"""What shops tell while they pick: what is missing, what could take its place, what it weighs."""

from __future__ import annotations

from datetime import datetime

from services.ordering.application.after_sale import Refunded
from services.ordering.application.fulfilment import Part, lock_for_shop
from services.ordering.application.ports import Peers, Rules, Transactions, UnitOfWork
from services.ordering.domain import picking
from services.ordering.domain.commands import (
    AnswerSubstitution,
    ProposeSubstitution,
    ReportMissing,
    WeighLines,
)
from services.ordering.domain.errors import CommandIdUsed, SubstituteUnfit, SubstitutionNotFound
from services.ordering.domain.history import By
from services.ordering.domain.order import Order
from services.ordering.domain.substitution import Substitute
from shared.kernel.clock import Clock
from shared.kernel.errors import Refusal


def report_missing(command: ReportMissing, *, transactions: Transactions, clock: Clock) -> Refunded:
    """Pay units back that the shop does not have. The same ``refund_id`` pays once."""
    with transactions.begin() as work:
        order, _ = lock_for_shop(work, command.actor, command.store_order_id)
        known = work.orders.refunds_of_command(command.refund_id)
        if known:
            if known[0].order_id != order.order_id:
                raise CommandIdUsed
            return Refunded(refund_id=command.refund_id, order=order, refunds=known)
        picking.miss(
            order,
            refund_id=command.refund_id,
            store_order_id=command.store_order_id,
            line_id=command.line_id,
            quantity=command.quantity,
            at=clock.now(),
        )
        issued = tuple(order.new_refunds)
        work.orders.save(order)
    return Refunded(refund_id=command.refund_id, order=order, refunds=issued)


def weigh(command: WeighLines, *, transactions: Transactions, clock: Clock) -> Part:
    """Settle what lines weigh. Telling the same weight again changes nothing."""
    with transactions.begin() as work:
        order, store = lock_for_shop(work, command.actor, command.store_order_id)
        picking.weigh(order, store.store_order_id, command.grams, clock.now())
        work.orders.save(order)
    return order, order.store(command.store_order_id)


def propose(
    command: ProposeSubstitution, *, transactions: Transactions, peers: Peers, clock: Clock, rules: Rules
) -> Order:
    """Offer something for missing units; units of a listing are held for it before the customer is asked.

    The same ``substitution_id`` proposes once. What is held for a proposal that does not come about is given
    back, or ends by itself.
    """
    with transactions.begin() as work:
        known = work.orders.lock_by_substitution(command.substitution_id)
        if known is not None:
            return _own_proposal(known, command)
        order, store = lock_for_shop(work, command.actor, command.store_order_id)
        line = picking.require_substitutable(store, command.line_id, command.quantity)
        if command.listing_id == line.listing_id:
            raise SubstituteUnfit("What is missing cannot replace itself.")
        currency, shop_id = order.currency, store.shop_id
    now = clock.now()
    decide_by = now + rules.answer_within
    substitute = _substitute(command, currency, shop_id, decide_by + rules.hold_grace, peers)
    try:
        with transactions.begin() as work:
            known = work.orders.lock_by_substitution(command.substitution_id)
            if known is not None:
                return _own_proposal(known, command)
            order, _ = lock_for_shop(work, command.actor, command.store_order_id)
            picking.propose(
                order,
                substitution_id=command.substitution_id,
                store_order_id=command.store_order_id,
                line_id=command.line_id,
                quantity=command.quantity,
                substitute=substitute,
                decide_by=decide_by,
                at=now,
            )
            work.orders.save(order)
    except Refusal:
        if command.listing_id is not None:
            peers.release_substitute(command.substitution_id)
        raise
    return order


def answer(command: AnswerSubstitution, *, transactions: Transactions, clock: Clock) -> Order:
    """The customer takes it or not. The same answer again changes nothing."""
    with transactions.begin() as work:
        order = find_for_customer(work, command)
        order.by = By(role=command.actor.role, account_id=command.actor.account_id)
        picking.answer(
            order, command.substitution_id, accepted=command.accepted, by=command.actor.role, at=clock.now()
        )
        work.orders.save(order)
    return order


def find_for_customer(work: UnitOfWork, command: AnswerSubstitution) -> Order:
    order = work.orders.lock_by_substitution(command.substitution_id)
    if order is None or order.customer_id != command.actor.account_id:
        raise SubstitutionNotFound
    return order


def _own_proposal(order: Order, command: ProposeSubstitution) -> Order:
    store, proposal = picking.find(order, command.substitution_id)
    if (store.store_order_id, proposal.line_id) != (command.store_order_id, command.line_id):
        raise CommandIdUsed
    return order


def _substitute(
    command: ProposeSubstitution, currency: str, shop_id: str, expires_at: datetime, peers: Peers
) -> Substitute:
    if command.listing_id is None:
        if command.name is None or command.unit_price is None:
            raise SubstituteUnfit("Give a listing, or a name and a price.")
        if command.currency != currency:
            raise SubstituteUnfit(f"The order is in {currency}.")
        return Substitute(
            listing_id=None,
            name=command.name,
            unit_price=command.unit_price,
            photo_url=command.photo_url,
        )
    held = peers.hold_substitute(
        command.substitution_id,
        command.listing_id,
        shop_id=shop_id,
        currency=currency,
        quantity=command.quantity,
        expires_at=expires_at,
    )
    return Substitute(
        listing_id=held.listing_id,
        name=held.name,
        unit_price=held.unit_price,
        photo_url=command.photo_url,
    )
