"""What slots are planned from, in PostgreSQL: read without locking anything, kept by one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.dispatch.adapters.rows import slot_of, zone_of
from services.dispatch.application.slot_planning import ComingSlot
from services.dispatch.domain.capacity import Pace
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.slots import Booked, SlotOutlook
from services.dispatch.domain.zone import Zone

# Slots of a zone that the live planner does not have yet.
_AHEAD = """
    s.starts_at < :until
    AND s.starts_at > CAST(:now AS timestamptz)
        + coalesce((z.settings->>'slot_lead_minutes')::float, 60) * interval '1 minute'
"""
_TO_PLAN = text(f"""
    SELECT s.slot_id, o.fingerprint FROM slot AS s JOIN zone AS z USING (zone_id)
    LEFT JOIN slot_outlook AS o USING (slot_id)
    WHERE {_AHEAD} AND (s.taken > 0 OR o.booked > 0) ORDER BY s.starts_at, s.slot_id LIMIT 500
""")
_SLOTS = text("SELECT * FROM slot WHERE slot_id = ANY(:slot_ids)")
_ZONES = text("SELECT * FROM zone WHERE zone_id = ANY(:zone_ids)")
_BOOKED = text("""
    SELECT order_id, held, told FROM delivery
    WHERE slot_id = :slot_id AND slot_taken AND held IS NOT NULL ORDER BY order_id
""")
_KEEP_OUTLOOK = text("""
    INSERT INTO slot_outlook
        (slot_id, planned_at, solver, booked, fingerprint, couriers_needed, late, routes)
    VALUES (:slot_id, :planned_at, :solver, :booked, :fingerprint, :couriers_needed, :late,
        CAST(:routes AS jsonb))
    ON CONFLICT (slot_id) DO UPDATE SET planned_at = excluded.planned_at, solver = excluded.solver,
        booked = excluded.booked, fingerprint = excluded.fingerprint,
        couriers_needed = excluded.couriers_needed, late = excluded.late, routes = excluded.routes
    WHERE slot_outlook.planned_at <= excluded.planned_at
""")
_TO_MEASURE = text("""
    SELECT * FROM zone AS z
    WHERE EXISTS (SELECT 1 FROM slot AS s WHERE s.zone_id = z.zone_id AND s.cutoff_at > :now)
        AND NOT EXISTS (SELECT 1 FROM zone_pace AS p WHERE p.zone_id = z.zone_id AND p.measured_at > :before)
    ORDER BY z.zone_id
""")
_HISTORY = text("""
    SELECT order_id, held, told FROM delivery
    WHERE zone_id = :zone_id AND status = 'delivered' AND ended_at > :since AND held IS NOT NULL
        AND split_from IS NULL
    ORDER BY ended_at DESC, order_id LIMIT :most
""")
_KEEP_PACE = text("""
    INSERT INTO zone_pace (zone_id, per_hour, samples, measured_at)
    VALUES (:zone_id, :per_hour, :samples, :measured_at)
    ON CONFLICT (zone_id) DO UPDATE SET per_hour = excluded.per_hour, samples = excluded.samples,
        measured_at = excluded.measured_at
    WHERE zone_pace.measured_at <= excluded.measured_at
""")
# Orders came or went: what the slot was planned for is compared by whoever plans it.
_DUE = text(f"""
    SELECT EXISTS (
        SELECT 1 FROM slot AS s JOIN zone AS z USING (zone_id) LEFT JOIN slot_outlook AS o USING (slot_id)
        WHERE {_AHEAD} AND s.taken <> coalesce(o.booked, 0)
    ) OR EXISTS (
        SELECT 1 FROM slot AS s LEFT JOIN zone_pace AS p USING (zone_id)
        WHERE s.cutoff_at > :now AND (p.measured_at IS NULL OR p.measured_at <= :before)
    )
""")
# One at a time, in all of dispatch; it goes with the connection of whoever has it.
_ALONE = text("SELECT pg_try_advisory_lock(hashtext('dispatch.slot-planning'))")
_OTHERS = text("SELECT pg_advisory_unlock(hashtext('dispatch.slot-planning'))")


def is_slot_work_due(connection: Connection, now: datetime, ahead: timedelta, measured: timedelta) -> bool:
    """Whether there is anything to plan or to measure; cheap."""
    values = {"now": now, "until": now + ahead, "before": now - measured}
    return bool(connection.scalar(_DUE, values))


class SqlSlotDesk:
    """:class:`services.dispatch.application.slot_planning.SlotDesk` over a connection in autocommit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_mine_alone(self) -> bool:
        """Whether nobody else plans slots now; then nobody will, as long as this connection is open."""
        return bool(self._connection.scalar(_ALONE))

    def let_others(self) -> None:
        self._connection.execute(_OTHERS)

    def slots_to_plan(self, now: datetime, ahead: timedelta) -> list[ComingSlot]:
        values = {"now": now, "until": now + ahead}
        found = {
            row["slot_id"]: row["fingerprint"]
            for row in self._connection.execute(_TO_PLAN, values).mappings()
        }
        rows = self._connection.execute(_SLOTS, {"slot_ids": list(found)}).mappings()
        slots = {row["slot_id"]: slot_of(row) for row in rows}
        zones = self._zones({slot.zone_id for slot in slots.values()})
        return [
            ComingSlot(slot=slots[slot_id], zone=zones[slots[slot_id].zone_id], planned_for=found[slot_id])
            for slot_id in found
            if slot_id in slots
        ]

    def booked(self, slot_id: str) -> list[Booked]:
        rows = self._connection.execute(_BOOKED, {"slot_id": slot_id}).mappings()
        return [booked_of(row) for row in rows]

    def keep_outlook(self, outlook: SlotOutlook, fingerprint: str) -> None:
        routes = [
            {
                "order_ids": route.order_ids,
                "leaves_at": route.leaves_at.isoformat(),
                "ends_at": route.ends_at.isoformat(),
            }
            for route in outlook.routes
        ]
        self._connection.execute(
            _KEEP_OUTLOOK,
            {
                "slot_id": outlook.slot_id,
                "planned_at": outlook.planned_at,
                "solver": outlook.solver,
                "booked": outlook.booked,
                "fingerprint": fingerprint,
                "couriers_needed": outlook.couriers_needed,
                "late": list(outlook.late),
                "routes": orjson.dumps(routes).decode(),
            },
        )

    def zones_to_measure(self, now: datetime, before: datetime) -> list[Zone]:
        rows = self._connection.execute(_TO_MEASURE, {"now": now, "before": before}).mappings()
        return [zone_of(row) for row in rows]

    def history(self, zone_id: str, since: datetime, most: int) -> list[Booked]:
        values = {"zone_id": zone_id, "since": since, "most": most}
        return [booked_of(row) for row in self._connection.execute(_HISTORY, values).mappings()]

    def keep_pace(self, zone_id: str, pace: Pace) -> None:
        values = {
            "zone_id": zone_id,
            "per_hour": pace.per_hour,
            "samples": pace.samples,
            "measured_at": pace.measured_at,
        }
        self._connection.execute(_KEEP_PACE, values)

    def _zones(self, zone_ids: set[str]) -> dict[str, Zone]:
        rows = self._connection.execute(_ZONES, {"zone_ids": sorted(zone_ids)}).mappings()
        return {row["zone_id"]: zone_of(row) for row in rows}


def booked_of(row: Mapping[Any, Any]) -> Booked:
    """An order's shops and door; shops that rejected their part are not gone to."""

    def place(wire: Mapping[str, float]) -> Position:
        return Position(lat=wire["lat"], lon=wire["lon"])

    held, parts = row["held"], row["told"]["parts"]
    left = [one for one in held["pickups"] if not parts.get(one["store_order_id"], {}).get("rejected")]
    return Booked(
        order_id=row["order_id"],
        shops=tuple(place(pickup) for pickup in left or held["pickups"]),
        door=place(held["drop_off"]),
    )
