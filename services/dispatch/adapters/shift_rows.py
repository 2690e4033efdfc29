"""Shifts, vehicles and loads as JSON documents and back; what older rows lack is the usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from services.dispatch.domain.courier import Courier, PlannedBreak, Rest, Shift
from services.dispatch.domain.places import Position
from services.dispatch.domain.presence import Worked
from services.dispatch.domain.vehicle import USUAL_VEHICLE, Capacity, Load, Vehicle, VehicleKind
from services.dispatch.domain.zone import ZoneSettings


def shift_json(shift: Shift) -> dict[str, Any]:
    return {
        "shift_id": shift.shift_id,
        "started_at": shift.started_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "capacity": shift.capacity,
        "ending": shift.ending,
        "break_asked_at": shift.break_asked_at and shift.break_asked_at.isoformat(),
        "vehicle": shift.vehicle.value,
        "speed_factor": shift.speed_factor,
        "room": shift.room.to_wire(),
        "breaks": [[pause.starts_at.isoformat(), pause.ends_at.isoformat()] for pause in shift.breaks],
    }


def shift_of(document: Mapping[str, Any], zone_id: str) -> Shift:
    asked = document.get("break_asked_at")
    return Shift(
        shift_id=document["shift_id"],
        zone_id=zone_id,
        started_at=datetime.fromisoformat(document["started_at"]),
        ends_at=datetime.fromisoformat(document["ends_at"]),
        capacity=document["capacity"],
        ending=document["ending"],
        break_asked_at=None if asked is None else datetime.fromisoformat(asked),
        vehicle=Vehicle(document.get("vehicle", USUAL_VEHICLE)),
        speed_factor=document.get("speed_factor", 1.0),
        room=Capacity(**document.get("room", {})),
        breaks=tuple(
            PlannedBreak(starts_at=datetime.fromisoformat(starts), ends_at=datetime.fromisoformat(ends))
            for starts, ends in document.get("breaks", ())
        ),
    )


def began_json(courier: Courier) -> dict[str, Any]:
    """How a shift begins: as it was agreed on, and where."""
    place = None if courier.place is None else courier.place.to_wire()
    return {"place": place, "shift": None if courier.shift is None else shift_json(courier.shift)}


def rest_json(rest: Rest) -> list[str | None]:
    return [rest.asked_at.isoformat(), None if rest.ended_at is None else rest.ended_at.isoformat()]


def worked_of(row: Mapping[Any, Any]) -> Worked:
    """A shift as it was worked; of older ones it is only known from when to when."""
    began = row["began"] or {}
    place, agreed = began.get("place"), began.get("shift")
    return Worked(
        courier_id=row["courier_id"],
        shift=Shift(
            shift_id=row["shift_id"],
            zone_id=row["zone_id"],
            started_at=row["started_at"],
            ends_at=row["ends_at"],
            capacity=row["usual_capacity"],
        )
        if agreed is None
        else shift_of(agreed, row["zone_id"]),
        place=None if place is None else Position(**place),
        ended_at=row["ended_at"],
        rests=tuple(
            (datetime.fromisoformat(asked), None if over is None else datetime.fromisoformat(over))
            for asked, over in row["rests"]
        ),
    )


def load_of(document: Mapping[str, int] | None) -> Load:
    return Load(**document) if document else Load()


def settings_json(settings: ZoneSettings) -> dict[str, Any]:
    kinds = {kind.vehicle.value: kind.to_wire() for kind in settings.vehicles}
    return asdict(settings) | {"vehicles": kinds}


def settings_of(document: Mapping[str, Any]) -> ZoneSettings:
    known = {field.name for field in fields(ZoneSettings)} - {"vehicles"}
    values = {name: value for name, value in document.items() if name in known}
    vehicles = tuple(
        VehicleKind(
            vehicle=Vehicle(name),
            speed_factor=kind["speed_factor"],
            capacity=Capacity(**kind["capacity"]),
        )
        for name, kind in sorted(document.get("vehicles", {}).items())
    )
    return ZoneSettings(**values, vehicles=vehicles)
