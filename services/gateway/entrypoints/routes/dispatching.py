"""Running dispatch by hand: pausing a zone, and deciding who has a delivery."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import dispatch_shapes, figures_shapes, forms, trade_forms
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import OPERATOR, Key, Routes

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
    answer=dispatch_shapes.ZonePause,
    refusals=("zone-not-found",),
)
def pause_zone(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "pause_zone", **call.path, **call.body)


@routes.post(
    "/v1/zones/{zone_id}/resume",
    summary="Let dispatch in a zone go on",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=dispatch_shapes.ZonePause,
    refusals=("zone-not-found",),
)
def resume_zone(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "resume_zone", **call.path)


_GIVING = ("delivery-not-found", "courier-not-available", "wrong-state")
_TAKING = ("delivery-not-found", "goods-on-board", "wrong-state")


@routes.post(
    "/v1/dispatch/deliveries/{order_id}/assign",
    summary="Give a waiting delivery to a courier",
    description=(
        "Without asking: the stops go behind what the courier has to do, and the next plan finds them a"
        " better place. An open offer for the delivery is withdrawn."
    ),
    roles=OPERATOR,
    body=trade_forms.GiveDelivery,
    answer=dispatch_shapes.Override,
    status=201,
    key=Key.RECORDED,
    refusals=_GIVING,
)
def assign_delivery(call: Call) -> Any:
    return _override(call, "assign")


@routes.post(
    "/v1/dispatch/deliveries/{order_id}/take-back",
    summary="Take a delivery back from its courier, before anything is picked up",
    description="It waits for another courier; the one who had it is not asked for it again.",
    roles=OPERATOR,
    body=trade_forms.TakeDeliveryBack,
    answer=dispatch_shapes.Override,
    status=201,
    key=Key.RECORDED,
    refusals=_TAKING,
)
def take_delivery_back(call: Call) -> Any:
    return _override(call, "take_back")


@routes.post(
    "/v1/dispatch/deliveries/{order_id}/transfer",
    summary="Hand a delivery on to another courier, before anything is picked up",
    roles=OPERATOR,
    body=trade_forms.GiveDelivery,
    answer=dispatch_shapes.Override,
    status=201,
    key=Key.RECORDED,
    refusals=("goods-on-board", *_GIVING),
)
def transfer_delivery(call: Call) -> Any:
    return _override(call, "transfer")


@routes.post(
    "/v1/dispatch/deliveries/{order_id}/split",
    summary="Split a delivery to a second courier",
    description=(
        "Some shops' parts that are still to be collected are brought by another courier, on a trip of its"
        " own; the next plan finds one. Once for an order, and never for one that is paid at the door."
    ),
    roles=OPERATOR,
    body=trade_forms.SplitDelivery,
    answer=dispatch_shapes.Override,
    status=201,
    key=Key.RECORDED,
    refusals=("delivery-not-found", "wrong-state"),
)
def split_delivery(call: Call) -> Any:
    return _override(call, "split")


@routes.get(
    "/v1/dispatch/overrides",
    summary="What was decided by hand in a zone, newest first",
    roles=OPERATOR,
    query=trade_forms.BoardQuery,
    answer=dispatch_shapes.OverridePage,
)
def overrides(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "overrides", **call.query)


@routes.get(
    "/v1/dispatch/offers/{offer_id}",
    summary="Why this courier was asked",
    description=(
        "For each order of the offer the three couriers with whom it cost least at that moment, and the"
        " chosen one. A plan looks at all orders at once, so that one need not be the cheapest for each."
    ),
    roles=OPERATOR,
    answer=dispatch_shapes.OfferExplanation,
    refusals=("offer-not-found",),
)
def explain_offer(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "explain_offer", **call.path)


@routes.post(
    "/v1/dispatch/loans",
    summary="Lend a courier to a neighbouring zone",
    description=(
        "Nothing new is asked of the courier in the old zone; as soon as what was accepted is brought, the"
        " other zone has one more: at once, for an idle courier. It ends at `until`, with the shift or by a"
        " recall, whichever comes first."
    ),
    roles=OPERATOR,
    body=trade_forms.LendCourier,
    answer=dispatch_shapes.Loan,
    status=201,
    key=Key.RECORDED,
    refusals=("zone-not-found", "courier-not-available", "wrong-state"),
)
def lend_courier(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "lend_courier", loan_id=call.new_id, **call.body)


@routes.post(
    "/v1/dispatch/loans/{loan_id}/recall",
    summary="Call a lent courier back",
    description="What was accepted in the other zone is brought first. One who has not left yet stays.",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=dispatch_shapes.Loan,
    refusals=("loan-not-found",),
)
def recall_courier(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "recall_courier", **call.path)


@routes.get(
    "/v1/dispatch/loans",
    summary="Couriers lent out of a zone and into it, newest first",
    roles=OPERATOR,
    query=trade_forms.BoardQuery,
    answer=dispatch_shapes.LoanPage,
)
def loans(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "loans", **call.query)


@routes.get(
    "/v1/dispatch/figures",
    summary="How a zone did in the last hours",
    description="Exact, out of what is kept. Prometheus has the same as counters and histograms, by zone.",
    roles=OPERATOR,
    query=trade_forms.FiguresQuery,
    answer=figures_shapes.ZoneFigures,
    refusals=("zone-not-found",),
)
def figures(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "figures", **call.query)


@routes.get(
    "/v1/dispatch/deliveries/{order_id}/plan",
    summary="The recorded plan by which a courier was asked for an order",
    description=(
        "Everything that the planner was asked at that moment, and what it answered: `linli why` makes the"
        " same plan again from it. Of an order that nobody was asked for it is the newest plan. Plans are"
        " kept for a day, unless dispatch is set otherwise; they say where orders go, and not to whom."
    ),
    roles=OPERATOR,
    answer=dispatch_shapes.RecordedPlan,
    refusals=("delivery-not-found", "plan-not-recorded"),
)
def recorded_plan(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "recorded_plan", **call.path)


def _override(call: Call, kind: str) -> Any:
    return call.ask_as_caller(
        "dispatch", "override", override_id=call.new_id, kind=kind, **call.path, **call.body
    )
