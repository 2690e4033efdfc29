"""An order's last move to another slot as a JSON document and back; most orders have none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.rebooking import NEVER_REBOOKED, Rebooking


def rebooking_json(rebooking: Rebooking) -> dict[str, Any]:
    if rebooking is NEVER_REBOOKED:
        return {}
    return {
        "rebooking": {
            "number": rebooking.number,
            "at": rebooking.at and rebooking.at.isoformat(),
            "refusal": rebooking.refusal and dict(rebooking.refusal),
        }
    }


def rebooking_of(document: Mapping[str, Any] | None) -> Rebooking:
    if document is None:
        return NEVER_REBOOKED
    at = document["at"]
    return Rebooking(
        number=document["number"],
        at=None if at is None else datetime.fromisoformat(at),
        refusal=document["refusal"],
    )
