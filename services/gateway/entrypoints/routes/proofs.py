"""What proves that goods changed hands: codes for shops, pictures of what was left at doors."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import dispatch_shapes, trade_forms
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import COURIER, CUSTOMER, MERCHANT, OPERATOR, Routes
from services.gateway.entrypoints.wire import Answer

routes = Routes("Proving handovers")

PICTURES = ("image/jpeg", "image/png", "image/webp")
# A picture shows whatever lies at somebody's door: it is looked at as a picture, and by nobody else.
PICTURE_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
}


@routes.put(
    "/v1/stops/{stop_id}/photo",
    summary="Send a picture of what was left at the door",
    description=(
        "The body is the picture, upright, of at most 512 KiB and 8192 pixels a side; what it is, its content"
        " says. Place, moment and camera are taken out of it. It is sent while the courier stands at"
        " the door; a later one takes its place."
    ),
    roles=COURIER,
    raw_body=True,
    takes=PICTURES,
    answer=dispatch_shapes.KeptPhoto,
    refusals=("stop-not-found", "wrong-state", "picture-refused", "picture-too-large"),
)
def send_photo(call: Call) -> Any:
    content = base64.b64encode(call.raw_body).decode()
    return call.ask_as_caller("dispatch", "keep_photo", **call.path, content=content)


@routes.get(
    "/v1/orders/{order_id}/photo",
    summary="The picture of what was left at the door",
    description="For the order's customer and operators. It is kept for a month, unless set otherwise.",
    roles=CUSTOMER | OPERATOR,
    query=trade_forms.PhotoQuery,
    gives=PICTURES,
    refusals=("photo-not-found",),
)
def photo(call: Call) -> Answer:
    found = call.ask_as_caller("dispatch", "photo", **call.path, **call.query)
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], dict(PICTURE_HEADERS))


@routes.get(
    "/v1/store-orders/{store_order_id}/pickup-code",
    summary="The code that the shop tells the courier who collects its part",
    roles=MERCHANT | OPERATOR,
    answer=dispatch_shapes.PickupCode,
    refusals=("store-order-not-found", "delivery-not-found"),
)
def pickup_code(call: Call) -> Any:
    # Ordering knows whose part it is, and shows it to nobody else.
    part = call.ask_as_caller("ordering", "store_order", **call.path)
    return call.ask_as_caller("dispatch", "pickup_code", order_id=part["order_id"], **call.path)


@routes.delete(
    "/v1/customers/{customer_id}/photos",
    summary="Forget all pictures of a customer's orders, cases and reviews",
    description="For a customer who wants to be forgotten. That a picture proved something stays known.",
    roles=OPERATOR,
    answer=dispatch_shapes.ForgottenPhotos,
)
def forget_photos(call: Call) -> Any:
    of_doors = call.ask_as_caller("dispatch", "forget_photos", **call.path)
    of_goods = call.ask_as_caller("ordering", "forget_customer_photos", **call.path)
    return {"forgotten": of_doors["forgotten"] + of_goods["forgotten"]}
