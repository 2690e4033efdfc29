"""Commission's shifts and deliveries, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.commission.application.ports import CourierTrip, ShiftBook
from services.commission.domain.guarantee import PaidTrip, Shift, pay_by_shift
from tests.simulation.database import MemoryConnection
from tests.simulation.ports.commission import in_force


@dataclass(frozen=True, kw_only=True)
class KeptShift:
    shift: Shift
    guaranteed: int = 0
    postings: int = 0
    last_transaction: str | None = None


class MemoryShifts:
    """:class:`services.commission.application.ports.Shifts`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def lock(self, courier_ids: Collection[str]) -> None:
        """Here one transaction follows the other."""

    def keep_trips(self, trips: Sequence[CourierTrip]) -> None:
        for trip in trips:
            if trip.order_id not in self._connection.rows("courier_trip"):
                self._connection.put("courier_trip", trip.order_id, trip)

    def keep_shift(self, shift: Shift) -> Shift:
        kept = self._connection.rows("courier_shift").get(shift.shift_id)
        kept = KeptShift(shift=shift) if kept is None else replace(kept, shift=kept.shift.with_(shift))
        self._connection.put("courier_shift", shift.shift_id, kept)
        return kept.shift  # type: ignore[no-any-return]

    def around(self, moments: Collection[tuple[str, datetime]], currency: str) -> list[ShiftBook]:
        found: set[str] = set()
        for courier_id, at in moments:
            begun = sorted(
                (shift.started_at, shift.shift_id)
                for shift in self._of(courier_id)
                if shift.started_at is not None and shift.started_at <= at
            )
            found.update(shift_id for _, shift_id in begun[-2:])
        return [self._book(shift_id, currency) for shift_id in sorted(found)]

    def posted(self, shift_id: str, guaranteed: int, transaction_id: str) -> None:
        kept = self._connection.rows("courier_shift")[shift_id]
        changed = replace(
            kept, guaranteed=guaranteed, postings=kept.postings + 1, last_transaction=transaction_id
        )
        self._connection.put("courier_shift", shift_id, changed)

    def _of(self, courier_id: str) -> list[Shift]:
        rows = self._connection.rows("courier_shift").values()
        return [kept.shift for kept in rows if kept.shift.courier_id == courier_id]

    def _book(self, shift_id: str, currency: str) -> ShiftBook:
        kept = self._connection.rows("courier_shift")[shift_id]
        shift: Shift = kept.shift
        trips = [
            PaidTrip(order_id=trip.order_id, completed_at=trip.completed_at, pay=trip.pay)
            for trip in self._connection.rows("courier_trip").values()
            if (trip.courier_id, trip.currency) == (shift.courier_id, currency)
        ]
        assert shift.started_at is not None
        version = in_force(self._connection, currency, shift.started_at)
        return ShiftBook(
            shift=shift,
            pay=pay_by_shift(self._of(shift.courier_id), trips)[shift_id],
            plan=self._connection.rows("rate_plan").get(version),
            plan_version=version,
            guaranteed=kept.guaranteed,
            postings=kept.postings,
            last_transaction=kept.last_transaction,
        )
