"""The read side: what couriers, customers and operators look at, without locking anything."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.hindsight_desk import newest_solved_of
from services.dispatch.adapters.interventions import override_of_row, pause_of_row
from services.dispatch.adapters.loan_rows import loan_of
from services.dispatch.adapters.rows import courier_of, delivery_of, offer_of, slot_of, zone_of
from services.dispatch.contracts import recorded
from services.dispatch.domain.courier import Courier, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.finished_day import SolvedDay
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.override import Override
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.record import PlanRecord
from services.dispatch.domain.promise import Windows
from services.dispatch.domain.zone import Slot, Zone, zone_of_place

_COURIER = text("SELECT * FROM courier WHERE courier_id = :courier_id")
_OPEN_OFFERS = text(
    "SELECT * FROM offer WHERE courier_id = :courier_id AND status = 'open' AND expires_at > :now"
)
_OFFER = text("SELECT * FROM offer WHERE offer_id = :offer_id")
_LOANS = text(
    "SELECT * FROM loan WHERE from_zone_id = :zone_id OR to_zone_id = :zone_id"
    " ORDER BY offered_at DESC, loan_id LIMIT 200"
)
_ENDED = text(
    "SELECT * FROM delivery WHERE zone_id = :zone_id AND ended_at >= :since AND ended_at < :until"
    " AND status IN ('delivered', 'failed', 'cancelled') ORDER BY order_id"
)
_SHIFTS = text(
    "SELECT started_at, coalesce(ended_at, :until) AS ended_at FROM shift"
    " WHERE zone_id = :zone_id AND started_at < :until AND (ended_at IS NULL OR ended_at > :since)"
)
_ACCEPTED = text(
    "SELECT unnest(order_ids) FROM offer WHERE zone_id = :zone_id AND status = 'accepted'"
    " AND offered_at >= :since AND offered_at < :until"
)
_ZONE_EXISTS = text("SELECT EXISTS (SELECT 1 FROM zone WHERE zone_id = :zone_id)")
_RECORD = text("""
    SELECT r.document FROM delivery AS d
    JOIN plan_record AS r ON r.zone_id = d.zone_id AND r.at >= d.placed_at
    LEFT JOIN offer AS o ON o.zone_id = r.zone_id AND o.plan_version = r.plan_version
        AND o.offered_at >= d.placed_at AND d.order_id = ANY(o.order_ids)
    WHERE d.order_id = :order_id
    ORDER BY (r.plan_version = (d.progress->'trip'->>'plan_version')::bigint) DESC NULLS LAST,
        (o.status = 'accepted') DESC NULLS LAST, o.offered_at DESC NULLS LAST, r.plan_version DESC
    LIMIT 1
""")
_DELIVERIES = text("SELECT * FROM delivery WHERE order_id = ANY(:order_ids)")
_DELIVERY = text("SELECT * FROM delivery WHERE order_id = :order_id")
_SEEN = text("SELECT * FROM sighting WHERE courier_id = :courier_id")
_ZONES = text("SELECT * FROM zone ORDER BY name, zone_id")
_PAUSES = text("SELECT * FROM zone_pause WHERE resumed_at IS NULL")
_OVERRIDES = text("SELECT * FROM override WHERE zone_id = :zone_id ORDER BY at DESC, override_id LIMIT 200")
_ZONES_AROUND = text(
    "SELECT * FROM zone WHERE south <= :lat AND :lat < north AND west <= :lon AND :lon < east"
)
_SLOTS = text(
    "SELECT * FROM slot WHERE zone_id = :zone_id AND cutoff_at > :now AND taken < capacity"
    " ORDER BY starts_at, slot_id LIMIT 200"
)
# Looked at several times a second by whoever runs a zone: PostgreSQL writes the answer itself.
_WIRE_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
_BOARD = text(f"""
    SELECT json_build_object(
        'deliveries', (SELECT coalesce(json_agg(json_build_object(
            'delivery_id', d.delivery_id, 'order_id', coalesce(d.split_from, d.order_id),
            'trip', CASE WHEN d.progress->'trip' IS NULL THEN NULL
                WHEN d.split_from IS NULL THEN 1 ELSE 2 END,
            'split_reason', d.progress->'trip'->'why', 'status', d.status,
            'courier_id', d.courier_id, 'offer_id', d.offer_id,
            'eta', to_char(d.eta AT TIME ZONE 'UTC', '{_WIRE_TIME}'),
            'promised_at', to_char(d.promised_at AT TIME ZONE 'UTC', '{_WIRE_TIME}'),
            'slot_id', d.slot_id, 'second_try', d.progress->'second_try',
            'photo_at', (SELECT to_char((s->>'photo_at')::timestamptz AT TIME ZONE 'UTC', '{_WIRE_TIME}')
                FROM jsonb_array_elements(d.stops) AS s WHERE s->>'kind' = 'drop_off'),
            'wrong_codes', (SELECT coalesce(sum((s->'tries')::integer), 0)
                FROM jsonb_array_elements(d.stops) AS s),
            'drop_off', json_build_object('lat', d.held->'drop_off'->'lat', 'lon', d.held->'drop_off'->'lon'),
            'pickups', (SELECT json_agg(json_build_object('shop_id', s->'shop_id', 'lat', s->'lat',
                'lon', s->'lon', 'status', s->'status', 'proved_by', s->'proved'->'by'))
                FROM jsonb_array_elements(d.stops) AS s
                WHERE s->>'kind' = 'pickup')
        ) ORDER BY d.promised_at), '[]')
        FROM delivery AS d WHERE d.zone_id = :zone_id
            AND d.status IN ('waiting', 'planned', 'assigned', 'collecting', 'delivering')),
        'couriers', (SELECT coalesce(json_agg(json_build_object(
            'courier_id', c.courier_id, 'shift_id', c.shift->'shift_id',
            'status', CASE WHEN (c.shift->'ending')::boolean THEN 'ending' ELSE 'on' END,
            'ends_at', to_char((c.shift->>'ends_at')::timestamptz AT TIME ZONE 'UTC', '{_WIRE_TIME}'),
            'break_status', CASE WHEN c.shift->>'break_asked_at' IS NULL THEN NULL
                WHEN c.route = '[]' THEN 'on' ELSE 'asked' END,
            'vehicle', coalesce(c.shift->>'vehicle', 'bicycle'),
            'stops', jsonb_array_length(c.route),
            'wait_at', CASE WHEN c.route = '[]' AND c.waits IS NOT NULL THEN json_build_object(
                'shop_id', c.waits->'shop_id', 'position', c.waits->'position',
                'since', to_char((c.waits->>'since')::timestamptz AT TIME ZONE 'UTC', '{_WIRE_TIME}')) END,
            'loan_id', c.loan->'loan_id', 'loan_status', c.loan->'status',
            'position', CASE WHEN s.lat IS NULL THEN NULL
                ELSE json_build_object('lat', s.lat, 'lon', s.lon) END,
            'seen_at', to_char(s.seen_at AT TIME ZONE 'UTC', '{_WIRE_TIME}')
        ) ORDER BY c.courier_id), '[]')
        FROM courier AS c LEFT JOIN sighting AS s USING (courier_id) WHERE c.zone_id = :zone_id),
        'offers', (SELECT coalesce(json_agg(json_build_object(
            'offer_id', o.offer_id, 'courier_id', o.courier_id, 'zone_id', o.zone_id, 'status', o.status,
            'order_ids', (SELECT json_agg(coalesce(a.split_from, a.order_id))
                FROM delivery AS a WHERE a.order_id = ANY(o.order_ids)),
            'offered_at', to_char(o.offered_at AT TIME ZONE 'UTC', '{_WIRE_TIME}'),
            'expires_at', to_char(o.expires_at AT TIME ZONE 'UTC', '{_WIRE_TIME}')
        ) ORDER BY o.offered_at), '[]')
        FROM offer AS o WHERE o.zone_id = :zone_id AND o.status = 'open'),
        'pause', (SELECT json_build_object('reason', p.reason, 'paused_by', p.paused_by,
            'paused_at', to_char(p.paused_at AT TIME ZONE 'UTC', '{_WIRE_TIME}'))
        FROM zone_pause AS p WHERE p.zone_id = :zone_id AND p.resumed_at IS NULL),
        'travel', (SELECT travel FROM zone_plan WHERE zone_id = :zone_id),
        'windows', (SELECT json_build_object('deliveries', count(*),
            'kept', count(*) FILTER (WHERE f.door_at BETWEEN f.window_from AND f.window_to))
        FROM (SELECT * FROM forecast WHERE zone_id = :zone_id AND first AND window_from IS NOT NULL
            ORDER BY door_at DESC LIMIT 500) AS f)
    ) FROM zone WHERE zone_id = :zone_id
""")


class Views:
    """Reads by what people ask for."""

    def __init__(self, connection: Connection, experience: Experience | None = None) -> None:
        self.connection = connection
        self._experience = experience or Experience()

    def windows(self, zone_id: str, now: datetime) -> Windows:
        """How wrong the forecasts in a zone were, as far as this process has heard."""
        return self._experience.windows(self.connection, zone_id, now)

    def courier(self, courier_id: str) -> Courier | None:
        row = self.connection.execute(_COURIER, {"courier_id": courier_id}).mappings().one_or_none()
        return None if row is None else courier_of(row)

    def open_offers(self, courier_id: str, now: datetime) -> list[Offer]:
        rows = self.connection.execute(_OPEN_OFFERS, {"courier_id": courier_id, "now": now}).mappings()
        return [offer_of(row) for row in rows]

    def offer(self, offer_id: str) -> Offer | None:
        row = self.connection.execute(_OFFER, {"offer_id": offer_id}).mappings().one_or_none()
        return None if row is None else offer_of(row)

    def loans(self, zone_id: str) -> list[Loan]:
        rows = self.connection.execute(_LOANS, {"zone_id": zone_id}).mappings()
        return [loan_of(row) for row in rows]

    def ended(self, zone_id: str, since: datetime, until: datetime) -> list[Delivery] | None:
        here = {"zone_id": zone_id, "since": since, "until": until}
        found = [delivery_of(row) for row in self.connection.execute(_ENDED, here).mappings()]
        known = found or self.connection.scalar(_ZONE_EXISTS, {"zone_id": zone_id})
        return found if known else None

    def shifts(self, zone_id: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        here = {"zone_id": zone_id, "since": since, "until": until}
        return [(begin, end) for begin, end in self.connection.execute(_SHIFTS, here)]

    def accepted(self, zone_id: str, since: datetime, until: datetime) -> list[str]:
        here = {"zone_id": zone_id, "since": since, "until": until}
        return list(self.connection.execute(_ACCEPTED, here).scalars())

    def solved_day(self, zone_id: str) -> SolvedDay | None:
        return newest_solved_of(self.connection, zone_id)

    def record_for(self, order_id: str) -> PlanRecord | None:
        document = self.connection.scalar(_RECORD, {"order_id": order_id})
        return None if document is None else recorded.loads(zlib.decompress(document))

    def deliveries(self, order_ids: Iterable[str]) -> dict[str, Delivery]:
        wanted = sorted(set(order_ids))
        if not wanted:
            return {}
        rows = self.connection.execute(_DELIVERIES, {"order_ids": wanted}).mappings()
        return {row["order_id"]: delivery_of(row) for row in rows}

    def delivery(self, order_id: str) -> Delivery | None:
        row = self.connection.execute(_DELIVERY, {"order_id": order_id}).mappings().one_or_none()
        return None if row is None else delivery_of(row)

    def seen(self, courier_id: str) -> Sighting | None:
        row = self.connection.execute(_SEEN, {"courier_id": courier_id}).mappings().one_or_none()
        if row is None:
            return None
        return Sighting(place=Position(lat=row["lat"], lon=row["lon"]), at=row["seen_at"])

    def zones(self) -> list[Zone]:
        return [zone_of(row) for row in self.connection.execute(_ZONES).mappings()]

    def pauses(self) -> dict[str, Pause]:
        """The running pauses by zone."""
        rows = self.connection.execute(_PAUSES).mappings()
        return {row["zone_id"]: pause_of_row(row) for row in rows}

    def overrides(self, zone_id: str) -> list[Override]:
        """What was decided by hand in a zone, newest first."""
        rows = self.connection.execute(_OVERRIDES, {"zone_id": zone_id}).mappings()
        return [override_of_row(row) for row in rows]

    def zone_at(self, place: Position) -> Zone | None:
        rows = self.connection.execute(_ZONES_AROUND, place.to_wire()).mappings()
        return zone_of_place(map(zone_of, rows), place)

    def slots(self, zone_id: str, now: datetime) -> list[Slot]:
        rows = self.connection.execute(_SLOTS, {"zone_id": zone_id, "now": now}).mappings()
        return [slot_of(row) for row in rows]

    def board(self, zone_id: str) -> dict[str, Any] | None:
        """The deliveries, couriers and open offers of a zone; ``None`` when there is no such zone."""
        board: dict[str, Any] | None = self.connection.scalar(_BOARD, {"zone_id": zone_id})
        return board
