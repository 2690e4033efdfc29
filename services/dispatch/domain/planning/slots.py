"""A coming slot, planned hours ahead: how many couriers its orders need, and tentative rounds for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class TentativeRoute:
    """One courier's round through a slot; nobody has been asked yet."""

    order_ids: tuple[str, ...]
    leaves_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SlotOutlook:
    """A tentative plan of one slot: worth as much as what was booked when it was made."""

    slot_id: str
    planned_at: datetime
    solver: str
    booked: int
    couriers_needed: int
    late: tuple[str, ...] = ()
    routes: tuple[TentativeRoute, ...] = ()
