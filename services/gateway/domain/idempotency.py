"""The same key gives the same answer: what a key's record means for a request that brings it.

============================  ==========================================
the record of the key         the request
============================  ==========================================
absent                        runs, and its answer is kept
answered, same fingerprint    gets the kept answer
running, same fingerprint     is told to wait (409)
abandoned, same fingerprint   runs again: its effect is keyed downstream
any, another fingerprint      is refused (422)
============================  ==========================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from services.gateway.domain.errors import IdempotencyKeyReused, RequestStillRunning

KEPT = timedelta(hours=48)
# Longer than any call may take; a request that is silent for so long died with its process.
ABANDONED_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyUse:
    """One use of an Idempotency-Key: whose, for which call, and what it asked."""

    account_id: str
    operation: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptAnswer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    fingerprint: bytes
    answer: KeptAnswer | None


def kept_answer(use: KeyUse, record: KeyRecord) -> KeptAnswer:
    """The answer that ``use`` gets from ``record``, which another request holds; or its refusal."""
    if use.fingerprint != record.fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another request. Send a new key with a new request.",
            errors=[{"field": "Idempotency-Key", "message": "was used for another request"}],
        )
    if record.answer is None:
        raise RequestStillRunning(
            "The first request with this Idempotency-Key is still being worked on.", retry_after=1
        )
    return record.answer
