"""What is known of a delivery: the facts of its order, its stops, and what can be read from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.dispatch.domain.errors import StopNotFound
from services.dispatch.domain.events import DeliveryEvent
from services.dispatch.domain.facts import DropOff, Part, Pickup
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.promise import NOTHING_TOLD, Told
from services.dispatch.domain.rebooking import NEVER_REBOOKED, Rebooking
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.trips import Trip
from services.dispatch.domain.trying import SecondTry
from services.dispatch.domain.vehicle import total
from services.dispatch.domain.zone import SlotWindow
from shared.kernel.ids import derived_id

if TYPE_CHECKING:
    from services.dispatch.domain.delivery import Delivery


def delivery_id_of(order_id: str) -> str:
    return derived_id("delivery", order_id)


def trip_key_of(order_id: str) -> str:
    """The key of the second trip that an order is split to."""
    return derived_id("trip", order_id, "2")


def key_of(order_id: str, delivery_id: str | None) -> str:
    """The key of that delivery of an order: where none is named, or another one, of the first."""
    second = trip_key_of(order_id)
    return second if delivery_id == delivery_id_of(second) else order_id


@dataclass(kw_only=True)
class Job:
    """The job and everything known about it; ``events`` collects what has newly happened.

    ``order_id`` is its key: of the second trip of an order it is a key of that trip's own, and ``split_from``
    the order. ``other`` is the other trip, where it was read as well.
    """

    order_id: str
    status: Status = Status.UNHELD
    version: int = 0
    zone_id: str | None = None
    slot: SlotWindow | None = None
    slot_taken: bool = False
    drop_off: DropOff | None = None
    pickups: tuple[Pickup, ...] = ()
    placed_at: datetime | None = None
    promised_at: datetime | None = None
    expires_at: datetime | None = None
    released: str | None = None
    customer_id: str | None = None
    paid_at: datetime | None = None
    method: str | None = None
    cancelled: str | None = None
    parts: dict[str, Part] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    courier_id: str | None = None
    offer_id: str | None = None
    eta: datetime | None = None
    foreseen: str | None = None
    told: Told = NOTHING_TOLD
    assigned_at: datetime | None = None
    ended_at: datetime | None = None
    failure: str | None = None
    barred: dict[str, datetime | None] = field(default_factory=dict)
    pickup_failures: int = 0
    rebooking: Rebooking = NEVER_REBOOKED
    second_try: SecondTry | None = None
    split_from: str | None = None
    trip: Trip | None = None
    other: Delivery | None = field(default=None, repr=False, compare=False)
    events: list[DeliveryEvent] = field(default_factory=list)

    @property
    def delivery_id(self) -> str:
        return delivery_id_of(self.order_id)

    @property
    def of_order(self) -> str:
        """The order that it brings, or brings a part of."""
        return self.split_from or self.order_id

    @property
    def wants_slot(self) -> bool:
        """Whether the chosen slot's room is this order's. Two trips take the room of one order."""
        if self.slot is None or self.split_from is not None:
            return False
        for_other = self.trip is not None and self.trip.ending is not Status.CANCELLED
        return for_other or self.status not in {Status.UNHELD, Status.RELEASED, Status.CANCELLED}

    @property
    def started(self) -> bool:
        """Something is on board, or a courier stands at one of its stops."""
        return any(stop.status in {StopStatus.DONE, StopStatus.ARRIVED} for stop in self.stops)

    @property
    def on_board(self) -> int:
        return sum(stop.status is StopStatus.DONE for stop in self._of(StopKind.PICKUP))

    @property
    def load(self) -> tuple[int, ...]:
        """What is on board, in the dimensions of a capacity."""
        return total(s.load.amount for s in self._of(StopKind.PICKUP) if s.status is StopStatus.DONE)

    def stop(self, stop_id: str) -> Stop:
        for stop in self.stops:
            if stop.stop_id == stop_id:
                return stop
        raise StopNotFound

    def open_stops(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.is_open]

    def expected_ready(self, stop: Stop, now: datetime) -> datetime:
        """When the shop will have its part ready, as far as it is known ``now``."""
        part = self.part_of(stop)
        if part.ready_at is not None:
            return part.ready_at
        if part.ready_estimate is not None:
            return part.ready_estimate
        # A shop that has not answered yet starts, at the earliest, now.
        return max(now, self.paid_at or now) + timedelta(minutes=stop.preparation_minutes)

    def part_of(self, stop: Stop) -> Part:
        """What counts of a shop's word: a promise from before the order was moved is one for the new slot."""
        part = self.parts.get(stop.store_order_id or "", Part())
        moved_at = self.rebooking.at
        if moved_at is None or part.accepted_at is None or part.accepted_at > moved_at:
            return part
        ready_at = moved_at + timedelta(minutes=stop.preparation_minutes)
        if self.slot is not None:
            ready_at = max(ready_at, self.slot.starts_at)
        return replace(part, accepted_at=moved_at, ready_estimate=ready_at)

    @property
    def asked_for_at(self) -> datetime | None:
        """When the customer asked for it as it is to be brought now."""
        return self.rebooking.at or self.placed_at

    def _of(self, kind: StopKind) -> list[Stop]:
        return [stop for stop in self.stops if stop.kind is kind]

    def _left_to_collect(self) -> bool:
        return any(stop.is_open for stop in self._of(StopKind.PICKUP))
