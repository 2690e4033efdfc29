"""The cursor of a list: where the page before ended, opaque to whoever carries it."""

from __future__ import annotations

import base64
import binascii

from shared.kernel.errors import InvalidInput


def encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode(cursor: str | None) -> str | None:
    """The key in ``cursor``; raises :class:`InvalidInput` when it holds none."""
    if cursor is None:
        return None
    try:
        key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        key = ""
    if not key or not key.isprintable():
        message = "This cursor was not given out here."
        raise InvalidInput(message, errors=[{"field": "cursor", "message": message}])
    return key
