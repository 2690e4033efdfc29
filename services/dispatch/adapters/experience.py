"""How things went, in PostgreSQL: written as it happens, read by planners now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, text

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.waiting import BusyShop, Demand
from services.dispatch.domain.preparation import (
    HOURS_APART,
    LONGEST,
    OTHER_HOURS,
    Kitchen,
    Preparation,
    Prepared,
    pooled,
)
from services.dispatch.domain.promise import Calibration, Forecast, Outcome, Windows

# A history of that many parts says as much as a longer one, and says it sooner.
_PARTS_OF_A_SHOP, _PARTS_OF_A_ZONE = 120, 300
# So many shops are read about in one go, at most: the others have their turn in the next plan.
_SHOPS_AT_ONCE = 25
_FRESH_FOR = timedelta(minutes=10)
_LEAST_WALL_SECONDS = 5.0
REMEMBERED = timedelta(days=60)
# No shop has these names: ids are not blank.
_WINDOWS, _EXPECTED = "", " "

_TOLD = ("store_order_id", "shop_id", "accepted_at", "expected_at", "ready_at")
_COLUMNS = ", ".join(f"p.{name}" for name in _TOLD)
_KEEP_PREPARED = text("""
    INSERT INTO preparation (store_order_id, zone_id, shop_id, accepted_at, expected_at, ready_at, shop_name,
        lat, lon)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (store_order_id text, zone_id text,
        shop_id text, accepted_at timestamptz, expected_at timestamptz, ready_at timestamptz, shop_name text,
        lat double precision, lon double precision)
    ON CONFLICT (store_order_id) DO UPDATE SET accepted_at = excluded.accepted_at,
        expected_at = excluded.expected_at, ready_at = excluded.ready_at
""")
_PREPARED = text(f"""
    SELECT false AS of_zone, {_COLUMNS} FROM unnest(CAST(:shops AS text[])) AS s (shop_id), LATERAL (
        SELECT * FROM preparation WHERE shop_id = s.shop_id ORDER BY accepted_at DESC LIMIT :of_a_shop
    ) AS p
    UNION ALL (
        SELECT true, {_COLUMNS} FROM preparation AS p WHERE zone_id = :zone_id
        ORDER BY accepted_at DESC LIMIT :of_a_zone
    )
""")
_FORGET = (
    text("DELETE FROM preparation WHERE ready_at < :before"),
    text("DELETE FROM forecast WHERE door_at < :before"),
)
_KEEP_OUTCOMES = text("""
    INSERT INTO forecast (order_id, made_at, zone_id, eta, door_at, first, window_from, window_to)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (order_id text, made_at timestamptz,
        zone_id text, eta timestamptz, door_at timestamptz, first boolean, window_from timestamptz,
        window_to timestamptz)
    ON CONFLICT DO NOTHING
""")
_OUTCOMES = text("""
    (SELECT first, made_at, eta, door_at FROM forecast WHERE zone_id = :zone_id AND first
        ORDER BY door_at DESC, order_id LIMIT :most)
    UNION ALL (SELECT first, made_at, eta, door_at FROM forecast WHERE zone_id = :zone_id AND NOT first
        ORDER BY door_at DESC, order_id LIMIT :most)
""")
_FORECASTS = 1500
# An order counts for where the next ones are expected by the nearness of its hour of the day to now.
_DEMAND = text("""
    SELECT shop_id, (array_agg(shop_name ORDER BY accepted_at DESC))[1],
        (array_agg(lat ORDER BY accepted_at DESC))[1], (array_agg(lon ORDER BY accepted_at DESC))[1],
        sum(greatest(:other_hours, exp(-power(least(apart, 24 - apart) / :hours_apart, 2) / 2)))
    FROM (
        SELECT *, abs(extract(epoch FROM (accepted_at AT TIME ZONE 'UTC')::time
            - (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::time) / 3600)::double precision AS apart
        FROM preparation WHERE zone_id = :zone_id AND accepted_at > :since
        ORDER BY accepted_at DESC LIMIT :most
    ) AS lately WHERE lat IS NOT NULL GROUP BY shop_id
""")
_TAKEN = text("""
    SELECT percentile_cont(CAST(:shares AS double precision[])) WITHIN GROUP (ORDER BY minutes) FROM (
        SELECT extract(epoch FROM ready_at - accepted_at)::double precision / 60 AS minutes
        FROM preparation WHERE zone_id = :zone_id ORDER BY accepted_at DESC LIMIT :of_a_zone
    ) AS lately WHERE minutes BETWEEN 0 AND :longest
""")
_PAST, _PARTS_OF_THE_PAST = timedelta(days=14), 5000
_SHARES = [(step + 0.5) / 20 for step in range(20)]


def keep_prepared(connection: Connection, parts: Sequence[tuple[str, Prepared]]) -> None:
    rows = [
        {
            "store_order_id": part.store_order_id,
            "zone_id": zone_id,
            "shop_id": part.shop_id,
            "accepted_at": part.accepted_at,
            "expected_at": part.expected_at,
            "ready_at": part.ready_at,
            "shop_name": part.shop_name,
            "lat": part.place.lat if part.place else None,
            "lon": part.place.lon if part.place else None,
        }
        for zone_id, part in parts
    ]
    connection.execute(_KEEP_PREPARED, {"rows": orjson.dumps(rows).decode()})


def forget(connection: Connection, before: datetime) -> int:
    return sum(int(connection.execute(statement, {"before": before}).rowcount) for statement in _FORGET)


def keep_outcomes(connection: Connection, delivery: Delivery) -> None:
    """What was foreseen of a delivery that was handed over, and when that was."""
    rows = [
        {
            "order_id": delivery.order_id,
            "made_at": forecast.made_at,
            "zone_id": delivery.zone_id or "",
            "eta": forecast.eta,
            "door_at": delivery.ended_at,
            "first": number == 0,
            "window_from": delivery.told.starts_at if number == 0 else None,
            "window_to": delivery.told.ends_at if number == 0 else None,
        }
        for number, forecast in enumerate(delivery.told.forecasts)
    ]
    if rows:
        connection.execute(_KEEP_OUTCOMES, {"rows": orjson.dumps(rows).decode()})


@dataclass
class _OfZone:
    kitchens: dict[str, Kitchen] = field(default_factory=dict)
    read: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    zone: tuple[float, ...] = ()
    preparation: Preparation = field(default_factory=Preparation)
    windows: Windows = field(default_factory=Windows)
    demand: Demand = field(default_factory=Demand)


class Experience:
    """What one process remembers of how things went, by zone; a few shops are read about anew in each plan.

    What is remembered counts as fresh for some minutes of business time, and for some seconds of the wall.
    """

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = stopwatch
        self._zones: dict[str, _OfZone] = {}

    def preparation(
        self, connection: Connection, zone_id: str, shops: Collection[str], now: datetime
    ) -> Preparation:
        """How long shops take: those of ``shops`` whose history is known, and the zone as a whole."""
        known = self._zones.setdefault(zone_id, _OfZone())
        stale = [shop for shop in sorted(shops) if self._is_stale(known.read.get(shop), now)]
        if not stale:
            return known.preparation
        stale = sorted(stale, key=lambda shop: shop in known.read)[:_SHOPS_AT_ONCE]
        by_shop: dict[str, list[Prepared]] = {shop: [] for shop in stale}
        in_zone: list[Prepared] = []
        values = {
            "shops": stale,
            "zone_id": zone_id,
            "of_a_shop": _PARTS_OF_A_SHOP,
            "of_a_zone": _PARTS_OF_A_ZONE,
        }
        for row in connection.execute(_PREPARED, values):
            of_zone, *told = row
            one = Prepared(**dict(zip(_TOLD, told, strict=True)))
            (in_zone if of_zone else by_shop[one.shop_id]).append(one)
        known.zone = pooled(in_zone)
        for shop, history in by_shop.items():
            known.kitchens[shop] = Kitchen(history)
            known.read[shop] = now, self._stopwatch()
        known.preparation = Preparation(kitchens=dict(known.kitchens), zone=known.zone)
        return known.preparation

    def windows(self, connection: Connection, zone_id: str, now: datetime) -> Windows:
        """How wrong the forecasts in a zone were."""
        known = self._zones.setdefault(zone_id, _OfZone())
        if self._is_stale(known.read.get(_WINDOWS), now):
            seen: dict[bool, list[Outcome]] = {True: [], False: []}
            values = {"zone_id": zone_id, "most": _FORECASTS}
            for first, made_at, eta, door_at in connection.execute(_OUTCOMES, values):
                forecast = Forecast(made_at=made_at, eta=eta)
                seen[first].append(Outcome(forecast=forecast, door_at=door_at))
            known.windows = Windows(first=Calibration(seen[True]), later=Calibration(seen[False]))
            known.read[_WINDOWS] = now, self._stopwatch()
        return known.windows

    def demand(self, connection: Connection, zone_id: str, now: datetime) -> Demand:
        """Where the next orders in a zone are expected, by where its orders of the last days came from.

        Each shop counts as if one order more had been seen.
        """
        known = self._zones.setdefault(zone_id, _OfZone())
        if self._is_stale(known.read.get(_EXPECTED), now):
            here = {"zone_id": zone_id, "now": now, "since": now - _PAST, "most": _PARTS_OF_THE_PAST}
            here |= {"hours_apart": HOURS_APART, "other_hours": OTHER_HOURS}
            shops = tuple(
                BusyShop(
                    shop_id=shop, name=name, place=Position(lat=lat, lon=lon), weight=1.0 + float(orders)
                )
                for shop, name, lat, lon, orders in connection.execute(_DEMAND, here)
            )
            values = {
                "zone_id": zone_id,
                "of_a_zone": _PARTS_OF_A_ZONE,
                "longest": LONGEST,
                "shares": _SHARES,
            }
            taken = connection.scalar(_TAKEN, values) or ()
            known.demand = Demand(shops=shops, preparations=tuple(float(minutes) for minutes in taken))
            # Nothing is soon something, in a new zone, and cheap to ask for.
            if shops:
                known.read[_EXPECTED] = now, self._stopwatch()
        return known.demand

    def _is_stale(self, read: tuple[datetime, float] | None, now: datetime) -> bool:
        if read is None:
            return True
        at, second = read
        return now - at >= _FRESH_FOR and self._stopwatch() - second >= _LEAST_WALL_SECONDS
