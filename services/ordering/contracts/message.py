"""One event, ready to be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Message:
    """Everything about an order shares its partition."""

    type: str
    subject: str
    partitionkey: str
    data: dict[str, Any]
