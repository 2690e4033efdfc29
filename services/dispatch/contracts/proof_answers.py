"""What dispatch answers about codes and pictures."""

from __future__ import annotations

import base64
from typing import Any

from services.dispatch.domain.picture import Photo, Picture
from services.dispatch.domain.stop import Stop
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def proof(stop: Stop) -> Wire:
    """What was proved at a stop, as customers, operators and the courier may know."""
    proved = stop.proved
    return {
        "proved_by": proved.by.value if proved else None,
        "proved_at": to_wire(proved.at) if proved else None,
        "proved_distance_m": proved.distance_m if proved else None,
        "unproved_reason": proved.why_not.value if proved and proved.why_not else None,
        "handover": proved.handover.value if proved and proved.handover else None,
        "photo_at": to_wire(stop.photo_at) if stop.photo_at else None,
    }


def kept(stop: Stop, picture: Picture) -> Wire:
    return {
        "stop_id": stop.stop_id,
        "media_type": picture.media_type.value,
        "bytes": len(picture.content),
        "width": picture.width,
        "height": picture.height,
        "photo_at": to_wire(stop.photo_at) if stop.photo_at else None,
    }


def photo(photo: Photo) -> Wire:
    return {
        "media_type": photo.picture.media_type.value,
        "content": base64.b64encode(photo.picture.content).decode(),
        "taken_at": to_wire(photo.taken_at),
    }
