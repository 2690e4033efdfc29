"""What a change of rates would have done to past orders; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.commission.application.ports import History
from services.commission.application.rights import readers_of_all_books_only
from services.commission.domain.commands import AskWhatIf
from services.commission.domain.errors import TooManyOrders
from services.commission.domain.guarantee import Shift
from services.commission.domain.what_if import Changed, Outcome

# What is answered within a request; the command line takes any number.
MOST_ORDERS = 5_000


def what_if(
    ask: AskWhatIf,
    *,
    history: History,
    most: int | None = MOST_ORDERS,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """What everybody earned by the orders paid in the period, and what they would have.

    Each order keeps the terms of the plan it was paid under but for those that the question changes. Shifts
    that began in the period have their guarantee derived anew, with all their deliveries. Raises
    :class:`TooManyOrders` above ``most``; ``progress`` is told how many orders are done.
    """
    readers_of_all_books_only(ask.actor)
    if most is not None and (found := history.count(ask.since, ask.until, ask.currency)) > most:
        raise TooManyOrders(
            f"{found} orders were paid then; ask for at most {most}, or use the command line."
        )
    outcome, changed = Outcome(currency=ask.currency), Changed(ask.terms)
    for facts, plan in history.orders(ask.since, ask.until, ask.currency):
        outcome.add_order(facts, plan, changed.of(plan))
        progress(outcome.orders)
    for shift in history.shifts(ask.since, ask.until):
        began_under = history.plan_at(ask.currency, _begin(shift))
        if began_under is not None:
            pay = _pay(shift, ask.currency, history, changed)
            outcome.add_shift(shift, pay, began_under, changed.of(began_under))
    return outcome


def _pay(shift: Shift, currency: str, history: History, changed: Changed) -> tuple[int, int]:
    """What the deliveries of a shift paid, and would have paid."""
    before, after = 0, 0
    for trip, plan in history.trips(shift.shift_id, currency):
        before += plan.courier_pay.of(trip)
        after += changed.of(plan).courier_pay.of(trip)
    return before, after


def _begin(shift: Shift) -> datetime:
    assert shift.started_at is not None, "a period holds shifts that began"
    return shift.started_at
