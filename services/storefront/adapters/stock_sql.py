"""Stock levels and reservations on PostgreSQL: few statements, rows locked in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, text

from services.storefront.adapters import rows
from services.storefront.application.ports import Offer
from services.storefront.contracts.published import to_message
from services.storefront.domain.events import ListingSoldOut
from services.storefront.domain.listing import Level
from services.storefront.domain.reservation import Lines, Move, Release, Reservation
from shared.kernel.money import Money
from shared.persistence import Transaction

# One row without a listing when the reservation was opened and nothing could be taken, none when it was not.
_OPEN_AND_TAKE = text("""
WITH opened AS (
    INSERT INTO reservation (order_id, status, lines, expires_at, changed_at)
    VALUES (:order_id, 'held', CAST(:lines AS jsonb), :expires_at, :at)
    ON CONFLICT (order_id) DO NOTHING RETURNING order_id
), locked AS (
    SELECT v.listing_id, w.quantity
    FROM stock_level AS v
    JOIN unnest(CAST(:listing_ids AS text[]), CAST(:quantities AS bigint[])) AS w(listing_id, quantity)
        USING (listing_id)
    WHERE EXISTS (SELECT 1 FROM opened)
    ORDER BY v.listing_id FOR UPDATE OF v
), taken AS (
    UPDATE stock_level AS v SET reserved = v.reserved + locked.quantity
    FROM locked JOIN listing AS l USING (listing_id)
    WHERE v.listing_id = locked.listing_id AND v.stock - v.reserved >= locked.quantity
        AND l.status = 'published'
    RETURNING v.listing_id, l.price, l.currency
)
SELECT taken.listing_id, taken.price, taken.currency FROM opened LEFT JOIN taken ON true
""")
_MOVE = text("""
WITH move AS (
    SELECT * FROM unnest(CAST(:listing_ids AS text[]), CAST(:owned AS bigint[]), CAST(:held AS bigint[]))
         AS m(listing_id, owned, held)
), locked AS (
    SELECT v.listing_id, m.owned, m.held FROM stock_level AS v JOIN move AS m USING (listing_id)
    ORDER BY v.listing_id FOR UPDATE OF v
)
UPDATE stock_level AS v
SET stock = greatest(v.stock - v.short + m.owned, v.reserved + m.held),
    reserved = v.reserved + m.held,
    short = greatest(v.reserved + m.held - (v.stock - v.short + m.owned), 0)
FROM locked AS m JOIN listing AS l USING (listing_id)
WHERE v.listing_id = m.listing_id
RETURNING v.listing_id, l.shop_id, m.owned < 0 AND v.stock = 0 AND v.short = 0 AS sold_out
""")
_OFFERS = text(
    "SELECT l.listing_id, l.price, l.currency, l.status, v.stock - v.reserved AS available"
    " FROM listing AS l JOIN stock_level AS v USING (listing_id) WHERE l.listing_id = ANY(:listing_ids)"
)
_COUNT = text(
    "INSERT INTO stock_count (command_id, listing_id, stock, counted_at)"
    " VALUES (:command_id, :listing_id, :stock, :at) ON CONFLICT (command_id) DO NOTHING RETURNING command_id"
)
_LOCK_LEVEL = text("SELECT stock, reserved, short FROM stock_level WHERE listing_id = :listing_id FOR UPDATE")
_SET_LEVEL = text(
    "UPDATE stock_level SET stock = :stock, reserved = :reserved, short = :short"
    " WHERE listing_id = :listing_id"
)

_FACTS = "order_id, lines, paid, release, returns"
_GET = text(f"SELECT {_FACTS} FROM reservation WHERE order_id = :order_id FOR UPDATE")
_GET_OR_ADD = text(
    "INSERT INTO reservation AS r (order_id, status) VALUES (:order_id, 'unknown')"
    f" ON CONFLICT (order_id) DO UPDATE SET order_id = r.order_id RETURNING {_FACTS}"
)
_SAVE = text(
    "UPDATE reservation SET status = :status, lines = CAST(:lines AS jsonb), paid = :paid,"
    " release = :release, returns = CAST(:returns AS jsonb), changed_at = :at WHERE order_id = :order_id"
)
_SELL_HELD = text("""
WITH held AS (
    SELECT order_id FROM reservation
    WHERE order_id = ANY(CAST(:order_ids AS text[])) AND status = 'held' AND returns = '{}'
    ORDER BY order_id FOR UPDATE
)
UPDATE reservation AS r SET status = 'sold', paid = true, changed_at = :at
FROM held WHERE r.order_id = held.order_id RETURNING r.order_id, r.lines
""")
_TIME_OUT = text("""
WITH due AS (
    SELECT order_id FROM reservation WHERE status = 'held' AND expires_at <= :due_before
    ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE reservation AS r SET status = 'released', release = :release, changed_at = :at
FROM due WHERE r.order_id = due.order_id
RETURNING r.order_id, r.lines, r.paid, r.release, r.returns
""")

_pending: WeakKeyDictionary[Transaction, dict[str, Move]] = WeakKeyDictionary()


class SqlStock:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    def offers(self, listing_ids: Sequence[str]) -> Mapping[str, Offer]:
        return {
            row.listing_id: Offer(
                price=Money(row.price, row.currency),
                published=row.status == "published",
                available=row.available,
            )
            for row in self._connection.execute(_OFFERS, {"listing_ids": list(listing_ids)})
        }

    def move(self, moves: Mapping[str, Move]) -> None:
        """A transaction may take in many events of overlapping orders. Locking their levels event after
        event would lock them in no order, and deadlock with the orders being placed: so all moves of a
        transaction are added up and made in one statement, just before it commits.
        """
        pending = _pending.get(self._transaction)
        if pending is None:
            pending = _pending[self._transaction] = {}
            self._transaction.before_commit(partial(_apply, self._transaction, pending))
        for listing_id, move in moves.items():
            before = pending.get(listing_id, Move())
            pending[listing_id] = Move(owned=before.owned + move.owned, held=before.held + move.held)

    def count(self, listing_id: str, stock: int, command_id: str, at: datetime) -> Level | None:
        parameters = {"command_id": command_id, "listing_id": listing_id, "stock": stock, "at": at}
        if self._connection.scalar(_COUNT, parameters) is None:
            return None
        counted = rows.level(self._connection.execute(_LOCK_LEVEL, {"listing_id": listing_id}).one()).counted(
            stock
        )
        self._connection.execute(
            _SET_LEVEL,
            {
                "listing_id": listing_id,
                "stock": counted.stock,
                "reserved": counted.reserved,
                "short": counted.short,
            },
        )
        return counted


def _apply(transaction: Transaction, pending: Mapping[str, Move]) -> None:
    moves = {listing_id: move for listing_id, move in pending.items() if move != Move()}
    if not moves:
        return
    parameters = {
        "listing_ids": list(moves),
        "owned": [move.owned for move in moves.values()],
        "held": [move.held for move in moves.values()],
    }
    for row in transaction.connection.execute(_MOVE, parameters).all():
        if row.sold_out:
            message = to_message(ListingSoldOut(listing_id=row.listing_id, shop_id=row.shop_id))
            transaction.publish(message.type, message.subject, message.data)


class SqlReservations:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(
        self, order_id: str, lines: Lines, expires_at: datetime, at: datetime
    ) -> Mapping[str, Money] | None:
        parameters = {
            "order_id": order_id,
            "lines": _json(lines),
            "expires_at": expires_at,
            "at": at,
            "listing_ids": list(lines),
            "quantities": list(lines.values()),
        }
        taken = self._connection.execute(_OPEN_AND_TAKE, parameters).all()
        if not taken:
            return None
        return {row.listing_id: Money(row.price, row.currency) for row in taken if row.listing_id is not None}

    def get(self, order_id: str) -> Reservation:
        key = {"order_id": order_id}
        row = self._connection.execute(_GET, key).one_or_none()
        return rows.reservation(row or self._connection.execute(_GET_OR_ADD, key).one())

    def save(self, reservation: Reservation, at: datetime) -> None:
        self._connection.execute(
            _SAVE,
            {
                "order_id": reservation.order_id,
                "status": reservation.status.value,
                "lines": None if reservation.lines is None else _json(reservation.lines),
                "paid": reservation.paid,
                "release": reservation.release,
                "returns": _json(reservation.returns),
                "at": at,
            },
        )

    def sell_held(self, order_ids: Sequence[str], at: datetime) -> Mapping[str, Lines]:
        sold = self._connection.execute(_SELL_HELD, {"order_ids": list(order_ids), "at": at})
        return {row.order_id: row.lines for row in sold}

    def time_out(self, due_before: datetime, at: datetime, limit: int) -> Sequence[Reservation]:
        parameters = {"due_before": due_before, "at": at, "limit": limit, "release": Release.TIMED_OUT}
        return [rows.reservation(row) for row in self._connection.execute(_TIME_OUT, parameters)]


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
