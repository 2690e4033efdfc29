"""Rate limits, and passwords that are guessed."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher

from services.gateway.adapters import rate_limits
from services.gateway.adapters.passwords import Argon2Passwords
from services.gateway.domain.errors import Busy, TooManyFailedSignIns
from tests.gateway.builders import World, limits

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_an_account_that_asks_too_often_is_told_when_to_come_back() -> None:
    world = World(limits=limits(per_account=3))
    world.rpc.otherwise = {"items": [], "next_cursor": None}
    statuses = [world.ask("GET", "/v1/orders", role="customer").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = world.ask("GET", "/v1/orders", role="customer")
    assert refused.json["code"] == "rate-limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert world.ask("GET", "/v1/orders", role="customer", name="another").status_code == 200


def test_who_is_not_signed_in_is_counted_by_address() -> None:
    world = World(limits=limits(per_address=2))
    world.rpc.otherwise = {"items": [], "next_cursor": None}
    path = "/v1/shops?lat=30.2&lon=120.1"
    statuses = [world.ask("GET", path).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert world.ask("GET", path, role="customer").status_code == 200
    assert world.ask("GET", path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200


def test_tokens_that_are_made_up_are_counted_by_address() -> None:
    world = World(limits=limits(per_address=2))
    headers = {"Authorization": "Bearer made-up"}
    statuses = [world.ask("GET", "/v1/me", headers=headers).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_the_address_is_seen_past_our_own_proxies_and_no_further() -> None:
    world = World(limits=limits(per_address=1), trusted_proxies=1)
    world.rpc.otherwise = {"items": [], "next_cursor": None}
    path = "/v1/shops?lat=30.2&lon=120.1"
    for made_up in ("203.0.113.1", "203.0.113.2"):
        headers = {"X-Forwarded-For": f"{made_up}, 198.51.100.9"}
        last = world.ask("GET", path, headers=headers).status_code
    assert last == 429


def test_sign_ins_are_counted_by_address() -> None:
    world = World(limits=limits(sign_ins=2))
    body = {"email": "lan@example.org", "password": "guess guess"}
    statuses = [world.ask("POST", "/v1/tokens", json=body).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_an_identity_that_failed_too_often_is_locked_for_a_while_even_with_the_right_password() -> None:
    passwords = Argon2Passwords(limits(failed_sign_ins=3), hasher=CHEAP)
    right = passwords.hash("correct horse")
    for _ in range(3):
        assert not passwords.verify("guess", right, "lan@example.org")
    with pytest.raises(TooManyFailedSignIns):
        passwords.verify("correct horse", right, "lan@example.org")
    assert passwords.verify("correct horse", right, "mei@example.org")


def test_an_unknown_identity_is_locked_just_like_a_known_one() -> None:
    passwords = Argon2Passwords(limits(failed_sign_ins=2), hasher=CHEAP)
    assert not passwords.verify("guess", None, "nobody")
    assert not passwords.verify("guess", None, "nobody")
    with pytest.raises(TooManyFailedSignIns):
        passwords.verify("guess", None, "nobody")


def test_passwords_are_hashed_as_owasp_advises() -> None:
    passwords = Argon2Passwords(limits())
    hashed = passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify("correct horse", hashed, "lan")
    assert not passwords.verify("correct horse", "not a hash", "lan")


def test_beyond_a_length_of_the_queue_sign_ins_are_refused() -> None:
    passwords = Argon2Passwords(limits(), hasher=CHEAP, waiting=0)
    with pytest.raises(Busy):
        passwords.hash("correct horse")


def test_local_counters_forget_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = rate_limits.LocalCounters()
    assert counters.incr("a", 60) == 1
    assert counters.incr("a", 60) == 2
    assert counters.get("a") == 2
    later = time.time() + 61
    monkeypatch.setattr(rate_limits.time, "time", lambda: later)
    assert counters.get("a") == 0
    assert counters.incr("b", 60) == 1
    assert list(counters._counters) == ["b"]
