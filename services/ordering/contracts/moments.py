"""Moments on the wire, where there may be none."""

from __future__ import annotations

from datetime import datetime

from shared.kernel.clock import from_wire, to_wire


def time_of(moment: datetime | None) -> str | None:
    return None if moment is None else to_wire(moment)


def moment_of(time: str | None) -> datetime | None:
    return None if time is None else from_wire(time)
