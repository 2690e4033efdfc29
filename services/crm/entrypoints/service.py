"""Crm on the wire: parse, hand over, answer."""

from __future__ import annotations

from typing import Any

from services.crm.adapters.ledger_sql import LedgerSql
from services.crm.adapters.profiles_sql import ProfilesSql
from services.crm.application import profiles
from services.crm.contracts import answers, consumed, requests
from shared.messaging.dependencies import DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.persistence import Database, Transaction


class CrmService(ShowsDeadLetters):
    """What a shop knows of the customers who bought from it, built from events alone."""

    name = "crm"

    database: Database = DatabaseProvider("crm")

    @answer
    def profile(self, **request: Any) -> dict[str, Any]:
        query = requests.profile(request)
        with self.database.read() as connection:
            return answers.profile(profiles.profile(query, profiles=ProfilesSql(connection)))

    @answer
    def customers(self, **request: Any) -> dict[str, Any]:
        query = requests.customers(request)
        with self.database.read() as connection:
            tallies = profiles.customers(query, profiles=ProfilesSql(connection))
        return answers.page(tallies, query.limit)

    @answer
    def shop_profile(self, **request: Any) -> dict[str, Any]:
        query = requests.shop(request)
        with self.database.read() as connection:
            return answers.shop(profiles.shop_profile(query, profiles=ProfilesSql(connection)))

    @subscribe("ordering", *consumed.FROM_ORDERING)
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        fact = consumed.FROM_ORDERING[event.type](event.data)
        if fact is not None:
            profiles.learn(fact, ledger=LedgerSql(tx))

    @subscribe("storefront", "ShopOpened")
    def on_storefront(self, tx: Transaction, event: Event) -> None:
        fact = consumed.shop_opened(event.data, event.time)
        profiles.learn(fact, ledger=LedgerSql(tx))
