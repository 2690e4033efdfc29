"""The planner's desk in PostgreSQL: a due zone is leased, read unlocked, and kept by compare-and-set."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import orjson
from sqlalchemy import Connection, text

from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.keeping import Keeper
from services.dispatch.adapters.rows import courier_of, delivery_of, offer_of, zone_of
from services.dispatch.adapters.wait_rows import wait_json
from services.dispatch.application.ports import DueZone, LeaseLostError
from services.dispatch.contracts import recorded
from services.dispatch.domain.courier import Sighting
from services.dispatch.domain.lending import are_neighbours
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState, most_at_once
from services.dispatch.domain.planning.record import PlanRecord
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.wait import WaitAt
from services.dispatch.domain.zone import Zone
from shared.persistence import Database

_RIDING, _UNASSIGNED, _UNDER_WAY = (
    ", ".join(f"'{status}'" for status in sorted(statuses))
    for statuses in (RIDING, UNASSIGNED, RIDING | UNASSIGNED)
)

# Leases go by the clock of PostgreSQL, which is one for all planners and runs at the pace of the wall.
_IS_DUE = """
    (p.planned_at IS NULL OR p.planned_at <= :planned_before)
    AND (p.leased_until IS NULL OR p.leased_until <= clock_timestamp())
    AND (p.due_at <= :now OR EXISTS (SELECT 1 FROM zone_change AS c WHERE c.zone_id = p.zone_id))
"""
_LEASE_END = "clock_timestamp() + make_interval(secs => :seconds)"
# The marks go now, and what they asked for stays in due_at until a plan is kept.
_CLAIM = text(f"""
    WITH due AS (
        SELECT p.zone_id FROM zone_plan AS p WHERE {_IS_DUE}
        ORDER BY p.planned_at NULLS FIRST LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), marks AS (
        DELETE FROM zone_change USING due WHERE zone_change.zone_id = due.zone_id
    ), leased AS (
        UPDATE zone_plan AS p SET token = p.token + 1, holder = :holder, leased_until = {_LEASE_END},
            due_at = least(p.due_at, :now)
        FROM due WHERE p.zone_id = due.zone_id
        RETURNING p.zone_id, p.token, p.plan_version, p.plan, p.planned_at
    )
    SELECT * FROM leased JOIN zone USING (zone_id)
""")
_ANY_DUE = text(f"SELECT EXISTS (SELECT 1 FROM zone_plan AS p WHERE {_IS_DUE})")
_MINE = "zone_id = :zone_id AND token = :token AND leased_until > clock_timestamp()"
_RENEW = text(f"UPDATE zone_plan SET leased_until = {_LEASE_END} WHERE {_MINE} RETURNING token")
# A planner that hangs within the transaction would keep its locks; PostgreSQL ends it as it ends a lease.
_HOLD = text(f"""
    SELECT set_config('idle_in_transaction_session_timeout', CAST(:milliseconds AS text), true)
    FROM zone_plan WHERE {_MINE} FOR UPDATE
""")
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
_CIRCUMSTANCES = text("""
    SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY taken), 0) AS answer_minutes,
        EXISTS (SELECT 1 FROM zone_pause WHERE zone_id = :zone_id AND resumed_at IS NULL) AS paused,
        (SELECT max(resumed_at) FROM zone_pause WHERE zone_id = :zone_id) AS resumed_at
    FROM (
        SELECT extract(epoch FROM answered_at - offered_at) / 60 AS taken FROM offer
        WHERE zone_id = :zone_id AND status IN ('accepted', 'declined', 'expired')
        ORDER BY offered_at DESC LIMIT 20
    ) AS lately
""")
# Orders that a plan has seen, and that it gives to nobody, or to somebody who comes later than promised; less
# the couriers who have come for them since.
_WANTING = text(f"""
    WITH waiting AS (
        SELECT d.zone_id, count(*) AS orders, min(d.paid_at) AS since
        FROM zone AS here
        JOIN zone AS near ON near.zone_id <> here.zone_id
            AND near.south < here.north + 0.05 AND near.north > here.south - 0.05
            AND near.west < here.east + 0.2 AND near.east > here.west - 0.2
        JOIN zone_plan AS p ON p.zone_id = near.zone_id
        JOIN delivery AS d ON d.zone_id = near.zone_id
        WHERE here.zone_id = :zone_id AND d.status IN ({_UNASSIGNED}) AND d.offer_id IS NULL
            AND d.paid_at < p.planned_at AND (d.eta IS NULL OR d.eta > d.promised_at)
            AND (d.slot_id IS NULL OR d.promised_at < p.planned_at + interval '1 hour')
            AND d.zone_id NOT IN (SELECT zone_id FROM zone_pause WHERE resumed_at IS NULL)
        GROUP BY d.zone_id
    )
    SELECT zone.*, orders - (
        SELECT count(*) FROM loan AS l
        WHERE l.to_zone_id = waiting.zone_id AND l.status IN ('offered', 'lent') AND l.offered_at >= since
    ) AS missed FROM waiting JOIN zone USING (zone_id)
""")
# In the order couriers, offers, deliveries, as everybody locks them; none is waited for.
_LOCK = text("""
    WITH couriers AS (
        SELECT courier_id, version FROM courier WHERE courier_id = ANY(:couriers)
        ORDER BY courier_id FOR UPDATE SKIP LOCKED
    ), offers AS (
        SELECT offer_id FROM offer WHERE offer_id = ANY(:offers) AND status = 'open'
        ORDER BY offer_id FOR UPDATE SKIP LOCKED
    ), deliveries AS (
        SELECT order_id, version FROM delivery WHERE order_id = ANY(:orders)
        ORDER BY order_id FOR UPDATE SKIP LOCKED
    )
    SELECT 'courier' AS kind, courier_id AS id, version FROM couriers
    UNION ALL SELECT 'offer', offer_id, 0 FROM offers
    UNION ALL SELECT 'order', order_id, version FROM deliveries
""")
# Beside the courier's version: nothing is stale for advice, and who has changed since needs none.
_WAITS = text("""
    WITH told AS (
        SELECT c.courier_id, r.waits
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (courier_id text, version bigint, waits jsonb)
        JOIN courier AS c ON c.courier_id = r.courier_id AND c.version = r.version
        ORDER BY c.courier_id FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE courier AS c SET waits = told.waits FROM told WHERE c.courier_id = told.courier_id
""")
_FINISH = text("""
    UPDATE zone_plan SET plan_version = :plan_version, plan = CAST(:plan AS jsonb),
        planned_at = :now, due_at = :due_at, holder = NULL, leased_until = NULL, travel = :travel
    WHERE zone_id = :zone_id
""")
_RECORD = text("""
    INSERT INTO plan_record (zone_id, plan_version, at, size, document)
    VALUES (:zone_id, :plan_version, :at, :size, :document)
""")
_POSTPONE = text("""
    UPDATE zone_plan SET planned_at = :now, due_at = :due_at, holder = NULL, leased_until = NULL
    WHERE zone_id = :zone_id AND token = :token
""")


def is_any_due(connection: Connection, now: datetime, planned_before: datetime) -> bool:
    """Whether it is any zone's turn; cheap enough to ask all the time."""
    values = {"now": now, "planned_before": planned_before}
    return bool(connection.scalar(_ANY_DUE, values))


class SqlDesk:
    """What one planner works on. It waits for nobody: what others hold has changed.

    Nothing is locked and no transaction open while it plans, however long that takes.
    """

    def __init__(
        self, database: Database, holder: str, lease_seconds: float, experience: Experience | None = None
    ) -> None:
        self._database = database
        self._experience = experience or Experience()
        self._now: datetime | None = None
        self._holder = holder
        self._seconds = lease_seconds
        self._claimed: tuple[str, int] | None = None

    @property
    def claimed(self) -> str | None:
        """The zone that was claimed last."""
        return self._claimed[0] if self._claimed else None

    def claim(self, now: datetime, planned_before: datetime) -> DueZone | None:
        self._claimed, self._now = None, now
        values = {"now": now, "planned_before": planned_before}
        with self._database.read() as connection:
            row = (
                connection.execute(_CLAIM, values | {"holder": self._holder, "seconds": self._seconds})
                .mappings()
                .one_or_none()
            )
        if row is None:
            return None
        self._claimed = row["zone_id"], row["token"]
        return DueZone(
            zone=zone_of(row),
            token=row["token"],
            plan_version=row["plan_version"] + 1,
            previous=row["plan"],
            planned_at=row["planned_at"],
        )

    def look(self, zone: Zone) -> ZoneState:
        # All of it has to be of one moment: a delivery from before its courier gave it back, beside the
        # courier from after, is a zone that never was.
        here = {"zone_id": zone.zone_id}
        with self._database.snapshot() as connection:
            lately = connection.execute(_CIRCUMSTANCES, here).mappings().one()
            state = ZoneState(
                zone=zone,
                answer_minutes=float(lately["answer_minutes"]),
                paused=lately["paused"],
                resumed_at=lately["resumed_at"],
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
            if self._now is not None:
                shops = _open_shops(state)
                state.preparation = self._experience.preparation(connection, zone.zone_id, shops, self._now)
                state.windows = self._experience.windows(connection, zone.zone_id, self._now)
            if zone.settings.wait_minutes > 0 and state.couriers and self._now is not None:
                state.demand = self._experience.demand(connection, zone.zone_id, self._now)
            if zone.settings.lend_minutes > 0 and not state.paused:
                state.wanting = self._wanting(connection, zone)
        return state

    def _wanting(self, connection: Connection, zone: Zone) -> dict[str, tuple[Position, int]]:
        """Neighbours where orders wait too long, and how many couriers are missed there still."""
        found = {}
        for row in connection.execute(_WANTING, {"zone_id": zone.zone_id}).mappings():
            other = zone_of(row)
            if row["missed"] > 0 and are_neighbours(zone, other):
                found[other.zone_id] = (other.area.middle, int(row["missed"]))
        return found

    def renew(self, due: DueZone) -> bool:
        with self._database.read() as connection:
            values = {"zone_id": due.zone.zone_id, "token": due.token, "seconds": self._seconds}
            return connection.scalar(_RENEW, values) is not None

    @contextmanager
    def keeping(self, due: DueZone) -> Iterator[SqlKeeping]:
        with self._database.transaction() as tx:
            milliseconds = max(1, round(self._seconds * 1000))
            values = {"zone_id": due.zone.zone_id, "token": due.token, "milliseconds": milliseconds}
            if tx.connection.scalar(_HOLD, values) is None:
                raise LeaseLostError(due.zone.zone_id)
            yield SqlKeeping(tx)

    def postpone(self, now: datetime, due_at: datetime) -> None:
        """Leave a zone whose planning failed for later, so that it does not keep others from their turn."""
        if self._claimed is None:
            return
        zone_id, token = self._claimed
        with self._database.read() as connection:
            values = {"zone_id": zone_id, "token": token, "now": now, "due_at": due_at}
            connection.execute(_POSTPONE, values)


def _open_shops(state: ZoneState) -> set[str]:
    """The shops that something is still to be collected at."""
    stops = (stop for delivery in state.deliveries.values() for stop in delivery.open_stops())
    return {stop.shop_id for stop in stops if stop.shop_id is not None}


class SqlKeeping(Keeper):
    """Where a plan is kept, in one transaction that has locked the zone's lease."""

    def unchanged(self, change: Change, state: ZoneState) -> Change:
        wanted = {
            "couriers": sorted(change.couriers),
            "offers": sorted(change.offers),
            "orders": sorted(change.orders),
        }
        if not any(wanted.values()):
            return change
        locked = [tuple(row) for row in self.connection.execute(_LOCK, wanted)]
        return Change.of(
            couriers=[i for kind, i, v in locked if kind == "courier" and state.couriers[i].version == v],
            offers=[i for kind, i, _ in locked if kind == "offer"],
            orders=[i for kind, i, v in locked if kind == "order" and state.deliveries[i].version == v],
        )

    def send_to_wait(self, waits: Mapping[str, WaitAt | None], state: ZoneState) -> None:
        rows = [
            {"courier_id": name, "version": state.couriers[name].version, "waits": wait and wait_json(wait)}
            for name, wait in sorted(waits.items())
        ]
        if rows:
            self.connection.execute(_WAITS, {"rows": orjson.dumps(rows).decode()})

    def record(self, record: PlanRecord) -> None:
        # Most of it are ids and digits: more effort makes it hardly smaller.
        document = zlib.compress(recorded.dumps(record), 1)
        self.connection.execute(
            _RECORD,
            {
                "zone_id": record.zone_id,
                "plan_version": record.plan_version,
                "at": record.at,
                "size": len(document),
                "document": document,
            },
        )

    def finish(
        self,
        due: DueZone,
        plan: Mapping[str, Sequence[str]],
        now: datetime,
        due_at: datetime | None,
        travel: str = "great_circle",
    ) -> None:
        self.connection.execute(
            _FINISH,
            {
                "zone_id": due.zone.zone_id,
                "plan_version": due.plan_version,
                "plan": orjson.dumps(plan).decode(),
                "now": now,
                "due_at": due_at,
                "travel": travel,
            },
        )
