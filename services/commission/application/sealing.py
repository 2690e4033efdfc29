"""Sealing what was posted: chaining it, and counting it into the totals that balances are read from.

Postings never wait for this. They leave a note that they are not sealed; one sealer at a time takes such
notes in the order of entries. What is not sealed yet counts in every balance all the same.
"""

from __future__ import annotations

from services.commission.application.ports import Seals
from services.commission.domain.chain import seals_after
from services.commission.domain.totals import totals_of
from shared.kernel.clock import Clock

BATCH = 500


def seal(*, seals: Seals, clock: Clock, limit: int = BATCH) -> int:
    """Seal up to ``limit`` transactions, oldest first; returns how many, 0 when somebody else is sealing."""
    if not seals.claim():
        return 0
    transactions = seals.waiting(limit)
    if transactions:
        seals.add(seals_after(seals.head(), transactions), totals_of(transactions), clock.now())
    return len(transactions)
