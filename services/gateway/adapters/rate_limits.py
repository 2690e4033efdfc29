"""Rate limits: how often an account, or an address, may ask."""

from __future__ import annotations

import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from services.gateway.domain.errors import RateLimited, TooManyFailedSignIns

_SWEEP_SECONDS = 60


class LocalCounters(Storage):  # type: ignore[misc]
    """Counters of this process alone.

    The library's own memory storage starts a thread for each sweep and sweeps a hundred times a second.
    """

    STORAGE_SCHEME = ["local"]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._counters: dict[str, tuple[int, float]] = {}
        self._sweep_at = time.time() + _SWEEP_SECONDS

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        if now >= self._sweep_at:
            self._counters = {k: c for k, c in self._counters.items() if c[1] > now}
            self._sweep_at = now + _SWEEP_SECONDS
        count, until = self._counters.get(key, (0, 0.0))
        if until <= now:
            count, until = 0, now + expiry
        self._counters[key] = (count + amount, until)
        return count + amount

    def get(self, key: str) -> int:
        count, until = self._counters.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._counters.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        count = len(self._counters)
        self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        self._counters.pop(key, None)


class RateLimits:
    """Fixed windows of a minute, counted in ``storage``: ``local://`` or a ``redis://`` address."""

    def __init__(
        self, storage: str, *, per_account: int, per_address: int, sign_ins: int, failed_sign_ins: int
    ) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage))
        self._per_account = RateLimitItemPerMinute(per_account)
        self._per_address = RateLimitItemPerMinute(per_address)
        self._sign_ins = RateLimitItemPerMinute(sign_ins)
        self._failed_sign_ins = RateLimitItemPerMinute(failed_sign_ins)

    def account_asks(self, account_id: str) -> None:
        self._hit(self._per_account, "account", account_id)

    def address_asks(self, address: str) -> None:
        self._hit(self._per_address, "address", address)

    def address_signs_in(self, address: str) -> None:
        self._hit(self._sign_ins, "sign-in", address)

    def refuse_if_locked(self, identity: str) -> None:
        """Refuse an attempt to sign in while the identity has failed too often."""
        if not self._limiter.test(self._failed_sign_ins, "failed", identity):
            wait = self._wait(self._failed_sign_ins, "failed", identity)
            raise TooManyFailedSignIns("Too many failed attempts. Wait a little.", retry_after=wait)

    def sign_in_failed(self, identity: str) -> None:
        self._limiter.hit(self._failed_sign_ins, "failed", identity)

    def _hit(self, limit: RateLimitItem, *who: str) -> None:
        if not self._limiter.hit(limit, *who):
            raise RateLimited(
                f"More than {limit.amount} requests in a minute.", retry_after=self._wait(limit, *who)
            )

    def _wait(self, limit: RateLimitItem, *who: str) -> int:
        ends_at: float = self._limiter.get_window_stats(limit, *who).reset_time
        return max(1, round(ends_at - time.time()))
