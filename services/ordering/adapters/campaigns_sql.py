"""A copy of which campaigns run, so that the campaigns service is asked only when it can matter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

# The end may be told before the launch: each message adds what it knows and takes nothing away.
_LAUNCHED = """
INSERT INTO campaign (campaign_id, shop_id, kind, starts_at, ends_at)
VALUES (%(campaign_id)s, %(shop_id)s, %(kind)s, %(starts_at)s, %(ends_at)s)
ON CONFLICT (campaign_id) DO UPDATE
SET shop_id = excluded.shop_id, kind = excluded.kind, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at
"""
_ENDED = """
INSERT INTO campaign (campaign_id, ended) VALUES (%(campaign_id)s, true)
ON CONFLICT (campaign_id) DO UPDATE SET ended = true
"""


class CampaignsSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def launched(
        self, campaign_id: str, shop_id: str | None, kind: str, starts_at: datetime, ends_at: datetime
    ) -> None:
        self._connection.exec_driver_sql(
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
        self._connection.exec_driver_sql(_ENDED, {"campaign_id": campaign_id})
