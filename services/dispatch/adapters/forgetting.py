"""Recorded plans are kept for a while, and no more of them than there is room for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

_MEGABYTE = 1_000_000
_TOO_OLD = text("DELETE FROM plan_record WHERE at < :before")
_TOO_MANY = text("""
    DELETE FROM plan_record AS gone USING (
        SELECT zone_id, plan_version,
            sum(size) OVER (PARTITION BY zone_id ORDER BY plan_version DESC) AS so_far
        FROM plan_record
    ) AS kept
    WHERE kept.so_far > :most AND (gone.zone_id, gone.plan_version) = (kept.zone_id, kept.plan_version)
""")


def forget_plans(connection: Connection, before: datetime, megabytes: float) -> None:
    """Forget plans of before ``before``, and a zone's oldest beyond so many megabytes."""
    connection.execute(_TOO_OLD, {"before": before})
    connection.execute(_TOO_MANY, {"most": megabytes * _MEGABYTE})
