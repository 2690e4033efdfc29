"""Passwords, hashed with Argon2id outside the event loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from eventlet import tpool
from eventlet.semaphore import Semaphore

from services.gateway.domain.errors import Busy

Result = TypeVar("Result")


class FailedSignIns(Protocol):
    def refuse_if_locked(self, identity: str) -> None: ...

    def sign_in_failed(self, identity: str) -> None: ...


class Argon2Passwords:
    """Argon2id with 19 MiB, two passes and one lane, as OWASP advises.

    Hashing runs in native threads, ``parallel`` at a time; the rest wait in turn, and beyond ``waiting``
    they are refused: a flood of sign-ins must not take the cores from everything else.
    """

    def __init__(
        self,
        failed: FailedSignIns,
        *,
        parallel: int | None = None,
        waiting: int = 200,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._failed = failed
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._turn = Semaphore(parallel or os.cpu_count() or 1)
        self._waiting = 0
        self._may_wait = waiting
        # What an unknown identity is compared with, so that it takes as long as a known one.
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def hash(self, password: str) -> str:
        return self._in_turn(lambda: self._native(self._hasher.hash, password))

    def verify(self, password: str, password_hash: str | None, identity: str) -> bool:
        def compare() -> bool:
            # Looked at only when the turn has come: attempts sent all at once cannot slip past the limit.
            self._failed.refuse_if_locked(identity)
            matches = self._native(self._matches, password_hash or self._nobody, password)
            if not matches or password_hash is None:
                self._failed.sign_in_failed(identity)
            return matches and password_hash is not None

        return self._in_turn(compare)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _native(self, work: Callable[..., Result], *arguments: str) -> Result:
        result: Result = tpool.execute(work, *arguments)
        return result

    def _in_turn(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= self._may_wait:
            raise Busy("Too many people are signing in at the moment.", retry_after=2)
        self._waiting += 1
        try:
            with self._turn:
                return work()
        finally:
            self._waiting -= 1
