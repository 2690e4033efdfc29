"""Cursors: the sort key of the last item seen, opaque to who carries it."""

from __future__ import annotations

import base64
import json
from typing import Any

from services.storefront.domain.search import Key
from shared.kernel.errors import InvalidInput


def encode(key: Key | None) -> str | None:
    if key is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type) -> Key | None:
    """The key in ``cursor``; raises :class:`InvalidInput` unless it is one of ``kinds``."""
    if cursor is None:
        return None
    try:
        key: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        message = "This cursor does not belong to this list."
        raise InvalidInput(message, errors=[{"field": "cursor", "message": message}])
    return tuple(key)
