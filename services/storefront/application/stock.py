"""Holding an order's units, and what later news of the order makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn

from services.storefront.application.ports import GivenUp, Offer, Store
from services.storefront.application.preparing import hold_places
from services.storefront.domain import commands
from services.storefront.domain.errors import (
    ListingNotFound,
    OutOfStock,
    PriceChanged,
    ReservationDiffers,
    ReservationReleased,
)
from services.storefront.domain.events import StockReleased, StockReserved
from services.storefront.domain.reservation import Lines, Move, Release, Reservation, Status
from shared.kernel.clock import Clock
from shared.kernel.money import Money

# One pass of the timer gives back at most this many, so that it never holds many rows for long.
TIMED_OUT_AT_ONCE = 200


def reserve(command: commands.Reserve, *, store: Store, clock: Clock) -> None:
    """Hold every line, or none. The same order again is held once.

    Raises, naming each listing at fault, :class:`OutOfStock`, :class:`PriceChanged` or
    :class:`ListingNotFound`; and :class:`ReservationReleased` when the order was given up before.
    """
    prices = store.reservations.open(command.order_id, command.lines, command.expires_at, clock.now())
    if prices is None:
        _must_hold_already(store.reservations.get(command.order_id), command.lines)
        return
    missing = sorted(command.lines.keys() - prices.keys())
    if missing:
        _refuse_missing(command.lines, missing, store.stock.offers(missing))
    _must_be_expected(prices, command.expected_prices)
    if command.preparation is not None:
        hold_places(command.order_id, 0, command.preparation, store=store, clock=clock)
    store.publish(StockReserved(order_id=command.order_id, lines=command.lines))


def release(command: commands.Release, *, store: Store, clock: Clock) -> None:
    """Give back what the order holds; an order that comes to reserve afterwards is refused."""
    _learn(
        command.order_id,
        lambda known: known.with_release(Release.RELEASED_BY_ORDERING),
        store=store,
        clock=clock,
        reason=command.reason,
    )


def record_payments(facts: Sequence[commands.RecordPayment], *, store: Store, clock: Clock) -> None:
    """Turn held units into sold ones; units given back meanwhile are sold all the same."""
    if not facts:
        return
    held = store.reservations.sell_held([fact.order_id for fact in facts], clock.now())
    sold: Counter[str] = Counter()
    for lines in held.values():
        sold.update(lines)
    store.stock.move({key: Move(owned=-quantity, held=-quantity) for key, quantity in sold.items()})
    for fact in facts:
        if fact.order_id not in held:
            _record_payment(fact, store, clock)


def _record_payment(fact: commands.RecordPayment, store: Store, clock: Clock) -> None:
    _learn(fact.order_id, lambda known: known.with_payment(fact.lines), store=store, clock=clock)


def record_expiry(command: commands.RecordExpiry, *, store: Store, clock: Clock) -> None:
    _learn(
        command.order_id,
        lambda known: known.with_release(Release.ORDER_EXPIRED),
        store=store,
        clock=clock,
    )


def record_cancellation(command: commands.RecordCancellation, *, store: Store, clock: Clock) -> None:
    def fact(known: Reservation) -> Reservation:
        if command.was_paid:
            return known.with_payment(None)
        return known.with_release(Release.ORDER_CANCELLED)

    _learn(command.order_id, fact, store=store, clock=clock)
    if command.was_paid:
        store.places.give_up(GivenUp(order_id=command.order_id))


def record_return(command: commands.RecordReturn, *, store: Store, clock: Clock) -> None:
    _learn(
        command.order_id,
        lambda known: known.with_return(command.return_id, command.lines),
        store=store,
        clock=clock,
    )


def expire_reservations(*, store: Store, clock: Clock, grace: timedelta) -> int:
    """Give back what was held past its expiry and ``grace``; returns how many orders that were.

    The grace leaves a payment made in the last moment the time to be heard of.
    """
    now = clock.now()
    expired = store.reservations.time_out(now - grace, now, TIMED_OUT_AT_ONCE)
    held: Counter[str] = Counter()
    for reservation in expired:
        lines = reservation.lines or {}
        held.update(lines)
        store.places.give_up(GivenUp(order_id=reservation.order_id))
        store.publish(
            StockReleased(order_id=reservation.order_id, reason=Release.TIMED_OUT.reason, lines=lines)
        )
    if held:
        store.stock.move({listing_id: Move(held=-quantity) for listing_id, quantity in held.items()})
    return len(expired)


def _learn(
    order_id: str,
    fact: Callable[[Reservation], Reservation],
    *,
    store: Store,
    clock: Clock,
    reason: str | None = None,
) -> None:
    """Add ``fact`` to what is known about the order, and let the stock follow."""
    before = store.reservations.get(order_id)
    after = fact(before)
    if after == before:
        return
    store.reservations.save(after, clock.now())
    store.stock.move(after.moves_from(before))
    if before.status is not Status.RELEASED and after.status is Status.RELEASED:
        store.places.give_up(GivenUp(order_id=order_id))
    if before.status is Status.HELD and after.status is Status.RELEASED and after.release is not None:
        store.publish(
            StockReleased(order_id=order_id, reason=reason or after.release.reason, lines=before.lines or {})
        )


def _must_hold_already(known: Reservation, lines: Lines) -> None:
    if known.status not in {Status.HELD, Status.SOLD}:
        raise ReservationReleased()
    if dict(known.lines or {}) != dict(lines):
        raise ReservationDiffers()


def _refuse_missing(lines: Lines, missing: Sequence[str], offers: Mapping[str, Offer]) -> NoReturn:
    gone = [key for key in missing if key not in offers or not offers[key].published]
    if gone:
        raise ListingNotFound(
            "Something in the basket is no longer on sale.",
            errors=[{"field": key, "message": "This is no longer on sale."} for key in gone],
            listing_ids=gone,
        )
    raise OutOfStock(
        "There is not enough left of something in the basket.",
        errors=[
            {"field": key, "message": f"{lines[key]} wanted, {offers[key].available} left."}
            for key in missing
        ],
        available={key: offers[key].available for key in missing},
    )


def _must_be_expected(prices: Mapping[str, Money], expected: Mapping[str, Money]) -> None:
    changed = sorted(key for key, price in expected.items() if key in prices and prices[key] != price)
    if changed:
        raise PriceChanged(
            "A price has changed since the quote; ask for a new one.",
            errors=[{"field": key, "message": "The price has changed."} for key in changed],
            prices={key: prices[key].to_wire() for key in changed},
        )
