"""What proves that goods changed hands: a code the other side knows, a picture, or why there is neither."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.dispatch.domain.places import Position

_DIGITS = 4


class ProvedBy(StrEnum):
    CODE = "code"
    PHOTO = "photo"
    NOTHING = "nothing"


class Handover(StrEnum):
    """To somebody, or left where it was to be left."""

    IN_PERSON = "in-person"
    UNATTENDED = "unattended"


class WhyNot(StrEnum):
    """Why there is no proof."""

    BATTERY_EMPTY = "battery-empty"
    CAMERA_BROKEN = "camera-broken"
    DECLINED = "declined"
    NO_CODE = "no-code"
    TOO_DARK = "too-dark"
    UNSAFE = "unsafe"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a courier shows for a stop: where, how it was handed over, the code that was said, or why none."""

    code: str | None = None
    handover: Handover | None = None
    why_not: WhyNot | None = None
    place: Position | None = None


NOTHING_SHOWN = Shown()


@dataclass(frozen=True, kw_only=True)
class Proved:
    """What came of it. ``distance_m`` is how far from the stop the courier was, where that was said."""

    by: ProvedBy
    at: datetime
    handover: Handover | None = None
    distance_m: int | None = None
    why_not: WhyNot | None = None


def code_of(key: bytes, stop_id: str) -> str:
    """The code of a stop: four digits, the same each time, and unknown to who has not got the ``key``."""
    number = int.from_bytes(hmac.new(key, stop_id.encode(), hashlib.sha256).digest()[:8])
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def told_of_pickup(proved: Proved | None) -> dict[str, Any]:
    """What an event says of it: codes and figures, never the picture or the code."""
    if proved is None:
        return {}
    return {
        "proved_by": proved.by.value,
        "proved_at": proved.at,
        "proved_distance_m": proved.distance_m,
    }


def told_of_handover(proved: Proved | None) -> dict[str, Any]:
    if proved is None:
        return {}
    return told_of_pickup(proved) | {
        "handover": proved.handover and proved.handover.value,
        "unproved_reason": proved.why_not and proved.why_not.value,
    }
