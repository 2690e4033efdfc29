"""Commission's shifts and deliveries, and what it charges shops, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.commission.application.charge_ports import Charged, ContractBook
from services.commission.application.guarantees import CURRENCY, goal_of_shift
from services.commission.application.ports import CourierTrip, Promise, ShiftBook
from services.commission.domain.guarantee import PaidTrip, Shift, pay_by_shift
from services.commission.domain.ledger import COURIER_GUARANTEE, Kind, shop_payable
from services.commission.domain.shop_contract import Charge, ShopContract
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
            key = (trip.order_id, trip.earlier_delivery_id)
            if key not in self._connection.rows("courier_trip"):
                self._connection.put("courier_trip", key, trip)

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

    def _trips(self) -> Iterator[CourierTrip]:
        """All of them once: an earlier trip may be told of again as all that came."""
        rows = self._connection.rows("courier_trip")
        for (order_id, earlier), trip in rows.items():
            told_again = rows.get((order_id, None)) if earlier is not None else None
            ended = trip.courier_id, trip.completed_at
            if told_again is None or (told_again.courier_id, told_again.completed_at) != ended:
                yield trip

    def _book(self, shift_id: str, currency: str) -> ShiftBook:
        kept = self._connection.rows("courier_shift")[shift_id]
        shift: Shift = kept.shift
        trips = [
            PaidTrip(order_id=trip.order_id, completed_at=trip.completed_at, pay=trip.pay)
            for trip in self._trips()
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


class MemoryContracts:
    """:class:`services.commission.application.charge_ports.Contracts`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def add(self, contract: ShopContract) -> None:
        if contract.contract_id not in self._connection.rows("shop_contract"):
            first = contract.period_of(contract.starts_on)
            book = ContractBook(contract=contract, next_period=first)
            self._connection.put("shop_contract", contract.contract_id, (book, contract.due_at(first)))

    def held(self, contract_id: str) -> ContractBook | None:
        kept = self._connection.rows("shop_contract").get(contract_id)
        return None if kept is None else kept[0]

    def of_shop(self, shop_id: str, after: str | None, limit: int) -> list[ContractBook]:
        rows = self._connection.rows("shop_contract")
        return [
            rows[key][0]
            for key in sorted(rows)
            if rows[key][0].contract.shop_id == shop_id and key > (after or "")
        ][:limit]

    def end(self, contract_id: str, ends_before: date, reason: str, by: str, at: datetime) -> None:
        self._change(contract_id, ends_before=ends_before)

    def due(self, now: datetime, limit: int) -> list[str]:
        rows = self._connection.rows("shop_contract")
        waiting = sorted((due_at, key) for key, (_, due_at) in rows.items() if due_at is not None)
        return [key for due_at, key in waiting if due_at <= now][:limit]

    def keep_charge(self, contract_id: str, period: date, charge: Charge, transaction_id: str) -> None:
        charges = self._connection.rows("shop_contract")[contract_id][0].charges
        postings = charges[period].postings if period in charges else 0
        charged = Charged(charge=charge, postings=postings + 1, last_transaction=transaction_id)
        self._change(contract_id, charges=dict(sorted({**charges, period: charged}.items())))

    def set_next(self, contract_id: str, period: date | None, due_at: datetime | None) -> None:
        book, _ = self._connection.rows("shop_contract")[contract_id]
        self._connection.put("shop_contract", contract_id, (replace(book, next_period=period), due_at))

    def delivered(self, shop_id: str, since: datetime, until: datetime) -> int:
        transactions = self._connection.rows("ledger_transaction")
        return len(
            {
                entry.heading.store_order_id
                for entries in self._connection.rows("ledger_entry").values()
                for transaction_id, _, entry in entries
                if (entry.heading.account, entry.heading.kind) == (shop_payable(shop_id), Kind.SALE)
                and entry.amount < 0
                and entry.reverses is None
                and since <= transactions[transaction_id].posted_at < until
            }
        )

    def _change(self, contract_id: str, **changes: Any) -> None:
        book, due_at = self._connection.rows("shop_contract")[contract_id]
        self._connection.put("shop_contract", contract_id, (replace(book, **changes), due_at))


def promises_of_shifts(connection: MemoryConnection) -> Iterator[Promise]:
    """What each shift calls for, and what the journal holds for it."""
    posted: Counter[str] = Counter()
    for key, posting in connection.rows("ledger_transaction").items():
        kind, _, rest = posting.natural_key.removeprefix("journal:").partition(":")
        if kind == "guarantee":
            for _, _, entry in connection.rows("journal_entry")[key]:
                if entry.heading.account == COURIER_GUARANTEE:
                    posted[rest.rpartition(":")[0]] += entry.amount
    shifts = MemoryShifts(connection)
    for shift_id, kept in connection.rows("courier_shift").items():
        if kept.shift.started_at is not None:
            (book,) = [
                each
                for each in shifts.around([(kept.shift.courier_id, kept.shift.started_at)], CURRENCY)
                if each.shift.shift_id == shift_id
            ]
            yield Promise(what=shift_id, wanted=goal_of_shift(book).amount, posted=posted.pop(shift_id, 0))
    for shift_id, amount in posted.items():
        yield Promise(what=shift_id, wanted=0, posted=amount)
