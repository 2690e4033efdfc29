"""Commission on the wire: parse, hand over, answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, text

from services.commission.adapters.books_sql import SqlBooks
from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.application import accounts, bookkeeping, promotion, rate_plans
from services.commission.application.audit import audit
from services.commission.application.bookkeeping import Heard
from services.commission.application.rights import check_party, readers_of_all_books_only
from services.commission.contracts import consumed, requests
from services.commission.domain.commands import Party
from services.commission.domain.ledger import Cause
from services.commission.entrypoints import answers
from services.commission.entrypoints.books import ShowsBooks
from shared.kernel.clock import Clock, from_wire
from shared.messaging.context import current
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.persistence import Database, Transaction

_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class CommissionService(ShowsBooks, ShowsDeadLetters):
    """The ledger: who is owed what for every order, and why."""

    name = "commission"

    database: Database = DatabaseProvider("commission")
    clock: Clock = ClockProvider()

    _heard: WeakKeyDictionary[Transaction, list[Heard]] = WeakKeyDictionary()

    @subscribe("ordering", "OrderPaid", "OrderDelivered", "OrderCompleted", "OrderCancelled", "RefundIssued")
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        self._record(tx, event)

    @subscribe("dispatch", "DeliveryCompleted")
    def on_dispatch(self, tx: Transaction, event: Event) -> None:
        self._record(tx, event)

    @subscribe("storefront", "ShopOpened", "ListingPublished", "ListingChanged")
    def on_storefront(self, tx: Transaction, event: Event) -> None:
        catalogue = SqlCatalogue(tx.connection)
        if event.type == "ShopOpened":
            catalogue.keep_shop(consumed.shop_opened(event.data))
        else:
            catalogue.keep_listing(consumed.listing(event.data), event.sequence)

    def _record(self, tx: Transaction, event: Event) -> None:
        facts = consumed.order_facts(event.type, event.data)
        cause = Cause(event_id=event.id, type=event.type, occurred_at=from_wire(event.time))
        heard = self._heard.get(tx)
        if heard is None:
            heard = self._heard[tx] = []
            # However many messages share the transaction, their orders are read and written once.
            tx.before_commit(partial(bookkeeping.record, heard, books=SqlBooks(tx), clock=self.clock))
        heard.append(Heard(facts=facts, cause=cause, context=current()))

    @answer
    def create_promotion_link(self, **request: Any) -> dict[str, Any]:
        command = requests.create_link(request)
        with self.database.transaction() as tx:
            catalogue = SqlCatalogue(tx.connection)
            return answers.link(promotion.create_link(command, catalogue=catalogue, clock=self.clock))

    @answer
    def promotion_link(self, **request: Any) -> dict[str, Any]:
        code = requests.code(request)
        with self.database.read() as connection:
            catalogue = SqlCatalogue(connection)
            return answers.link(promotion.link_by_code(code, catalogue=catalogue, clock=self.clock))

    @answer
    def accruals(self, **request: Any) -> dict[str, Any]:
        """The commissions that a promoter shop has earned, or will."""
        actor, shop_id, limit = requests.accruals(request)
        with self.database.read() as connection:
            check_party(actor, Party.SHOP, shop_id, SqlCatalogue(connection))
            return answers.accruals(SqlLedger(connection).promised(shop_id, limit))

    @answer
    def set_rate_plan(self, **request: Any) -> dict[str, Any]:
        command = requests.set_rate_plan(request)
        with self.database.transaction() as tx:
            catalogue = SqlCatalogue(tx.connection)
            return answers.rate_plan(rate_plans.set_rate_plan(command, catalogue=catalogue, clock=self.clock))

    @answer
    def rate_plans(self, **request: Any) -> dict[str, Any]:
        actor = requests.actor(request)
        with self.database.read() as connection:
            found = rate_plans.rate_plans(actor, catalogue=SqlCatalogue(connection))
        return {"items": [answers.rate_plan(each) for each in found], "next_cursor": None}

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
            "payable": answers.money(payable, ask.currency),
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
