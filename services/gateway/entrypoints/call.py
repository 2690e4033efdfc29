"""A call as its handler sees it: checked input, who asks, and the services to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.gateway.adapters.access_tokens import SignedTokens
from services.gateway.adapters.rate_limits import RateLimits
from services.gateway.application.ports import AccountStore, EventArchive, KeyRecords, Passwords
from services.gateway.domain.accounts import Principal
from services.gateway.entrypoints.wire import Answer
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids

# Above what any service takes to answer when it is well, below what a client waits.
DEADLINE_SECONDS = 6.0


class Rpc(Protocol):
    def call(self, service: str, method: str, /, *, deadline: float = ..., **arguments: Any) -> Any: ...

    def gather(
        self, requests: list[tuple[str, str, dict[str, Any]]], *, deadline: float = ...
    ) -> list[Any]: ...


class Pulse(Protocol):
    """Which services answer."""

    def services(self) -> dict[str, bool]: ...

    def ready(self) -> dict[str, bool]: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the gateway is made of; the handlers take from here what they need."""

    rpc: Rpc
    store: AccountStore
    passwords: Passwords
    tokens: SignedTokens
    records: KeyRecords
    limits: RateLimits
    pulse: Pulse
    archive: EventArchive
    clock: Clock
    ids: Ids
    trusted_proxies: int = 0


@dataclass(slots=True)
class Call:
    parts: Parts
    principal: Principal | None
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: dict[str, Any]
    header: Callable[[str], str | None]
    raw_body: bytes = b""
    key: str = ""
    # The id of what a keyed call makes: the same account, call and key always make the same thing.
    new_id: str = ""
    expected_version: int | None = None

    @property
    def caller(self) -> Principal:
        assert self.principal is not None, "the route is open to anyone"
        return self.principal

    def ask(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        """Ask a service as nobody in particular."""
        return self.parts.rpc.call(service, method, deadline=deadline, **arguments)

    def ask_as_caller(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        """Ask a service on the caller's behalf; it decides what they may see and do."""
        return self.parts.rpc.call(service, method, deadline=deadline, actor=self.caller.actor(), **arguments)


# A handler gives data in wire form, or a whole answer when it is no JSON.
Handler = Callable[[Call], Mapping[str, Any] | Answer | None]
