"""The rota and what slots take, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from services.dispatch.adapters.rows import slot_of, zone_of
from services.dispatch.contracts.published import publish
from services.dispatch.domain.capacity import OverrideOfSlot, Pace, SlotOverride
from services.dispatch.domain.events import SlotCapacityChanged
from services.dispatch.domain.planning.slots import SlotOutlook, TentativeRoute
from services.dispatch.domain.rota import RotaEntry, Span, Worked
from services.dispatch.domain.zone import Slot, Zone
from shared.persistence import Transaction

# A lock that does not keep others from writing rows which refer to the zone.
_ZONE = text("SELECT * FROM zone WHERE zone_id = :zone_id FOR NO KEY UPDATE")
_HAS_ZONE = text("SELECT EXISTS (SELECT 1 FROM zone WHERE zone_id = :zone_id)")
_ZONE_OF_SLOT = text("SELECT zone_id FROM slot WHERE slot_id = :slot_id")
# A rota that is over may still have to give way to what was typed in, so its last day counts.
_TO_JUDGE = text("""
    SELECT DISTINCT s.zone_id FROM slot AS s WHERE s.cutoff_at > :now AND (
        s.version = 0 OR s.source <> 'typed'
        OR EXISTS (SELECT 1 FROM rota AS r WHERE r.zone_id = s.zone_id AND r.ends_at > s.starts_at))
    ORDER BY s.zone_id
""")
_COMING = text(
    "SELECT * FROM slot WHERE zone_id = :zone_id AND cutoff_at > :now ORDER BY starts_at, slot_id LIMIT 2000"
)
_ROTA = text(
    "SELECT * FROM rota WHERE zone_id = :zone_id AND ends_at > :since"
    " ORDER BY starts_at, entry_id LIMIT 20000"
)
_ROTA_OF = text("""
    SELECT * FROM rota WHERE courier_id = :courier_id AND ends_at > :since AND withdrawn_at IS NULL
    ORDER BY starts_at, entry_id LIMIT 1000
""")
_ENTRY = text("SELECT * FROM rota WHERE entry_id = :entry_id")
_ADD_ENTRIES = text("""
    INSERT INTO rota (entry_id, zone_id, courier_id, starts_at, ends_at, breaks, announced_at, announced_by)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        entry_id text, zone_id text, courier_id text, starts_at timestamptz, ends_at timestamptz,
        breaks jsonb, announced_at timestamptz, announced_by text)
""")
_WITHDRAW = text("""
    UPDATE rota SET withdrawn_at = :withdrawn_at, withdrawn_by = :withdrawn_by WHERE entry_id = :entry_id
""")
# Who only brings what is on board takes no more orders.
_WORKED = text("""
    SELECT s.courier_id, s.started_at, s.ends_at, s.ended_at,
        coalesce((c.shift->>'ending')::boolean, false) AS ending
    FROM shift AS s
    LEFT JOIN courier AS c ON c.courier_id = s.courier_id AND c.shift->>'shift_id' = s.shift_id
    WHERE s.zone_id = :zone_id AND s.ends_at > :since
    ORDER BY s.courier_id, s.started_at
""")
_PACE = text("SELECT per_hour, samples, measured_at FROM zone_pace WHERE zone_id = :zone_id")
_OVERRIDES = text("SELECT * FROM slot_override WHERE slot_id = ANY(:slot_ids) AND undone_at IS NULL")
_OVERRIDE = text("SELECT * FROM slot_override WHERE override_id = :override_id")
_KEEP_OVERRIDE = text("""
    INSERT INTO slot_override
        (override_id, slot_id, kind, capacity, reason, made_at, made_by, undone_at, undone_by)
    VALUES (:override_id, :slot_id, :kind, :capacity, :reason, :made_at, :made_by, :undone_at, :undone_by)
    ON CONFLICT (override_id) DO UPDATE SET undone_at = excluded.undone_at, undone_by = excluded.undone_by
""")
_OUTLOOKS = text("SELECT * FROM slot_outlook WHERE slot_id = ANY(:slot_ids)")
# How many are taken is the holds' business, and counts on while this is worked out.
_KEEP_CAPACITIES = text("""
    UPDATE slot SET capacity = r.capacity, source = r.source, version = r.version, typed = r.typed,
        couriers = r.couriers, courier_minutes = r.courier_minutes, pace = r.pace
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        slot_id text, capacity integer, source text, version bigint, typed integer, couriers integer,
        courier_minutes integer, pace double precision)
    WHERE slot.slot_id = r.slot_id
""")


def entry_of_row(row: Mapping[Any, Any]) -> RotaEntry:
    return RotaEntry(
        entry_id=row["entry_id"],
        zone_id=row["zone_id"],
        courier_id=row["courier_id"],
        span=Span(starts_at=row["starts_at"], ends_at=row["ends_at"]),
        breaks=tuple(
            Span(starts_at=datetime.fromisoformat(a), ends_at=datetime.fromisoformat(b))
            for a, b in row["breaks"]
        ),
        announced_at=row["announced_at"],
        announced_by=row["announced_by"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_by=row["withdrawn_by"],
    )


def override_of_row(row: Mapping[Any, Any]) -> SlotOverride:
    values = {name: row[name] for name in SlotOverride.__dataclass_fields__}
    return SlotOverride(**values | {"kind": OverrideOfSlot(row["kind"])})


def outlook_of_row(row: Mapping[Any, Any]) -> SlotOutlook:
    return SlotOutlook(
        slot_id=row["slot_id"],
        planned_at=row["planned_at"],
        solver=row["solver"],
        booked=row["booked"],
        couriers_needed=row["couriers_needed"],
        late=tuple(row["late"]),
        routes=tuple(
            TentativeRoute(
                order_ids=tuple(route["order_ids"]),
                leaves_at=datetime.fromisoformat(route["leaves_at"]),
                ends_at=datetime.fromisoformat(route["ends_at"]),
            )
            for route in row["routes"]
        ),
    )


def _worked(row: Mapping[Any, Any], now: datetime) -> Worked:
    running = row["ended_at"] is None and not row["ending"]
    last = row["ended_at"] or (max(now, row["started_at"]) if row["ending"] else row["ends_at"])
    return Worked(
        courier_id=row["courier_id"],
        span=Span(starts_at=row["started_at"], ends_at=max(last, row["started_at"])),
        running=running,
    )


class SqlSlotBook:
    """:class:`services.dispatch.application.slotting.SlotBook`, in one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._connection = tx.connection

    def zone(self, zone_id: str) -> Zone | None:
        row = self._one(_ZONE, zone_id=zone_id)
        return None if row is None else zone_of(row)

    def has_zone(self, zone_id: str) -> bool:
        return bool(self._connection.scalar(_HAS_ZONE, {"zone_id": zone_id}))

    def zone_of_slot(self, slot_id: str) -> str | None:
        found: str | None = self._connection.scalar(_ZONE_OF_SLOT, {"slot_id": slot_id})
        return found

    def zones_to_judge(self, now: datetime) -> list[str]:
        return list(self._connection.execute(_TO_JUDGE, {"now": now}).scalars())

    def coming(self, zone_id: str, now: datetime) -> list[Slot]:
        return [slot_of(row) for row in self._all(_COMING, zone_id=zone_id, now=now)]

    def rota(self, zone_id: str, since: datetime) -> list[RotaEntry]:
        return [entry_of_row(row) for row in self._all(_ROTA, zone_id=zone_id, since=since)]

    def rota_of(self, courier_id: str, since: datetime) -> list[RotaEntry]:
        return [entry_of_row(row) for row in self._all(_ROTA_OF, courier_id=courier_id, since=since)]

    def entry(self, entry_id: str) -> RotaEntry | None:
        row = self._one(_ENTRY, entry_id=entry_id)
        return None if row is None else entry_of_row(row)

    def add_entries(self, entries: Sequence[RotaEntry]) -> None:
        rows = [
            {
                "entry_id": entry.entry_id,
                "zone_id": entry.zone_id,
                "courier_id": entry.courier_id,
                "starts_at": entry.span.starts_at,
                "ends_at": entry.span.ends_at,
                "breaks": [[pause.starts_at, pause.ends_at] for pause in entry.breaks],
                "announced_at": entry.announced_at,
                "announced_by": entry.announced_by,
            }
            for entry in entries
        ]
        self._connection.execute(_ADD_ENTRIES, {"rows": orjson.dumps(rows).decode()})

    def keep_entry(self, entry: RotaEntry) -> None:
        values = {name: getattr(entry, name) for name in ("entry_id", "withdrawn_at", "withdrawn_by")}
        self._connection.execute(_WITHDRAW, values)

    def worked(self, zone_id: str, since: datetime, now: datetime) -> list[Worked]:
        return [_worked(row, now) for row in self._all(_WORKED, zone_id=zone_id, since=since)]

    def pace(self, zone_id: str) -> Pace | None:
        row = self._one(_PACE, zone_id=zone_id)
        return None if row is None else Pace(**row)

    def override_of(self, slot_id: str) -> SlotOverride | None:
        return self.overrides_of([slot_id]).get(slot_id)

    def overrides_of(self, slot_ids: Collection[str]) -> dict[str, SlotOverride]:
        rows = self._all(_OVERRIDES, slot_ids=list(slot_ids))
        return {row["slot_id"]: override_of_row(row) for row in rows}

    def override(self, override_id: str) -> SlotOverride | None:
        row = self._one(_OVERRIDE, override_id=override_id)
        return None if row is None else override_of_row(row)

    def keep_override(self, override: SlotOverride) -> None:
        self._connection.execute(_KEEP_OVERRIDE, asdict(override) | {"kind": override.kind.value})

    def outlooks(self, slot_ids: Collection[str]) -> dict[str, SlotOutlook]:
        return {row["slot_id"]: outlook_of_row(row) for row in self._all(_OUTLOOKS, slot_ids=list(slot_ids))}

    def keep_capacities(self, slots: Sequence[Slot]) -> None:
        names = ("slot_id", "capacity", "source", "version", "typed", "couriers", "courier_minutes", "pace")
        rows = [{name: getattr(slot, name) for name in names} for slot in slots]
        self._connection.execute(_KEEP_CAPACITIES, {"rows": orjson.dumps(rows).decode()})
        for slot in slots:
            publish(self._tx, told(slot))

    def _one(self, statement: Any, **values: Any) -> Any:
        return self._connection.execute(statement, values).mappings().one_or_none()

    def _all(self, statement: Any, **values: Any) -> Sequence[Any]:
        return self._connection.execute(statement, values).mappings().all()


def told(slot: Slot) -> SlotCapacityChanged:
    """What others are told of a slot whose capacity has changed."""
    return SlotCapacityChanged(
        slot_id=slot.slot_id,
        zone_id=slot.zone_id,
        version=slot.version,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        capacity=slot.capacity,
        source=slot.source.value,
        couriers=slot.couriers,
        courier_minutes=slot.courier_minutes,
        pace=slot.pace,
    )
