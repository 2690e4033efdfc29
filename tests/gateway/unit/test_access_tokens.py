"""Access tokens: what is taken and what is not."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway.adapters import access_tokens
from services.gateway.adapters.access_tokens import SignedTokens, load_keys
from services.gateway.domain.accounts import Principal, Role
from services.gateway.domain.errors import TokenInvalid

LAN = Principal(account_id="lan", role=Role.CUSTOMER, session_id="s1")
KEY = Ed25519PrivateKey.generate()


def forged(
    *, key: Any = KEY, algorithm: str = "EdDSA", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    right = SignedTokens([KEY]).access_token(LAN)
    headers = {name: v for name, v in jwt.get_unverified_header(right).items() if name != "alg"} | (
        header or {}
    )
    payload = jwt.decode(right, options={"verify_signature": False}) | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm, headers=headers)


def test_a_token_says_who_it_was_given_to() -> None:
    tokens = SignedTokens([KEY])
    token = tokens.access_token(LAN)
    assert tokens.principal(token) == LAN
    assert tokens.principal(token) == LAN  # From memory.
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "EdDSA"
    assert header["typ"] == "at+jwt"
    assert header["kid"]


@pytest.mark.parametrize(
    "token",
    [
        "not a token",
        "",
        forged(key=Ed25519PrivateKey.generate()),
        forged(key="a shared secret that is long enough to be one", algorithm="HS256"),
        forged(key=None, algorithm="none"),
        forged(header={"typ": "JWT"}),
        forged(header={"kid": "unknown"}),
        forged(iss="somebody else"),
        forged(aud="another-api"),
        forged(exp=int(time.time()) - 1),
        forged(exp=None),
        forged(sid=None),
        forged(role="emperor"),
        forged(role=None),
    ],
)
def test_a_token_that_is_not_ours_or_not_whole_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        SignedTokens([KEY]).principal(token)


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = SignedTokens([KEY])
    token = tokens.access_token(LAN)
    tokens.principal(token)
    later = time.time() + tokens.lifetime_seconds + 1
    monkeypatch.setattr(access_tokens.time, "time", lambda: later)
    with pytest.raises(TokenInvalid, match="expired"):
        tokens.principal(token)


def test_the_tokens_of_a_closed_session_are_refused() -> None:
    tokens = SignedTokens([KEY])
    token = tokens.access_token(LAN)
    other = tokens.access_token(Principal(account_id="lan", role=Role.CUSTOMER, session_id="s2"))
    tokens.principal(token)
    tokens.forget_session("s1")
    with pytest.raises(TokenInvalid, match="closed"):
        tokens.principal(token)
    assert tokens.principal(other).session_id == "s2"


def test_no_more_tokens_are_remembered_than_there_is_room_for() -> None:
    tokens = SignedTokens([KEY], remembered=10)
    for number in range(50):
        principal = Principal(account_id=str(number), role=Role.COURIER, session_id=str(number))
        assert tokens.principal(tokens.access_token(principal)) == principal
    assert len(tokens._verified) <= 10


def test_a_replaced_key_is_still_taken_until_its_tokens_have_expired() -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    token = SignedTokens([old]).access_token(LAN)
    assert SignedTokens([new, old]).principal(token) == LAN
    with pytest.raises(TokenInvalid):
        SignedTokens([new]).principal(token)


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token-key.pem"
    token = SignedTokens(load_keys(path)).access_token(LAN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SignedTokens(load_keys(path)).principal(token) == LAN


def test_a_key_file_without_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token-key.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ValueError):
        load_keys(path)


def test_refresh_tokens_are_random_and_only_their_hash_is_kept() -> None:
    tokens = SignedTokens([KEY])
    one, other = tokens.refresh_token(), tokens.refresh_token()
    assert one.text != other.text
    assert one.hash == tokens.hash_of(one.text)
    assert one.text.encode() not in one.hash
