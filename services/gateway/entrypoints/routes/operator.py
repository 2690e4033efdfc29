"""Operating the platform: zones and slots, approvals, the ledger, dead letters."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import (
    board_shapes,
    dispatch_shapes,
    forms,
    slot_forms,
    trade_forms,
    trade_shapes,
)
from services.gateway.contracts.shapes import Shop
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import OPERATOR, Key, Routes
from shared.kernel.errors import Refusal
from shared.kernel.ids import derived_id

routes = Routes("Operating the platform")

_OPERATOR_OR_ANALYST = OPERATOR | {Role.ANALYST}


@routes.post(
    "/v1/zones",
    summary="Open a zone",
    roles=OPERATOR,
    body=trade_forms.OpenZone,
    answer=dispatch_shapes.Zone,
    status=201,
    key=Key.RECORDED,
)
def open_zone(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "open_zone", zone_id=call.new_id, **call.body)


@routes.post(
    "/v1/zones/{zone_id}/slots",
    summary="Open slots in a zone",
    roles=OPERATOR,
    body=slot_forms.OpenSlots,
    answer=dispatch_shapes.OpenedSlots,
    status=201,
    key=Key.RECORDED,
)
def open_slots(call: Call) -> Any:
    slots = [
        {**slot, "slot_id": derived_id(call.new_id, str(number))}
        for number, slot in enumerate(call.body["slots"])
    ]
    return call.ask_as_caller("dispatch", "open_slots", **call.path, slots=slots)


@routes.post(
    "/v1/shops/{shop_id}/approve",
    summary="Approve a shop, so that it opens",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=Shop,
    refusals=("shop-not-found",),
)
def approve_shop(call: Call) -> Any:
    return call.ask_as_caller("storefront", "approve_shop", **call.path)


@routes.post(
    "/v1/couriers/{courier_id}/approve",
    summary="Approve a courier",
    roles=OPERATOR,
    body=forms.Nothing,
    answer=dispatch_shapes.Courier,
)
def approve_courier(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "approve_courier", **call.path)


@routes.get(
    "/v1/dispatch/board",
    summary="What goes on in a zone",
    roles=OPERATOR,
    query=trade_forms.BoardQuery,
    answer=board_shapes.Board,
)
def board(call: Call) -> Any:
    return call.ask_as_caller("dispatch", "board", **call.query)


@routes.post(
    "/v1/campaigns",
    summary="Launch a campaign of the platform",
    roles=OPERATOR,
    body=trade_forms.LaunchCampaign,
    answer=trade_shapes.Campaign,
    status=201,
    key=Key.RECORDED,
)
def launch_platform_campaign(call: Call) -> Any:
    return call.ask_as_caller(
        "campaigns", "launch", campaign_id=call.new_id, shop_id=None, **{"funder": "platform", **call.body}
    )


@routes.get(
    "/v1/campaigns",
    summary="The campaigns for every shop",
    roles=OPERATOR,
    query=forms.Page,
    answer=trade_shapes.CampaignPage,
)
def platform_campaigns(call: Call) -> Any:
    return call.ask_as_caller("campaigns", "campaigns_of", shop_id=None, **call.query)


@routes.get(
    "/v1/ledger/accounts",
    summary="The accounts of the ledger and their balances",
    roles=_OPERATOR_OR_ANALYST,
    query=trade_forms.AccountsQuery,
    answer=trade_shapes.LedgerAccountPage,
)
def ledger_accounts(call: Call) -> Any:
    return call.ask_as_caller("commission", "accounts", **call.query)


@routes.get(
    "/v1/ledger/statement",
    summary="The statement of a shop, a courier or the platform",
    roles=_OPERATOR_OR_ANALYST,
    query=trade_forms.StatementQuery,
    answer=trade_shapes.Statement,
)
def ledger_statement(call: Call) -> Any:
    return call.ask_as_caller("commission", "statement", **call.query)


@routes.get(
    "/v1/ledger/entries",
    summary="The entries of the ledger",
    roles=_OPERATOR_OR_ANALYST,
    query=trade_forms.EntriesQuery,
    answer=trade_shapes.EntryPage,
)
def ledger_entries(call: Call) -> Any:
    return call.ask_as_caller("commission", "entries", **call.query)


@routes.get(
    "/v1/ledger/check",
    summary="Whether the ledger adds up, as a whole and for each order",
    roles=_OPERATOR_OR_ANALYST,
    answer=trade_shapes.LedgerCheck,
)
def ledger_check(call: Call) -> Any:
    return call.ask_as_caller("commission", "check")


@routes.get(
    "/v1/dead-letters",
    summary="Messages that no service could work on",
    roles=OPERATOR,
    query=trade_forms.DeadLettersQuery,
    answer=trade_shapes.DeadLetterPage,
)
def dead_letters(call: Call) -> Any:
    """The lists of all services one after the other; a cursor names the service and the place in its list."""
    asked = [call.query["service"]] if "service" in call.query else list(trade_forms.SERVICES)
    service, _, after = (call.query["cursor"] or "").partition(":")
    if service in asked:
        asked = asked[asked.index(service) :]
    arguments = {"actor": call.caller.actor(), "limit": call.query["limit"]}
    answers = call.parts.rpc.gather(
        [
            (name, "dead_letters", {**arguments, "cursor": after if name == service else None})
            for name in asked
        ],
        deadline=3.0,
    )
    letters: list[dict[str, Any]] = []
    unanswered: list[str] = []
    goes_on = False
    for name, found in zip(asked, answers, strict=True):
        if isinstance(found, Refusal):
            unanswered.append(name)
        else:
            letters.extend({"service": name, **letter} for letter in found["items"])
            goes_on = goes_on or found["next_cursor"] is not None
    items = letters[: call.query["limit"]]
    goes_on = goes_on or len(letters) > len(items)
    cursor = f"{items[-1]['service']}:{items[-1]['id']}" if goes_on else None
    return {"items": items, "unanswered": unanswered, "next_cursor": cursor}
