"""Signing and verifying notifications as the Standard Webhooks specification says (symmetric, ``v1``)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from services.ordering.domain.errors import BadSignature

TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in ``whsec_<base64>``; raises :class:`ValueError` for anything else."""
    if not secret.startswith(_PREFIX):
        raise ValueError("a webhook secret begins with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is base64 after whsec_") from error
    if len(key) < 16:
        raise ValueError("a webhook secret has at least 16 bytes")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: str) -> dict[str, str]:
    """The headers that go with ``body``; ``timestamp`` is in seconds since the epoch."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{_digest(key, message_id, str(timestamp), body)}",
    }


def verify(key: bytes, headers: Mapping[str, str], body: str, now: float) -> None:
    """Raises :class:`BadSignature` unless one of the signatures is right and the message is recent."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
        age = abs(now - int(timestamp))
    except (KeyError, ValueError) as error:
        raise BadSignature("The signature headers are missing or malformed.") from error
    if age > TOLERANCE_SECONDS:
        raise BadSignature("The notification is too old, or from the future.")
    expected = f"v1,{_digest(key, message_id, timestamp, body)}".encode()
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in signatures):
        raise BadSignature("No signature fits the notification.")


def _digest(key: bytes, message_id: str, timestamp: str, body: str) -> str:
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
