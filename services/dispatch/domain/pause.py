"""A pause of dispatch in a zone: nobody is asked for anything, what is under way goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Pause:
    """From when, why and by whom; a pause without ``resumed_at`` is running."""

    zone_id: str
    reason: str
    paused_at: datetime
    paused_by: str
    resumed_at: datetime | None = None
    resumed_by: str | None = None

    def resume(self, by: str, at: datetime) -> Pause:
        """The pause as it is once it is over; never before it began, whatever a clock says."""
        return replace(self, resumed_at=max(at, self.paused_at), resumed_by=by)
