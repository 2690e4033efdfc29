"""Where a courier was told to wait, as a JSON document and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.places import Position
from services.dispatch.domain.wait import WaitAt


def wait_json(wait: WaitAt) -> dict[str, Any]:
    return {
        "shop_id": wait.shop_id,
        "name": wait.name,
        "position": wait.place.to_wire(),
        "minutes": wait.minutes,
        "since": wait.since.isoformat(),
        "why": wait.why,
    }


def wait_of(document: Mapping[str, Any] | None) -> WaitAt | None:
    if document is None:
        return None
    return WaitAt(
        shop_id=document["shop_id"],
        name=document["name"],
        place=Position(**document["position"]),
        minutes=document["minutes"],
        since=datetime.fromisoformat(document["since"]),
        why=document["why"],
    )
