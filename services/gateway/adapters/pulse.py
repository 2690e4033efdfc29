"""Whether the parts behind the gateway answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import text

from shared.kernel.errors import Refusal
from shared.persistence import Database

_FRESH_SECONDS = 3.0
_PATIENCE_SECONDS = 1.0


class Gathers(Protocol):
    def gather(self, requests: list[tuple[str, str, dict[str, Any]]], *, deadline: float) -> list[Any]: ...


class RpcPulse:
    """Asks every service for a sign of life, at most every few seconds however often it is looked at.

    A service that answers anything at all is alive, be it that it knows no such question.
    """

    def __init__(self, rpc: Gathers, database: Database, services: Sequence[str]) -> None:
        self._rpc = rpc
        self._database = database
        self._services = list(services)
        self._seen: dict[str, bool] = {}
        self._look_again_at = 0.0

    def services(self) -> dict[str, bool]:
        now = time.monotonic()
        if now >= self._look_again_at:
            # Set before asking, so that those who come meanwhile get what was seen last.
            self._look_again_at = now + _FRESH_SECONDS
            answers = self._rpc.gather(
                [(name, "ping", {}) for name in self._services], deadline=_PATIENCE_SECONDS
            )
            self._seen = {
                name: not (isinstance(answer, Refusal) and answer.kind == "unavailable")
                for name, answer in zip(self._services, answers, strict=True)
            }
        return dict(self._seen)

    def ready(self) -> dict[str, bool]:
        return {"database": self._database_answers()}

    def _database_answers(self) -> bool:
        try:
            with self._database.read() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:  # Whatever it is, the answer is no.
            return False
        return True
