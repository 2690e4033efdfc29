"""Commission's books with everything that settles and pays, in memory or on PostgreSQL, moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.commission.adapters.books_sql import SqlBooks
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.payouts_sql import SqlPayouts
from services.commission.adapters.reconciliations_sql import SqlReconciliations
from services.commission.adapters.settlements_sql import SqlSettlements
from services.commission.application import bookkeeping, payees, paying_out, reconciling, settling
from services.commission.application.audit import Audit, audit
from services.commission.application.bookkeeping import Heard
from services.commission.application.journal import post
from services.commission.application.settling import Books
from services.commission.application.settling_ports import Reconciliation, Rules
from services.commission.contracts.consumed import order_facts
from services.commission.domain.commands import Actor
from services.commission.domain.ledger import Cause, Move
from services.commission.domain.payee import Cycle, Maturity, Payee, PayeeKind, PayeeTerms
from services.commission.domain.payout import Payout, PayoutStatus, PayoutTerms
from services.commission.domain.reconciliation import Source
from services.commission.domain.settling_commands import ChangePayee, PayeeAction, Reconcile
from services.commission.domain.statement import Document, Statement
from shared.kernel.clock import from_wire
from shared.messaging.envelope import Event
from shared.persistence import Database, Transaction
from shared.testing.clock import CountedIds, StoppedClock
from tests.commission.builders import NOON, OPERATOR, a_plan
from tests.simulation.database import MemoryConnection, MemoryDatabase, take_back
from tests.simulation.ports.commission import MemoryBooks, MemoryJournal, MemoryLedger
from tests.simulation.ports.settling import (
    BankOnDemand,
    MemoryPayouts,
    MemoryReconciliations,
    MemorySettlements,
)
from tests.simulation.scheduler import Faults, Scheduler

OPERATOR_ACTOR = Actor(account_id=OPERATOR, role="operator")
RULES = Rules(
    cycle=Cycle.DAILY,
    maturity=Maturity.DELIVERY,
    grace=timedelta(minutes=10),
    stragglers=timedelta(minutes=2),
)
FRUIT, BAKERY = Payee(PayeeKind.SHOP, "fruit", "CNY"), Payee(PayeeKind.SHOP, "bakery", "CNY")
COURIER = Payee(PayeeKind.COURIER, "courier-1", "CNY")
FLORIST = Payee(PayeeKind.PROMOTER, "florist", "CNY")


@dataclass(frozen=True, kw_only=True)
class Ports:
    """How the ports are made over a transaction."""

    begin: Callable[[], AbstractContextManager[Transaction]]
    books: Any
    settlements: Any
    payouts: Any
    journal: Any
    reconciliations: Any
    ledger: Any


def in_memory(clock: StoppedClock) -> Ports:
    database = MemoryDatabase("commission", Scheduler(0, Faults()))
    MemoryConnection(database, None).put("rate_plan", 1, a_plan())

    @contextmanager
    def begin() -> Iterator[Transaction]:
        undo: list[Any] = []
        transaction = Transaction(MemoryConnection(database, undo), clock, CountedIds("event"))  # type: ignore[arg-type]
        try:
            yield transaction
            database.append(transaction)
        except BaseException:
            take_back(undo)
            raise

    return Ports(
        begin=begin,
        books=MemoryBooks,
        settlements=MemorySettlements,
        payouts=MemoryPayouts,
        journal=MemoryJournal,
        reconciliations=MemoryReconciliations,
        ledger=MemoryLedger,
    )


def on_postgresql(database: Database) -> Ports:
    return Ports(
        begin=database.transaction,
        books=SqlBooks,
        settlements=SqlSettlements,
        payouts=SqlPayouts,
        journal=SqlJournal,
        reconciliations=SqlReconciliations,
        ledger=SqlLedger,
    )


@dataclass(kw_only=True)
class Desk:
    """Takes orders' events in, lets cycles close, and speaks for the bank."""

    ports: Ports
    clock: StoppedClock
    rules: Rules = RULES
    terms: PayoutTerms = field(default_factory=PayoutTerms)
    bank: BankOnDemand = field(default_factory=BankOnDemand)

    @contextmanager
    def books(self) -> Iterator[Books]:
        with self.ports.begin() as tx:
            yield Books(
                self.ports.settlements(tx),
                self.ports.payouts(tx.connection),
                self.ports.journal(tx.connection),
            )

    def hears(self, *events: Event) -> None:
        for event in events:
            heard = Heard(
                facts=order_facts(event.type, event.data),
                cause=Cause(event_id=event.id, type=event.type, occurred_at=from_wire(event.time)),
            )
            with self.ports.begin() as tx:
                bookkeeping.record([heard], books=self.ports.books(tx), clock=self.clock)

    def posts(self, key: str, *moves: Move) -> None:
        with self.ports.begin() as tx:
            post(
                natural_key=key,
                cause_type="Test",
                occurred_at=self.clock.now(),
                currency="CNY",
                moves=moves,
                journal=self.ports.journal(tx.connection),
                clock=self.clock,
            )

    def next_day(self, days: int = 1) -> int:
        """So many midnights later, a quarter of an hour past: how many statements were issued."""
        self.clock.advance(timedelta(days=days))
        return self.settles()

    def settles(self) -> int:
        return settling.settle_due(self.books, rules=self.rules, clock=self.clock)

    def statements(self, payee: Payee | None = None) -> list[Document]:
        """The oldest first."""
        with self.books() as books:
            found = books.settlements.statements(payee, None, None, 500)
            documents = [books.settlements.document(each.statement_id) for each in found]
        return [each for each in documents if each is not None][::-1]

    def last(self, payee: Payee) -> Statement:
        return self.statements(payee)[-1].statement

    def has_account(self, *payees: Payee, account: str = "bank-account-0001") -> None:
        for payee in payees:
            self.changes(payee, PayeeAction.BANK_ACCOUNT, account)

    def changes(self, payee: Payee, action: PayeeAction, value: str | None = None) -> PayeeTerms:
        command = ChangePayee(
            actor=OPERATOR_ACTOR, payee=payee, action=action, value=value, reason="because a test says so"
        )
        with self.books() as books:
            return payees.change(command, books, rules=self.rules, clock=self.clock)

    def pays(self) -> list[Payout]:
        """A round of what the timer does: what the bank was told of."""
        paying_out.hear_bank(self.books, bank=self.bank, terms=self.terms, clock=self.clock)
        paying_out.retry_failed(self.books, terms=self.terms, clock=self.clock)
        paying_out.create_due(self.books, terms=self.terms, clock=self.clock)
        before = dict(self.bank.told)
        paying_out.tell_bank(self.books, bank=self.bank, terms=self.terms, clock=self.clock)
        return [
            each
            for each in self.payouts()
            if self.bank.told.get(each.payout_id) != before.get(each.payout_id)
        ]

    def bank_says(self, payout: Payout, status: PayoutStatus, reason: str | None = None) -> None:
        self.bank.say(payout.payout_id, status, self.clock.now(), reason)
        paying_out.hear_bank(self.books, bank=self.bank, terms=self.terms, clock=self.clock)

    def payouts(self, payee: Payee | None = None) -> list[Payout]:
        """The oldest first."""
        with self.books() as books:
            return books.payouts.listed(payee, None, None, 500)[::-1]

    def available(self, payee: Payee) -> int:
        with self.books() as books:
            return books.payouts.available(payee)

    def balances(self) -> dict[str, int]:
        with self.ports.begin() as tx:
            return {account: amount for account, _, amount in self.ports.ledger(tx.connection).balances()}

    def position(self, payee: Payee) -> int:
        """What the ledger owes a payee, less what they hold."""
        sums = self.balances()
        return -sum(sums.get(account, 0) for account in payee.accounts)

    def audit(self) -> Audit:
        with self.ports.begin() as tx:
            return audit(self.ports.ledger(tx.connection))

    def reconciles(self, content: str, source: Source = Source.PAYMENTS, **changes: Any) -> Reconciliation:
        asked: dict[str, Any] = {
            "actor": OPERATOR_ACTOR,
            "reconciliation_id": f"reconciliation-{content and hash(content)}",
            "source": source,
            "file": "day.csv",
            "content": content,
            "since": None,
            "until": None,
            "method": None,
        }
        with self.ports.begin() as tx:
            kept = self.ports.reconciliations(tx.connection)
            return reconciling.reconcile(
                Reconcile(**(asked | changes)), reconciliations=kept, clock=self.clock
            )


def a_desk(**changes: Any) -> Desk:
    """In memory, on the afternoon of the day of the orders of :mod:`tests.commission.builders`."""
    clock = StoppedClock(afternoon())
    return Desk(**({"ports": in_memory(clock), "clock": clock} | changes))


def afternoon() -> datetime:
    return NOON + timedelta(hours=2)
