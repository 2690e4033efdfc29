"""How things went, in PostgreSQL: written as it happens, read by planners now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, text

from services.dispatch.domain.preparation import Kitchen, Preparation, Prepared, pooled

# A history of that many parts says as much as a longer one, and says it sooner.
_PARTS_OF_A_SHOP, _PARTS_OF_A_ZONE = 120, 300
# So many shops are read about in one go, at most: the others have their turn in the next plan.
_SHOPS_AT_ONCE = 25
_FRESH_FOR = timedelta(minutes=10)
_LEAST_WALL_SECONDS = 5.0
REMEMBERED = timedelta(days=60)

_TOLD = ("store_order_id", "shop_id", "accepted_at", "expected_at", "ready_at")
_COLUMNS = ", ".join(f"p.{name}" for name in _TOLD)
_KEEP_PREPARED = text("""
    INSERT INTO preparation (store_order_id, zone_id, shop_id, accepted_at, expected_at, ready_at)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (store_order_id text, zone_id text,
        shop_id text, accepted_at timestamptz, expected_at timestamptz, ready_at timestamptz)
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
_FORGET_PREPARED = text("DELETE FROM preparation WHERE ready_at < :before")


def keep_prepared(connection: Connection, parts: Sequence[tuple[str, Prepared]]) -> None:
    rows = [
        {
            "store_order_id": part.store_order_id,
            "zone_id": zone_id,
            "shop_id": part.shop_id,
            "accepted_at": part.accepted_at,
            "expected_at": part.expected_at,
            "ready_at": part.ready_at,
        }
        for zone_id, part in parts
    ]
    connection.execute(_KEEP_PREPARED, {"rows": orjson.dumps(rows).decode()})


def forget(connection: Connection, before: datetime) -> int:
    return int(connection.execute(_FORGET_PREPARED, {"before": before}).rowcount)


@dataclass
class _OfZone:
    kitchens: dict[str, Kitchen] = field(default_factory=dict)
    read: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    zone: tuple[float, ...] = ()
    preparation: Preparation = field(default_factory=Preparation)


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

    def _is_stale(self, read: tuple[datetime, float] | None, now: datetime) -> bool:
        if read is None:
            return True
        at, second = read
        return now - at >= _FRESH_FOR and self._stopwatch() - second >= _LEAST_WALL_SECONDS
