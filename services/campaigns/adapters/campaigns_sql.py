"""Campaigns and shops in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.campaigns.domain.campaign import Campaign, CampaignAccount, Funder, Kind, Rule, Usage
from services.campaigns.domain.commands import ShopFact
from services.campaigns.domain.errors import CodeTaken
from shared.kernel.money import Money

_COLUMNS = (
    "c.campaign_id, c.shop_id, c.kind, c.funder, c.name, c.currency, c.threshold, c.off, c.budget, c.spent,"
    " c.per_customer_limit, c.total_limit, c.uses, c.starts_at, c.ends_at, c.ended_at, c.code"
)
_ADD = text("""
INSERT INTO campaigns (campaign_id, shop_id, kind, funder, name, currency, threshold, off, budget,
                       per_customer_limit, total_limit, starts_at, ends_at, code, launched_at)
VALUES (:campaign_id, :shop_id, :kind, :funder, :name, :currency, :threshold, :off, :budget,
        :per_customer_limit, :total_limit, :starts_at, :ends_at, :code, :launched_at)
ON CONFLICT (campaign_id) DO NOTHING RETURNING campaign_id
""")
_FIND = text(f"SELECT {_COLUMNS}, 0 AS customer_uses FROM campaigns c WHERE campaign_id = :campaign_id")
_END = text(
    "UPDATE campaigns SET ended_at = :at WHERE campaign_id = :campaign_id AND ended_at IS NULL"
    " RETURNING campaign_id"
)
_PAGE = text(f"""
SELECT {_COLUMNS}, 0 AS customer_uses FROM campaigns c
WHERE c.shop_id IS NOT DISTINCT FROM :shop_id
  AND (CAST(:after AS text) IS NULL OR c.campaign_id < CAST(:after AS text))
ORDER BY c.campaign_id DESC LIMIT :limit
""")
_OFFERS = text(f"""
SELECT {_COLUMNS}, coalesce(u.uses, 0) AS customer_uses
FROM campaigns c
LEFT JOIN customer_uses u ON u.campaign_id = c.campaign_id AND u.customer_id = :customer_id
WHERE (c.shop_id IS NULL OR c.shop_id = ANY(CAST(:shop_ids AS text[])))
  AND (c.code = ANY(CAST(:codes AS text[]))
       OR c.code IS NULL AND c.ended_at IS NULL AND c.starts_at <= :now AND c.ends_at > :now)
""")
_ACCOUNTS = text(f"""
SELECT {_COLUMNS}, coalesce(u.uses, 0) AS customer_uses
FROM campaigns c
LEFT JOIN customer_uses u ON u.campaign_id = c.campaign_id AND u.customer_id = :customer_id
WHERE c.campaign_id = ANY(CAST(:campaign_ids AS text[]))
""")
_OWNER = text("SELECT owner_id FROM shops WHERE shop_id = :shop_id")
# Whatever order two messages about one shop arrive in, the later one stays.
_LEARN = text("""
INSERT INTO shops AS s (shop_id, owner_id, opened_at) VALUES (:shop_id, :owner_id, :at)
ON CONFLICT (shop_id) DO UPDATE SET owner_id = excluded.owner_id, opened_at = excluded.opened_at
WHERE (s.opened_at, s.owner_id) < (excluded.opened_at, excluded.owner_id)
""")


class CampaignsSql:
    """:class:`services.campaigns.application.ports.Campaigns` over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, campaign: Campaign, at: datetime) -> bool:
        values = {
            "campaign_id": campaign.campaign_id,
            "shop_id": campaign.shop_id,
            "kind": campaign.kind.value,
            "funder": campaign.funder.value,
            "name": campaign.name,
            "currency": campaign.currency,
            "threshold": campaign.rule.threshold.amount,
            "off": campaign.rule.off.amount,
            "budget": campaign.budget.amount,
            "per_customer_limit": campaign.per_customer_limit,
            "total_limit": campaign.total_limit,
            "starts_at": campaign.starts_at,
            "ends_at": campaign.ends_at,
            "code": campaign.code,
            "launched_at": at,
        }
        try:
            return self._connection.scalar(_ADD, values) is not None
        except IntegrityError as error:
            raise CodeTaken(f"Another campaign uses the code {campaign.code}.") from error

    def find(self, campaign_id: str) -> CampaignAccount | None:
        row = self._connection.execute(_FIND, {"campaign_id": campaign_id}).one_or_none()
        return None if row is None else _account(row)

    def end(self, campaign_id: str, at: datetime) -> bool:
        return self._connection.scalar(_END, {"campaign_id": campaign_id, "at": at}) is not None

    def page(self, shop_id: str | None, after: str | None, limit: int) -> list[CampaignAccount]:
        rows = self._connection.execute(_PAGE, {"shop_id": shop_id, "after": after, "limit": limit})
        return [_account(row) for row in rows]

    def offers(
        self, customer_id: str, shop_ids: Collection[str], codes: Collection[str], now: datetime
    ) -> list[CampaignAccount]:
        asked = {"customer_id": customer_id, "shop_ids": list(shop_ids), "codes": list(codes), "now": now}
        return [_account(row) for row in self._connection.execute(_OFFERS, asked)]

    def accounts(self, campaign_ids: Collection[str], customer_id: str) -> dict[str, CampaignAccount]:
        asked = {"campaign_ids": list(campaign_ids), "customer_id": customer_id}
        return {row.campaign_id: _account(row) for row in self._connection.execute(_ACCOUNTS, asked)}


class ShopsSql:
    """:class:`services.campaigns.application.ports.Shops` over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owner_of(self, shop_id: str) -> str | None:
        owner: str | None = self._connection.scalar(_OWNER, {"shop_id": shop_id})
        return owner

    def record(self, fact: ShopFact) -> None:
        self._connection.execute(_LEARN, {"shop_id": fact.shop_id, "owner_id": fact.owner_id, "at": fact.at})


def _account(row: Any) -> CampaignAccount:
    campaign = Campaign(
        campaign_id=row.campaign_id,
        shop_id=row.shop_id,
        kind=Kind(row.kind),
        funder=Funder(row.funder),
        name=row.name,
        rule=Rule(threshold=Money(row.threshold, row.currency), off=Money(row.off, row.currency)),
        budget=Money(row.budget, row.currency),
        per_customer_limit=row.per_customer_limit,
        total_limit=row.total_limit,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        code=row.code,
        ended_at=row.ended_at,
    )
    usage = Usage(spent=row.spent, uses=row.uses, uses_by_customer=row.customer_uses)
    return CampaignAccount(campaign=campaign, usage=usage)
