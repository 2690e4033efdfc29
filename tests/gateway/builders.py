"""One API on fakes, people who use it, and requests that are right."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from marshmallow import Schema, fields, validate
from werkzeug.test import Client, TestResponse

from services.gateway.adapters.access_tokens import SignedTokens
from services.gateway.adapters.rate_limits import RateLimits
from services.gateway.application.ports import EventArchive
from services.gateway.contracts.fields import Id, Instant
from services.gateway.domain.accounts import Principal, Role
from services.gateway.entrypoints.api import Api
from services.gateway.entrypoints.call import Parts
from services.gateway.entrypoints.routes import ALL
from services.gateway.entrypoints.routing import ANYONE, Key, Route, Router
from shared.kernel.clock import SystemClock
from shared.kernel.ids import UuidV7, derived_id
from tests.gateway.fakes import (
    AccountsInMemory,
    EventsInMemory,
    FakeRpc,
    FixedPulse,
    KeyRecordsInMemory,
    PlainPasswords,
)

AN_ID = "019b8d02-0000-7000-8000-0000000000c1"
A_MOMENT = "2026-01-05T08:00:00.000Z"
# Fields whose schema alone does not tell what a right value looks like.
_KNOWN = {
    "currency": "CNY",
    "email": "lan@example.org",
    "password": "correct horse battery",
    "lat": 30.27,
    "lon": 120.15,
    "hours": {"mon": [["08:00", "22:00"]]},
}

CLOSED = [route for route in ALL if route.roles is not ANYONE]
DOCUMENTED = [route for route in ALL if route.documented]


@cache
def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@cache
def _router() -> Router:
    return Router(ALL)


def limits(**changes: int) -> RateLimits:
    usual = {"per_account": 100_000, "per_address": 100_000, "sign_ins": 100_000, "failed_sign_ins": 10}
    return RateLimits("local://", **(usual | changes))


@dataclass
class World:
    """The API on fakes, and a client of it."""

    rpc: FakeRpc = field(default_factory=FakeRpc)
    store: AccountsInMemory = field(default_factory=AccountsInMemory)
    records: Any = field(default_factory=KeyRecordsInMemory)
    pulse: FixedPulse = field(default_factory=FixedPulse)
    limits: RateLimits = field(default_factory=limits)
    archive: EventArchive = field(default_factory=EventsInMemory)
    trusted_proxies: int = 0

    def __post_init__(self) -> None:
        self.tokens = SignedTokens([_key()])
        self.parts = Parts(
            rpc=self.rpc,
            store=self.store,
            passwords=PlainPasswords(),
            tokens=self.tokens,
            records=self.records,
            limits=self.limits,
            pulse=self.pulse,
            archive=self.archive,
            clock=SystemClock(),
            ids=UuidV7(),
            trusted_proxies=self.trusted_proxies,
        )
        self.client = Client(Api(_router(), self.parts))

    def token(self, role: Role | str, name: str = "somebody") -> str:
        account_id = derived_id("account", name, str(role))
        return self.tokens.access_token(
            Principal(account_id=account_id, role=Role(role), session_id=derived_id("session", account_id))
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role | str | None = None,
        name: str = "somebody",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        sent = dict(headers or {})
        if role is not None:
            sent["Authorization"] = f"Bearer {self.token(role, name)}"
        if key is not None:
            sent["Idempotency-Key"] = key
        return self.client.open(path, method=method, headers=sent, **options)

    def send(self, route: Route, role: Role | str | None, **changes: Any) -> TestResponse:
        """A request of ``route`` that is right, but for ``changes``."""
        request: dict[str, Any] = {"role": role, "query_string": query_of(route)}
        if route.key is not Key.NONE:
            request["key"] = "a-key"
        if route.body is not None:
            request["json"] = example(route.body())
        elif route.raw_body:
            request["data"] = b'{"type": "payment.succeeded"}'
        return self.ask(route.method, path_of(route), **(request | changes))


def path_of(route: Route) -> str:
    known = {"provider": "sandbox", "code": "LAN-4F2", "file": "style.css"}
    return re.sub(r"\{(\w+)\}", lambda name: known.get(name.group(1), AN_ID), route.path)


def query_of(route: Route) -> dict[str, Any]:
    if route.query is None:
        return {}
    return {name: value for name, value in example(route.query()).items() if value is not None}


def a_role_of(route: Route) -> Role | None:
    return None if route.roles is ANYONE else min(route.roles)


def example(schema: Schema, *, everything: bool = False) -> dict[str, Any]:
    """Data that ``schema`` takes: what it needs, or ``everything`` that it knows."""
    return {
        name: _value(name, one, everything)
        for name, one in schema.fields.items()
        # One of email and phone is needed, which no single field says.
        if one.required or everything or name == "email"
    }


def _value(name: str, one: Any, everything: bool) -> Any:
    if name in _KNOWN and not isinstance(one, fields.Nested):
        return _KNOWN[name]
    match one:
        case Id():
            return AN_ID
        case Instant():
            return A_MOMENT
        case fields.Date():
            return "2026-01-05"
        case fields.Nested():
            return example(one.schema, everything=everything)
        case fields.List():
            return [_value(name, one.inner, everything)]
        case fields.Dict():
            return {}
        case fields.Boolean():
            return True
        case fields.Integer():
            return next((v.min for v in one.validators if isinstance(v, validate.Range)), 1)
        case fields.Float():
            return 1.5
    choices = next((v.choices for v in one.validators if isinstance(v, validate.OneOf)), None)
    return next(iter(choices)) if choices else "something"
