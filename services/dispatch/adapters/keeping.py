"""Writing aggregates back, one statement a kind however many there are, and publishing what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import orjson
from sqlalchemy import text

from services.dispatch.adapters.experience import keep_outcomes
from services.dispatch.adapters.figures import observe
from services.dispatch.adapters.loan_rows import loan_row
from services.dispatch.adapters.rows import courier_row, delivery_row, offer_row
from services.dispatch.adapters.shift_rows import began_json, rest_json
from services.dispatch.contracts.published import publish
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import CourierOffShift, CourierOnShift
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.outcome import is_own_handover
from shared.messaging.context import WorkContext, current, working_on
from shared.persistence import Transaction

_DELIVERY_COLUMNS = """
    order_id text, split_from text, delivery_id text, version bigint, status text, zone_id text, slot_id text,
    slot_taken boolean, customer_id text, courier_id text, offer_id text, stop_ids text[],
    placed_at timestamptz, promised_at timestamptz, expires_at timestamptz, paid_at timestamptz,
    eta timestamptz, assigned_at timestamptz, ended_at timestamptz,
    held jsonb, told jsonb, stops jsonb, progress jsonb
"""
_COURIER_COLUMNS = """
    courier_id text, version bigint, registered_at timestamptz, approved_at timestamptz, zone_id text,
    shift jsonb, route jsonb, lat double precision, lon double precision, missed_offers integer,
    paused_until timestamptz, loan jsonb
"""
_LOAN_COLUMNS = """
    loan_id text, courier_id text, from_zone_id text, to_zone_id text, status text, until timestamptz,
    offered_at timestamptz, by text, reason text, lent_at timestamptz, recalled_at timestamptz,
    recalled_by text, returned_at timestamptz
"""
_OFFER_COLUMNS = """
    offer_id text, zone_id text, courier_id text, status text, order_ids text[], route jsonb,
    plan_version bigint, offered_at timestamptz, expires_at timestamptz, answered_at timestamptz, reason text,
    candidates jsonb
"""
_MARK = """
    WITH marked AS (
        INSERT INTO zone_change (zone_id) SELECT DISTINCT unnest(CAST(:zones AS text[]))
    )
"""


def _names(columns: str) -> list[str]:
    return [column.split()[0] for column in columns.split(",")]


def _insert(table: str, columns: str) -> str:
    names = ", ".join(_names(columns))
    rows = f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r ({columns})"
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows}"


def _update(table: str, key: str, columns: str, fixed: set[str], *more: str) -> str:
    new = (f"{name} = r.{name}" for name in _names(columns) if name not in fixed | {key})
    changed = ", ".join([*new, *more])
    return (
        f"UPDATE {table} AS kept SET {changed} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r ({columns})"
        f" WHERE kept.{key} = r.{key}"
    )


# No column is named: two that insert the same order at once may meet in the index of its derived delivery_id
# first, and a conflict there would be an error if only order_id's were expected.
INSERT_DELIVERIES = text(
    _insert("delivery", _DELIVERY_COLUMNS) + " ON CONFLICT DO NOTHING RETURNING order_id"
)
_UPDATE_DELIVERIES = text(
    _MARK + _update("delivery", "order_id", _DELIVERY_COLUMNS, {"delivery_id", "split_from"})
)
INSERT_COURIERS = text(_insert("courier", _COURIER_COLUMNS) + " ON CONFLICT (courier_id) DO NOTHING")
# Where to wait is said to a courier as it is: any change ends it.
_UPDATE_COURIERS = text(_update("courier", "courier_id", _COURIER_COLUMNS, set(), "waits = NULL"))
_KEEP_OFFERS = text(
    _insert("offer", _OFFER_COLUMNS)
    + " ON CONFLICT (offer_id) DO UPDATE SET status = excluded.status, answered_at = excluded.answered_at,"
    " reason = excluded.reason"
)
_KEEP_LOANS = text(
    _insert("loan", _LOAN_COLUMNS)
    + " ON CONFLICT (loan_id) DO UPDATE SET status = excluded.status, lent_at = excluded.lent_at,"
    " recalled_at = excluded.recalled_at, recalled_by = excluded.recalled_by,"
    " returned_at = excluded.returned_at"
)
_MARK_ONLY = text("INSERT INTO zone_change (zone_id) SELECT DISTINCT unnest(CAST(:zones AS text[]))")
_COUNT_IN_SLOTS = text(
    "UPDATE slot SET taken = taken + r.more"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (slot_id text, more integer)"
    " WHERE slot.slot_id = r.slot_id"
)
_SHIFT_BEGINS = text(
    "INSERT INTO shift (shift_id, courier_id, zone_id, started_at, ends_at, began)"
    " VALUES (:shift_id, :courier_id, :zone_id, :started_at, :ends_at, CAST(:began AS jsonb))"
)
_SHIFT_ENDS = text("UPDATE shift SET ended_at = :ended_at WHERE shift_id = :shift_id")
_RESTED = text("UPDATE shift SET rests = rests || CAST(:rest AS jsonb) WHERE shift_id = :shift_id")


class Keeper:
    """Saves in one transaction; the rows are locked by whoever read the aggregates."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.connection = tx.connection

    def save(
        self,
        deliveries: Collection[Delivery] = (),
        couriers: Collection[Courier] = (),
        offers: Collection[Offer] = (),
        changed_zones: Collection[str] = (),
    ) -> None:
        if couriers:
            self._couriers(couriers)
        if offers:
            self.connection.execute(_KEEP_OFFERS, {"rows": _json([offer_row(offer) for offer in offers])})
        if deliveries:
            self._deliveries(deliveries, changed_zones)
        elif changed_zones:
            self.connection.execute(_MARK_ONLY, {"zones": list(changed_zones)})

    def _deliveries(self, deliveries: Collection[Delivery], zones: Collection[str]) -> None:
        self._count_in_slots(deliveries)
        for delivery in deliveries:
            delivery.version += 1
        rows = [delivery_row(delivery) for delivery in deliveries]
        self.connection.execute(_UPDATE_DELIVERIES, {"rows": _json(rows), "zones": list(zones)})
        for delivery in deliveries:
            self._publish(delivery)

    def tell(self, delivery: Delivery, cause: object) -> None:
        """Publish what has happened to ``delivery`` as a consequence of ``cause``, a message's context."""
        with working_on(cause if isinstance(cause, WorkContext) else current()):
            self._publish(delivery)

    def hold_anew(self, delivery: Delivery) -> bool:
        """Write a delivery that nobody wrote before; false when there is one already."""
        rows = _json([delivery_row(delivery)])
        return self.connection.scalar(INSERT_DELIVERIES, {"rows": rows}) is not None

    def _publish(self, delivery: Delivery) -> None:
        happened = tuple(delivery.events)
        for event in happened:
            publish(self.tx, event)
        delivery.events.clear()
        if any(is_own_handover(event, delivery) for event in happened):
            keep_outcomes(self.connection, delivery)
        if happened:
            self.tx.after_commit(lambda: observe(delivery, happened))

    def _count_in_slots(self, deliveries: Collection[Delivery]) -> None:
        more: Counter[str] = Counter()
        for delivery in deliveries:
            if delivery.slot is not None and delivery.wants_slot != delivery.slot_taken:
                more[delivery.slot.slot_id] += 1 if delivery.wants_slot else -1
                delivery.slot_taken = delivery.wants_slot
        rows = [{"slot_id": slot_id, "more": count} for slot_id, count in sorted(more.items()) if count]
        if rows:
            self.connection.execute(_COUNT_IN_SLOTS, {"rows": _json(rows)})

    def _couriers(self, couriers: Collection[Courier]) -> None:
        for courier in couriers:
            courier.version += 1
        self.connection.execute(
            _UPDATE_COURIERS, {"rows": _json([courier_row(courier) for courier in couriers])}
        )
        for courier in couriers:
            for event in courier.events:
                if isinstance(event, CourierOnShift | CourierOffShift):
                    self._log_shift(event, courier)
                publish(self.tx, event)
            courier.events.clear()
            for rest in courier.rests:
                values = {"shift_id": rest.shift_id, "rest": orjson.dumps([rest_json(rest)]).decode()}
                self.connection.execute(_RESTED, values)
            courier.rests.clear()
        self._loans(couriers)

    def _loans(self, couriers: Collection[Courier]) -> None:
        # The last of each: one statement cannot write a row twice.
        loans = {loan.loan_id: loan for courier in couriers for loan in courier.changed_loans}
        if not loans:
            return
        self.connection.execute(_KEEP_LOANS, {"rows": _json([loan_row(loan) for loan in loans.values()])})
        zones = {zone for loan in loans.values() for zone in (loan.from_zone_id, loan.to_zone_id)}
        self.connection.execute(_MARK_ONLY, {"zones": sorted(zones)})
        for courier in couriers:
            courier.changed_loans.clear()

    def _log_shift(self, event: CourierOnShift | CourierOffShift, courier: Courier) -> None:
        if isinstance(event, CourierOnShift):
            self.connection.execute(
                _SHIFT_BEGINS,
                {
                    "shift_id": event.shift_id,
                    "courier_id": event.courier_id,
                    "zone_id": event.zone_id,
                    "started_at": event.started_at,
                    "ends_at": event.ends_at,
                    "began": orjson.dumps(began_json(courier)).decode(),
                },
            )
        else:
            self.connection.execute(_SHIFT_ENDS, {"shift_id": event.shift_id, "ended_at": event.ended_at})


def _json(rows: list[dict[str, object]]) -> str:
    return orjson.dumps(rows).decode()
