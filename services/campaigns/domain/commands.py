"""What others ask of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.campaigns.domain.campaign import Campaign
from services.campaigns.domain.pipeline import Line
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks."""

    account_id: str
    role: str

    @property
    def is_operator(self) -> bool:
        return self.role == "operator"


@dataclass(frozen=True, kw_only=True)
class LaunchCampaign:
    actor: Actor
    campaign: Campaign


@dataclass(frozen=True, kw_only=True)
class EndCampaign:
    actor: Actor
    campaign_id: str


@dataclass(frozen=True, kw_only=True)
class ListCampaigns:
    """``shop_id`` ``None`` asks for the campaigns of every shop's lines; ``after`` is the last id seen."""

    actor: Actor
    shop_id: str | None
    limit: int
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    customer_id: str
    codes: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Redeem:
    """Take all of ``amounts`` (by campaign) for one order, or nothing."""

    order_id: str
    customer_id: str
    amounts: dict[str, Money]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Release:
    order_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    order_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderClosed:
    """The order was cancelled, or ran out unpaid: what it redeemed goes back."""

    order_id: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefundFact:
    """What a refund gave back of each campaign's reduction; ``refund_key`` names it for good."""

    refund_key: str
    order_id: str
    returned: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ShopFact:
    shop_id: str
    owner_id: str
    at: datetime
