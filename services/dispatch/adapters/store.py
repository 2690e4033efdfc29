"""Deliveries, couriers, offers, zones and slots in PostgreSQL, for commands and events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.dispatch.adapters import experience
from services.dispatch.adapters.interventions import Interventions
from services.dispatch.adapters.keeping import INSERT_COURIERS, INSERT_DELIVERIES
from services.dispatch.adapters.rows import (
    courier_of,
    courier_row,
    delivery_of,
    delivery_row,
    offer_of,
    slot_of,
    zone_of,
    zone_row,
)
from services.dispatch.domain.courier import Courier, Shift, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lifecycle import RIDING
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.places import Position
from services.dispatch.domain.preparation import Prepared
from services.dispatch.domain.trips import link
from services.dispatch.domain.zone import Slot, Zone, zone_of_place

_RIDING = ", ".join(f"'{status}'" for status in sorted(RIDING))

_DELIVERY = text("SELECT * FROM delivery WHERE order_id = :order_id FOR UPDATE")
# Second trips are locked behind the others: whoever has locked an order's first trip may wait for its second.
_IN_ORDER = "ORDER BY split_from IS NOT NULL, order_id FOR UPDATE"
_DELIVERY_AT = text(f"""
    SELECT * FROM delivery WHERE order_id = ANY(ARRAY(
        SELECT unnest(ARRAY[order_id, progress->'trip'->>'other']) FROM delivery
        WHERE stop_ids @> ARRAY[CAST(:stop_id AS text)]
    )) {_IN_ORDER}
""")
_DELIVERIES = text(f"SELECT * FROM delivery WHERE order_id = ANY(:order_ids) {_IN_ORDER}")
_RIDDEN_BY = text(
    f"SELECT * FROM delivery WHERE courier_id = :courier_id AND status IN ({_RIDING}) {_IN_ORDER}"
)
_COURIER = text("SELECT * FROM courier WHERE courier_id = :courier_id FOR UPDATE")
_OFFER = text("SELECT * FROM offer WHERE offer_id = :offer_id FOR UPDATE")
_OPEN_OFFER = text("SELECT * FROM offer WHERE courier_id = :courier_id AND status = 'open' FOR UPDATE")
_TAKE_SLOT = text(
    "UPDATE slot SET taken = taken + 1 WHERE slot_id = :slot_id AND taken < capacity AND cutoff_at > :now"
    " RETURNING taken"
)
_LOCK_SLOTS = text("SELECT slot_id FROM slot WHERE slot_id = ANY(:slot_ids) ORDER BY slot_id FOR UPDATE")
_GIVE_SLOT = text("UPDATE slot SET taken = taken - 1 WHERE slot_id = :slot_id")
# Riders are looked at again soon anyway; only where an idle one stands can call for another plan at once.
_SEE = text("""
    WITH seen AS (
        INSERT INTO sighting (courier_id, lat, lon, seen_at) VALUES (:courier_id, :lat, :lon, :seen_at)
        ON CONFLICT (courier_id)
            DO UPDATE SET lat = excluded.lat, lon = excluded.lon, seen_at = excluded.seen_at
        WHERE sighting.seen_at <= excluded.seen_at
        RETURNING courier_id
    )
    INSERT INTO zone_change (zone_id)
    SELECT zone_id FROM courier WHERE courier_id = :courier_id AND :marks AND zone_id IS NOT NULL
        AND route = '[]' AND EXISTS (SELECT 1 FROM seen)
""")
_EXPIRED_HOLDS = text(
    "SELECT * FROM delivery WHERE status = 'held' AND expires_at < :before ORDER BY expires_at LIMIT :limit"
    " FOR UPDATE SKIP LOCKED"
)
_PAID_WITHOUT_HOLD = text(
    "SELECT * FROM delivery WHERE status = 'unheld' AND paid_at < :before ORDER BY paid_at LIMIT :limit"
    " FOR UPDATE SKIP LOCKED"
)
_SHIFT = text("SELECT * FROM shift WHERE shift_id = :shift_id")
_ZONE = text("SELECT * FROM zone WHERE zone_id = :zone_id")
_ZONES_AROUND = text(
    "SELECT * FROM zone WHERE south <= :lat AND :lat < north AND west <= :lon AND :lon < east"
)
_ZONES = text("SELECT * FROM zone ORDER BY name, zone_id")
_ADD_ZONE = text("""
    WITH opened AS (
        INSERT INTO zone (zone_id, name, south, west, north, east, outline, settings)
        VALUES (:zone_id, :name, :south, :west, :north, :east, CAST(:outline AS jsonb),
            CAST(:settings AS jsonb))
        ON CONFLICT (zone_id) DO NOTHING RETURNING zone_id
    )
    INSERT INTO zone_plan (zone_id) SELECT zone_id FROM opened RETURNING zone_id
""")
_SLOT = text("SELECT * FROM slot WHERE slot_id = :slot_id")
_SLOTS = text(
    "SELECT * FROM slot WHERE zone_id = :zone_id AND cutoff_at > :now ORDER BY starts_at, slot_id LIMIT 200"
)
_RUNNING_SLOTS = text(
    "SELECT * FROM slot WHERE zone_id = :zone_id AND ends_at > :now AND cutoff_at > :now - interval '1 week'"
    " ORDER BY starts_at, slot_id LIMIT 200"
)
_ADD_SLOTS = text("""
    INSERT INTO slot (slot_id, zone_id, starts_at, ends_at, capacity, cutoff_at, typed, source)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        slot_id text, zone_id text, starts_at timestamptz, ends_at timestamptz, capacity integer,
        cutoff_at timestamptz, typed integer, source text)
    ON CONFLICT (slot_id) DO NOTHING
""")
_SLOTS_BY_ID = text("SELECT * FROM slot WHERE slot_id = ANY(:slot_ids) ORDER BY starts_at, slot_id")


class SqlSightings:
    """Where couriers were seen last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def see(self, courier_id: str, sighting: Sighting, marks: bool = False) -> None:
        self._connection.execute(
            _SEE,
            {
                "courier_id": courier_id,
                "lat": sighting.place.lat,
                "lon": sighting.place.lon,
                "seen_at": sighting.at,
                "marks": marks,
            },
        )


class SqlHolds:
    """Where deliveries begin."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold_anew(self, delivery: Delivery) -> bool:
        rows = orjson.dumps([delivery_row(delivery)]).decode()
        return self._connection.scalar(INSERT_DELIVERIES, {"rows": rows}) is not None


class SqlStore(Interventions):
    """Everything that commands and events work on, in one transaction. What is got is locked.

    Who locks several things takes the courier first, then offers, then deliveries.
    """

    def delivery(self, order_id: str) -> Delivery:
        row = self._one(_DELIVERY, order_id=order_id)
        if row is None:
            # Whoever hears of the order at the same moment waits here, and then finds the same row.
            self.hold_anew(Delivery(order_id=order_id))
            row = self._one(_DELIVERY, order_id=order_id)
        return delivery_of(row)

    def deliveries_or_blank(self, order_ids: Collection[str]) -> dict[str, Delivery]:
        found = {delivery.order_id: delivery for delivery in self.deliveries(order_ids)}
        missing = sorted(set(order_ids) - set(found))
        if missing:
            blank = [delivery_row(Delivery(order_id=order_id)) for order_id in missing]
            self.connection.execute(INSERT_DELIVERIES, {"rows": orjson.dumps(blank).decode()})
            found |= {delivery.order_id: delivery for delivery in self.deliveries(missing)}
        self._link(found.values())
        return found

    def delivery_at(self, stop_id: str) -> Delivery | None:
        found = [delivery_of(row) for row in self._all(_DELIVERY_AT, stop_id=stop_id)]
        self._link(found)
        return next((one for one in found if any(stop.stop_id == stop_id for stop in one.stops)), None)

    def trips(self, order_id: str) -> list[Delivery]:
        first = self.deliveries([order_id])
        return first + self._link(first)

    def _link(self, found: Collection[Delivery]) -> list[Delivery]:
        """Link trips of one order; answers those that had to be read for it."""
        known = {delivery.order_id for delivery in found}
        others = {one.trip.other for one in found if one.trip is not None} - known
        read = self.deliveries(others) if others else []
        link([*found, *read])
        return read

    def deliveries(self, order_ids: Iterable[str]) -> list[Delivery]:
        return [delivery_of(row) for row in self._all(_DELIVERIES, order_ids=list(order_ids))]

    def deliveries_of(self, courier_id: str) -> list[Delivery]:
        return [delivery_of(row) for row in self._all(_RIDDEN_BY, courier_id=courier_id)]

    def courier(self, courier_id: str) -> Courier:
        row = self._one(_COURIER, courier_id=courier_id)
        if row is None:
            blank = [courier_row(Courier(courier_id=courier_id))]
            self.connection.execute(INSERT_COURIERS, {"rows": orjson.dumps(blank).decode()})
            row = self._one(_COURIER, courier_id=courier_id)
        return courier_of(row)

    def offer(self, offer_id: str) -> Offer | None:
        row = self._one(_OFFER, offer_id=offer_id)
        return None if row is None else offer_of(row)

    def open_offer_to(self, courier_id: str) -> Offer | None:
        row = self._one(_OPEN_OFFER, courier_id=courier_id)
        return None if row is None else offer_of(row)

    def take_slot(self, slot_id: str, now: datetime) -> bool:
        return self.connection.scalar(_TAKE_SLOT, {"slot_id": slot_id, "now": now}) is not None

    def move_slot(self, before: str | None, after: str | None, now: datetime) -> bool:
        self.connection.execute(_LOCK_SLOTS, {"slot_ids": [one for one in (before, after) if one]})
        if after is not None and not self.take_slot(after, now):
            return False
        if before is not None:
            self.connection.execute(_GIVE_SLOT, {"slot_id": before})
        return True

    def see(self, courier_id: str, sighting: Sighting, marks: bool = False) -> None:
        SqlSightings(self.connection).see(courier_id, sighting, marks)

    def expired_holds(self, before: datetime, limit: int) -> list[Delivery]:
        return [delivery_of(row) for row in self._all(_EXPIRED_HOLDS, before=before, limit=limit)]

    def paid_without_hold(self, before: datetime, limit: int) -> list[Delivery]:
        return [delivery_of(row) for row in self._all(_PAID_WITHOUT_HOLD, before=before, limit=limit)]

    def past_shift(self, shift_id: str) -> tuple[str, Shift] | None:
        row = self._one(_SHIFT, shift_id=shift_id)
        if row is None:
            return None
        shift = Shift(
            shift_id=shift_id,
            zone_id=row["zone_id"],
            started_at=row["started_at"],
            ends_at=row["ends_at"],
            capacity=0,
            ending=True,
        )
        return row["courier_id"], shift

    def zone(self, zone_id: str) -> Zone | None:
        row = self._one(_ZONE, zone_id=zone_id)
        return None if row is None else zone_of(row)

    def zone_at(self, place: Position) -> Zone | None:
        rows = self._all(_ZONES_AROUND, lat=place.lat, lon=place.lon)
        return zone_of_place(map(zone_of, rows), place)

    def zones(self) -> list[Zone]:
        return [zone_of(row) for row in self._all(_ZONES)]

    def add_zone(self, zone: Zone) -> bool:
        row = zone_row(zone)
        for document in ("outline", "settings"):
            row[document] = None if row[document] is None else orjson.dumps(row[document]).decode()
        return self.connection.scalar(_ADD_ZONE, row) is not None

    def slot(self, slot_id: str) -> Slot | None:
        row = self._one(_SLOT, slot_id=slot_id)
        return None if row is None else slot_of(row)

    def slots(self, zone_id: str, now: datetime) -> list[Slot]:
        return [slot_of(row) for row in self._all(_SLOTS, zone_id=zone_id, now=now)]

    def running_slots(self, zone_id: str, now: datetime) -> list[Slot]:
        return [slot_of(row) for row in self._all(_RUNNING_SLOTS, zone_id=zone_id, now=now)]

    def add_slots(self, slots: Sequence[Slot]) -> list[Slot]:
        rows = [
            {
                "slot_id": slot.slot_id,
                "zone_id": slot.zone_id,
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "capacity": slot.capacity,
                "cutoff_at": slot.cutoff_at,
                "typed": slot.typed,
                "source": slot.source,
            }
            for slot in sorted(slots, key=lambda slot: slot.slot_id)
        ]
        self.connection.execute(_ADD_SLOTS, {"rows": orjson.dumps(rows).decode()})
        found = self._all(_SLOTS_BY_ID, slot_ids=[slot.slot_id for slot in slots])
        return [slot_of(row) for row in found]

    def keep_prepared(self, parts: Sequence[tuple[str, Prepared]]) -> None:
        experience.keep_prepared(self.connection, parts)

    def forget(self, before: datetime) -> int:
        return experience.forget(self.connection, before)

    def _one(self, statement: Any, **values: Any) -> Any:
        return self.connection.execute(statement, values).mappings().one_or_none()

    def _all(self, statement: Any, **values: Any) -> Sequence[Any]:
        return self.connection.execute(statement, values).mappings().all()
