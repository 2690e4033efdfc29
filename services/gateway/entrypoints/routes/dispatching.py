"""Running dispatch in a zone: pausing it and letting it go on."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import forms, trade_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import OPERATOR, Routes

routes = Routes("Operating the platform")


@routes.post(
    "/v1/zones/{zone_id}/pause",
    summary="Pause dispatch in a zone",
    description=(
        "Nobody is asked for anything until dispatch goes on; open offers are withdrawn. What couriers have"
        " accepted goes on, and orders wait. A zone that is paused already keeps its first reason."
    ),
    roles=OPERATOR,
    body=forms.Reason,
    answer=trade_shapes.ZonePause,
    refusals=("zone-not-found",),
)
def pause_zone(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "pause_zone", **call.path, **call.body)


@routes.post(
    "/v1/zones/{zone_id}/resume",
    summary="Let dispatch in a zone go on",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=trade_shapes.ZonePause,
    refusals=("zone-not-found",),
)
def resume_zone(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "resume_zone", **call.path)
