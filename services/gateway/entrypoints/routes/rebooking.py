"""When a basket can come, and when a paid order comes instead."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import slot_forms, slot_shapes
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import CUSTOMER, OPERATOR, Key, Routes

routes = Routes("Choosing and changing a slot")

# Moving an order asks three services one after another; each has its own deadline within this one.
_MOVING_SECONDS = 14.0


@routes.get(
    "/v1/quotes/{quote_id}/slots",
    summary="The slots that a quoted basket can have",
    description="Every slot that is not over, with what stands in its way: its cut-off has passed, couriers "
    "are booked out, a shop of the basket is closed or has no more room in that hour.",
    roles=CUSTOMER,
    answer=slot_shapes.SlotChoices,
    refusals=("quote-not-found", "out-of-zone"),
)
def slots_of_quote(call: Call) -> Any:
    return call.ask_as_caller("ordering", "slots", quote_id=call.path["quote_id"])


@routes.post(
    "/v1/orders/{order_id}/rebookings",
    summary="Move a paid order to another slot",
    description="Until the first pickup. The new slot and the shops' hours are held before the old ones are "
    "given back; what is answered 503 is finished by the same call again, or ends by itself.",
    roles=CUSTOMER | OPERATOR,
    body=slot_forms.Rebook,
    answer=slot_shapes.Rebooked,
    status=201,
    key=Key.RECORDED,
    refusals=(
        "order-not-found",
        "too-late-to-rebook",
        "nothing-to-rebook",
        "rebooking-running",
        "slot-full",
        "slot-closed",
        "shop-closed",
        "shop-full",
    ),
)
def rebook(call: Call) -> Any:
    return call.ask_as_caller(
        "ordering",
        "rebook",
        deadline=_MOVING_SECONDS,
        rebooking_id=call.new_id,
        order_id=call.path["order_id"],
        **call.body,
    )


@routes.get(
    "/v1/orders/{order_id}/rebookings",
    summary="Every move of an order to another slot",
    roles=CUSTOMER | OPERATOR,
    answer=slot_shapes.RebookingPage,
    refusals=("order-not-found",),
)
def rebookings(call: Call) -> Any:
    return call.ask_as_caller("ordering", "rebookings", order_id=call.path["order_id"])


@routes.post(
    "/v1/orders/{order_id}/second-try",
    summary="Have a courier come to the door once more",
    description="After a failed try, until `choose_by` of its tracking, by the courier who has the goods. "
    "With `give_up`, and when nobody chooses in time, the goods go back to their shops; the order is "
    "refunded once they are there.",
    roles=CUSTOMER | OPERATOR,
    body=slot_forms.SecondTryWish,
    answer=slot_shapes.SecondTryAnswer,
    refusals=("delivery-not-found", "no-second-try", "second-try-refused"),
)
def second_try(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "second_try", order_id=call.path["order_id"], **call.body)
