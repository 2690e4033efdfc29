"""What campaigns answers, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.campaigns.contracts import cursors
from services.campaigns.domain.campaign import CampaignAccount, Obstacle
from services.campaigns.domain.pipeline import Evaluation
from shared.kernel.clock import to_wire

_STATUS = {None: "running", Obstacle.NOT_STARTED: "scheduled", Obstacle.ENDED: "ended"}


def campaign(account: CampaignAccount, now: datetime) -> dict[str, Any]:
    """For those who run it: the terms, and what is taken."""
    terms, usage = account.campaign, account.usage
    return {
        "campaign_id": terms.campaign_id,
        "shop_id": terms.shop_id,
        "kind": terms.kind.value,
        "funder": terms.funder.value,
        "name": terms.name,
        "rule": {"threshold": terms.rule.threshold.to_wire(), "off": terms.rule.off.to_wire()},
        "budget": terms.budget.to_wire(),
        "spent": {"amount": usage.spent, "currency": terms.currency},
        "uses": usage.uses,
        "per_customer_limit": terms.per_customer_limit,
        "total_limit": terms.total_limit,
        "starts_at": to_wire(terms.starts_at),
        "ends_at": to_wire(terms.ends_at),
        "ended_at": to_wire(terms.ended_at) if terms.ended_at else None,
        "code": terms.code,
        "status": _STATUS[terms.runs_at(now)],
    }


def page(accounts: Sequence[CampaignAccount], limit: int, now: datetime) -> dict[str, Any]:
    """``accounts`` holds one more than ``limit`` when there is a further page."""
    shown = accounts[:limit]
    further = len(accounts) > limit
    return {
        "items": [campaign(account, now) for account in shown],
        "next_cursor": cursors.encode(shown[-1].campaign.campaign_id) if further else None,
    }


def evaluation(result: Evaluation) -> dict[str, Any]:
    """``steps`` is the protocol: every campaign that was looked at, in order, and why it gave nothing."""
    return {
        "discounts": [
            {
                "campaign_id": discount.campaign.campaign_id,
                "name": discount.campaign.name,
                "funder": discount.campaign.funder.value,
                "shop_id": discount.campaign.shop_id,
                "amount": discount.amount.to_wire(),
                "line_shares": [
                    {"line_id": share.line_id, "amount": share.amount.to_wire()}
                    for share in discount.line_shares
                ],
            }
            for discount in result.discounts
        ],
        "refused": [{"code": one.code, "reason": one.reason.value} for one in result.refused],
        "steps": [
            {
                "step": outcome.step,
                "campaign_id": outcome.campaign.campaign_id,
                "name": outcome.campaign.name,
                "amount": outcome.amount.to_wire(),
                "reason": outcome.reason.value if outcome.reason else None,
            }
            for outcome in result.outcomes
        ],
    }
