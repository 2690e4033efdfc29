"""A picture of a case or a review, and when it was taken in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.picture import Picture


@dataclass(frozen=True, kw_only=True)
class Photo:
    picture: Picture
    taken_at: datetime
