"""Accounts and tokens."""

from __future__ import annotations

from typing import Any

import orjson

from services.gateway.application import accounts
from services.gateway.application.accounts import Register, SignedIn
from services.gateway.contracts import forms, shapes
from services.gateway.domain.accounts import Account, Role
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import ANYONE, SIGNED_IN, Key, Limit, Routes
from services.gateway.entrypoints.wire import JSON, Answer
from shared.kernel.clock import to_wire

routes = Routes("Accounts")


@routes.post(
    "/v1/accounts",
    summary="Register as a customer, a merchant or a courier",
    description="Answers with the account and its first tokens. A repeated request gets the same account "
    "with fresh tokens. Operators and analysts are registered by the platform.",
    roles=ANYONE,
    body=forms.Registration,
    answer=shapes.NewAccount,
    status=201,
    key=Key.NATURAL,
    limit=Limit.SIGN_INS,
    refusals=("account-exists", "idempotency-key-reused"),
)
def register(call: Call) -> dict[str, Any] | Answer:
    parts, body = call.parts, call.body
    signed_in = accounts.register(
        Register(
            email=body.get("email"),
            phone=body.get("phone"),
            password=body["password"],
            name=body["name"],
            role=Role(body["role"]),
        ),
        call.key,
        store=parts.store,
        passwords=parts.passwords,
        tokens=parts.tokens,
        clock=parts.clock,
        ids=parts.ids,
    )
    data = {**_account(signed_in.account), "tokens": _tokens(signed_in)}
    if not signed_in.replayed:
        return data
    return Answer(201, orjson.dumps(data), JSON, {"Idempotency-Replayed": "true"})


@routes.post(
    "/v1/tokens",
    summary="Sign in",
    roles=ANYONE,
    body=forms.Credentials,
    answer=shapes.Session,
    limit=Limit.SIGN_INS,
    refusals=("wrong-credentials", "too-many-failed-sign-ins"),
)
def sign_in(call: Call) -> dict[str, Any]:
    parts, body = call.parts, call.body
    signed_in = accounts.sign_in(
        body.get("email"),
        body.get("phone"),
        body["password"],
        store=parts.store,
        passwords=parts.passwords,
        tokens=parts.tokens,
        ids=parts.ids,
    )
    return _session(signed_in)


@routes.post(
    "/v1/tokens/refresh",
    summary="Trade a refresh token for new tokens",
    description="A refresh token is good for one use. When it comes a second time, its session is closed.",
    roles=ANYONE,
    body=forms.Refresh,
    answer=shapes.Session,
    limit=Limit.SIGN_INS,
    refusals=("refresh-token-invalid", "refresh-token-reused"),
)
def refresh(call: Call) -> dict[str, Any]:
    parts = call.parts
    return _session(accounts.refresh(call.body["refresh_token"], store=parts.store, tokens=parts.tokens))


@routes.delete(
    "/v1/tokens",
    summary="Sign out",
    description="Closes the session: its refresh token ends at once, its access token within ten minutes.",
    roles=SIGNED_IN,
    status=204,
)
def sign_out(call: Call) -> None:
    accounts.sign_out(call.caller, store=call.parts.store, tokens=call.parts.tokens)


@routes.get("/v1/me", summary="The caller's account", roles=SIGNED_IN, answer=shapes.AccountDetails)
def me(call: Call) -> dict[str, Any]:
    return _account(accounts.who_am_i(call.caller, store=call.parts.store))


def _account(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "role": account.role.value,
        "name": account.name,
        "email": account.email,
        "phone": account.phone,
        "registered_at": to_wire(account.registered_at),
    }


def _tokens(signed_in: SignedIn) -> dict[str, Any]:
    return {
        "access_token": signed_in.access_token,
        "refresh_token": signed_in.refresh_token,
        "token_type": "Bearer",
        "expires_in": signed_in.expires_in,
    }


def _session(signed_in: SignedIn) -> dict[str, Any]:
    account = signed_in.account
    return {**_tokens(signed_in), "account_id": account.account_id, "role": account.role.value}
