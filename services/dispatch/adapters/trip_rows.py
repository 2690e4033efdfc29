"""What a trip of a split order knows, as a JSON document and back; most deliveries are not split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.dispatch.domain.events import DeliveryCompleted
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.trips import Trip, WhySplit

_MOMENTS = frozenset({"completed_at", "proved_at"})


def trip_json(trip: Trip | None) -> dict[str, Any]:
    if trip is None:
        return {}
    completed = None
    if trip.handed_over is not None:
        completed = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(trip.handed_over).items()
        }
    document = {
        "other": trip.other,
        "parts": list(trip.parts),
        "why": trip.why.value,
        "at": trip.at.isoformat(),
        "plan_version": trip.plan_version,
        "ending": trip.ending and trip.ending.value,
        "handed_over": completed,
    }
    return {"trip": document}


def trip_of(document: Mapping[str, Any] | None) -> Trip | None:
    if document is None:
        return None
    completed = document["handed_over"]
    return Trip(
        other=document["other"],
        parts=tuple(document["parts"]),
        why=WhySplit(document["why"]),
        at=datetime.fromisoformat(document["at"]),
        plan_version=document["plan_version"],
        ending=document["ending"] and Status(document["ending"]),
        handed_over=None if completed is None else _completed(completed),
    )


def _completed(document: Mapping[str, Any]) -> DeliveryCompleted:
    values: dict[str, Any] = {
        name: datetime.fromisoformat(value) if name in _MOMENTS and value is not None else value
        for name, value in document.items()
    }
    return DeliveryCompleted(**values)
