"""The stream's name, and how much of it is kept."""

from __future__ import annotations

from dataclasses import dataclass

STREAM = "events"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What is older, or more than this, goes, in whole segments of the stream (500 MB each)."""

    max_age: str = "7D"
    max_bytes: int = 2_000_000_000
