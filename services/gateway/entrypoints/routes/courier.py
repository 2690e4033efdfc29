"""A courier's day: shift, position, offers, stops, earnings."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import dispatch_shapes, forms, trade_forms, trade_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import COURIER, Key, Routes
from shared.kernel.clock import to_wire

routes = Routes("Delivering")


@routes.post(
    "/v1/courier/shift",
    summary="Start a shift",
    roles=COURIER,
    body=trade_forms.StartShift,
    answer=dispatch_shapes.Shift,
    status=201,
    key=Key.RECORDED,
    refusals=("courier-not-approved",),
)
def start_shift(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "start_shift", shift_id=call.new_id, **call.body)


@routes.delete("/v1/courier/shift", summary="End the shift", roles=COURIER, answer=dispatch_shapes.Shift)
def end_shift(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "end_shift")


@routes.post(
    "/v1/courier/break",
    summary="Ask for a break",
    description=(
        "Nothing new is asked of the courier from now on. What was accepted is brought first; the break is"
        " `on` when no stop is left."
    ),
    roles=COURIER,
    body=forms.Nothing,
    answer=dispatch_shapes.Shift,
    refusals=("no-shift", "wrong-state"),
)
def start_break(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "start_break")


@routes.delete(
    "/v1/courier/break",
    summary="End the break",
    roles=COURIER,
    answer=dispatch_shapes.Shift,
    refusals=("no-shift",),
)
def end_break(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "end_break")


@routes.put(
    "/v1/courier/position",
    summary="Say where the courier is",
    roles=COURIER,
    body=trade_forms.ReportPosition,
    status=204,
)
def report_position(call: Call) -> None:
    body = call.body
    at = body.get("at") or to_wire(call.parts.clock.now())
    call.ask_as_caller("dispatch", "position", position={"lat": body["lat"], "lon": body["lon"]}, at=at)


@routes.get(
    "/v1/courier/route",
    summary="The courier's stops, in order, and open offers",
    roles=COURIER,
    answer=dispatch_shapes.Route,
)
def courier_route(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "route")


@routes.post(
    "/v1/offers/{offer_id}/accept",
    summary="Accept an offer",
    roles=COURIER,
    body=forms.Nothing,
    answer=dispatch_shapes.OfferAnswer,
    refusals=("offer-not-found", "offer-expired"),
)
def accept_offer(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "accept_offer", **call.path)


@routes.post(
    "/v1/offers/{offer_id}/decline",
    summary="Decline an offer",
    roles=COURIER,
    body=forms.OptionalReason,
    answer=dispatch_shapes.OfferAnswer,
    refusals=("offer-not-found",),
)
def decline_offer(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "decline_offer", **call.path, **call.body)


@routes.post(
    "/v1/stops/{stop_id}/arrive",
    summary="Say that the courier is at a stop",
    roles=COURIER,
    body=forms.Nothing,
    answer=dispatch_shapes.StopAnswer,
    refusals=("stop-not-found",),
)
def arrive_at_stop(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "arrive", **call.path)


@routes.post(
    "/v1/stops/{stop_id}/complete",
    summary="Say that a stop is done",
    roles=COURIER,
    body=trade_forms.CompleteStop,
    answer=dispatch_shapes.StopAnswer,
    refusals=("stop-not-found",),
)
def complete_stop(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "complete", **call.path, **call.body)


@routes.post(
    "/v1/stops/{stop_id}/fail",
    summary="Say that a stop could not be done",
    roles=COURIER,
    body=forms.Reason,
    answer=dispatch_shapes.StopAnswer,
    refusals=("stop-not-found",),
)
def fail_stop(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "fail", **call.path, **call.body)


@routes.get(
    "/v1/courier/earnings",
    summary="What the courier has earned",
    roles=COURIER,
    query=forms.Period,
    answer=trade_shapes.Earnings,
)
def earnings(call: Call) -> Any:
    return call.ask_as_caller("commission", "earnings", **call.query)
