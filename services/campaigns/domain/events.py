"""What happened in campaigns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.campaigns.domain.campaign import Campaign
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class CampaignLaunched:
    campaign: Campaign


@dataclass(frozen=True, kw_only=True)
class CampaignEnded:
    """Ended before its time; the end that was fixed at launch is not announced again."""

    campaign_id: str
    shop_id: str | None
    ended_at: datetime


@dataclass(frozen=True)
class CouponRedeemed:
    """The order that holds the reduction was paid."""

    campaign_id: str
    order_id: str
    customer_id: str
    amount: Money = field(kw_only=True)


@dataclass(frozen=True)
class CouponReturned:
    """All of a redeemed reduction was given back, so that the customer may use it again."""

    campaign_id: str
    order_id: str
    customer_id: str
    amount: Money = field(kw_only=True)


CampaignsEvent = CampaignLaunched | CampaignEnded | CouponRedeemed | CouponReturned
