"""What ordering knows of an order's delivery, told by dispatch in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Facts about a delivery. ``rank`` is the place of the last (un)assignment among dispatch's messages."""

    rank: int = 0
    courier_id: str | None = None
    eta: datetime | None = None
    delivered_by: str | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    try_failed_at: datetime | None = None
    choose_by: datetime | None = None
    returning_since: datetime | None = None

    def with_courier(self, courier_id: str | None, eta: datetime | None, rank: int) -> Delivery:
        """The newest assignment counts, whichever message arrives last."""
        if rank <= self.rank:
            return self
        return replace(self, courier_id=courier_id, eta=eta, rank=rank)

    def with_failed_try(self, at: datetime, choose_by: datetime) -> Delivery:
        """Nobody took it at the door; until ``choose_by`` the customer may choose another try."""
        return replace(self, try_failed_at=at, choose_by=choose_by)

    def with_return(self, at: datetime) -> Delivery:
        return replace(self, returning_since=at)

    def with_delivered(self, courier_id: str, at: datetime) -> Delivery:
        return replace(self, delivered_by=courier_id, delivered_at=at)

    def with_failure(self, reason: str, at: datetime) -> Delivery:
        return replace(self, failure=reason, failed_at=at)
