"""The ledger as accountants look at it: its chart, balances at any time, explanations, seals."""

from __future__ import annotations

import base64
from typing import Any

from services.gateway.contracts import ledger_forms, ledger_shapes
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import MERCHANT, OPERATOR, Routes
from services.gateway.entrypoints.wire import Answer

routes = Routes("The ledger")

_READERS = OPERATOR | {Role.ANALYST}
_HEADERS = {
    "Content-Disposition": 'attachment; filename="trial-balance.csv"',
    "Cache-Control": "private, no-store",
}


@routes.get(
    "/v1/ledger/chart",
    summary="The chart of accounts",
    roles=_READERS,
    answer=ledger_shapes.ChartPage,
)
def ledger_chart(call: Call) -> Any:
    return call.ask_as_caller("commission", "chart")


@routes.get(
    "/v1/ledger/trial-balance",
    summary="Every account in a debit or a credit column, now or at any moment of the past",
    roles=_READERS,
    query=ledger_forms.TrialBalanceQuery,
    answer=ledger_shapes.TrialBalance,
)
def trial_balance(call: Call) -> Any:
    return call.ask_as_caller("commission", "trial_balance", **call.query)


@routes.get(
    "/v1/ledger/trial-balance.csv",
    summary="The trial balance as a table",
    description="Amounts are in minor units; the last row of a currency is its total.",
    roles=_READERS,
    query=ledger_forms.TrialBalanceQuery,
    gives=("text/csv",),
)
def trial_balance_csv(call: Call) -> Answer:
    found = call.ask_as_caller("commission", "trial_balance_csv", **call.query)
    return Answer(200, base64.b64decode(found["content"]), found["media_type"], dict(_HEADERS))


@routes.get(
    "/v1/ledger/balance",
    summary="What stands on an account, now or at any moment of the past",
    roles=_READERS,
    query=ledger_forms.AccountBalanceQuery,
    answer=ledger_shapes.BalanceOfAccount,
)
def ledger_balance(call: Call) -> Any:
    return call.ask_as_caller("commission", "account_balance", **call.query)


@routes.get(
    "/v1/ledger/explanation",
    summary="Where every cent of an order went and why, or how an entry came about",
    description="Who owns a shop of the order, or promoted its goods, sees what concerns that shop.",
    roles=_READERS | MERCHANT,
    query=ledger_forms.ExplanationQuery,
    answer=ledger_shapes.Explanation,
    refusals=("ledger-entry-not-found",),
)
def explain(call: Call) -> Any:
    return call.ask_as_caller("commission", "explain", **call.query)


@routes.get(
    "/v1/ledger/head",
    summary="The newest seal of the ledger",
    description=(
        "Each transaction is sealed by a hash over the seal before and its own content. Whoever keeps a head"
        " can tell later whether anything up to it was changed or taken out (`linli ledger verify`)."
    ),
    roles=_READERS,
    answer=ledger_shapes.LedgerHead,
)
def ledger_head(call: Call) -> Any:
    return call.ask_as_caller("commission", "ledger_head")


@routes.post(
    "/v1/ledger/transactions/{transaction_id}/reversal",
    summary="Take back a transaction that concerns no order",
    description="Once, and for one reason: asking again with the same reason changes nothing.",
    roles=OPERATOR,
    body=ledger_forms.ReverseTransaction,
    answer=ledger_shapes.Reversal,
    refusals=("ledger-transaction-not-found", "already-reversed", "follows-from-facts"),
)
def reverse_transaction(call: Call) -> Any:
    return call.ask_as_caller("commission", "reverse_transaction", **call.path, **call.body)
