"""What dispatch answers about the rota and about what slots take, as plain data."""

from __future__ import annotations

from typing import Any

from services.dispatch.contracts import answers
from services.dispatch.domain.capacity import SlotOverride
from services.dispatch.domain.planning.slots import SlotOutlook
from services.dispatch.domain.rota import RotaEntry, Span
from services.dispatch.domain.zone import Slot
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def _span(span: Span) -> Wire:
    return {"starts_at": to_wire(span.starts_at), "ends_at": to_wire(span.ends_at)}


def entry(entry: RotaEntry) -> Wire:
    return {
        "entry_id": entry.entry_id,
        "zone_id": entry.zone_id,
        "courier_id": entry.courier_id,
        **_span(entry.span),
        "breaks": [_span(pause) for pause in entry.breaks],
        "announced_at": to_wire(entry.announced_at),
        "announced_by": entry.announced_by,
        "withdrawn_at": to_wire(entry.withdrawn_at) if entry.withdrawn_at else None,
        "withdrawn_by": entry.withdrawn_by,
    }


def _override(override: SlotOverride) -> Wire:
    return {
        "kind": override.kind.value,
        "capacity": override.capacity,
        "reason": override.reason,
        "made_at": to_wire(override.made_at),
        "made_by": override.made_by,
    }


def _outlook(outlook: SlotOutlook) -> Wire:
    return {
        "planned_at": to_wire(outlook.planned_at),
        "solver": outlook.solver,
        "booked": outlook.booked,
        "couriers_needed": outlook.couriers_needed,
        "late": list(outlook.late),
        "routes": [
            {
                "order_ids": list(route.order_ids),
                "leaves_at": to_wire(route.leaves_at),
                "ends_at": to_wire(route.ends_at),
            }
            for route in outlook.routes
        ],
    }


def judged_slot(slot: Slot, override: SlotOverride | None, outlook: SlotOutlook | None) -> Wire:
    """A slot with where its capacity comes from, and what its orders need; for operators."""
    return answers.slot(slot) | {
        "taken": slot.taken,
        "typed": slot.typed,
        "source": slot.source.value,
        "version": slot.version,
        "couriers": slot.couriers,
        "courier_minutes": slot.courier_minutes,
        "pace": slot.pace,
        "override": _override(override) if override else None,
        "outlook": _outlook(outlook) if outlook else None,
    }
