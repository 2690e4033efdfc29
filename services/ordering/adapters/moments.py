"""Moments in JSON documents of the database."""

from __future__ import annotations

from datetime import datetime


def text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
