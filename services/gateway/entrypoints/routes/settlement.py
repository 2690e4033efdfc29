"""Issued statements, payouts, and the comparison of the books with others' files."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import settling_forms, settling_shapes
from services.gateway.contracts.forms import Page
from services.gateway.domain.accounts import Role
from services.gateway.domain.errors import MalformedRequest
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import COURIER, MERCHANT, OPERATOR, Key, Routes
from services.gateway.entrypoints.wire import Answer
from shared.kernel.errors import Refusal
from shared.kernel.ids import derived_id

routes = Routes("Settling and paying out")

_READERS = OPERATOR | {Role.ANALYST}
_CSV, _PDF = "text/csv; charset=utf-8", "application/pdf"
# Drawing a long statement takes its time.
_DRAWING_SECONDS = 30.0
_NAMES_ASKED = 50


@routes.get(
    "/v1/shops/{shop_id}/settlements",
    summary="A shop's issued statements, the newest first",
    description="One for each cycle in which something became payable: for what it sold, or promoted.",
    roles=MERCHANT | OPERATOR,
    query=settling_forms.SettlementsOfShop,
    answer=settling_shapes.SettlementPage,
    refusals=("account-not-found",),
)
def settlements_of_shop(call: Call) -> Any:
    return call.ask_as_caller("commission", "issued_statements", payee_id=call.path["shop_id"], **call.query)


@routes.get(
    "/v1/courier/settlements",
    summary="The courier's issued statements, the newest first",
    roles=COURIER,
    query=settling_forms.OwnSettlements,
    answer=settling_shapes.SettlementPage,
)
def settlements_of_courier(call: Call) -> Any:
    return call.ask_as_caller("commission", "issued_statements", **_courier(call))


@routes.get(
    "/v1/settlements",
    summary="Issued statements of everybody, the newest first",
    roles=_READERS,
    query=settling_forms.Settlements,
    answer=settling_shapes.SettlementPage,
)
def settlements(call: Call) -> Any:
    return call.ask_as_caller("commission", "issued_statements", **call.query)


@routes.get(
    "/v1/settlements/{statement_id}",
    summary="A statement with every line, and why each is its amount",
    roles=MERCHANT | COURIER | _READERS,
    answer=settling_shapes.SettlementDocument,
    refusals=("statement-not-found",),
)
def settlement(call: Call) -> Any:
    return call.ask_as_caller("commission", "issued_statement", **call.path)


@routes.get(
    "/v1/settlements/{statement_id}/csv",
    summary="A statement for a spreadsheet",
    roles=MERCHANT | COURIER | _READERS,
    gives=(_CSV,),
    refusals=("statement-not-found",),
)
def settlement_csv(call: Call) -> Answer:
    title, _ = _names(call)
    return _download(call.ask_as_caller("commission", "statement_as_csv", title=title, **call.path), call)


@routes.get(
    "/v1/settlements/{statement_id}/pdf",
    summary="A statement to print",
    roles=MERCHANT | COURIER | _READERS,
    gives=(_PDF,),
    refusals=("statement-not-found",),
)
def settlement_pdf(call: Call) -> Answer:
    title, names = _names(call)
    drawn = call.ask_as_caller(
        "commission", "statement_as_pdf", deadline=_DRAWING_SECONDS, title=title, names=names, **call.path
    )
    return _download(drawn, call)


@routes.get(
    "/v1/shops/{shop_id}/payouts",
    summary="A shop's payouts, the newest first",
    roles=MERCHANT | OPERATOR,
    query=settling_forms.PayoutsOfShop,
    answer=settling_shapes.PayoutPage,
    refusals=("account-not-found",),
)
def payouts_of_shop(call: Call) -> Any:
    return call.ask_as_caller("commission", "payouts", payee_id=call.path["shop_id"], **call.query)


@routes.post(
    "/v1/shops/{shop_id}/payouts",
    summary="Pay out what the last statement left",
    description="Statements are paid out by themselves; this is for what was held up, or was too little.",
    roles=MERCHANT | OPERATOR,
    body=settling_forms.RequestPayout,
    answer=settling_shapes.Payout,
    status=201,
    key=Key.RECORDED,
    refusals=("account-not-found", "nothing-to-pay-out"),
)
def request_payout(call: Call) -> Any:
    return call.ask_as_caller(
        "commission", "request_payout", payout_id=call.new_id, payee_id=call.path["shop_id"], **call.body
    )


@routes.get(
    "/v1/courier/payouts",
    summary="The courier's payouts, the newest first",
    roles=COURIER,
    query=settling_forms.OwnPayouts,
    answer=settling_shapes.PayoutPage,
)
def payouts_of_courier(call: Call) -> Any:
    return call.ask_as_caller("commission", "payouts", **_courier(call))


@routes.get(
    "/v1/payouts",
    summary="Payouts of everybody, the newest first",
    roles=_READERS,
    query=settling_forms.Payouts,
    answer=settling_shapes.PayoutPage,
)
def payouts(call: Call) -> Any:
    return call.ask_as_caller("commission", "payouts", **call.query)


@routes.get(
    "/v1/payees",
    summary="Everybody whom the platform pays",
    roles=_READERS,
    query=Page,
    answer=settling_shapes.PayeePage,
)
def payees(call: Call) -> Any:
    return call.ask_as_caller("commission", "payees", **call.query)


@routes.get(
    "/v1/payees/{payee_kind}/{payee_id}",
    summary="What holds for a payee: cycle, hold, bank account, balance, debt",
    roles=MERCHANT | COURIER | _READERS,
    query=settling_forms.PayeeQuery,
    answer=settling_shapes.Payee,
    refusals=("account-not-found",),
)
def payee(call: Call) -> Any:
    return call.ask_as_caller("commission", "payee", **call.path, **call.query)


@routes.post(
    "/v1/payees/{payee_kind}/{payee_id}/changes",
    summary="Hold or release payouts, say where they go, or how often is settled",
    roles=OPERATOR,
    body=settling_forms.ChangePayee,
    answer=settling_shapes.Payee,
    status=201,
    key=Key.RECORDED,
    refusals=("bank-account-refused",),
)
def change_payee(call: Call) -> Any:
    return call.ask_as_caller("commission", "change_payee", **call.path, **call.body)


@routes.post(
    "/v1/ledger/reconciliations",
    summary="Compare the books with the file of the payment provider, or of the bank",
    description=(
        "The body is the file, CSV in UTF-8 of at most 1 MiB, with the columns kind (for `payments` charge or"
        " refund, for `bank` payout or return), provider_id, reference_id (the id of the payment, refund or"
        " payout), amount, currency, at. Without a period it is what the file spans."
    ),
    roles=OPERATOR,
    raw_body=True,
    takes=("text/csv",),
    query=settling_forms.ReconcileQuery,
    answer=settling_shapes.Reconciliation,
    status=201,
    key=Key.NATURAL,
    refusals=("file-refused", "reconciliation-exists"),
)
def reconcile(call: Call) -> Any:
    try:
        content = call.raw_body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedRequest("The file is not text in UTF-8.") from error
    return call.ask_as_caller(
        "commission",
        "reconcile",
        deadline=_DRAWING_SECONDS,
        reconciliation_id=derived_id(call.caller.account_id, "reconcile", call.key),
        content=content,
        **call.query,
    )


@routes.get(
    "/v1/ledger/reconciliations",
    summary="The comparisons that were made, the newest first",
    roles=_READERS,
    query=Page,
    answer=settling_shapes.ReconciliationPage,
)
def reconciliations(call: Call) -> Any:
    return call.ask_as_caller("commission", "reconciliations", **call.query)


@routes.get(
    "/v1/ledger/reconciliations/{reconciliation_id}",
    summary="A comparison, with what was missing and what differed",
    roles=_READERS,
    answer=settling_shapes.Reconciliation,
    refusals=("reconciliation-not-found",),
)
def reconciliation(call: Call) -> Any:
    return call.ask_as_caller("commission", "reconciliation", **call.path)


@routes.get(
    "/v1/ledger/bank-file",
    summary="The bank's file of payouts",
    roles=OPERATOR,
    query=settling_forms.BankFileQuery,
    gives=(_CSV,),
)
def bank_file(call: Call) -> Answer:
    return _download(call.ask_as_caller("commission", "bank_file", **call.query), call)


def _courier(call: Call) -> dict[str, Any]:
    return {"payee_kind": "courier", "payee_id": call.caller.account_id, **call.query}


def _names(call: Call) -> tuple[str | None, dict[str, str]]:
    """What people call the payee of a statement, and the shops that it speaks of, where they have names."""
    found = call.ask_as_caller("commission", "issued_statement", **call.path)
    payee_id = found.get("payee_id")
    wanted = {line.get("promoter_shop_id") for line in found.get("lines", ())}
    if found.get("payee_kind") != "courier":
        wanted.add(payee_id)
    names: dict[str, str] = {}
    asked = sorted(wanted - {None}, key=lambda shop_id: shop_id != payee_id)[:_NAMES_ASKED]
    answers = call.parts.rpc.gather([("storefront", "shop", {"shop_id": shop_id}) for shop_id in asked])
    for shop_id, shop in zip(asked, answers, strict=True):
        # A statement is readable with ids alone: whoever has no name, or cannot be asked now, has theirs.
        if not isinstance(shop, Refusal) and shop.get("name"):
            names[shop_id] = str(shop["name"])[:200]
    return names.get(payee_id or ""), names


def _download(found: dict[str, Any], call: Call) -> Answer:
    kind = "pdf" if found["media_type"] == _PDF else "csv"
    name = call.path.get("statement_id", "payouts")
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
    }
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], headers)
