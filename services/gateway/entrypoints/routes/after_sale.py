"""After-sale cases: what customers complain about, shops answer and operators decide."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import after_sale_forms as forms
from services.gateway.contracts import after_sale_shapes as shapes
from services.gateway.contracts.forms import Page
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routes.proofs import PICTURE_HEADERS, PICTURES
from services.gateway.entrypoints.routing import CUSTOMER, MERCHANT, OPERATOR, Key, Routes
from services.gateway.entrypoints.wire import Answer

routes = Routes("After the sale")

_CONCERNED = CUSTOMER | MERCHANT | OPERATOR
_REFUSALS = ("case-not-found", "wrong-state")


@routes.post(
    "/v1/orders/{order_id}/after-sale-cases",
    summary="Say what is wrong with goods that arrived",
    description="Within the after-sale window, which starts at the receipt. The shop has until `due_at` to"
    " answer; its silence is a refund. No two cases are about the same units.",
    roles=CUSTOMER,
    body=forms.OpenAfterSaleCase,
    answer=shapes.AfterSaleCase,
    status=201,
    key=Key.RECORDED,
    location="/v1/after-sale-cases/{case_id}",
    refusals=(
        "order-not-found",
        "after-sale-window-closed",
        "units-claimed",
        "one-shop-a-case",
        "refund-exceeds-line",
    ),
)
def open_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "open_case", case_id=call.new_id, **call.path, **call.body)


@routes.get(
    "/v1/after-sale-cases",
    summary="The caller's after-sale cases, newest first",
    roles=CUSTOMER,
    query=forms.AfterSaleCasesQuery,
    answer=shapes.AfterSaleCasePage,
)
def my_after_sale_cases(call: Call) -> Any:
    return call.ask_as_caller("ordering", "cases", **call.query)


@routes.get(
    "/v1/after-sale-cases/waiting",
    summary="The cases that wait for an operator, the oldest first",
    roles=OPERATOR,
    query=Page,
    answer=shapes.AfterSaleCasePage,
)
def waiting_after_sale_cases(call: Call) -> Any:
    return call.ask_as_caller("ordering", "cases_waiting", **call.query)


@routes.get(
    "/v1/shops/{shop_id}/after-sale-cases",
    summary="A shop's after-sale cases, newest first",
    roles=MERCHANT | OPERATOR,
    query=forms.AfterSaleCasesQuery,
    answer=shapes.AfterSaleCasePage,
)
def after_sale_cases_of_shop(call: Call) -> Any:
    return call.ask_as_caller("ordering", "cases_of_shop", **call.path, **call.query)


@routes.get(
    "/v1/after-sale-cases/{case_id}",
    summary="An after-sale case",
    roles=_CONCERNED,
    answer=shapes.AfterSaleCase,
    refusals=("case-not-found",),
)
def after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "case", **call.path)


@routes.put(
    "/v1/after-sale-cases/{case_id}/photos/{photo_id}",
    summary="Send a picture of what is wrong",
    description="The body is the picture, of at most 512 KiB and 8192 pixels a side; what it is, its content"
    " says. Place, moment and camera are taken out of it. The client chooses the id; what is kept under one"
    " stays. Six a case.",
    roles=CUSTOMER,
    raw_body=True,
    takes=PICTURES,
    answer=shapes.KeptPicture,
    refusals=(*_REFUSALS, "picture-refused", "picture-too-large", "too-many-photos"),
)
def send_photo_of_case(call: Call) -> Any:
    content = base64.b64encode(call.raw_body).decode()
    return call.ask_as_caller(
        "ordering",
        "keep_case_photo",
        owner_id=call.path["case_id"],
        photo_id=call.path["photo_id"],
        content=content,
    )


@routes.get(
    "/v1/after-sale-cases/{case_id}/photos/{photo_id}",
    summary="A picture of what is wrong",
    roles=_CONCERNED,
    gives=PICTURES,
    refusals=("case-not-found", "photo-not-found"),
)
def photo_of_case(call: Call) -> Answer:
    found = call.ask_as_caller(
        "ordering", "case_photo", owner_id=call.path["case_id"], photo_id=call.path["photo_id"]
    )
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], dict(PICTURE_HEADERS))


@routes.post(
    "/v1/after-sale-cases/{case_id}/answer",
    summary="Answer a case as its shop: refund, send again, or reject with words",
    description="Who has rejected may still give in, until an operator is asked.",
    roles=MERCHANT,
    body=forms.AnswerAfterSaleCase,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def answer_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "answer_case", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/sent",
    summary="Say that the goods were sent again",
    roles=MERCHANT,
    body=forms.SayInWords,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def after_sale_case_sent(call: Call) -> Any:
    return call.ask_as_caller("ordering", "case_sent_again", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/confirm",
    summary="Say whether what was sent again has arrived",
    description="If it has not, an operator decides.",
    roles=CUSTOMER,
    body=forms.ConfirmResend,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def confirm_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "confirm_case", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/appeal",
    summary="Ask an operator about a rejection",
    roles=CUSTOMER,
    body=forms.SayInWords,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def appeal_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "appeal_case", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/withdraw",
    summary="Withdraw a case",
    roles=CUSTOMER,
    body=forms.SayInWords,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def withdraw_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "withdraw_case", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/arbitrate",
    summary="Decide an appeal",
    description="A refund is at the cost of whose fault it was; where that is not the shop's, the shop keeps"
    " its sale.",
    roles=OPERATOR,
    body=forms.ArbitrateAfterSaleCase,
    answer=shapes.AfterSaleCase,
    refusals=_REFUSALS,
)
def arbitrate_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "arbitrate_case", **call.path, **call.body)


@routes.post(
    "/v1/after-sale-cases/{case_id}/reopen",
    summary="Take up a case again that was closed without money",
    description="It then waits for an operator. An order that is completed stays completed.",
    roles=OPERATOR,
    body=forms.SayInWords,
    answer=shapes.AfterSaleCase,
    refusals=(*_REFUSALS, "units-claimed", "refund-exceeds-line", "nothing-to-refund"),
)
def reopen_after_sale_case(call: Call) -> Any:
    return call.ask_as_caller("ordering", "reopen_case", **call.path, **call.body)
