"""Identifiers, injected."""

from __future__ import annotations

import uuid
from typing import Protocol

import uuid_utils

_NATURAL_KEYS = uuid.UUID("6c696e6c-6900-5000-8000-000000000000")


class Ids(Protocol):
    def new(self) -> str:
        """An identifier that was never given before."""


class UuidV7:
    """UUIDs of version 7 (RFC 9562): random, and sorted by the time they were made."""

    def new(self) -> str:
        return str(uuid_utils.uuid7())


def derived_id(*parts: str) -> str:
    """The identifier that belongs to ``parts``: the same parts always give the same one (UUIDv5)."""
    return str(uuid.uuid5(_NATURAL_KEYS, "\x1f".join(parts)))
