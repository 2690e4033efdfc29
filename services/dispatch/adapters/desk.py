"""The planner's desk in PostgreSQL: one due zone at a time, read unlocked, committed by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, TextClause, text

from services.dispatch.adapters.keeping import Keeper
from services.dispatch.adapters.rows import courier_of, delivery_of, offer_of, zone_of
from services.dispatch.application.ports import DueZone
from services.dispatch.domain.courier import Sighting
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState, most_at_once
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.zone import Zone
from shared.persistence import Database, Transaction

_RIDING, _UNASSIGNED, _UNDER_WAY = (
    ", ".join(f"'{status}'" for status in sorted(statuses))
    for statuses in (RIDING, UNASSIGNED, RIDING | UNASSIGNED)
)

_CLAIM = text("""
    SELECT zone.*, p.plan_version, p.plan FROM zone_plan AS p JOIN zone USING (zone_id)
    WHERE (p.planned_at IS NULL OR p.planned_at <= :planned_before)
        AND (p.due_at <= :now OR EXISTS (SELECT 1 FROM zone_change AS c WHERE c.zone_id = p.zone_id))
    ORDER BY p.planned_at NULLS FIRST LIMIT 1
    FOR UPDATE OF p SKIP LOCKED
""")
_ANY_DUE = text("""
    SELECT EXISTS (
        SELECT 1 FROM zone_plan AS p
        WHERE (p.planned_at IS NULL OR p.planned_at <= :planned_before)
            AND (p.due_at <= :now OR EXISTS (SELECT 1 FROM zone_change AS c WHERE c.zone_id = p.zone_id))
    )
""")
_TAKE_MARKS = text("DELETE FROM zone_change WHERE zone_id = :zone_id")
# With more to be given out than any plan could serve, the most urgent are planned; the others have their turn
# later.
_DELIVERIES = text(f"""
    SELECT * FROM delivery
    WHERE zone_id = :zone_id AND status IN ({_UNDER_WAY}) AND (status IN ({_RIDING}) OR offer_id IS NOT NULL)
    UNION ALL (
        SELECT * FROM delivery WHERE zone_id = :zone_id AND status IN ({_UNASSIGNED}) AND offer_id IS NULL
        ORDER BY promised_at, order_id LIMIT :most
    )
""")
_COURIERS = text("""
    SELECT courier.*, s.lat AS seen_lat, s.lon AS seen_lon, s.seen_at
    FROM courier LEFT JOIN sighting AS s USING (courier_id) WHERE zone_id = :zone_id
""")
_OFFERS = text("SELECT * FROM offer WHERE zone_id = :zone_id AND status = 'open'")
_ANSWER_MINUTES = text("""
    SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY taken), 0) FROM (
        SELECT extract(epoch FROM answered_at - offered_at) / 60 AS taken FROM offer
        WHERE zone_id = :zone_id AND status IN ('accepted', 'declined', 'expired')
        ORDER BY offered_at DESC LIMIT 20
    ) AS lately
""")
_LOCK_COURIERS = text("""
    SELECT courier_id, version FROM courier WHERE courier_id = ANY(:ids)
    ORDER BY courier_id FOR UPDATE SKIP LOCKED
""")
_LOCK_OFFERS = text("""
    SELECT offer_id FROM offer WHERE offer_id = ANY(:ids) AND status = 'open'
    ORDER BY offer_id FOR UPDATE SKIP LOCKED
""")
_LOCK_DELIVERIES = text("""
    SELECT order_id, version FROM delivery WHERE order_id = ANY(:ids)
    ORDER BY order_id FOR UPDATE SKIP LOCKED
""")
_FINISH = text("""
    UPDATE zone_plan SET plan_version = :plan_version, plan = CAST(:plan AS jsonb),
        planned_at = :now, due_at = :due_at
    WHERE zone_id = :zone_id
""")
_POSTPONE = text("UPDATE zone_plan SET planned_at = :now, due_at = :due_at WHERE zone_id = :zone_id")


def is_any_due(connection: Connection, now: datetime, planned_before: datetime) -> bool:
    """Whether it is any zone's turn; cheap enough to ask all the time."""
    values = {"now": now, "planned_before": planned_before}
    return bool(connection.scalar(_ANY_DUE, values))


class SqlDesk(Keeper):
    """What one planner works on, in one transaction. It waits for nobody: what others hold has changed.

    A zone is looked at through a connection of its own, because all of it has to be of one moment: a delivery
    from before its courier gave it back, beside the courier from after, is a zone that never was.
    """

    claimed: str | None = None

    def __init__(self, tx: Transaction, database: Database) -> None:
        super().__init__(tx)
        self._database = database

    def claim(self, now: datetime, planned_before: datetime) -> DueZone | None:
        row = (
            self.connection.execute(_CLAIM, {"now": now, "planned_before": planned_before})
            .mappings()
            .one_or_none()
        )
        if row is None:
            return None
        self.claimed = row["zone_id"]
        self.connection.execute(_TAKE_MARKS, {"zone_id": self.claimed})
        return DueZone(zone=zone_of(row), plan_version=row["plan_version"] + 1, previous=row["plan"])

    def look(self, zone: Zone) -> ZoneState:
        here = {"zone_id": zone.zone_id}
        with self._database.snapshot() as connection:
            state = ZoneState(
                zone=zone, answer_minutes=float(connection.scalar(_ANSWER_MINUTES, here) or 0.0)
            )
            for row in connection.execute(_OFFERS, here).mappings():
                state.offers[row["offer_id"]] = offer_of(row)
            for row in connection.execute(_COURIERS, here).mappings():
                state.couriers[row["courier_id"]] = courier_of(row)
                if row["seen_at"] is not None:
                    place = Position(lat=row["seen_lat"], lon=row["seen_lon"])
                    state.sightings[row["courier_id"]] = Sighting(place=place, at=row["seen_at"])
            most = most_at_once(len(state.couriers))
            for row in connection.execute(_DELIVERIES, here | {"most": most}).mappings():
                state.deliveries[row["order_id"]] = delivery_of(row)
        return state

    def unchanged(self, change: Change, state: ZoneState) -> Change:
        couriers = self._locked(_LOCK_COURIERS, change.couriers)
        offers = self._locked(_LOCK_OFFERS, change.offers)
        orders = self._locked(_LOCK_DELIVERIES, change.orders)
        return Change.of(
            couriers=[c for c, version in couriers if state.couriers[c].version == version],
            offers=[o for (o,) in offers],
            orders=[o for o, version in orders if state.deliveries[o].version == version],
        )

    def finish(
        self, due: DueZone, plan: Mapping[str, Sequence[str]], now: datetime, due_at: datetime | None
    ) -> None:
        self.connection.execute(
            _FINISH,
            {
                "zone_id": due.zone.zone_id,
                "plan_version": due.plan_version,
                "plan": orjson.dumps(plan).decode(),
                "now": now,
                "due_at": due_at,
            },
        )

    def postpone(self, zone_id: str, now: datetime, due_at: datetime) -> None:
        """Leave a zone whose planning failed for later, so that it does not keep others from their turn."""
        self.connection.execute(_POSTPONE, {"zone_id": zone_id, "now": now, "due_at": due_at})

    def _locked(self, statement: TextClause, ids: frozenset[str]) -> list[tuple[Any, ...]]:
        if not ids:
            return []
        return [tuple(row) for row in self.connection.execute(statement, {"ids": sorted(ids)})]
