"""A delivery: the physical job for one order, from the hold on its slot to the customer's door.

Facts about the order arrive in any order and any number of times. Each is recorded, then what follows is
derived from all of them, so the same facts lead to the same delivery however they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.dispatch.domain.errors import HoldReleased, PickupOutstanding, StopNotFound, WrongState
from services.dispatch.domain.events import (
    CourierAssigned,
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryPlanned,
    PickupCompleted,
)
from services.dispatch.domain.facts import DropOff, Part, Pickup
from services.dispatch.domain.lifecycle import ENDED, MAY_BECOME, UNASSIGNED, UNPAID, Status
from services.dispatch.domain.promise import NOTHING_TOLD, Forecast, Told
from services.dispatch.domain.stop import Stop, StopKind, StopStatus, first_stops
from services.dispatch.domain.vehicle import total
from services.dispatch.domain.zone import SlotWindow
from shared.kernel.ids import derived_id

_PICKUP_TRIES = 2


def delivery_id_of(order_id: str) -> str:
    return derived_id("delivery", order_id)


@dataclass(kw_only=True)
class Delivery:
    """The job and everything known about it; ``events`` collects what has newly happened."""

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
    events: list[DeliveryEvent] = field(default_factory=list)

    @property
    def delivery_id(self) -> str:
        return delivery_id_of(self.order_id)

    # -- facts about the order -----------------------------------------------------------------------------

    def hold(
        self,
        *,
        zone_id: str,
        slot: SlotWindow | None,
        drop_off: DropOff,
        pickups: tuple[Pickup, ...],
        placed_at: datetime,
        promised_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Keep a place for the order; once only: a second hold changes nothing.

        Raises :class:`HoldReleased` when it was given back, even before it was made.
        """
        if self.released is not None or self.cancelled is not None:
            raise HoldReleased
        if self.drop_off is not None:
            return
        self.zone_id, self.slot, self.drop_off, self.pickups = zone_id, slot, drop_off, pickups
        self.placed_at, self.promised_at, self.expires_at = placed_at, promised_at, expires_at
        self._derive(placed_at)

    def release(self, reason: str, at: datetime) -> None:
        """Give the hold back. An order that is paid keeps its place all the same."""
        if self.released is None:
            self.released = reason
        self._derive(at)

    def paid(self, customer_id: str, paid_at: datetime, at: datetime) -> None:
        self.customer_id, self.paid_at = customer_id, paid_at
        self._derive(at)

    def accepted(self, store_order_id: str, accepted_at: datetime, ready_at: datetime, at: datetime) -> None:
        part = self.parts.get(store_order_id, Part())
        if part.accepted_at is None or (accepted_at, ready_at) > (part.accepted_at, part.ready_estimate):
            self.parts[store_order_id] = replace(part, accepted_at=accepted_at, ready_estimate=ready_at)
        self._derive(at)

    def ready(self, store_order_id: str, ready_at: datetime, at: datetime) -> None:
        part = self.parts.get(store_order_id, Part())
        earliest = ready_at if part.ready_at is None else min(part.ready_at, ready_at)
        self.parts[store_order_id] = replace(part, ready_at=earliest)
        self._derive(at)

    def rejected(self, store_order_id: str, at: datetime) -> None:
        """One shop drops out; its pickup is skipped and its siblings go on."""
        self.parts[store_order_id] = replace(self.parts.get(store_order_id, Part()), rejected=True)
        self._derive(at)

    def cancel(self, reason: str, at: datetime) -> None:
        """The order is off. Goods that are already at the door stay delivered."""
        if self.cancelled is None:
            self.cancelled = reason
        self._derive(at)

    @property
    def wants_slot(self) -> bool:
        """Whether the chosen slot's room is this order's."""
        if self.slot is None:
            return False
        return self.status not in {Status.UNHELD, Status.RELEASED, Status.CANCELLED}

    def _derive(self, at: datetime) -> None:
        payable = self.paid_at is not None and self.drop_off is not None
        if self.drop_off is not None and self.paid_at is not None and not self.stops:
            self.stops = first_stops(self.order_id, self.pickups, self.drop_off)
        if self.status in ENDED:
            self._skip_open_stops(at)
            return
        if self.cancelled is not None:
            self._call_off(at)
            return
        if self.status in UNPAID:
            if payable:
                self._become(Status.WAITING)
            elif self.released is not None and self.paid_at is None:
                if self.status is not Status.RELEASED:
                    self._become(Status.RELEASED)
            elif self.drop_off is not None and self.status is Status.UNHELD:
                self._become(Status.HELD)
        if self.status not in UNPAID:
            self._drop_rejected(at)

    def _drop_rejected(self, at: datetime) -> None:
        for stop in self.stops:
            part = self.parts.get(stop.store_order_id or "")
            if part is not None and part.rejected and stop.is_open:
                self._set(replace(stop.become(StopStatus.SKIPPED), ended_at=at))
        pickups = self._of(StopKind.PICKUP)
        if pickups and all(stop.status is StopStatus.SKIPPED for stop in pickups):
            self._call_off(at)
        elif self.status in {Status.ASSIGNED, Status.COLLECTING} and not self._left_to_collect():
            self._become(Status.DELIVERING)

    def _call_off(self, at: datetime) -> None:
        self._end(Status.CANCELLED, at)
        if self.courier_id is not None:
            self._unassigned("order-cancelled")
        self.offer_id = None

    # -- planning ------------------------------------------------------------------------------------------

    def foresee(self, courier_id: str, eta: datetime, plan_version: int, told: Told | None = None) -> None:
        """A plan has a courier in mind; nobody has been asked yet. ``told`` is what the customer may know."""
        self.told = told or self.told
        if self.status is Status.WAITING:
            self._become(Status.PLANNED)
            self.events.append(
                DeliveryPlanned(
                    delivery_id=self.delivery_id,
                    order_id=self.order_id,
                    zone_id=self.zone_id or "",
                    courier_id=courier_id,
                    plan_version=plan_version,
                    eta=eta,
                    promised_at=self.promised_at or eta,
                    eta_from=self.told.starts_at,
                    eta_to=self.told.ends_at,
                )
            )
        self.eta, self.foreseen = eta, courier_id

    def offer(self, offer_id: str) -> None:
        """A courier is being asked; raises :class:`WrongState` while another is."""
        if self.offer_id is not None or self.status not in UNASSIGNED:
            raise WrongState("Somebody else is being asked already.")
        self.offer_id = offer_id

    def not_taken(self, courier_id: str, until: datetime | None) -> None:
        """The courier who was asked did not take it; ask again from ``until`` on (never: ``None``)."""
        self.offer_id = None
        self.barred[courier_id] = until
        self.foreseen = None

    def assign(
        self, courier_id: str, at: datetime, eta: datetime, plan_version: int, reason: str | None = None
    ) -> None:
        """The courier took the offer, or is given the delivery for a ``reason``."""
        self._become(Status.ASSIGNED)
        self.courier_id, self.offer_id, self.assigned_at, self.eta = courier_id, None, at, eta
        self.told = self.told.and_now(Forecast(made_at=at, eta=eta), None)
        self.events.append(
            CourierAssigned(
                delivery_id=self.delivery_id,
                order_id=self.order_id,
                zone_id=self.zone_id or "",
                courier_id=courier_id,
                assigned_at=at,
                plan_version=plan_version,
                eta=eta,
                reason=reason,
            )
        )

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

    def unassign(self, reason: str, bar_until: datetime | None = None) -> None:
        """Take the delivery back from its courier; raises :class:`WrongState` when goods are on board."""
        if self.on_board or self.courier_id is None:
            raise WrongState("Only a delivery that is assigned and not picked up can be taken back.")
        if bar_until is not None:
            self.barred[self.courier_id] = bar_until
        for stop in self.stops:
            if stop.status in {StopStatus.ARRIVED, StopStatus.FAILED}:
                self._set(replace(stop.become(StopStatus.PENDING), arrived_at=None))
        self._become(Status.WAITING)
        self._unassigned(reason)

    def fail(self, reason: str, at: datetime) -> None:
        """End without delivery: whoever took the money gives it back."""
        self.failure = reason
        courier_id = self.courier_id
        self._end(Status.FAILED, at)
        self.offer_id = None
        self.events.append(
            DeliveryFailed(
                delivery_id=self.delivery_id,
                order_id=self.order_id,
                courier_id=courier_id,
                reason=reason,
                failed_at=at,
            )
        )

    # -- on the road ---------------------------------------------------------------------------------------

    def arrive(self, stop_id: str, at: datetime) -> None:
        stop = self.stop(stop_id)
        if stop.status is StopStatus.ARRIVED:
            return
        if stop.kind is StopKind.DROP_OFF and self._left_to_collect():
            raise PickupOutstanding
        self._set(replace(stop.become(StopStatus.ARRIVED), arrived_at=at))
        if self.status is Status.ASSIGNED and stop.kind is StopKind.PICKUP:
            self._become(Status.COLLECTING)

    def complete(self, stop_id: str, proof: Mapping[str, str] | None, leg_m: int, at: datetime) -> None:
        """The goods are picked up, or handed over. Completing a stop twice changes nothing."""
        stop = self.stop(stop_id)
        if stop.status is StopStatus.DONE:
            return
        if stop.kind is StopKind.DROP_OFF and self._left_to_collect():
            raise PickupOutstanding
        self._set(replace(stop.become(StopStatus.DONE), ended_at=at, proof=proof, leg_m=leg_m))
        courier_id = self.courier_id or ""
        if stop.kind is StopKind.PICKUP:
            self.events.append(
                PickupCompleted(
                    delivery_id=self.delivery_id,
                    order_id=self.order_id,
                    store_order_id=stop.store_order_id or "",
                    shop_id=stop.shop_id or "",
                    courier_id=courier_id,
                    picked_up_at=at,
                )
            )
            if not self._left_to_collect():
                self._become(Status.DELIVERING)
            return
        self._end(Status.DELIVERED, at)
        self.events.append(
            DeliveryCompleted(
                delivery_id=self.delivery_id,
                order_id=self.order_id,
                zone_id=self.zone_id or "",
                courier_id=courier_id,
                completed_at=at,
                pickups=self.on_board,
                distance_m=sum(stop.leg_m for stop in self.stops),
            )
        )

    def fail_stop(self, stop_id: str, reason: str, at: datetime) -> None:
        """A stop could not be made. Nothing on board and a first try: another courier gets the whole
        delivery. Otherwise the delivery has failed."""
        stop = self.stop(stop_id)
        if stop.status is StopStatus.FAILED:
            return
        self._set(replace(stop.become(StopStatus.FAILED), ended_at=at))
        if stop.kind is StopKind.PICKUP:
            self.pickup_failures += 1
            if not self.on_board and self.pickup_failures < _PICKUP_TRIES:
                courier_id = self.courier_id or ""
                self.unassign(f"pickup-failed: {reason}")
                self.barred[courier_id] = None
                return
        self.fail(f"{stop.kind.replace('_', '-')}-failed: {reason}", at)

    def stop(self, stop_id: str) -> Stop:
        for stop in self.stops:
            if stop.stop_id == stop_id:
                return stop
        raise StopNotFound

    def open_stops(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.is_open]

    # -- looking ahead -------------------------------------------------------------------------------------

    def expected_ready(self, stop: Stop, now: datetime) -> datetime:
        """When the shop will have its part ready, as far as it is known ``now``."""
        part = self.parts.get(stop.store_order_id or "", Part())
        if part.ready_at is not None:
            return part.ready_at
        if part.ready_estimate is not None:
            return part.ready_estimate
        # A shop that has not answered yet starts, at the earliest, now.
        return max(now, self.paid_at or now) + timedelta(minutes=stop.preparation_minutes)

    # -- inside --------------------------------------------------------------------------------------------

    def _of(self, kind: StopKind) -> list[Stop]:
        return [stop for stop in self.stops if stop.kind is kind]

    def _left_to_collect(self) -> bool:
        return any(stop.is_open for stop in self._of(StopKind.PICKUP))

    def _set(self, changed: Stop) -> None:
        self.stops = [changed if stop.stop_id == changed.stop_id else stop for stop in self.stops]

    def _become(self, status: Status) -> None:
        if status not in MAY_BECOME[self.status]:
            raise WrongState(f"This delivery is {self.status} and cannot become {status}.")
        self.status = status

    def _end(self, status: Status, at: datetime) -> None:
        self._become(status)
        self.ended_at = at
        self._skip_open_stops(at)

    def _skip_open_stops(self, at: datetime) -> None:
        for stop in self.open_stops():
            self._set(replace(stop.become(StopStatus.SKIPPED), ended_at=at))

    def _unassigned(self, reason: str) -> None:
        self.events.append(
            CourierUnassigned(
                delivery_id=self.delivery_id,
                order_id=self.order_id,
                courier_id=self.courier_id or "",
                reason=reason,
            )
        )
        self.courier_id = self.assigned_at = self.foreseen = None
