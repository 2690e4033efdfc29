"""The guaranteed minimum of shifts in memory and on PostgreSQL: one suite for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.shifts_sql import SqlShifts
from services.commission.application.guarantees import ShiftHeard, TripEarned, record
from services.commission.application.ports import Catalogue, CourierTrip, Journal, Ledger, Shifts
from services.commission.domain.guarantee import PaidTrip, Shift, guarantee_of, pay_by_shift
from services.commission.domain.ledger import COURIER_GUARANTEE, Cause, courier_payable
from shared.testing.clock import StoppedClock
from tests.commission.builders import NOON, a_plan
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.commission import MemoryCatalogue, MemoryJournal, MemoryLedger
from tests.simulation.ports.rates import MemoryShifts
from tests.simulation.scheduler import Faults, Scheduler

Told = ShiftHeard | TripEarned
PER_HOUR = 2000


@dataclass(frozen=True, kw_only=True)
class Ports:
    shifts: Shifts
    journal: Journal
    catalogue: Catalogue
    ledger: Ledger


@dataclass(frozen=True, kw_only=True)
class Books:
    open: Callable[[], AbstractContextManager[Ports]]

    def hears(self, *told: Told) -> None:
        with self.open() as ports:
            record(
                [each for each in told if isinstance(each, ShiftHeard)],
                [each for each in told if isinstance(each, TripEarned)],
                shifts=ports.shifts,
                journal=ports.journal,
                clock=StoppedClock(NOON + timedelta(days=1)),
            )

    def guaranteed(self, courier_id: str) -> int:
        with self.open() as ports:
            return -sum(amount for _, _, amount in ports.ledger.balances(courier_payable(courier_id)))

    def borne(self) -> int:
        with self.open() as ports:
            return sum(amount for _, _, amount in ports.ledger.balances(COURIER_GUARANTEE))


@pytest.fixture(params=["memory", "postgresql"])
def books(request: pytest.FixtureRequest) -> Books:
    if request.param == "memory":
        connection = MemoryConnection(MemoryDatabase("commission", Scheduler(0, Faults())), None)

        @contextmanager
        def memory() -> Iterator[Ports]:
            yield Ports(
                shifts=MemoryShifts(connection),
                journal=MemoryJournal(connection),
                catalogue=MemoryCatalogue(connection),
                ledger=MemoryLedger(connection),  # type: ignore[arg-type]
            )

        found = Books(open=memory)
    else:
        real = request.getfixturevalue("service_database")("commission")

        @contextmanager
        def postgresql() -> Iterator[Ports]:
            with real.transaction() as tx:
                yield Ports(
                    shifts=SqlShifts(tx.connection),
                    journal=SqlJournal(tx.connection),
                    catalogue=SqlCatalogue(tx.connection),
                    ledger=SqlLedger(tx.connection),
                )

        found = Books(open=postgresql)
    with found.open() as ports:
        pay = replace(a_plan().courier_pay, guaranteed_per_hour=PER_HOUR)
        since = datetime(2001, 1, 1, tzinfo=UTC)
        ports.catalogue.add_plan(a_plan(plan_id="guaranteed", effective_from=since, courier_pay=pay), since)
    return found


def begins(shift_id: str, hour: float, courier_id: str = "courier-1") -> ShiftHeard:
    at = NOON + timedelta(hours=hour)
    return _heard(Shift(shift_id=shift_id, courier_id=courier_id, started_at=at), "CourierOnShift")


def ends(shift_id: str, hour: float, courier_id: str = "courier-1") -> ShiftHeard:
    at = NOON + timedelta(hours=hour)
    return _heard(Shift(shift_id=shift_id, courier_id=courier_id, ended_at=at), "CourierOffShift")


def _heard(shift: Shift, type: str) -> ShiftHeard:
    return ShiftHeard(shift=shift, cause=Cause(event_id="event", type=type, occurred_at=NOON))


def brings(order_id: str, hour: float, pay: int, courier_id: str = "courier-1", **changes: Any) -> TripEarned:
    trip = CourierTrip(
        order_id=order_id,
        courier_id=courier_id,
        completed_at=NOON + timedelta(hours=hour),
        pay=pay,
        **({"currency": "CNY"} | changes),
    )
    return TripEarned(trip=trip, cause=Cause(event_id="event", type="DeliveryCompleted", occurred_at=NOON))


def test_what_a_shift_falls_short_of_is_posted_when_it_ends(books: Books) -> None:
    books.hears(begins("shift-1", 0), brings("order-1", 1, 3000))
    assert books.guaranteed("courier-1") == 0
    books.hears(ends("shift-1", 3))
    assert books.guaranteed("courier-1") == books.borne() == 3 * PER_HOUR - 3000


def test_a_delivery_that_is_heard_of_late_takes_the_guarantee_back(books: Books) -> None:
    books.hears(begins("shift-1", 0))
    books.hears(ends("shift-1", 3))
    books.hears(brings("order-1", 1, 3000))
    assert books.guaranteed("courier-1") == 3000
    books.hears(brings("order-2", 2, 9000))
    assert books.guaranteed("courier-1") == 0
    with books.open() as ports:
        (book,) = ports.shifts.around([("courier-1", NOON)], "CNY")
    assert (book.postings, book.guaranteed) == (3, 0)


def test_a_shift_that_is_heard_of_late_takes_its_deliveries_from_the_one_before(books: Books) -> None:
    books.hears(begins("shift-1", 0), ends("shift-1", 1))
    books.hears(brings("order-1", 5, 1500))
    assert books.guaranteed("courier-1") == 500
    books.hears(begins("shift-2", 4), ends("shift-2", 6))
    # The first has nothing any more, the second 15.00 of the 40.00 that two hours guarantee.
    assert books.guaranteed("courier-1") == 2000 + 2500


def test_couriers_do_not_share_their_deliveries(books: Books) -> None:
    books.hears(begins("shift-1", 0), ends("shift-1", 1), brings("order-1", 0.5, 9000, "courier-2"))
    assert (books.guaranteed("courier-1"), books.guaranteed("courier-2")) == (PER_HOUR, 0)


def test_deliveries_in_another_currency_do_not_count(books: Books) -> None:
    books.hears(begins("shift-1", 0), ends("shift-1", 1), brings("order-1", 0.5, 9000, currency="EUR"))
    assert books.guaranteed("courier-1") == PER_HOUR


def test_both_trips_of_one_order_count_for_their_shifts(books: Books) -> None:
    first = brings("order-1", 0.5, 400, earlier_delivery_id="first")
    last = brings("order-1", 0.75, 700, "courier-2")
    books.hears(begins("shift-1", 0), ends("shift-1", 1), begins("shift-2", 0, "courier-2"))
    books.hears(ends("shift-2", 1, "courier-2"), first, last, first)
    assert books.guaranteed("courier-1") == PER_HOUR - 400
    assert books.guaranteed("courier-2") == PER_HOUR - 700


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_earlier_trip_that_is_told_of_again_as_the_last_one_counts_once(
    books: Books, order: tuple[int, int]
) -> None:
    """The other courier has lost what they had, so the first brought all that came."""
    told = [brings("order-1", 0.5, 400, earlier_delivery_id="first"), brings("order-1", 0.5, 400)]
    books.hears(begins("shift-1", 0), ends("shift-1", 1))
    for place in order:
        books.hears(told[place])
    assert books.guaranteed("courier-1") == PER_HOUR - 400


_couriers = count(1)
HOURS = st.integers(0, 40).map(lambda quarter: quarter / 4)


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_any_order_and_any_repetition_end_in_the_same_guarantee(books: Books, data: st.DataObject) -> None:
    mark = f"{next(_couriers)}~"
    courier = f"courier-{mark}"
    shifts, told = [], []
    for number, start in enumerate(data.draw(st.lists(HOURS, max_size=3), label="shifts")):
        shift_id, end = f"shift-{mark}-{number}", start + data.draw(HOURS, label="length")
        told += [begins(shift_id, start, courier), ends(shift_id, end, courier)]
        shifts.append(
            Shift(
                shift_id=shift_id,
                courier_id=courier,
                started_at=NOON + timedelta(hours=start),
                ended_at=NOON + timedelta(hours=end),
            )
        )
    trips = []
    for number, (at, pay) in enumerate(
        data.draw(st.lists(st.tuples(HOURS, st.integers(0, 9000)), max_size=4), label="deliveries")
    ):
        told.append(brings(f"order-{mark}-{number}", at, pay, courier))
        trips.append(PaidTrip(order_id=str(number), completed_at=NOON + timedelta(hours=at), pay=pay))
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=3) if told else st.just([]))
    batch: list[Told] = []
    for each in data.draw(st.permutations(repeated)):
        batch.append(each)
        if data.draw(st.booleans()):
            books.hears(*batch)
            batch = []
    books.hears(*batch)
    pay_of = pay_by_shift(shifts, trips)
    goals = [guarantee_of(shift, pay_of[shift.shift_id], PER_HOUR) for shift in shifts]
    assert books.guaranteed(courier) == sum(goal.amount for goal in goals)
