"""Keeping the promise of an hourly minimum: add what was heard of shifts and deliveries, post the difference.

As with orders, what is posted is a difference to a goal that follows from the facts alone. So a delivery that
is heard of after its shift ended, or before it began, leads to the same sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.commission.application.journal import post
from services.commission.application.ports import CourierTrip, Journal, ShiftBook, Shifts
from services.commission.domain.formula import corrected
from services.commission.domain.guarantee import Guarantee, Shift, guarantee_of
from services.commission.domain.ledger import COURIER_GUARANTEE, Cause, Kind, Move, courier_payable
from shared.kernel.clock import Clock

# The money that shifts are guaranteed in: they carry no orders of their own, so no currency either.
CURRENCY = "CNY"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftHeard:
    """What one event told of a shift."""

    shift: Shift
    cause: Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class TripEarned:
    """A delivery whose pay became known by one event."""

    trip: CourierTrip
    cause: Cause


def record(
    told: Sequence[ShiftHeard],
    earned: Sequence[TripEarned],
    *,
    shifts: Shifts,
    journal: Journal,
    clock: Clock,
) -> None:
    """Take in shifts and deliveries, and post what that makes necessary."""
    causes = {each.shift.courier_id: each.cause for each in told}
    causes |= {each.trip.courier_id: each.cause for each in earned}
    if not causes:
        return
    shifts.lock(sorted(causes))
    shifts.keep_trips([each.trip for each in earned])
    moments = {(each.trip.courier_id, each.trip.completed_at) for each in earned}
    for each in told:
        known = shifts.keep_shift(each.shift)
        if known.started_at is not None:
            moments.add((known.courier_id, known.started_at))
    for book in shifts.around(moments, CURRENCY):
        _settle(book, causes[book.shift.courier_id], shifts, journal, clock)


def _settle(book: ShiftBook, cause: Cause, shifts: Shifts, journal: Journal, clock: Clock) -> None:
    goal = goal_of_shift(book)
    missing = goal.amount - book.guaranteed
    if not missing:
        return
    posting = post(
        natural_key=f"guarantee:{book.shift.shift_id}:{book.postings}",
        cause_type=cause.type,
        occurred_at=cause.occurred_at,
        currency=CURRENCY,
        moves=[
            Move(
                amount=missing,
                debit=COURIER_GUARANTEE,
                credit=courier_payable(book.shift.courier_id),
                kind=Kind.COURIER_GUARANTEE,
                note=corrected(goal.formula, goal.amount, book.guaranteed)
                if book.guaranteed
                else goal.formula,
            )
        ],
        rate_plan=book.plan_version,
        reverses=book.last_transaction if missing < 0 else None,
        journal=journal,
        clock=clock,
    )
    if posting is None:
        raise LookupError(f"posting {book.postings} of shift {book.shift.shift_id} is there already")
    shifts.posted(book.shift.shift_id, goal.amount, posting.transaction_id)


def goal_of_shift(book: ShiftBook) -> Guarantee:
    """What the guarantee of a shift has to be, by the plan in force when it began."""
    per_hour = book.plan.courier_pay.guaranteed_per_hour if book.plan else 0
    return guarantee_of(book.shift, book.pay, per_hour)
