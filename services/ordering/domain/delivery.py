"""What ordering knows of an order's delivery, told by dispatch in any order.

A delivery may be split: then a second courier brings some of the parts, on a trip of its own. What is known
of either trip is kept apart; the order is delivered once, when all that is to come has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.kernel.ids import derived_id


def delivery_id_of(order_id: str) -> str:
    """How dispatch names the delivery of an order, and the first of its trips."""
    return derived_id("delivery", order_id)


@dataclass(frozen=True, kw_only=True)
class Trip:
    """Facts about one courier's way with parts of an order.

    ``rank`` is the place of the last (un)assignment among dispatch's messages. ``handed_over`` are the parts
    that it brought, told while the other trip went on.
    """

    rank: int = 0
    courier_id: str | None = None
    eta: datetime | None = None
    try_failed_at: datetime | None = None
    choose_by: datetime | None = None
    returning_since: datetime | None = None
    handed_over_at: datetime | None = None
    handed_over_by: str | None = None
    handed_over: tuple[str, ...] = ()

    def with_courier(self, courier_id: str | None, eta: datetime | None, rank: int) -> Trip:
        """The newest assignment counts, whichever message arrives last."""
        if rank <= self.rank:
            return self
        return replace(self, courier_id=courier_id, eta=eta, rank=rank)


@dataclass(frozen=True, kw_only=True)
class Split:
    """That a second courier brings ``store_order_ids``, on the trip ``trip_id``, and why."""

    trip_id: str
    store_order_ids: tuple[str, ...]
    reason: str
    split_at: datetime
    rank: int
    eta: datetime | None = None
    trip_eta: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Handover:
    """That dispatch has nothing more to bring: what the trip that was handed over last was.

    ``pickups`` is how many parts it had on board, where that was told.
    """

    delivery_id: str
    is_second: bool
    courier_id: str
    at: datetime
    completes_at: datetime
    pickups: int | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Both trips, ``second`` being nothing unless the delivery was ``split``.

    ``waits`` is a handover that says less than all of the order: what else becomes of it is still to be told.
    """

    first: Trip = field(default_factory=Trip)
    second: Trip = field(default_factory=Trip)
    split: Split | None = None
    waits: Handover | None = None
    delivered_by: str | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None

    def trip(self, is_second: bool) -> Trip:
        return self.second if is_second else self.first

    @property
    def trips(self) -> tuple[Trip, ...]:
        return (self.first, self.second)

    @property
    def handed_over(self) -> frozenset[str]:
        """The parts that are known to have been handed over while others were still under way."""
        return frozenset(self.first.handed_over) | frozenset(self.second.handed_over)

    @property
    def eta_of_first(self) -> datetime | None:
        """When the first trip is at the door; what the split said of it counts until its next assignment."""
        newer = self.split is not None and self.split.rank > self.first.rank
        return self.split.eta if newer and self.split is not None else self.first.eta

    @property
    def eta_of_second(self) -> datetime | None:
        return self.second.eta or (self.split.trip_eta if self.split is not None else None)

    def brings(self, is_second: bool, store_order_id: str) -> bool:
        """Whether that trip has the part."""
        moved = self.split is not None and store_order_id in self.split.store_order_ids
        return moved is is_second

    def with_trip(self, is_second: bool, **changes: Any) -> Delivery:
        """What became known of one trip."""
        trip = replace(self.trip(is_second), **changes)
        return replace(self, second=trip) if is_second else replace(self, first=trip)

    def with_courier(
        self, is_second: bool, courier_id: str | None, eta: datetime | None, rank: int
    ) -> Delivery:
        """The newest assignment of that trip counts, whichever message arrives last."""
        trip = self.trip(is_second).with_courier(courier_id, eta, rank)
        return replace(self, second=trip) if is_second else replace(self, first=trip)

    def with_delivered(self, courier_id: str, at: datetime) -> Delivery:
        return replace(self, delivered_by=courier_id, delivered_at=at)

    def with_failure(self, reason: str, at: datetime) -> Delivery:
        return replace(self, failure=reason, failed_at=at)

    def leaves_open(self, handover: Handover, parts: Iterable[str]) -> bool:
        """Whether some of ``parts``, all that go on, were not handed over as far as is known by now.

        Messages may overtake each other: what the other trip has handed over, or that a part was left out,
        may still be on its way here.
        """
        if handover.pickups is None:
            return False
        told_before = bool(self.trip(handover.is_second).handed_over)
        return len(set(parts) - self.handed_over) > (0 if told_before else handover.pickups)
