"""Pictures of cases and reviews: shown to those who may see what they belong to, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta

from services.ordering.application.ports import Transactions
from services.ordering.domain.errors import PhotoNotFound
from services.ordering.domain.photo import Photo
from shared.kernel.clock import Clock


def picture(owner_id: str, photo_id: str, *, transactions: Transactions) -> Photo:
    """The picture; whether the asker may see it is decided by what it belongs to."""
    with transactions.single() as work:
        found = work.photos.of(owner_id, photo_id)
    if found is None:
        raise PhotoNotFound
    return found


def forget_old(*, transactions: Transactions, clock: Clock, keep_for: timedelta) -> None:
    """Forget pictures that were taken in longer than ``keep_for`` ago."""
    with transactions.single() as work:
        work.photos.forget_before(clock.now() - keep_for)
