"""A bound on what each service is asked at a time, so that one that hangs takes only its own share."""

from __future__ import annotations

from collections import Counter
from typing import Any

from services.gateway.domain.errors import Busy
from services.gateway.entrypoints.call import DEADLINE_SECONDS, Rpc


class BoundedRpc:
    """Refuses at once what would be request number ``most + 1`` to a service."""

    def __init__(self, rpc: Rpc, most: int) -> None:
        self._rpc = rpc
        self._most = most
        self._asked: Counter[str] = Counter()

    def call(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        if self._asked[service] >= self._most:
            raise Busy(f"{service} is asked too much at the moment.", retry_after=1)
        self._asked[service] += 1
        try:
            return self._rpc.call(service, method, deadline=deadline, **arguments)
        finally:
            self._asked[service] -= 1

    def gather(
        self, requests: list[tuple[str, str, dict[str, Any]]], *, deadline: float = DEADLINE_SECONDS
    ) -> list[Any]:
        return self._rpc.gather(requests, deadline=deadline)
