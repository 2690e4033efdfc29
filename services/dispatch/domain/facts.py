"""What a delivery is told about its order: where to collect, where to bring it, what each shop says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.places import Position
from services.dispatch.domain.vehicle import USUAL_LOAD, Load


@dataclass(frozen=True, kw_only=True)
class Pickup:
    """Where a store order is collected, as told when the hold was made."""

    store_order_id: str
    shop_id: str
    name: str
    place: Position
    preparation_minutes: int
    load: Load = USUAL_LOAD


@dataclass(frozen=True, kw_only=True)
class DropOff:
    """The customer's door. Personal data: it never leaves in an event."""

    place: Position
    address: str = ""
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the shop said about its store order. A ready time that has come true outranks an estimate."""

    accepted_at: datetime | None = None
    ready_estimate: datetime | None = None
    ready_at: datetime | None = None
    rejected: bool = False
