"""What operators do to the running of a zone, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from services.dispatch.adapters.keeping import Keeper
from services.dispatch.adapters.rows import offer_of
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.pause import Pause

_REVOKE = text("""
    UPDATE zone_plan SET token = token + 1, holder = NULL, leased_until = NULL WHERE zone_id = :zone_id
""")
_PAUSE = text("SELECT * FROM zone_pause WHERE zone_id = :zone_id AND resumed_at IS NULL")
_KEEP_PAUSE = text("""
    INSERT INTO zone_pause (zone_id, paused_at, paused_by, reason, resumed_at, resumed_by)
    VALUES (:zone_id, :paused_at, :paused_by, :reason, :resumed_at, :resumed_by)
    ON CONFLICT (zone_id, paused_at)
        DO UPDATE SET resumed_at = excluded.resumed_at, resumed_by = excluded.resumed_by
""")
_OPEN_OFFERS = text(
    "SELECT * FROM offer WHERE zone_id = :zone_id AND status = 'open' ORDER BY offer_id FOR UPDATE"
)


def pause_of_row(row: Mapping[Any, Any]) -> Pause:
    return Pause(**{name: row[name] for name in Pause.__dataclass_fields__})


class Interventions(Keeper):
    """Pauses of zones, in one transaction."""

    def revoke_lease(self, zone_id: str) -> None:
        self.connection.execute(_REVOKE, {"zone_id": zone_id})

    def pause_of(self, zone_id: str) -> Pause | None:
        row = self.connection.execute(_PAUSE, {"zone_id": zone_id}).mappings().one_or_none()
        return None if row is None else pause_of_row(row)

    def keep_pause(self, pause: Pause) -> None:
        self.connection.execute(_KEEP_PAUSE, asdict(pause))

    def open_offers_in(self, zone_id: str) -> list[Offer]:
        rows = self.connection.execute(_OPEN_OFFERS, {"zone_id": zone_id}).mappings()
        return [offer_of(row) for row in rows]
