"""A copy of which campaigns run, so that the campaigns service is asked only when it can matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

_MAY_REDUCE = text("""
SELECT EXISTS (
    SELECT 1 FROM campaign
    WHERE NOT ended AND kind = 'full_reduction' AND starts_at <= :at AND ends_at > :at
      AND (shop_id IS NULL OR shop_id = ANY(:shop_ids)))
""")
# The end may be told before the launch: each message adds what it knows and takes nothing away.
_LAUNCHED = text("""
INSERT INTO campaign (campaign_id, shop_id, kind, starts_at, ends_at)
VALUES (:campaign_id, :shop_id, :kind, :starts_at, :ends_at)
ON CONFLICT (campaign_id) DO UPDATE
SET shop_id = excluded.shop_id, kind = excluded.kind, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at
""")
_ENDED = text("""
INSERT INTO campaign (campaign_id, ended) VALUES (:campaign_id, true)
ON CONFLICT (campaign_id) DO UPDATE SET ended = true
""")


class CampaignsSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def may_reduce(self, shop_ids: Sequence[str], at: datetime) -> bool:
        return bool(self._connection.scalar(_MAY_REDUCE, {"shop_ids": list(shop_ids), "at": at}))

    def launched(
        self, campaign_id: str, shop_id: str | None, kind: str, starts_at: datetime, ends_at: datetime
    ) -> None:
        self._connection.execute(
            _LAUNCHED,
            {
                "campaign_id": campaign_id,
                "shop_id": shop_id,
                "kind": kind,
                "starts_at": starts_at,
                "ends_at": ends_at,
            },
        )

    def ended(self, campaign_id: str) -> None:
        self._connection.execute(_ENDED, {"campaign_id": campaign_id})
