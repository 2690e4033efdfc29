"""The books as a whole, on the wire: balances now and then, explanations, seals, a reversal by hand."""

from __future__ import annotations

from typing import Any

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.chain_sql import SqlChain
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.seals_sql import SqlSeals
from services.commission.adapters.transactions_sql import SqlTransactions
from services.commission.application import explaining, reversal, sealing, trial_balance
from services.commission.application.rights import readers_of_all_books_only
from services.commission.contracts import book_requests, requests
from services.commission.entrypoints import book_answers
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database

Wire = dict[str, Any]


class ShowsBooks:
    """Part of commission: the ledger as accountants look at it."""

    database: Database
    clock: Clock

    @every(seconds=2)
    def seal(self) -> None:
        """Chain what was posted and count it into the totals, until nothing waits."""
        more = True
        while more:
            with self.database.transaction() as tx:
                more = sealing.seal(seals=SqlSeals(tx.connection), clock=self.clock) == sealing.BATCH

    @answer
    def chart(self, **request: Any) -> Wire:
        readers_of_all_books_only(requests.actor(request))
        return book_answers.chart()

    @answer
    def trial_balance(self, **request: Any) -> Wire:
        ask = book_requests.trial_balance(request)
        with self.database.read() as connection:
            found = trial_balance.trial_balance(ask, ledger=SqlLedger(connection))
        return book_answers.trial_balance(ask.as_of, found)

    @answer
    def trial_balance_csv(self, **request: Any) -> Wire:
        ask = book_requests.trial_balance(request)
        with self.database.read() as connection:
            found = trial_balance.trial_balance(ask, ledger=SqlLedger(connection))
        return book_answers.document(book_answers.trial_balance_csv(found), "text/csv")

    @answer
    def account_balance(self, **request: Any) -> Wire:
        """What stands on one account, now or at a moment of the past."""
        ask = book_requests.account_balance(request)
        with self.database.read() as connection:
            by_kind = trial_balance.account_balance(
                ask, catalogue=SqlCatalogue(connection), ledger=SqlLedger(connection)
            )
        return book_answers.account_balance(ask, by_kind)

    @answer
    def explain(self, **request: Any) -> Wire:
        """Where every cent of an order went and why, or how one entry came about."""
        ask = book_requests.explanation(request)
        with self.database.snapshot() as connection:
            found = explaining.explain(
                ask,
                catalogue=SqlCatalogue(connection),
                ledger=SqlLedger(connection),
                transactions=SqlTransactions(connection),
            )
        return book_answers.explanation(found)

    @answer
    def ledger_head(self, **request: Any) -> Wire:
        """The newest seal: whoever writes it down can tell later whether the end was cut off."""
        readers_of_all_books_only(requests.actor(request))
        with self.database.snapshot() as connection:
            head, waiting = SqlSeals(connection).head(), SqlChain(connection).unsealed()
        return book_answers.head(head, waiting.transactions)

    @answer
    def reverse_transaction(self, **request: Any) -> Wire:
        """Take back a transaction that concerns no order, once."""
        command = book_requests.reverse(request)
        with self.database.transaction() as tx:
            reversing = reversal.reverse(
                command,
                transactions=SqlTransactions(tx.connection),
                journal=SqlJournal(tx.connection),
                clock=self.clock,
            )
        return {"transaction_id": reversing, "reverses": command.transaction_id, "reason": command.reason}
