"""Where a courier without work had better wait: advice, which binds nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.places import Position


@dataclass(frozen=True, kw_only=True)
class WaitAt:
    """A shop to wait at, ``minutes`` from where the courier was ``since`` it is said; ``why`` in a sentence.

    Whatever happens to the courier next (an offer, a break, the end of the shift) ends it.
    """

    shop_id: str
    name: str
    place: Position
    minutes: float
    since: datetime
    why: str
