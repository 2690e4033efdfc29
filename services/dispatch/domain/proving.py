"""Whether what a courier shows is enough for a stop; a code is guessed a few times and no more."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from services.dispatch.domain.errors import ProofMissing, TooManyCodes, WrongCode
from services.dispatch.domain.proof import NOTHING_SHOWN, Handover, Proved, ProvedBy, Shown
from services.dispatch.domain.stop import Stop, StopKind
from shared.kernel.errors import InvalidInput

MOST_TRIES = 5
REST = timedelta(minutes=10)


def prove(
    stop: Stop, shown: Shown, expected: Callable[[], str], demanded: bool, now: datetime
) -> Proved | None:
    """What ``shown`` proves; ``None`` where nothing is demanded and nothing was shown.

    A code that is said is checked, demanded or not, and what is left unattended always wants a picture or
    the reason why there is none. Raises :class:`WrongCode`, :class:`TooManyCodes` or :class:`ProofMissing`.
    """
    at_a_shop = stop.kind is not StopKind.DROP_OFF
    if at_a_shop and (shown.handover is not None or shown.why_not is not None):
        field = "handover" if shown.handover is not None else "unproved_reason"
        message = "At a shop only its code proves something."
        raise InvalidInput(message, errors=[{"field": field, "message": message}])
    if shown == NOTHING_SHOWN and stop.photo_at is None and not demanded:
        return None
    found = Proved(
        by=ProvedBy.NOTHING,
        at=now,
        handover=shown.handover,
        distance_m=None if shown.place is None else round(stop.place.metres_to(shown.place)),
    )
    if shown.code is not None:
        _must_be_right(stop, shown.code, expected, now)
        return replace(found, by=ProvedBy.CODE)
    if stop.photo_at is not None:
        return replace(found, by=ProvedBy.PHOTO, at=stop.photo_at)
    if shown.why_not is None and (demanded or shown.handover is Handover.UNATTENDED):
        message = "Needed here, unless something else proves it."
        raise ProofMissing(_what_is_missing(at_a_shop), errors=[{"field": "code", "message": message}])
    return replace(found, why_not=shown.why_not)


def _what_is_missing(at_a_shop: bool) -> str:
    if at_a_shop:
        return "Send the code that the shop tells you."
    return "Send the code that the customer tells you, or a picture first, or say why there is none."


def _must_be_right(stop: Stop, code: str, expected: Callable[[], str], now: datetime) -> None:
    left = tries_left(stop, now)
    if left == 0:
        assert stop.tried_at is not None, "who has tried has done so at some time"
        raise TooManyCodes(retry_after=max(1, round((stop.tried_at + REST - now).total_seconds())))
    if not hmac.compare_digest(code.encode(), expected().encode()):
        message = "This is not the code of this stop."
        raise WrongCode(message, errors=[{"field": "code", "message": message}], tries_left=left - 1)


def tries_left(stop: Stop, now: datetime) -> int:
    """How many wrong codes the stop still takes; a while after the last one it takes as many as ever."""
    if stop.tried_at is None or now >= stop.tried_at + REST:
        return MOST_TRIES
    return max(0, MOST_TRIES - stop.tries)


def tried(stop: Stop, now: datetime) -> Stop:
    """The stop after one more wrong code."""
    return replace(stop, tries=MOST_TRIES - tries_left(stop, now) + 1, tried_at=now)
