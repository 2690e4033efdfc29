"""Orders in PostgreSQL: each is read in one statement and written in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.adapters import rows
from services.ordering.adapters.delivery_rows import delivery_document
from services.ordering.adapters.picking_rows import step_from, steps_document
from services.ordering.contracts.published import Message, to_message
from services.ordering.domain.errors import OrderNotFound
from services.ordering.domain.history import Step, take_steps
from services.ordering.domain.order import Order
from services.ordering.domain.payment import Charge, Payment, Surplus
from services.ordering.domain.refund import Refund
from shared.kernel.ids import derived_id

COLUMNS = """
o.*, s.store_order_id, s.shop_id, s.shop_name, s.merchant_id, s.status AS store_status, s.lines,
s.ready_at, s.picked_up_at, s.reason AS store_reason, s.accept_seconds, s.accept_by, s.reminded_at,
s.substitutions
"""
_FIND = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = %(order_id)s ORDER BY s.position
"""
# All rows are locked and so read as they are once the lock is granted; a sub-select would not be.
_LOCK = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = %(order_id)s ORDER BY s.position FOR UPDATE OF o, s
"""
_LOCK_BY_STORE_ORDER = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = (SELECT order_id FROM store_order WHERE store_order_id = %(store_order_id)s)
ORDER BY s.position FOR UPDATE OF o, s
"""
_LOCK_BY_PAYMENT = f"""
SELECT {COLUMNS}, p.payment_id AS attempt_payment_id, p.status AS attempt_status,
       p.method, p.scenario, p.amount, p.started_at
FROM payment p JOIN orders o ON o.order_id = p.order_id JOIN store_order s ON s.order_id = o.order_id
WHERE p.payment_id = %(payment_id)s ORDER BY s.position FOR UPDATE OF o, s, p
"""
_ADD = """
WITH placed AS (
    UPDATE quote SET placement = 'placed'
    WHERE quote_id = %(quote_id)s AND order_id = %(order_id)s AND placement = 'placing'
    RETURNING quote_id
), added AS (
    INSERT INTO orders (order_id, quote_id, customer_id, status, currency, goods, discount, delivery_fee,
                        tip, total, zone_id, slot, drop_off, placed_at, expires_at, free_delivery_from,
                        delivery_fee_waived)
    SELECT %(order_id)s, quote_id, %(customer_id)s, %(status)s, %(currency)s, %(goods)s, %(discount)s,
           %(delivery_fee)s, %(tip)s, %(total)s, %(zone_id)s, CAST(%(slot)s AS jsonb),
           CAST(%(drop_off)s AS jsonb), %(placed_at)s, %(expires_at)s, %(free_delivery_from)s,
           %(delivery_fee_waived)s
    FROM placed RETURNING order_id, currency, placed_at
)
INSERT INTO store_order (store_order_id, order_id, position, shop_id, shop_name, merchant_id, status,
                         currency, goods, discount, paid, lines, placed_at, accept_seconds)
SELECT r.store_order_id, added.order_id, r.position, r.shop_id, r.shop_name, r.merchant_id, r.status,
       added.currency, r.goods, r.discount, r.paid, r.lines, added.placed_at,
       r.accept_seconds
FROM added, jsonb_to_recordset(CAST(%(stores)s AS jsonb)) AS r(
    store_order_id text, position integer, shop_id text, shop_name text, merchant_id text, status text,
    goods bigint, discount bigint, paid bigint, lines jsonb, accept_seconds integer)
"""
# With a charge, everything hangs on it: what is on record already changes nothing.
_CHARGE = """taken AS (
    INSERT INTO charge (charge_id, payment_id, order_id, amount, captured, received_at)
    VALUES (%(new_charge_id)s, %(attempt_payment_id)s, %(order_id)s, %(charged)s, %(captured)s,
            %(received_at)s)
    ON CONFLICT (charge_id) DO NOTHING RETURNING charge_id
), """
_ONLY_IF_TAKEN = "AND EXISTS (SELECT FROM taken)"
# Lines that are as they were are not sent, and keep the bytes they have on disk.
_SAVE = """
WITH {charge}parts AS (
    UPDATE store_order s
    SET status = r.status, refunded = r.refunded, lines = COALESCE(r.lines, s.lines), paid_at = r.paid_at,
        ready_at = r.ready_at, picked_up_at = r.picked_up_at, reason = r.reason, accept_by = r.accept_by,
        reminded_at = r.reminded_at, next_at = r.next_at, substitutions = r.substitutions
    FROM jsonb_to_recordset(CAST(%(stores)s AS jsonb)) AS r(
        store_order_id text, status text, refunded bigint, lines jsonb, paid_at timestamptz,
        ready_at timestamptz, picked_up_at timestamptz, reason text, accept_by timestamptz,
        reminded_at timestamptz, next_at timestamptz, substitutions jsonb)
    WHERE s.store_order_id = r.store_order_id {only}
){more}
UPDATE orders
SET status = %(status)s, refunded = %(refunded)s, delivery_fee_refunded = %(delivery_fee_refunded)s,
    tip_refunded = %(tip_refunded)s, payment_method = %(payment_method)s,
    paid_at = %(paid_at)s, payment_id = %(payment_id)s, charge_id = %(charge_id)s,
    payment_status = %(payment_status)s, delivered_at = %(delivered_at)s, completes_at = %(completes_at)s,
    reason = %(reason)s, delivery = CAST(%(delivery)s AS jsonb)
WHERE order_id = %(order_id)s {only}
"""
_PAYMENT = """, attempt AS (
    UPDATE payment SET status = %(attempt_status)s WHERE payment_id = %(attempt_payment_id)s {only}
)"""
_REFUNDS = """, refunds AS (
    INSERT INTO refund (refund_id, command_id, order_id, store_order_id, shop_id, issued_at, reason, goods,
                        delivery_fee, tip, restock, lines, borne_by)
    SELECT * FROM jsonb_to_recordset(CAST(%(refunds)s AS jsonb)) AS r(
        refund_id text, command_id text, order_id text, store_order_id text, shop_id text,
        issued_at timestamptz, reason text, goods bigint, delivery_fee bigint, tip bigint, restock boolean,
        lines jsonb, borne_by text)
    WHERE true {only}
)"""
# The order is locked, so nobody else numbers its steps meanwhile.
_STEPS = """, steps AS (
    INSERT INTO order_history (order_id, number, subject, subject_id, store_order_id, before, after, at,
                               by_role, by_account_id, reason)
    SELECT %(order_id)s, (SELECT COALESCE(max(number), 0) FROM order_history WHERE order_id = %(order_id)s)
           + r.nth, r.subject, r.subject_id, r.store_order_id, r.before, r.after, r.at, r.by_role,
           r.by_account_id, r.reason
    FROM jsonb_to_recordset(CAST(%(steps)s AS jsonb)) AS r(
        nth integer, subject text, subject_id text, store_order_id text, before text, after text,
        at timestamptz, by_role text, by_account_id text, reason text)
    WHERE true {only}
)"""
_MONEY_BACK = """, money_back AS (
    INSERT INTO provider_refund (provider_refund_id, charge_id, method, amount, currency, reason, state,
                                 asked_at)
    SELECT r.provider_refund_id, r.charge_id, p.method, r.amount, p.currency, r.reason,
           CASE p.method WHEN 'cash' THEN 'to_hand_back' ELSE 'pending' END, r.asked_at
    FROM jsonb_to_recordset(CAST(%(money_back)s AS jsonb)) AS r(
        provider_refund_id text, charge_id text, payment_id text, amount bigint, reason text,
        asked_at timestamptz)
    JOIN payment p ON p.payment_id = r.payment_id {only}
)"""


@cache
def _save_statement(*, payment: bool, charge: bool, refunds: bool, money_back: bool, steps: bool) -> str:
    """The statement for one shape that a change can have; there are few, and each is prepared once."""
    only = _ONLY_IF_TAKEN if charge else ""
    parts = ((_PAYMENT, payment), (_REFUNDS, refunds), (_MONEY_BACK, money_back), (_STEPS, steps))
    more = "".join(part.format(only=only) for part, wanted in parts if wanted)
    return _SAVE.format(charge=_CHARGE if charge else "", only=only, more=more)


_NOTE_COURIER = """
UPDATE orders SET delivery = CASE
    WHEN COALESCE(CAST(delivery->>'rank' AS bigint), 0) < %(rank)s THEN delivery || CAST(%(facts)s AS jsonb)
    ELSE delivery END
WHERE order_id = %(order_id)s
"""
_NOTE_SECOND_COURIER = """
UPDATE orders SET delivery = CASE
    WHEN COALESCE(CAST(delivery->'second'->>'rank' AS bigint), 0) < %(rank)s
    THEN delivery || jsonb_build_object(
        'second', COALESCE(delivery->'second', '{}') || CAST(%(facts)s AS jsonb))
    ELSE delivery END
WHERE order_id = %(order_id)s
"""
_UNPAID_SINCE = """
SELECT order_id FROM orders WHERE status = 'pending_payment' AND expires_at <= %(now)s
ORDER BY expires_at LIMIT %(limit)s
"""
_TO_COMPLETE = """
SELECT order_id FROM orders o WHERE status = 'delivered' AND completes_at <= %(now)s
  AND NOT EXISTS (SELECT FROM after_sale_case c WHERE c.order_id = o.order_id AND c.going_on)
ORDER BY completes_at LIMIT %(limit)s
"""
_WITH_SOMETHING_DUE = """
SELECT order_id FROM store_order WHERE next_at <= %(now)s ORDER BY next_at LIMIT %(limit)s
"""
_STEPS_OF = "SELECT * FROM order_history WHERE order_id = %(order_id)s ORDER BY number"
_LOCK_BY_SUBSTITUTION = f"""
SELECT {COLUMNS} FROM orders o JOIN store_order s ON s.order_id = o.order_id
WHERE o.order_id = (SELECT order_id FROM order_history WHERE subject = 'substitution'
                    AND subject_id = %(substitution_id)s LIMIT 1)
ORDER BY s.position FOR UPDATE OF o, s
"""
_REFUNDS_OF_COMMAND = "SELECT * FROM refund WHERE command_id = %(command_id)s ORDER BY refund_id"
_REFUNDS_OF_ORDER = "SELECT * FROM refund WHERE order_id = %(order_id)s ORDER BY issued_at, refund_id"


class OrdersSql:
    """``publish`` is None where each statement stands for itself; then nothing that publishes is written."""

    def __init__(self, connection: Connection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish
        self._read: dict[str, dict[str, Any]] = {}

    def add(self, order: Order) -> bool:
        added = self._connection.exec_driver_sql(
            _ADD,
            {
                "order_id": order.order_id,
                "quote_id": order.quote_id,
                "customer_id": order.customer_id,
                "status": str(order.status),
                "currency": order.currency,
                "goods": order.goods,
                "discount": order.discount,
                "delivery_fee": order.delivery_fee,
                "tip": order.tip,
                "total": order.total,
                "zone_id": order.zone_id,
                "slot": _json(rows.slot_document(order.slot)),
                "drop_off": _json(rows.drop_off_document(order.drop_off)),
                "placed_at": order.placed_at,
                "expires_at": order.expires_at,
                "free_delivery_from": order.free_delivery.threshold if order.free_delivery else 0,
                "delivery_fee_waived": order.free_delivery.waived if order.free_delivery else 0,
                "stores": _json(
                    [rows.new_store(store, position) for position, store in enumerate(order.stores)]
                ),
            },
        )
        if not added.rowcount:
            return False
        self._tell(order)
        return True

    def lock(self, order_id: str) -> Order | None:
        return self._one(_LOCK, {"order_id": order_id})

    def lock_by_store_order(self, store_order_id: str) -> Order | None:
        return self._one(_LOCK_BY_STORE_ORDER, {"store_order_id": store_order_id})

    def lock_by_payment(self, payment_id: str) -> tuple[Order, Payment] | None:
        locked = self._connection.exec_driver_sql(_LOCK_BY_PAYMENT, {"payment_id": payment_id})
        found = locked.mappings().all()
        if not found:
            return None
        return self._order(found), rows.payment_from(found[0], "attempt_")

    def find(self, order_id: str) -> Order | None:
        return self._one(_FIND, {"order_id": order_id})

    def save(self, order: Order, payment: Payment | None = None) -> None:
        self._save(order, payment, None, None)

    def save_charged(
        self, order: Order, payment: Payment, charge: Charge, surplus: Surplus | None = None
    ) -> bool:
        return self._save(order, payment, charge, surplus)

    def note_courier(
        self,
        order_id: str,
        courier_id: str | None,
        eta: datetime | None,
        rank: int,
        *,
        second: bool = False,
    ) -> None:
        facts = {
            "courier_id": courier_id,
            "eta": None if eta is None else eta.isoformat(),
            "rank": rank,
        }
        noted = self._connection.exec_driver_sql(
            _NOTE_SECOND_COURIER if second else _NOTE_COURIER,
            {"order_id": order_id, "rank": rank, "facts": _json(facts)},
        )
        if not noted.rowcount:
            raise OrderNotFound

    def unpaid_since(self, now: datetime, limit: int) -> Sequence[str]:
        found = self._connection.exec_driver_sql(_UNPAID_SINCE, {"now": now, "limit": limit})
        return found.scalars().all()

    def to_complete(self, now: datetime, limit: int) -> Sequence[str]:
        found = self._connection.exec_driver_sql(_TO_COMPLETE, {"now": now, "limit": limit})
        return found.scalars().all()

    def with_something_due(self, now: datetime, limit: int) -> Sequence[str]:
        found = self._connection.exec_driver_sql(_WITH_SOMETHING_DUE, {"now": now, "limit": limit})
        return list(dict.fromkeys(found.scalars()))

    def lock_by_substitution(self, substitution_id: str) -> Order | None:
        return self._one(_LOCK_BY_SUBSTITUTION, {"substitution_id": substitution_id})

    def steps_of(self, order_id: str) -> Sequence[Step]:
        found = self._connection.exec_driver_sql(_STEPS_OF, {"order_id": order_id})
        return [step_from(row) for row in found.mappings()]

    def refunds_of_command(self, command_id: str) -> Sequence[Refund]:
        found = self._connection.exec_driver_sql(_REFUNDS_OF_COMMAND, {"command_id": command_id})
        return [rows.refund_from(row) for row in found.mappings()]

    def refunds_of(self, order_id: str) -> Sequence[Refund]:
        found = self._connection.exec_driver_sql(_REFUNDS_OF_ORDER, {"order_id": order_id})
        return [rows.refund_from(row) for row in found.mappings()]

    def _save(
        self, order: Order, payment: Payment | None, charge: Charge | None, surplus: Surplus | None
    ) -> bool:
        before = self._read.get(order.order_id, {})
        changed = [
            rows.changed_store(store, before.get(store.store_order_id), order)
            for store in order.stores
            if before.get(store.store_order_id) is not store
        ]
        money_back = _money_back(order, surplus)
        parameters = rows.order_columns(order)
        parameters["stores"] = _json(changed)
        parameters["delivery"] = _json(delivery_document(order.delivery))
        if payment is not None:
            parameters["attempt_payment_id"] = payment.payment_id
            parameters["attempt_status"] = str(payment.status)
        if charge is not None:
            parameters["new_charge_id"] = charge.charge_id
            parameters["charged"] = charge.amount
            parameters["captured"] = charge.captured
            parameters["received_at"] = charge.received_at
        steps = take_steps(order)
        if steps:
            parameters["steps"] = _json(steps_document(steps))
        if order.new_refunds:
            parameters["refunds"] = _json([rows.refund_document(refund) for refund in order.new_refunds])
        if money_back:
            parameters["money_back"] = _json(money_back)
        statement = _save_statement(
            payment=payment is not None,
            charge=charge is not None,
            refunds=bool(order.new_refunds),
            money_back=bool(money_back),
            steps=bool(steps),
        )
        saved = self._connection.exec_driver_sql(statement, parameters).rowcount == 1
        if saved:
            self._tell(order)
        order.recorded.clear()
        order.new_refunds.clear()
        order.to_hand_back.clear()
        return saved

    def _one(self, statement: str, parameters: dict[str, Any]) -> Order | None:
        found = self._connection.exec_driver_sql(statement, parameters).mappings().all()
        return self._order(found) if found else None

    def _order(self, found: Sequence[Any]) -> Order:
        order = rows.order_from_rows(found)
        self._read[order.order_id] = {store.store_order_id: store for store in order.stores}
        return order

    def _tell(self, order: Order) -> None:
        if order.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        for event in order.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        order.recorded.clear()


def _money_back(order: Order, surplus: Surplus | None) -> list[dict[str, Any]]:
    """What goes back to where it came from: nothing of what a courier has not collected yet."""
    back = [*order.new_refunds, *order.to_hand_back] if order.charge_id is not None else []
    queued = [
        {
            "provider_refund_id": refund.refund_id,
            "charge_id": order.charge_id,
            "payment_id": order.payment_id,
            "amount": refund.amount,
            "reason": refund.reason,
            "asked_at": refund.issued_at.isoformat(),
        }
        for refund in back
        if refund.amount
    ]
    if surplus is not None and surplus.amount:
        queued.append(
            {
                "provider_refund_id": derived_id("refund", "surplus", surplus.charge_id),
                "charge_id": surplus.charge_id,
                "payment_id": surplus.payment_id,
                "amount": surplus.amount,
                "reason": surplus.reason,
                "asked_at": surplus.received_at.isoformat(),
            }
        )
    return queued


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
