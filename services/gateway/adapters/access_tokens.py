"""Access tokens (JWT, EdDSA) and refresh tokens (random, kept only as a hash)."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import secrets
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.gateway.application.ports import RefreshToken
from services.gateway.domain.accounts import Principal, Role
from services.gateway.domain.errors import TokenInvalid

ISSUER = "linli"
AUDIENCE = "linli-api"
_TYPE = "at+jwt"
_LIFETIME_SECONDS = 600
_REMEMBERED = 20_000
_log = logging.getLogger(__name__)


class SignedTokens:
    """Signs with the first key and takes tokens of all of them, so that a key can be replaced in two steps.

    A token that was verified is remembered until it expires: verifying again costs a look into a dict.
    """

    lifetime_seconds = _LIFETIME_SECONDS

    def __init__(self, keys: list[Ed25519PrivateKey], remembered: int = _REMEMBERED) -> None:
        self._signing_key = keys[0]
        self._signing_id = _key_id(keys[0].public_key())
        self._public = {_key_id(key.public_key()): key.public_key() for key in keys}
        self._verified: dict[str, tuple[Principal, float]] = {}
        self._remembered = remembered
        self._closed_sessions: dict[str, float] = {}

    def access_token(self, principal: Principal) -> str:
        now = int(time.time())
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": principal.account_id,
                "role": principal.role.value,
                "sid": principal.session_id,
                "iat": now,
                "exp": now + self.lifetime_seconds,
            },
            self._signing_key,
            algorithm="EdDSA",
            headers={"kid": self._signing_id, "typ": _TYPE},
        )

    def principal(self, access_token: str) -> Principal:
        """Who the token speaks for; raises :class:`TokenInvalid`."""
        now = time.time()
        known = self._verified.get(access_token)
        if known is None:
            known = self._verify(access_token)
            if len(self._verified) >= self._remembered:
                self._forget_some(now)
            self._verified[access_token] = known
        principal, expires = known
        if expires <= now:
            self._verified.pop(access_token, None)
            raise TokenInvalid("The access token has expired. Trade the refresh token for a new one.")
        if self._closed_sessions and principal.session_id in self._closed_sessions:
            raise TokenInvalid("The session of this access token was closed. Sign in again.")
        return principal

    def refresh_token(self) -> RefreshToken:
        token = f"llr_{secrets.token_urlsafe(32)}"
        return RefreshToken(text=token, hash=self.hash_of(token))

    def hash_of(self, refresh_token: str) -> bytes:
        # 256 random bits need no slow hash.
        return hashlib.sha256(refresh_token.encode()).digest()

    def forget_session(self, session_id: str) -> None:
        now = time.time()
        self._closed_sessions = {s: until for s, until in self._closed_sessions.items() if until > now}
        self._closed_sessions[session_id] = now + self.lifetime_seconds

    def _verify(self, token: str) -> tuple[Principal, float]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != _TYPE:
                raise TokenInvalid("This is not an access token.")
            claims = jwt.decode(
                token,
                self._public[header.get("kid", "")],
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub", "aud", "iss", "sid", "role"]},
            )
            principal = Principal(
                account_id=claims["sub"], role=Role(claims["role"]), session_id=claims["sid"]
            )
            return principal, float(claims["exp"])
        except jwt.ExpiredSignatureError as error:
            message = "The access token has expired. Trade the refresh token for a new one."
            raise TokenInvalid(message) from error
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise TokenInvalid("The access token is not valid.") from error

    def _forget_some(self, now: float) -> None:
        self._verified = {token: known for token, known in self._verified.items() if known[1] > now}
        for token in list(self._verified)[: max(0, len(self._verified) - self._remembered // 2)]:
            del self._verified[token]


def load_keys(path: Path | None) -> list[Ed25519PrivateKey]:
    """The Ed25519 keys of the PEM file at ``path``, which is made when it is not there.

    Without a path the keys live as long as the process: good for a single process and for tests.
    """
    if path is None:
        _log.warning("no token key file is set: access tokens end with this process")
        return [Ed25519PrivateKey.generate()]
    try:
        # Opened exclusively and readable by the owner alone before there is a secret in it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_pem(Ed25519PrivateKey.generate()))
    return _read(path)


def _read(path: Path) -> list[Ed25519PrivateKey]:
    marker = b"-----END PRIVATE KEY-----"
    text = b""
    for _ in range(50):
        text = path.read_bytes()
        if marker in text:
            break
        time.sleep(0.02)  # Another process has just made the file and is about to write it.
    keys = []
    for block in text.split(marker)[:-1]:
        key = serialization.load_pem_private_key(block + marker + b"\n", password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds a key that is not Ed25519")
        keys.append(key)
    if not keys:
        raise ValueError(f"{path} holds no private key")
    return keys


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_id(key: Ed25519PublicKey) -> str:
    """The key's thumbprint (RFC 7638, RFC 8037)."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
