"""Transactions that concern no order: payouts, subscriptions, guarantees, and what else is owed for no sale.

What an order makes necessary is derived from its facts instead (:mod:`bookkeeping`), never posted from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.commission.application.ports import Journal
from services.commission.domain.ledger import Cause, Entry, Move, Posting, Sheet, difference
from shared.kernel.clock import Clock
from shared.kernel.ids import derived_id


def post(
    *,
    natural_key: str,
    cause_type: str,
    occurred_at: datetime,
    currency: str,
    moves: Iterable[Move],
    rate_plan: int | None = None,
    reverses: str | None = None,
    journal: Journal,
    clock: Clock,
) -> Posting | None:
    """Post ``moves`` as one transaction, and return it; ``None`` when nothing was posted.

    Nothing is posted when ``natural_key`` was used before, however the moves read this time, or when they
    cancel out. ``cause_type`` says what happened (``PayoutSent``), each move's ``kind`` why its money moved;
    both are free words. ``reverses`` names the transaction that this one takes back from.
    """
    sheet = Sheet()
    for move in moves:
        sheet.book(move)
    entries = difference(sheet, Sheet())
    return post_entries(
        [replace(entry, reverses=reverses) for entry in entries],
        natural_key=natural_key,
        cause_type=cause_type,
        occurred_at=occurred_at,
        currency=currency,
        rate_plan=rate_plan,
        journal=journal,
        clock=clock,
    )


def post_entries(
    entries: Sequence[Entry],
    *,
    natural_key: str,
    cause_type: str,
    occurred_at: datetime,
    currency: str,
    rate_plan: int | None,
    journal: Journal,
    clock: Clock,
) -> Posting | None:
    """Like :func:`post`, for entries that stand already: they sum to zero."""
    if not entries:
        return None
    posting = Posting(
        transaction_id=derived_id("journal", natural_key),
        cause=Cause(event_id=natural_key, type=cause_type, occurred_at=occurred_at),
        order_id=None,
        currency=currency,
        rate_plan=rate_plan,
        posted_at=clock.now(),
        entries=tuple(entries),
    )
    return posting if journal.add(posting) else None
