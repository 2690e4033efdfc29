"""Commission on the wire: parse, hand over, answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, text

from services.commission.adapters.books_sql import SqlBooks
from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.shifts_sql import SqlShifts
from services.commission.application import accounts, bookkeeping, guarantees
from services.commission.application.audit import audit
from services.commission.application.bookkeeping import Heard
from services.commission.application.guarantees import ShiftHeard
from services.commission.application.rights import check_party, readers_of_all_books_only
from services.commission.contracts import consumed, requests
from services.commission.contracts.message import money
from services.commission.domain.commands import Party
from services.commission.domain.ledger import Cause
from services.commission.entrypoints import answers
from services.commission.entrypoints.books import ShowsBooks
from services.commission.entrypoints.charging import ChargesShops
from services.commission.entrypoints.distribution import Distribution
from services.commission.entrypoints.rates import SetsRates
from services.commission.entrypoints.settling import SettlesPayees
from shared.kernel.clock import Clock, from_wire
from shared.messaging.context import current
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.persistence import Database, Transaction

_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@dataclass(slots=True)
class _Batch:
    orders: list[Heard] = field(default_factory=list)
    shifts: list[ShiftHeard] = field(default_factory=list)


def _cause(event: Event) -> Cause:
    return Cause(event_id=event.id, type=event.type, occurred_at=from_wire(event.time))


class CommissionService(ShowsBooks, SettlesPayees, SetsRates, ChargesShops, Distribution, ShowsDeadLetters):
    """The ledger: who is owed what for every order, and why."""

    name = "commission"

    database: Database = DatabaseProvider("commission")
    clock: Clock = ClockProvider()

    _heard: WeakKeyDictionary[Transaction, _Batch] = WeakKeyDictionary()

    @subscribe(
        "ordering",
        "OrderPaid",
        "OrderDelivered",
        "OrderCompleted",
        "OrderCancelled",
        "RefundIssued",
        "RefundHandedBack",
    )
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        self._record(tx, event)

    @subscribe("dispatch", "DeliveryCompleted", "TripCompleted", "CourierOnShift", "CourierOffShift")
    def on_dispatch(self, tx: Transaction, event: Event) -> None:
        if event.type in {"DeliveryCompleted", "TripCompleted"}:
            self._record(tx, event)
        else:
            shift = consumed.courier_shift(event.type, event.data)
            self._heard_in(tx).shifts.append(ShiftHeard(shift=shift, cause=_cause(event)))

    @subscribe("storefront", "ShopOpened", "ListingPublished", "ListingChanged")
    def on_storefront(self, tx: Transaction, event: Event) -> None:
        catalogue = SqlCatalogue(tx.connection)
        if event.type == "ShopOpened":
            catalogue.keep_shop(consumed.shop_opened(event.data))
        else:
            catalogue.keep_listing(consumed.listing(event.data), event.sequence)

    def _record(self, tx: Transaction, event: Event) -> None:
        facts = consumed.order_facts(event.type, event.data)
        self._heard_in(tx).orders.append(Heard(facts=facts, cause=_cause(event), context=current()))

    def _heard_in(self, tx: Transaction) -> _Batch:
        """What the messages that share a transaction tell: their orders are read and written once."""
        batch = self._heard.get(tx)
        if batch is None:
            batch = self._heard[tx] = _Batch()
            tx.before_commit(partial(self._keep_books, batch, tx))
        return batch

    def _keep_books(self, batch: _Batch, tx: Transaction) -> None:
        earned = bookkeeping.record(batch.orders, books=SqlBooks(tx), clock=self.clock)
        guarantees.record(
            batch.shifts,
            earned,
            shifts=SqlShifts(tx.connection),
            journal=SqlJournal(tx.connection),
            clock=self.clock,
        )

    @answer
    def accruals(self, **request: Any) -> dict[str, Any]:
        """The commissions that a promoter shop has earned, or will."""
        actor, shop_id, limit = requests.accruals(request)
        with self.database.read() as connection:
            check_party(actor, Party.SHOP, shop_id, SqlCatalogue(connection))
            return answers.accruals(SqlLedger(connection).promised(shop_id, limit))

    @answer
    def balance(self, **request: Any) -> dict[str, Any]:
        ask = requests.balance(request)
        with self.database.read() as connection:
            return answers.balance(
                accounts.balance(ask, catalogue=SqlCatalogue(connection), ledger=SqlLedger(connection))
            )

    @answer
    def statement(self, **request: Any) -> dict[str, Any]:
        ask = requests.statement(request)
        with self._one_moment() as connection:
            return answers.statement(
                accounts.statement(
                    ask,
                    catalogue=SqlCatalogue(connection),
                    ledger=SqlLedger(connection),
                    clock=self.clock,
                )
            )

    @answer
    def earnings(self, **request: Any) -> dict[str, Any]:
        """What a courier has earned: own statement, with what is payable now."""
        ask = requests.earnings(request)
        with self._one_moment() as connection:
            catalogue, ledger = SqlCatalogue(connection), SqlLedger(connection)
            found = accounts.statement(ask, catalogue=catalogue, ledger=ledger, clock=self.clock)
            payable = accounts.payable_now(ask, catalogue=catalogue, ledger=ledger)
        return answers.statement(found) | {
            "courier_id": ask.owner_id,
            "payable": money(payable, ask.currency),
        }

    @answer
    def entries(self, **request: Any) -> dict[str, Any]:
        ask = requests.entries(request)
        with self.database.read() as connection:
            rows = accounts.entries(ask, catalogue=SqlCatalogue(connection), ledger=SqlLedger(connection))
        return answers.entries(ask, rows)

    @answer
    def accounts(self, **request: Any) -> dict[str, Any]:
        ask = requests.accounts(request)
        with self.database.read() as connection:
            return answers.accounts(ask, accounts.account_balances(ask, ledger=SqlLedger(connection)))

    @answer
    def check(self, **request: Any) -> dict[str, Any]:
        """Whether the books are right, and what is wrong with them where they are not."""
        if request:
            readers_of_all_books_only(requests.actor(request))
        with self._one_moment() as connection:
            return answers.audit(audit(SqlLedger(connection)))

    @contextmanager
    def _one_moment(self) -> Iterator[Connection]:
        """A connection whose statements all see the books as they stood at one moment."""
        with self.database.transaction() as tx:
            tx.connection.execute(_ONE_MOMENT)
            yield tx.connection
