"""One transaction over ordering's database: its tables, and the events that become true with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.ordering.adapters.campaigns_sql import CampaignsSql
from services.ordering.adapters.cases_sql import CasesSql
from services.ordering.adapters.orders_sql import OrdersSql
from services.ordering.adapters.payments_sql import PaymentsSql
from services.ordering.adapters.photos_sql import PhotosSql
from services.ordering.adapters.quotes_sql import QuotesSql
from services.ordering.adapters.rebookings_sql import RebookingsSql
from services.ordering.adapters.reviews_sql import ReviewsSql
from services.ordering.adapters.shopping_sql import ShoppingListsSql
from services.ordering.contracts.published import Message
from shared.persistence import Database, Transaction


class UnitOfWorkSql:
    def __init__(self, connection: Connection, transaction: Transaction | None = None) -> None:
        publish = None
        if transaction is not None:

            def publish(message: Message, transaction: Transaction = transaction) -> None:
                transaction.publish(message.type, message.subject, message.data, message.partitionkey)

        self.quotes = QuotesSql(connection)
        self.orders = OrdersSql(connection, publish)
        self.payments = PaymentsSql(connection, publish)
        self.campaigns = CampaignsSql(connection)
        self.cases = CasesSql(connection, publish)
        self.photos = PhotosSql(connection)
        self.reviews = ReviewsSql(connection, publish)
        self.lists = ShoppingListsSql(connection, publish)
        self.rebookings = RebookingsSql(connection)

    @classmethod
    def over(cls, transaction: Transaction) -> UnitOfWorkSql:
        """The tables as seen in a transaction that somebody else opened."""
        return cls(transaction.connection, transaction)


class TransactionsSql:
    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self) -> Iterator[UnitOfWorkSql]:
        with self._database.transaction() as transaction:
            yield UnitOfWorkSql.over(transaction)

    @contextmanager
    def single(self) -> Iterator[UnitOfWorkSql]:
        with self._database.relaxed() as connection:
            yield UnitOfWorkSql(connection)

    @contextmanager
    def single_kept(self) -> Iterator[UnitOfWorkSql]:
        # A connection in autocommit: a statement that writes is a transaction of its own, and waits for
        # the disk as any other.
        with self._database.read() as connection:
            yield UnitOfWorkSql(connection)
