"""What shops' hours take, on PostgreSQL: hours are locked in the order of shop and hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, text

from services.storefront.adapters.stock_sql import SqlStock
from services.storefront.application.ports import GivenUp
from services.storefront.domain.preparation import Places, SeatWanted, choose
from shared.persistence import Transaction

_OPEN = text("""
INSERT INTO preparation_hour (shop_id, hour, taken)
SELECT w.shop_id, w.hour, 0
FROM unnest(CAST(:shop_ids AS text[]), CAST(:hours AS timestamptz[])) AS w(shop_id, hour)
ORDER BY w.shop_id, w.hour
ON CONFLICT DO NOTHING
""")
_LOCK = text("""
SELECT h.shop_id, h.hour, h.taken FROM preparation_hour AS h
JOIN unnest(CAST(:shop_ids AS text[]), CAST(:hours AS timestamptz[])) AS w(shop_id, hour)
    USING (shop_id, hour)
ORDER BY h.shop_id, h.hour FOR UPDATE OF h
""")
_TAKE = text("""
WITH seat AS (
    INSERT INTO preparation_seat (order_id, number, shop_id, hour, units)
    SELECT :order_id, :number, r.shop_id, r.hour, r.units
    FROM jsonb_to_recordset(CAST(:seats AS jsonb)) AS r(shop_id text, hour timestamptz, units integer)
    RETURNING shop_id, hour, units
)
UPDATE preparation_hour AS h SET taken = h.taken + seat.units
FROM seat WHERE h.shop_id = seat.shop_id AND h.hour = seat.hour
""")
_TAKEN = text("""
SELECT shop_id, hour, taken FROM preparation_hour
WHERE shop_id = ANY(:shop_ids) AND hour >= :since AND hour < :until
""")
_BEGIN_MOVE = text("""
INSERT INTO preparation_move (order_id, number, state) VALUES (:order_id, :number, 'held')
ON CONFLICT DO NOTHING RETURNING state
""")
_MOVE = text("SELECT state FROM preparation_move WHERE order_id = :order_id AND number = :number")
_END_MOVE = text("""
INSERT INTO preparation_move AS m (order_id, number, state) VALUES (:order_id, :number, :state)
ON CONFLICT (order_id, number) DO UPDATE SET state = excluded.state WHERE m.state = 'held'
""")
# Whoever waits for a seat that somebody gives up finds it given up.
_GIVE_UP = text("""
WITH seat AS (
    SELECT s.order_id, s.number, s.shop_id FROM preparation_seat AS s
    WHERE NOT s.given_up AND EXISTS (
        SELECT 1 FROM jsonb_to_recordset(CAST(:wishes AS jsonb)) AS r(
            order_id text, shop_id text, but_for text[], first integer, last integer)
        WHERE s.order_id = r.order_id AND s.number BETWEEN r.first AND r.last
            AND (r.shop_id IS NULL OR s.shop_id = r.shop_id) AND s.shop_id <> ALL (r.but_for))
        AND s.order_id = ANY(:order_ids)
    ORDER BY s.order_id, s.number, s.shop_id FOR UPDATE OF s
), given AS (
    UPDATE preparation_seat AS s SET given_up = true FROM seat
    WHERE s.order_id = seat.order_id AND s.number = seat.number AND s.shop_id = seat.shop_id
        AND NOT s.given_up
    RETURNING s.shop_id, s.hour, s.units
), sums AS (
    SELECT shop_id, hour, sum(units) AS units FROM given GROUP BY shop_id, hour
), locked AS (
    SELECT h.shop_id, h.hour, sums.units FROM preparation_hour AS h JOIN sums USING (shop_id, hour)
    ORDER BY h.shop_id, h.hour FOR UPDATE OF h
)
UPDATE preparation_hour AS h SET taken = h.taken - locked.units
FROM locked WHERE h.shop_id = locked.shop_id AND h.hour = locked.hour
""")

_pending: WeakKeyDictionary[Transaction, list[GivenUp]] = WeakKeyDictionary()


class SqlPlaces:
    """:class:`services.storefront.application.ports.Places`."""

    def __init__(self, transaction: Transaction, stock: SqlStock) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._stock = stock

    def take(self, order_id: str, number: int, wanted: Sequence[SeatWanted]) -> Sequence[str]:
        pairs = sorted((seat.shop_id, hour) for seat in wanted for hour in seat.hours)
        if not wanted:
            return []
        named = {"shop_ids": [shop_id for shop_id, _ in pairs], "hours": [hour for _, hour in pairs]}
        self._connection.execute(_OPEN, named)
        taken = {(row.shop_id, row.hour): row.taken for row in self._connection.execute(_LOCK, named)}
        chosen, full = choose(wanted, taken)
        if full:
            return full
        units = {seat.shop_id: seat.units for seat in wanted}
        seats = [
            {"shop_id": shop_id, "hour": hour, "units": units[shop_id]} for shop_id, hour in chosen.items()
        ]
        self._connection.execute(_TAKE, {"order_id": order_id, "number": number, "seats": _json(seats)})
        return []

    def taken(self, shop_ids: Sequence[str], since: datetime, until: datetime) -> Places:
        return taken_hours(self._connection, shop_ids, since, until)

    def begin_move(self, order_id: str, number: int) -> str:
        key = {"order_id": order_id, "number": number}
        if self._connection.scalar(_BEGIN_MOVE, key) is not None:
            return "new"
        return str(self._connection.scalar(_MOVE, key))

    def end_move(self, order_id: str, number: int, state: str) -> None:
        self._connection.execute(_END_MOVE, {"order_id": order_id, "number": number, "state": state})

    def give_up(self, given_up: GivenUp) -> None:
        """Just before the commit and behind the stock, as orders being placed lock them, too."""
        pending = _pending.get(self._transaction)
        if pending is None:
            self._stock.move({})
            pending = _pending[self._transaction] = []
            self._transaction.before_commit(partial(_apply, self._connection, pending))
        pending.append(given_up)


def taken_hours(
    connection: Connection, shop_ids: Sequence[str], since: datetime, until: datetime
) -> Mapping[tuple[str, datetime], int]:
    """How much of each hour is taken, where anything is."""
    found = connection.execute(_TAKEN, {"shop_ids": list(shop_ids), "since": since, "until": until})
    return {(row.shop_id, row.hour): row.taken for row in found}


def _apply(connection: Connection, pending: Sequence[GivenUp]) -> None:
    wishes = [vars(wish) for wish in pending]
    order_ids = sorted({wish.order_id for wish in pending})
    connection.execute(_GIVE_UP, {"wishes": _json(wishes), "order_ids": order_ids})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
