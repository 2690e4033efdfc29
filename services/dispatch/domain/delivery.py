"""A delivery: the physical job for one order, from the hold on its slot to the customer's door.

Facts about the order arrive in any order and any number of times. Each is recorded, then what follows is
derived from all of them, so the same facts lead to the same delivery however they came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.dispatch.domain.errors import HoldReleased, PickupOutstanding, WrongState
from services.dispatch.domain.events import (
    CourierAssigned,
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryPlanned,
    PickupCompleted,
    PickupFailed,
)
from services.dispatch.domain.facts import DropOff, Part, Pickup
from services.dispatch.domain.job import Job
from services.dispatch.domain.lifecycle import ENDED, MAY_BECOME, UNASSIGNED, UNPAID, Status
from services.dispatch.domain.promise import Forecast, Told
from services.dispatch.domain.proof import Proved, told_of_handover, told_of_pickup
from services.dispatch.domain.second_try import end_if_brought_back, fail_at_door, is_repeated, returned
from services.dispatch.domain.stop import Stop, StopKind, StopStatus, first_stops
from services.dispatch.domain.trips import call_off, give_up, hand_over
from services.dispatch.domain.zone import SlotWindow, ZoneSettings

_PICKUP_TRIES = 2
_GIVEN_UP = {StopStatus.SKIPPED, StopStatus.FAILED}


@dataclass(kw_only=True)
class Delivery(Job):
    """A job and what may become of it."""

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

    def paid(self, customer_id: str, paid_at: datetime, at: datetime, method: str | None = None) -> None:
        self.customer_id, self.paid_at, self.method = customer_id, paid_at, method
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
        if pickups and all(stop.status in _GIVEN_UP for stop in pickups):
            self._call_off(at)
        else:
            self._ride_on()

    def _ride_on(self) -> None:
        if self.status in {Status.ASSIGNED, Status.COLLECTING} and not self._left_to_collect():
            self._become(Status.DELIVERING)

    def leave_to_another(self, parts: Collection[str], at: datetime) -> None:
        """A second courier collects these parts; what is on board goes on to the door."""
        for stop in self.open_stops():
            if stop.kind is StopKind.PICKUP and stop.store_order_id in parts:
                self._set(replace(stop.become(StopStatus.SKIPPED), ended_at=at))
        self._ride_on()

    def _call_off(self, at: datetime) -> None:
        self._end(Status.CANCELLED, at)
        if self.courier_id is not None:
            self._unassigned("order-cancelled")
        self.offer_id = None
        call_off(self)

    # -- planning ------------------------------------------------------------------------------------------

    def foresee(self, courier_id: str, eta: datetime, plan_version: int, told: Told | None = None) -> None:
        """A plan has a courier in mind; nobody has been asked yet. ``told`` is what the customer may know."""
        self.told = told or self.told
        if self.status is Status.WAITING:
            self._become(Status.PLANNED)
            self.events.append(
                DeliveryPlanned(
                    delivery_id=self.delivery_id,
                    order_id=self.of_order,
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
                order_id=self.of_order,
                zone_id=self.zone_id or "",
                courier_id=courier_id,
                assigned_at=at,
                plan_version=plan_version,
                eta=eta,
                reason=reason,
            )
        )

    def unassign(self, reason: str, bar_until: datetime | None = None) -> None:
        """Take the delivery back from its courier; raises :class:`WrongState` when goods are on board."""
        if self.on_board or self.courier_id is None:
            raise WrongState("Only a delivery that is assigned and not picked up can be taken back.")
        if bar_until is not None:
            self.barred[self.courier_id] = bar_until
        for stop in self.stops:
            left_out = self.parts.get(stop.store_order_id or "", Part()).rejected
            if stop.status in {StopStatus.ARRIVED, StopStatus.FAILED} and not left_out:
                self._set(replace(stop.become(StopStatus.PENDING), arrived_at=None))
        self._become(Status.WAITING)
        self._unassigned(reason)

    def wait_anew(self) -> None:
        """Whom a plan had in mind counts no more."""
        if self.status is Status.PLANNED:
            self._become(Status.WAITING)

    def fail(self, reason: str, at: datetime) -> None:
        """End without delivery: whoever took the money gives it back."""
        self.failure = reason
        courier_id = self.courier_id
        self._end(Status.FAILED, at)
        self.offer_id = None
        failed = DeliveryFailed(
            delivery_id=self.delivery_id,
            order_id=self.of_order,
            courier_id=courier_id,
            reason=reason,
            failed_at=at,
        )
        give_up(self, failed)

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

    def may_be_completed(self, stop_id: str) -> Stop:
        """The stop, if its courier is there and its turn has come; raises otherwise."""
        stop = self.stop(stop_id)
        if stop.kind is StopKind.DROP_OFF and self._left_to_collect():
            raise PickupOutstanding
        stop.become(StopStatus.DONE)
        return stop

    def note(self, stop: Stop) -> None:
        """Keep what became known at a stop: a wrong code, or a picture."""
        self._set(stop)

    def complete(
        self,
        stop_id: str,
        noted: Mapping[str, str] | None,
        leg_m: int,
        at: datetime,
        proved: Proved | None = None,
    ) -> None:
        """The goods are picked up, or handed over. Completing a stop twice changes nothing."""
        if self.stop(stop_id).status is StopStatus.DONE:
            return
        stop = self.may_be_completed(stop_id).become(StopStatus.DONE)
        self._set(replace(stop, ended_at=at, proof=noted, proved=proved, leg_m=leg_m))
        courier_id = self.courier_id or ""
        if stop.kind is StopKind.RETURN:
            returned(self, stop, at)
            return
        if stop.kind is StopKind.PICKUP:
            self.events.append(
                PickupCompleted(
                    delivery_id=self.delivery_id,
                    order_id=self.of_order,
                    store_order_id=stop.store_order_id or "",
                    shop_id=stop.shop_id or "",
                    courier_id=courier_id,
                    picked_up_at=at,
                    **told_of_pickup(proved),
                )
            )
            if not self._left_to_collect():
                self._become(Status.DELIVERING)
            return
        self._end(Status.DELIVERED, at)
        completed = DeliveryCompleted(
            delivery_id=self.delivery_id,
            order_id=self.of_order,
            zone_id=self.zone_id or "",
            courier_id=courier_id,
            completed_at=at,
            pickups=self.on_board,
            distance_m=sum(stop.leg_m for stop in self.stops),
            **told_of_handover(proved),
        )
        hand_over(self, completed)

    def fail_stop(
        self, stop_id: str, reason: str, at: datetime, settings: ZoneSettings | None = None
    ) -> None:
        """A stop could not be made. Nothing on board and a first try: another courier gets the whole
        delivery. Otherwise a shop's part is left out and its siblings go on; without any left the delivery
        has failed. So it has at the door, unless the zone's ``settings`` give it a second try or have the
        goods brought back first.
        """
        stop = self.stop(stop_id)
        if stop.status is StopStatus.FAILED or is_repeated(self, stop):
            return
        if stop.kind is StopKind.DROP_OFF and settings is not None:
            fail_at_door(self, stop, reason, at, settings)
            return
        if stop.kind is StopKind.RETURN:
            self._set(replace(stop.become(StopStatus.FAILED), ended_at=at))
            end_if_brought_back(self, at)
            return
        self._set(replace(stop.become(StopStatus.FAILED), ended_at=at))
        if stop.kind is StopKind.PICKUP:
            self.pickup_failures += 1
            if not self.on_board and self.pickup_failures < _PICKUP_TRIES:
                courier_id = self.courier_id or ""
                self.unassign(f"pickup-failed: {reason}")
                self.barred[courier_id] = None
                return
            if self.on_board or self._left_to_collect():
                self._leave_out(stop, reason, at)
                return
        self.fail(f"{stop.kind.replace('_', '-')}-failed: {reason}", at)

    def _leave_out(self, stop: Stop, reason: str, at: datetime) -> None:
        name = stop.store_order_id or ""
        self.parts[name] = replace(self.parts.get(name, Part()), rejected=True)
        self.events.append(
            PickupFailed(
                delivery_id=self.delivery_id,
                order_id=self.of_order,
                store_order_id=name,
                shop_id=stop.shop_id or "",
                courier_id=self.courier_id or "",
                reason=reason,
                failed_at=at,
            )
        )
        self._drop_rejected(at)

    # -- inside --------------------------------------------------------------------------------------------

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
                order_id=self.of_order,
                courier_id=self.courier_id or "",
                reason=reason,
            )
        )
        self.courier_id = self.assigned_at = self.foreseen = None
