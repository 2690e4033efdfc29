"""A picture of an order, and when it was taken in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.picture import MOST_BYTES, MOST_PIXELS_A_SIDE, MediaType, Picture, read_picture

__all__ = ["MOST_BYTES", "MOST_PIXELS_A_SIDE", "MediaType", "Photo", "Picture", "read_picture"]


@dataclass(frozen=True, kw_only=True)
class Photo:
    picture: Picture
    taken_at: datetime
