"""Statements, payouts and reconciliations on the wire, and the timers that settle and pay."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventlet import tpool
from nameko.extensions import DependencyProvider

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.payouts_sql import SqlPayouts
from services.commission.adapters.reconciliations_sql import SqlReconciliations
from services.commission.adapters.sandbox_bank import SandboxBank
from services.commission.adapters.settlements_sql import SqlSettlements
from services.commission.adapters.statement_csv import statement_csv
from services.commission.adapters.statement_pdf import statement_pdf
from services.commission.application import payees, paying_out, reconciling, settling
from services.commission.application.rights import operators_only, readers_of_all_books_only
from services.commission.application.settling import Books
from services.commission.application.settling_ports import PayoutProvider
from services.commission.contracts import settling_requests as requests
from services.commission.contracts.message import money
from services.commission.domain.payee import Payee
from services.commission.entrypoints import settling_answers as answers
from services.commission.settings import Settings, settings_from_environment
from shared.kernel.clock import Clock, clock_from_environment
from shared.messaging.dependencies import database_url
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

Wire = dict[str, Any]
_CSV, _PDF = "text/csv; charset=utf-8", "application/pdf"
_CHANGES_SHOWN = 50


class SettingsProvider(DependencyProvider):
    """Commission's settings, read and checked once when the service starts."""

    def setup(self) -> None:
        self.settings = settings_from_environment(clock_from_environment())

    def get_dependency(self, worker_ctx: Any) -> Settings:  # noqa: ARG002
        return self.settings


class BankProvider(DependencyProvider):
    """The bank that pays: the sandbox's."""

    def setup(self) -> None:
        self.database = Database(database_url("commission"), "commission-sandbox", pool_size=2)
        self.bank = SandboxBank(self.database, clock_from_environment())

    def stop(self) -> None:
        self.database.close()

    def get_dependency(self, worker_ctx: Any) -> PayoutProvider:  # noqa: ARG002
        return self.bank


class SettlesPayees:
    """What the commission service does about payees."""

    database: Database
    clock: Clock
    settings: Settings = SettingsProvider()
    bank: PayoutProvider = BankProvider()

    # -- timers --------------------------------------------------------------------------------------

    @every(seconds=30)
    def settle_due(self) -> None:
        settling.settle_due(self._books, rules=self.settings.rules, clock=self.clock)

    @every(seconds=10)
    def pay_out(self) -> None:
        terms, clock = self.settings.payouts, self.clock
        paying_out.hear_bank(self._books, bank=self.bank, terms=terms, clock=clock)
        paying_out.retry_failed(self._books, terms=terms, clock=clock)
        paying_out.create_due(self._books, terms=terms, clock=clock)
        paying_out.tell_bank(self._books, bank=self.bank, terms=terms, clock=clock)

    # -- statements ----------------------------------------------------------------------------------

    @answer
    def issued_statements(self, **request: Any) -> Wire:
        """A payee's statements, the newest first; everybody's for operators and analysts."""
        ask = requests.statements(request)
        with self._books_and_catalogue() as (books, catalogue):
            return answers.statements(payees.statements(ask, books, catalogue=catalogue), ask.limit)

    @answer
    def issued_statement(self, **request: Any) -> Wire:
        """A statement with its lines, and what each order of a shop consisted of."""
        actor, statement_id, _, _ = requests.of_statement(request)
        with self._books_and_catalogue() as (books, catalogue):
            return answers.document(payees.document(actor, statement_id, books, catalogue=catalogue))

    @answer
    def statement_as_csv(self, **request: Any) -> Wire:
        actor, statement_id, title, _ = requests.of_statement(request)
        with self._books_and_catalogue() as (books, catalogue):
            found = payees.document(actor, statement_id, books, catalogue=catalogue)
        return _file(statement_csv(found, title).encode(), _CSV)

    @answer
    def statement_as_pdf(self, **request: Any) -> Wire:
        actor, statement_id, title, names = requests.of_statement(request)
        with self._books_and_catalogue() as (books, catalogue):
            found = payees.document(actor, statement_id, books, catalogue=catalogue)
        # A long statement takes seconds to draw: everything else goes on meanwhile.
        return _file(tpool.execute(statement_pdf, found, title, names), _PDF)

    # -- payouts -------------------------------------------------------------------------------------

    @answer
    def payouts(self, **request: Any) -> Wire:
        ask = requests.payouts(request)
        with self._books_and_catalogue() as (books, catalogue):
            return answers.payouts(payees.payouts(ask, books, catalogue=catalogue), ask.limit)

    @answer
    def request_payout(self, **request: Any) -> Wire:
        """Pay out what the last statement left, without waiting for the next."""
        actor, payee, payout_id = requests.request_payout(request)
        with self._books_and_catalogue() as (books, catalogue):
            payees.check_payee(actor, payee, catalogue)
            if not actor.is_operator and actor.reads_all_books:
                operators_only(actor)
            return answers.payout(
                paying_out.request(payout_id, payee, books, terms=self.settings.payouts, clock=self.clock)
            )

    @answer
    def payee(self, **request: Any) -> Wire:
        """What holds for a payee: cycle, hold, masked bank account, balance, and who changed it."""
        actor, payee = requests.of_payee(request)
        with self._books_and_catalogue() as (books, catalogue):
            payees.check_payee(actor, payee, catalogue)
            return self._payee(payee, books, with_changes=actor.reads_all_books)

    @answer
    def payees(self, **request: Any) -> Wire:
        actor, after, limit = requests.payees(request)
        readers_of_all_books_only(actor)
        with self._transaction() as tx:
            found = _books(tx).settlements.payees(after, limit + 1)
        return answers.payees(found, limit, self.settings.rules.cycle.value)

    @answer
    def change_payee(self, **request: Any) -> Wire:
        command = requests.change_payee(request)
        with self._books() as books:
            payees.change(command, books, rules=self.settings.rules, clock=self.clock)
            return self._payee(command.payee, books, with_changes=True)

    # -- reconciliation ------------------------------------------------------------------------------

    @answer
    def reconcile(self, **request: Any) -> Wire:
        """Compare the books with the file of the payment provider, or of the bank."""
        command = requests.reconcile(request)
        with self._transaction() as tx:
            made = reconciling.reconcile(
                command, reconciliations=SqlReconciliations(tx.connection), clock=self.clock
            )
        return answers.reconciliation(made)

    @answer
    def reconciliation(self, **request: Any) -> Wire:
        actor, reconciliation_id = requests.of_reconciliation(request)
        with self._transaction() as tx:
            kept = SqlReconciliations(tx.connection)
            return answers.reconciliation(
                reconciling.reconciliation(actor, reconciliation_id, reconciliations=kept)
            )

    @answer
    def reconciliations(self, **request: Any) -> Wire:
        actor, after, _, limit = requests.paged(request)
        with self._transaction() as tx:
            kept = SqlReconciliations(tx.connection)
            found = reconciling.listed(actor, after, limit + 1, reconciliations=kept)
        return answers.reconciliations(found, limit)

    @answer
    def bank_file(self, **request: Any) -> Wire:
        """The bank's payout file of a period, as CSV."""
        actor, since, until = requests.bank_file(request)
        operators_only(actor)
        return _file(self.bank.file(since, until).encode(), _CSV)

    # -- parts ---------------------------------------------------------------------------------------

    def _payee(self, payee: Payee, books: Books, *, with_changes: bool) -> Wire:
        terms = payees.known(payee, books, rules=self.settings.rules, clock=self.clock)
        found = answers.payee(terms, self.settings.rules.cycle.value)
        found["available"] = money(books.payouts.available(payee), payee.currency)
        found["changes"] = (
            answers.changes(books.settlements.changes(payee, _CHANGES_SHOWN)) if with_changes else []
        )
        return found

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self.database.transaction() as tx:
            yield tx

    @contextmanager
    def _books(self) -> Iterator[Books]:
        with self.database.transaction() as tx:
            yield _books(tx)

    @contextmanager
    def _books_and_catalogue(self) -> Iterator[tuple[Books, SqlCatalogue]]:
        with self.database.transaction() as tx:
            yield _books(tx), SqlCatalogue(tx.connection)


def _books(tx: Transaction) -> Books:
    return Books(SqlSettlements(tx), SqlPayouts(tx.connection), SqlJournal(tx.connection))


def _file(content: bytes, media_type: str) -> Wire:
    return {"content": base64.b64encode(content).decode(), "media_type": media_type}
