"""The cursor of a list: where the page before ended, opaque to whoever carries it."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from services.crm.domain.profile import Moment, Tally
from services.crm.domain.queries import AfterMoment, AfterTally
from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput


def of_tally(last: Tally) -> str:
    # Moments are compared to the microsecond, so the cursor keeps them whole.
    return _encode([last.last_seen.isoformat(), last.customer_id, last.spend.currency])


def of_moment(last: Moment) -> str:
    return _encode([last.at.isoformat(), last.key])


def tally(cursor: str | None) -> AfterTally | None:
    """Where the page before ended; raises :class:`InvalidInput` when ``cursor`` was not given out here."""
    if cursor is None:
        return None
    at, customer_id, currency = _decode(cursor, 3)
    return AfterTally(last_seen=_moment(at), customer_id=customer_id, currency=currency)


def moment(cursor: str | None) -> AfterMoment | None:
    """Like :func:`tally`, for a timeline."""
    if cursor is None:
        return None
    at, key = _decode(cursor, 2)
    return AfterMoment(at=_moment(at), key=key)


def _encode(parts: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> list[str]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        parts = None
    if isinstance(parts, list) and len(parts) == length and all(map(_is_ours, parts)):
        found: list[str] = parts
        return found
    raise _foreign()


def _is_ours(part: object) -> bool:
    return isinstance(part, str) and part.isascii() and part.isprintable()


def _moment(text: str) -> datetime:
    try:
        return from_wire(text)
    except (InvalidInput, OverflowError) as error:
        raise _foreign() from error


def _foreign() -> InvalidInput:
    message = "This cursor was not given out here."
    return InvalidInput(message, errors=[{"field": "cursor", "message": message}])
