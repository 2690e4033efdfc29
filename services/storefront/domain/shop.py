"""A shop: where it is, when it is open, how far it delivers, and its life from application to approval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.storefront.domain.actor import Actor
from services.storefront.domain.errors import NotYourShop, ShopChanged, ShopNotApproved, ShopNotFound
from services.storefront.domain.hours import OpeningHours
from services.storefront.domain.position import Position
from services.storefront.domain.preparation import PreparationCapacity, Window, collection_spans


class ShopStatus(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    CLOSED = "closed"


_MAY_BECOME = {
    ShopStatus.PENDING: frozenset[ShopStatus](),
    ShopStatus.OPEN: frozenset({ShopStatus.CLOSED}),
    ShopStatus.CLOSED: frozenset({ShopStatus.OPEN}),
}


@dataclass(frozen=True, kw_only=True)
class ShopTerms:
    """What its merchant decides about a shop. Without hours it is always open.

    Without a ``preparation_capacity`` it prepares whatever is ordered.
    """

    name: str
    category: str
    position: Position
    delivery_radius_m: int = 5000
    hours: OpeningHours | None = None
    preparation_minutes: int = 15
    preparation_capacity: PreparationCapacity | None = None
    accept_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Shop:
    shop_id: str
    owner_id: str
    terms: ShopTerms
    status: ShopStatus = ShopStatus.PENDING
    version: int = 1

    def approved(self) -> Shop:
        """The shop open for business; approving an approved shop changes nothing."""
        if self.status is not ShopStatus.PENDING:
            return self
        return replace(self, status=ShopStatus.OPEN, version=self.version + 1)

    def changed(self, terms: ShopTerms, status: ShopStatus, version: int | None) -> Shop:
        """The shop with other terms or another status, one version further.

        What is already so stays as it is, so that the same change twice is one. Raises
        :class:`ShopChanged` when ``version`` is not the present one, and :class:`ShopNotApproved`
        when a shop that waits for approval would open or close.
        """
        if (terms, status) == (self.terms, self.status):
            return self
        if version not in (None, self.version):
            raise ShopChanged(f"You changed version {version}; the shop is at version {self.version}.")
        if status is not self.status and status not in _MAY_BECOME[self.status]:
            raise ShopNotApproved("A shop opens and closes once an operator has approved it.")
        return replace(self, terms=terms, status=status, version=self.version + 1)

    def serves_at(self, moment: datetime) -> bool:
        hours = self.terms.hours
        return self.status is ShopStatus.OPEN and (hours is None or hours.is_open(moment))

    def collection_spans(self, window: Window, now: datetime) -> list[Window]:
        """When a courier may collect what is brought within ``window``, prepared from ``now`` on."""
        if self.status is not ShopStatus.OPEN:
            return []
        return collection_spans(self.terms.hours, self.terms.preparation_minutes, window, now)

    def prepares_for(self, window: Window | None, now: datetime) -> bool:
        """Whether goods can be collected in time for ``window``; without one the shop is open now."""
        return bool(self.collection_spans(window, now)) if window else self.serves_at(now)

    def delivers_to(self, place: Position) -> bool:
        return self.terms.position.distance_m(place) <= self.terms.delivery_radius_m

    def must_be_run_by(self, actor: Actor) -> None:
        """Raises unless ``actor`` may change this shop: its owner and the operators may.

        A shop that waits for approval does not exist for anybody else.
        """
        if actor.is_operator or actor.account_id == self.owner_id:
            return
        raise ShopNotFound() if self.status is ShopStatus.PENDING else NotYourShop()
