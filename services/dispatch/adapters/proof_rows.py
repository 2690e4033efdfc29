"""What was proved at a stop as JSON and back; older rows say nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.proof import Handover, Proved, ProvedBy, WhyNot
from services.dispatch.domain.stop import Stop


def proof_json(stop: Stop) -> dict[str, Any]:
    """Only what there is: most stops are proved by nothing, and every plan reads them."""
    found: dict[str, Any] = {}
    if stop.proved is not None:
        found["proved"] = {
            "by": stop.proved.by.value,
            "at": stop.proved.at.isoformat(),
            "handover": stop.proved.handover,
            "distance_m": stop.proved.distance_m,
            "why_not": stop.proved.why_not,
        }
    if stop.photo_at is not None:
        found["photo_at"] = stop.photo_at.isoformat()
    if stop.tried_at is not None:
        found |= {"tries": stop.tries, "tried_at": stop.tried_at.isoformat()}
    return found


def proof_of(wire: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a stop that :func:`proof_json` wrote."""
    return {
        "proved": _proved(wire.get("proved")),
        "photo_at": _moment(wire.get("photo_at")),
        "tries": wire.get("tries", 0),
        "tried_at": _moment(wire.get("tried_at")),
    }


def _proved(wire: Mapping[str, Any] | None) -> Proved | None:
    if wire is None:
        return None
    return Proved(
        by=ProvedBy(wire["by"]),
        at=datetime.fromisoformat(wire["at"]),
        handover=None if wire["handover"] is None else Handover(wire["handover"]),
        distance_m=wire["distance_m"],
        why_not=None if wire["why_not"] is None else WhyNot(wire["why_not"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
