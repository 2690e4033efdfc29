"""An offer: a route change proposed to one courier, open until it is answered or runs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.dispatch.domain.courier import RouteStop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import OfferClosed, OfferExpired
from services.dispatch.domain.planning.candidates import Candidate


class OfferStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


MAY_BECOME: dict[OfferStatus, frozenset[OfferStatus]] = {
    OfferStatus.OPEN: frozenset(set(OfferStatus) - {OfferStatus.OPEN}),
    OfferStatus.ACCEPTED: frozenset(),
    OfferStatus.DECLINED: frozenset(),
    OfferStatus.EXPIRED: frozenset(),
    OfferStatus.WITHDRAWN: frozenset(),
}


@dataclass(kw_only=True)
class Offer:
    """The deliveries asked for, and the whole route as it would be with them.

    ``candidates`` is what each delivery would have cost with the couriers who came into question.
    """

    offer_id: str
    zone_id: str
    courier_id: str
    order_ids: tuple[str, ...]
    route: tuple[RouteStop, ...]
    plan_version: int
    offered_at: datetime
    expires_at: datetime
    status: OfferStatus = OfferStatus.OPEN
    answered_at: datetime | None = None
    reason: str | None = None
    candidates: tuple[Candidate, ...] = ()

    def is_due(self, now: datetime) -> bool:
        """Open for too long."""
        return self.status is OfferStatus.OPEN and now >= self.expires_at

    def accept(self, now: datetime) -> bool:
        """Take it; false when it was taken before. Raises :class:`OfferClosed` when it is too late."""
        if self.status is OfferStatus.ACCEPTED:
            return False
        if self.is_due(now) or self.status is OfferStatus.EXPIRED:
            raise OfferExpired("This offer has run out; somebody else is being asked.")
        self._close(OfferStatus.ACCEPTED, now)
        return True

    def decline(self, reason: str, now: datetime) -> bool:
        """Refuse it; false when it is refused already, or has run out."""
        if self.status in {OfferStatus.DECLINED, OfferStatus.EXPIRED, OfferStatus.WITHDRAWN}:
            return False
        self._close(OfferStatus.DECLINED, now)
        self.reason = reason
        return True

    def expire(self, now: datetime) -> None:
        self._close(OfferStatus.EXPIRED, now)

    def withdraw(self, reason: str, now: datetime) -> None:
        """What was asked for is no longer there."""
        self._close(OfferStatus.WITHDRAWN, now)
        self.reason = reason

    def _close(self, status: OfferStatus, now: datetime) -> None:
        if status not in MAY_BECOME[self.status]:
            raise OfferClosed(f"This offer is {self.status}.")
        self.status, self.answered_at = status, now


def take_question_back(
    offer: Offer, deliveries: Iterable[Delivery], reason: str, now: datetime
) -> list[Delivery]:
    """Withdraw ``offer``; those of ``deliveries`` that it asked for wait again, and are answered."""
    offer.withdraw(reason, now)
    asked = [delivery for delivery in deliveries if delivery.offer_id == offer.offer_id]
    for delivery in asked:
        delivery.offer_id = None
    return asked
