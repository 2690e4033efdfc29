"""What the use cases need from outside; each is bound to one open transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.campaigns.domain.campaign import Campaign, CampaignAccount
from services.campaigns.domain.commands import Redeem, RefundFact, ShopFact
from services.campaigns.domain.events import CampaignsEvent
from services.campaigns.domain.redemption import Correction, OrderRedemption


@dataclass(frozen=True, kw_only=True)
class Taking:
    """The campaigns that ``counted`` one more use by the customer, and those that ``granted`` the amount."""

    counted: set[str]
    granted: set[str]


class Campaigns(Protocol):
    def add(self, campaign: Campaign, at: datetime) -> bool:
        """Store it; false when its id is taken. Raises :class:`CodeTaken` when its code is."""

    def find(self, campaign_id: str) -> CampaignAccount | None: ...

    def end(self, campaign_id: str, at: datetime) -> bool:
        """Set its end; false when it had ended before."""

    def page(self, shop_id: str | None, after: str | None, limit: int) -> list[CampaignAccount]:
        """The campaigns limited to ``shop_id`` (or to none), newest id first, those below ``after``."""

    def offers(
        self, customer_id: str, shop_ids: Collection[str], codes: Collection[str], now: datetime
    ) -> list[CampaignAccount]:
        """Full reductions that run now and every campaign of ``codes``, as far as these shops go."""

    def accounts(self, campaign_ids: Collection[str], customer_id: str) -> dict[str, CampaignAccount]: ...


class Shops(Protocol):
    def owner_of(self, shop_id: str) -> str | None: ...

    def record(self, fact: ShopFact) -> None: ...


class Redemptions(Protocol):
    """Orders and what they took; the counters of campaigns and of their customers move with them."""

    def open(self, command: Redeem) -> bool:
        """Claim the order; false when it redeemed, or was released, before."""

    def take(self, command: Redeem, now: datetime) -> Taking:
        """Count every amount against its customer's limit, then its campaign's limit and budget.

        Unless all are granted, the transaction must be undone.
        """

    def load(self, order_id: str) -> OrderRedemption | None:
        """The facts of one order, locked until the transaction ends."""

    def mark_paid(self, order_id: str, at: datetime) -> OrderRedemption | None:
        """Record the payment and load the facts; ``None`` when the order has redeemed nothing."""

    def mark_closed(self, order_id: str, at: datetime, reason: str) -> None:
        """Record the end, also of an order never heard of, so that a late redemption finds it closed."""

    def lapse(self, before: datetime, now: datetime, limit: int) -> Sequence[str]:
        """Mark unpaid holds that ran out before ``before``; answers their orders, to nobody else."""

    def record_refund(self, fact: RefundFact) -> None: ...

    def correct(self, order: OrderRedemption, corrections: Sequence[Correction]) -> None:
        """Add the differences to the counters, and remember that they were added and told."""


class Events(Protocol):
    def announce(self, event: CampaignsEvent) -> None:
        """Tell others, once the transaction commits."""


class Store(Protocol):
    """The ports together, over one transaction."""

    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def shops(self) -> Shops: ...
    @property
    def redemptions(self) -> Redemptions: ...
    @property
    def events(self) -> Events: ...
