"""Dispatch's store and views, in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.dispatch.application.ports import Whereabouts
from services.dispatch.contracts.published import publish
from services.dispatch.domain.courier import Courier, Shift, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import CourierOnShift
from services.dispatch.domain.lifecycle import RIDING, Status
from services.dispatch.domain.offer import Offer, OfferStatus
from services.dispatch.domain.override import Override
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.places import Position
from services.dispatch.domain.preparation import Prepared
from services.dispatch.domain.promise import Windows
from services.dispatch.domain.trips import link
from services.dispatch.domain.zone import Slot, Zone, zone_of_place
from shared.messaging.context import WorkContext, current, working_on
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


def copy_of(thing: Any) -> Any:
    """What is kept and what is worked on never share anything that can change."""
    match thing:
        case Delivery():
            return replace(
                thing,
                parts=dict(thing.parts),
                stops=list(thing.stops),
                barred=dict(thing.barred),
                events=[],
                other=None,
            )
        case Courier():
            return replace(thing, events=[])
        case _:
            return replace(thing)


@dataclass(frozen=True, kw_only=True)
class KeptPlan:
    version: int = 0
    plan: Mapping[str, Sequence[str]]
    planned_at: datetime | None = None
    due_at: datetime | None = None
    token: int = 0
    leased_until: float = 0.0


class MemorySightings:
    def __init__(self, connection: MemoryConnection) -> None:
        self.connection = connection

    def see(self, courier_id: str, sighting: Sighting, marks: bool = False) -> None:
        known = self.connection.rows("sighting").get(courier_id)
        if known is not None and known.at > sighting.at:
            return
        self.connection.put("sighting", courier_id, sighting)
        courier = self.connection.rows("courier").get(courier_id)
        if marks and courier is not None and courier.shift is not None and not courier.route:
            mark(self.connection, [courier.shift.zone_id])


class MemoryHolds:
    def __init__(self, connection: MemoryConnection) -> None:
        self.connection = connection

    def hold_anew(self, delivery: Delivery) -> bool:
        if delivery.order_id in self.connection.rows("delivery"):
            return False
        self.connection.put("delivery", delivery.order_id, copy_of(delivery))
        return True


class MemoryZoneMap:
    def __init__(self, connection: MemoryConnection, known: object) -> None:
        self._connection = connection

    def at(self, place: Position) -> Zone | None:
        return zone_at(self._connection, place)


def zone_at(connection: MemoryConnection, place: Position) -> Zone | None:
    return zone_of_place(connection.rows("zone").values(), place)


def mark(connection: MemoryConnection, zones: Iterable[str]) -> None:
    for zone_id in sorted(set(zones)):
        connection.put("zone_change", connection.database.next_of("mark"), zone_id)


class Keeper:
    """Saves in one transaction, and publishes what happened."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.connection: MemoryConnection = tx.connection  # type: ignore[assignment]

    def save(
        self,
        deliveries: Collection[Delivery] = (),
        couriers: Collection[Courier] = (),
        offers: Collection[Offer] = (),
        changed_zones: Collection[str] = (),
    ) -> None:
        for courier in couriers:
            courier.version += 1
            courier.rests.clear()
            self.connection.put("courier", courier.courier_id, replace(copy_of(courier), waits=None))
            for event in courier.events:
                if isinstance(event, CourierOnShift):
                    if event.shift_id in self.connection.rows("shift"):
                        raise ValueError(f"shift {event.shift_id} is there already")
                    self.connection.put("shift", event.shift_id, event)
                publish(self.tx, event)
            courier.events.clear()
        for offer in offers:
            self._keep(offer)
        for delivery in deliveries:
            self._count_in_slot(delivery)
            delivery.version += 1
            self.connection.put("delivery", delivery.order_id, copy_of(delivery))
            self._publish(delivery)
        mark(self.connection, changed_zones)

    def hold_anew(self, delivery: Delivery) -> bool:
        return MemoryHolds(self.connection).hold_anew(delivery)

    def tell(self, delivery: Delivery, cause: object) -> None:
        with working_on(cause if isinstance(cause, WorkContext) else current()):
            self._publish(delivery)

    def _keep(self, offer: Offer) -> None:
        rivals = self.connection.rows("offer").values()
        if offer.status is OfferStatus.OPEN and any(
            other.courier_id == offer.courier_id and other.status is OfferStatus.OPEN
            for other in rivals
            if other.offer_id != offer.offer_id
        ):
            raise ValueError(f"{offer.courier_id} would be asked twice at once")
        self.connection.put("offer", offer.offer_id, copy_of(offer))

    def _publish(self, delivery: Delivery) -> None:
        for event in delivery.events:
            publish(self.tx, event)
        delivery.events.clear()

    def _count_in_slot(self, delivery: Delivery) -> None:
        if delivery.slot is not None and delivery.wants_slot != delivery.slot_taken:
            slot = self.connection.rows("slot")[delivery.slot.slot_id]
            taken = slot.taken + (1 if delivery.wants_slot else -1)
            self.connection.put("slot", slot.slot_id, replace(slot, taken=taken))
            delivery.slot_taken = delivery.wants_slot


class MemoryStore(Keeper):
    """:class:`services.dispatch.application.ports.Store`."""

    def keep_prepared(self, parts: Sequence[tuple[str, Prepared]]) -> None:
        for zone_id, part in parts:
            self.connection.put("preparation", part.store_order_id, (zone_id, part))

    def forget(self, before: datetime) -> int:
        rows = self.connection.rows("preparation")
        old = [name for name, (_, part) in rows.items() if part.ready_at < before]
        for name in old:
            self.connection.drop("preparation", name)
        return len(old)

    def delivery(self, order_id: str) -> Delivery:
        self.hold_anew(Delivery(order_id=order_id))
        return copy_of(self.connection.rows("delivery")[order_id])  # type: ignore[no-any-return]

    def deliveries_or_blank(self, order_ids: Collection[str]) -> dict[str, Delivery]:
        found = {order_id: self.delivery(order_id) for order_id in sorted(order_ids)}
        self._link(found.values())
        return found

    def delivery_at(self, stop_id: str) -> Delivery | None:
        for delivery in self.connection.rows("delivery").values():
            if any(stop.stop_id == stop_id for stop in delivery.stops):
                found: Delivery = copy_of(delivery)
                self._link([found])
                return found
        return None

    def trips(self, order_id: str) -> list[Delivery]:
        first = self.deliveries([order_id])
        return first + self._link(first)

    def _link(self, found: Collection[Delivery]) -> list[Delivery]:
        known = {delivery.order_id for delivery in found}
        read = self.deliveries({one.trip.other for one in found if one.trip is not None} - known)
        link([*found, *read])
        return read

    def deliveries(self, order_ids: Iterable[str]) -> list[Delivery]:
        rows = self.connection.rows("delivery")
        return [copy_of(rows[order_id]) for order_id in sorted(set(order_ids)) if order_id in rows]

    def deliveries_of(self, courier_id: str) -> list[Delivery]:
        rows = self.connection.rows("delivery")
        mine = [k for k in sorted(rows) if rows[k].courier_id == courier_id and rows[k].status in RIDING]
        return [copy_of(rows[order_id]) for order_id in mine]

    def courier(self, courier_id: str) -> Courier:
        if courier_id not in self.connection.rows("courier"):
            self.connection.put("courier", courier_id, Courier(courier_id=courier_id))
        return copy_of(self.connection.rows("courier")[courier_id])  # type: ignore[no-any-return]

    def offer(self, offer_id: str) -> Offer | None:
        kept = self.connection.rows("offer").get(offer_id)
        return None if kept is None else copy_of(kept)

    def open_offer_to(self, courier_id: str) -> Offer | None:
        for offer in self.connection.rows("offer").values():
            if offer.courier_id == courier_id and offer.status is OfferStatus.OPEN:
                return copy_of(offer)  # type: ignore[no-any-return]
        return None

    def take_slot(self, slot_id: str, now: datetime) -> bool:
        slot = self.connection.rows("slot").get(slot_id)
        if slot is None or slot.taken >= slot.capacity or slot.cutoff_at <= now:
            return False
        self.connection.put("slot", slot_id, replace(slot, taken=slot.taken + 1))
        return True

    def move_slot(self, before: str | None, after: str | None, now: datetime) -> bool:
        if after is not None and not self.take_slot(after, now):
            return False
        if before is not None:
            slot = self.connection.rows("slot")[before]
            self.connection.put("slot", before, replace(slot, taken=slot.taken - 1))
        return True

    def see(self, courier_id: str, sighting: Sighting, marks: bool = False) -> None:
        MemorySightings(self.connection).see(courier_id, sighting, marks)

    def expired_holds(self, before: datetime, limit: int) -> list[Delivery]:
        rows = self.connection.rows("delivery").values()
        due = [d for d in rows if d.status is Status.HELD and d.expires_at and d.expires_at < before]
        return [copy_of(d) for d in sorted(due, key=lambda delivery: delivery.expires_at)[:limit]]

    def paid_without_hold(self, before: datetime, limit: int) -> list[Delivery]:
        rows = self.connection.rows("delivery").values()
        due = [d for d in rows if d.status is Status.UNHELD and d.paid_at and d.paid_at < before]
        return [copy_of(d) for d in sorted(due, key=lambda delivery: delivery.paid_at)[:limit]]

    def past_shift(self, shift_id: str) -> tuple[str, Shift] | None:
        begun = self.connection.rows("shift").get(shift_id)
        if begun is None:
            return None
        shift = Shift(
            shift_id=shift_id,
            zone_id=begun.zone_id,
            started_at=begun.started_at,
            ends_at=begun.ends_at,
            capacity=0,
            ending=True,
        )
        return begun.courier_id, shift

    def zone(self, zone_id: str) -> Zone | None:
        return self.connection.rows("zone").get(zone_id)

    def zone_at(self, place: Position) -> Zone | None:
        return zone_at(self.connection, place)

    def zones(self) -> list[Zone]:
        return sorted(self.connection.rows("zone").values(), key=lambda zone: (zone.name, zone.zone_id))

    def add_zone(self, zone: Zone) -> bool:
        if zone.zone_id in self.connection.rows("zone"):
            return False
        self.connection.put("zone", zone.zone_id, zone)
        self.connection.put("zone_plan", zone.zone_id, KeptPlan(plan={}))
        return True

    def slot(self, slot_id: str) -> Slot | None:
        return self.connection.rows("slot").get(slot_id)

    def slots(self, zone_id: str, now: datetime) -> list[Slot]:
        rows = self.connection.rows("slot").values()
        open_now = [slot for slot in rows if slot.zone_id == zone_id and slot.cutoff_at > now]
        return sorted(open_now, key=lambda slot: (slot.starts_at, slot.slot_id))[:200]

    def running_slots(self, zone_id: str, now: datetime) -> list[Slot]:
        rows = self.connection.rows("slot").values()
        running = [slot for slot in rows if slot.zone_id == zone_id and slot.ends_at > now]
        return sorted(running, key=lambda slot: (slot.starts_at, slot.slot_id))[:200]

    def add_slots(self, slots: Sequence[Slot]) -> list[Slot]:
        for slot in slots:
            if slot.slot_id not in self.connection.rows("slot"):
                self.connection.put("slot", slot.slot_id, slot)
        found = [self.connection.rows("slot")[slot_id] for slot_id in {slot.slot_id for slot in slots}]
        return sorted(found, key=lambda slot: (slot.starts_at, slot.slot_id))

    def revoke_lease(self, zone_id: str) -> None:
        kept = self.connection.rows("zone_plan")[zone_id]
        self.connection.put("zone_plan", zone_id, replace(kept, token=kept.token + 1, leased_until=0.0))

    def pause_of(self, zone_id: str) -> Pause | None:
        return running_pause(self.connection, zone_id)

    def keep_pause(self, pause: Pause) -> None:
        self.connection.put("zone_pause", (pause.zone_id, pause.paused_at), pause)

    def open_offers_in(self, zone_id: str) -> list[Offer]:
        rows = self.connection.rows("offer").values()
        return [copy_of(one) for one in rows if one.zone_id == zone_id and one.status is OfferStatus.OPEN]

    def whereabouts(self, order_id: str) -> Whereabouts | None:
        kept = self.connection.rows("delivery").get(order_id)
        if kept is None:
            return None
        trying = kept.second_try if kept.ended_at is None else None
        return Whereabouts(
            key=order_id,
            zone_id=kept.zone_id,
            courier_id=kept.courier_id,
            offer_id=kept.offer_id,
            tries_again=trying is not None and not (trying.starts_at or trying.returning_since),
        )

    def couriers(self, courier_ids: Sequence[str]) -> dict[str, Courier]:
        rows = self.connection.rows("courier")
        return {courier_id: copy_of(rows[courier_id]) for courier_id in courier_ids if courier_id in rows}

    def override(self, override_id: str) -> Override | None:
        return self.connection.rows("override").get(override_id)

    def keep_override(self, override: Override) -> None:
        self.connection.put("override", override.override_id, override)


def running_pause(connection: MemoryConnection, zone_id: str) -> Pause | None:
    pauses = connection.rows("zone_pause").values()
    return next((one for one in pauses if one.zone_id == zone_id and one.resumed_at is None), None)


class MemoryViews:
    """What couriers look at, of :class:`services.dispatch.application.looking.Views`."""

    def __init__(self, connection: MemoryConnection, experience: object = None) -> None:
        self._connection = connection

    def windows(self, zone_id: str, now: datetime) -> Windows:
        """Nothing was learnt."""
        return Windows()

    def courier(self, courier_id: str) -> Courier | None:
        return self._connection.rows("courier").get(courier_id)

    def open_offers(self, courier_id: str, now: datetime) -> list[Offer]:
        return [
            offer
            for offer in self._connection.rows("offer").values()
            if offer.courier_id == courier_id and offer.status is OfferStatus.OPEN and offer.expires_at > now
        ]

    def deliveries(self, order_ids: Iterable[str]) -> dict[str, Delivery]:
        rows = self._connection.rows("delivery")
        return {key: rows[key] for key in sorted(set(order_ids)) if key in rows}
