"""Turning a quote into an order: stock, slot and coupons are held together, or nothing is.

A claim on the quote makes attempts to place the same order meet. It is settled exactly once: as placed in
the transaction that keeps the order, or as refused before anything is released. So whatever dies in
between, a hold is never released under an order that was placed.
"""

from __future__ import annotations

from datetime import timedelta

from services.ordering.application.ports import NotHeld, Peers, Rules, Transactions, UnitOfWork
from services.ordering.domain.commands import PlaceOrder
from services.ordering.domain.errors import (
    HoldsUnavailable,
    OrderNotFound,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
)
from services.ordering.domain.order import Order
from services.ordering.domain.quote import order_from
from shared.kernel import failpoints
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, RemoteRefusal

# Wall time that a customer has to ask again for an order whose holds are in doubt.
PATIENCE = timedelta(seconds=30)
_FORGET_AFTER = timedelta(days=1)


class PlacementGaveUp(Conflict):
    code, title = "placement-gave-up", "This attempt was given up and nothing was ordered; place again anew"


def place(
    command: PlaceOrder, *, transactions: Transactions, peers: Peers, clock: Clock, rules: Rules
) -> Order:
    """The order of a quote; the same ``order_id`` gives the same order, or the same refusal.

    Raises what a peer refused with (``out-of-stock``, ``price-changed``, ``slot-full``, …) after giving
    everything else back, and :class:`HoldsUnavailable` when one did not answer: then nothing is ordered,
    the same command may be repeated, and what was held is given back if it is not.
    """
    customer_id = command.actor.account_id
    with transactions.single() as work:
        quote = work.quotes.claim(command.quote_id, command.order_id, customer_id, clock.now())
        if quote is None:
            return _settled(work, command, clock)
    placed_at = clock.now()
    expires_at = placed_at + rules.payment_window
    held = peers.hold(quote, command.order_id, expires_at + rules.hold_grace)
    if isinstance(held, NotHeld):
        return _give_up(held, command, transactions=transactions, peers=peers, clock=clock)
    order = order_from(
        quote,
        order_id=command.order_id,
        zone_id=held.zone_id,
        slot=held.slot,
        placed_at=placed_at,
        expires_at=expires_at,
        accept_within=rules.accept_within,
        tip=command.tip,
    )
    failpoints.reach("order.held")
    with transactions.begin() as work:
        if work.orders.add(order):
            return order
    return _lost(command, transactions=transactions, peers=peers, clock=clock)


def release_abandoned(*, transactions: Transactions, peers: Peers) -> int:
    """Give back what is held for placements that nobody finished; answers how many were settled."""
    with transactions.single() as work:
        refused = work.quotes.refuse_abandoned(PATIENCE, limit=50)
    done = [item.order_id for item in refused if peers.release(item.order_id, "not-placed")]
    if done:
        with transactions.single() as work:
            work.quotes.released(done)
    return len(done)


def forget_quotes(*, transactions: Transactions, clock: Clock) -> int:
    """Drop quotes that led to nothing."""
    with transactions.single() as work:
        return work.quotes.forget(clock.now() - _FORGET_AFTER)


def _give_up(
    held: NotHeld, command: PlaceOrder, *, transactions: Transactions, peers: Peers, clock: Clock
) -> Order:
    if not held.final:
        raise HoldsUnavailable(cause=held.refusal.code) from held.refusal
    with transactions.single() as work:
        refusal = held.refusal.to_wire()
        if not work.quotes.refuse(command.quote_id, command.order_id, refusal):
            return _settled(work, command, clock)
    if peers.release(command.order_id, held.refusal.code, held.held_at):
        with transactions.single() as work:
            work.quotes.released([command.order_id])
    raise held.refusal


def _lost(command: PlaceOrder, *, transactions: Transactions, peers: Peers, clock: Clock) -> Order:
    """Another attempt settled the placement while this one was holding things."""
    with transactions.single() as work:
        found = work.quotes.get(command.quote_id)
        placement = None if found is None else found[1]
        if placement is not None and placement.order_id == command.order_id and placement.state == "placed":
            return _settled(work, command, clock)
    peers.release(command.order_id, "not-placed")
    with transactions.single() as work:
        return _settled(work, command, clock)


def _settled(work: UnitOfWork, command: PlaceOrder, clock: Clock) -> Order:
    """Why a quote could not be claimed, or the order that it became."""
    found = work.quotes.get(command.quote_id)
    if found is None or found[0].customer_id != command.actor.account_id:
        raise QuoteNotFound
    quote, placement = found
    if placement is not None and placement.order_id == command.order_id:
        if placement.state == "placed":
            order = work.orders.find(command.order_id)
            if order is None:
                raise OrderNotFound
            return order
        if placement.refusal is not None:
            raise RemoteRefusal.from_wire(placement.refusal)
        if placement.state != "placing":
            raise PlacementGaveUp
    if quote.expires_at <= clock.now():
        raise QuoteExpired
    raise QuoteUsed
