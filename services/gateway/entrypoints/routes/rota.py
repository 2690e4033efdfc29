"""The rota, and how many orders each slot takes because of it."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import dispatch_shapes, forms, trade_forms
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import COURIER, OPERATOR, Key, Routes
from shared.kernel.ids import derived_id

routes = Routes("Planning shifts and slots")

_REFUSALS = ("zone-not-found", "rota-refused", "rota-overlap", "courier-not-approved")


@routes.post(
    "/v1/zones/{zone_id}/rota",
    summary="Plan couriers' shifts in a zone",
    description=(
        "All of them or none. The zone's slots take at once what these couriers bring, up to the end of the"
        " last shift that an operator has planned; later slots take what was typed in."
    ),
    roles=OPERATOR,
    body=trade_forms.PlanShifts,
    answer=dispatch_shapes.AnnouncedShifts,
    status=201,
    key=Key.RECORDED,
    refusals=_REFUSALS,
)
def plan_shifts(call: Call) -> Any:
    shifts = [
        {**shift, "entry_id": derived_id(call.new_id, str(number))}
        for number, shift in enumerate(call.body["shifts"])
    ]
    return call.ask_as_caller("dispatch", "announce_shifts", **call.path, shifts=shifts)


@routes.get(
    "/v1/zones/{zone_id}/rota",
    summary="The shifts planned in a zone",
    roles=OPERATOR,
    answer=dispatch_shapes.RotaPage,
    refusals=("zone-not-found",),
)
def zone_rota(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "rota", **call.path)


@routes.post(
    "/v1/courier/rota",
    summary="Announce a shift",
    description="It adds to the zone's rota; it does not make one where operators have planned nothing.",
    roles=COURIER,
    body=trade_forms.PlanZoneShift,
    answer=dispatch_shapes.AnnouncedShifts,
    status=201,
    key=Key.RECORDED,
    refusals=_REFUSALS,
)
def announce_shift(call: Call) -> Any:
    body = dict(call.body)
    zone_id = body.pop("zone_id")
    shift = {**body, "entry_id": call.new_id, "courier_id": call.caller.actor()["account_id"]}
    return call.ask_as_caller("dispatch", "announce_shifts", zone_id=zone_id, shifts=[shift])


@routes.get(
    "/v1/courier/rota",
    summary="The shifts that the courier has announced, or was planned for",
    roles=COURIER,
    answer=dispatch_shapes.RotaPage,
)
def courier_rota(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "my_rota")


@routes.post(
    "/v1/rota/{entry_id}/withdraw",
    summary="Withdraw a planned shift",
    description="Slots take less at once; orders that have one keep it. To undo it, plan the shift anew.",
    roles=OPERATOR | {Role.COURIER},
    body=forms.Nothing,
    answer=dispatch_shapes.RotaEntry,
    refusals=("rota-entry-not-found",),
)
def withdraw_shift(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "withdraw_shift", **call.path)


@routes.get(
    "/v1/zones/{zone_id}/slots",
    summary="What the coming slots of a zone take, and why",
    roles=OPERATOR,
    answer=dispatch_shapes.JudgedSlotPage,
    refusals=("zone-not-found",),
)
def zone_slots(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "zone_slots", **call.path)


@routes.post(
    "/v1/slots/{slot_id}/override",
    summary="Say what a slot takes, whatever the rota says",
    description="It holds until it is undone, or another one takes its place.",
    roles=OPERATOR,
    body=trade_forms.OverrideSlot,
    answer=dispatch_shapes.JudgedSlot,
    status=201,
    key=Key.RECORDED,
    refusals=("slot-not-found", "slot-closed"),
)
def override_slot(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "override_slot", override_id=call.new_id, **call.path, **call.body)


@routes.delete(
    "/v1/slots/{slot_id}/override",
    summary="Let a slot take again what it would take by itself",
    roles=OPERATOR,
    answer=dispatch_shapes.JudgedSlot,
    refusals=("slot-not-found", "slot-closed"),
)
def undo_slot_override(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "undo_slot_override", **call.path)
