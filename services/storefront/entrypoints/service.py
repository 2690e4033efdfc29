"""The storefront on the wire: parse, hand over, answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from services.storefront.adapters.catalogue_sql import SqlCatalogue
from services.storefront.adapters.store_sql import SqlStore
from services.storefront.application import listings, preparing, queries, shops, stock
from services.storefront.contracts import answers, consumed, requests
from services.storefront.domain import commands
from services.storefront.entrypoints.dependencies import SettingsProvider
from services.storefront.entrypoints.preparing import PreparesByTheHour
from services.storefront.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

Result = TypeVar("Result")
Wire = dict[str, Any]


class StorefrontService(PreparesByTheHour, ShowsDeadLetters):
    """Shops, what they sell, and how much of it there is."""

    name = "storefront"

    database: Database = DatabaseProvider("storefront")
    clock: Clock = ClockProvider()
    settings: Settings = SettingsProvider()

    _payments: WeakKeyDictionary[Transaction, list[commands.RecordPayment]] = WeakKeyDictionary()

    @answer
    def open_shop(self, **request: Any) -> Wire:
        command = requests.open_shop(request)
        return answers.shop(self._do(lambda store: shops.open_shop(command, store=store, clock=self.clock)))

    @answer
    def approve_shop(self, **request: Any) -> Wire:
        command = requests.approve_shop(request)
        return answers.shop(self._do(lambda store: shops.approve_shop(command, store=store)))

    @answer
    def change_shop(self, **request: Any) -> Wire:
        command = requests.change_shop(request)
        return answers.shop(self._do(lambda store: shops.change_shop(command, store=store)))

    @answer
    def shop(self, shop_id: str) -> Wire:
        with self.database.read() as connection:
            return answers.shop(SqlCatalogue(connection).shop(shop_id))

    @answer
    def my_shops(self, **request: Any) -> Wire:
        actor, limit, after = requests.my_shops(request)
        with self.database.read() as connection:
            found = SqlCatalogue(connection).shops_of(actor.account_id, limit, after)
        return answers.page(found, answers.shop)

    @answer
    def shops_of(self, **request: Any) -> Wire:
        """The ids of all shops of the actor."""
        actor = requests.actor(request)
        with self.database.read() as connection:
            return answers.shop_ids(SqlCatalogue(connection).shop_ids_of(actor.account_id))

    @answer
    def owns(self, account_id: str, shop_id: str) -> bool:
        with self.database.read() as connection:
            return shop_id in SqlCatalogue(connection).shop_ids_of(account_id)

    @answer
    def publish_listing(self, **request: Any) -> Wire:
        command = requests.publish_listing(request)
        return answers.listing(
            self._do(lambda store: listings.publish_listing(command, store=store, clock=self.clock))
        )

    @answer
    def change_listing(self, **request: Any) -> Wire:
        command = requests.change_listing(request)
        return answers.listing(self._do(lambda store: listings.change_listing(command, store=store)))

    @answer
    def set_stock(self, **request: Any) -> Wire:
        command = requests.set_stock(request)
        return answers.listing(
            self._do(lambda store: listings.set_stock(command, store=store, clock=self.clock))
        )

    @answer
    def listing(self, listing_id: str) -> Wire:
        with self.database.read() as connection:
            return answers.listing(SqlCatalogue(connection).listing(listing_id))

    @answer
    def goods(self, **request: Any) -> Wire:
        """Those of the named listings that are on sale, with their shops' names."""
        wanted = requests.goods(request)
        with self.database.read() as connection:
            found = queries.goods(wanted, catalogue=SqlCatalogue(connection))
        return {"items": [answers.goods(*each) for each in found]}

    @answer
    def listings(self, **request: Any) -> Wire:
        shop_id, actor, limit, after = requests.listings(request)
        with self.database.read() as connection:
            found = queries.listings_of_shop(
                shop_id, actor=actor, limit=limit, after=after, catalogue=SqlCatalogue(connection)
            )
        return answers.page(found, answers.listing)

    @answer
    def nearby(self, **request: Any) -> Wire:
        search = requests.nearby(request)
        with self.database.read() as connection:
            found = queries.nearby(search, catalogue=SqlCatalogue(connection), clock=self.clock)
        return answers.page(found, answers.found_shop)

    @answer
    def search_listings(self, **request: Any) -> Wire:
        search = requests.search_listings(request)
        with self.database.read() as connection:
            found = SqlCatalogue(connection).listings_near(search)
        return answers.page(found, answers.found_listing)

    @answer
    def price(self, **request: Any) -> Wire:
        command = requests.price(request)
        with self.database.read() as connection:
            basket = queries.price(command, catalogue=SqlCatalogue(connection), clock=self.clock)
        return answers.basket(basket)

    @answer
    def reserve(self, **request: Any) -> Wire:
        command = requests.reserve(request)
        self._do(lambda store: stock.reserve(command, store=store, clock=self.clock))
        return {"reserved": True}

    @answer
    def release(self, **request: Any) -> Wire:
        command = requests.release(request)
        self._do(lambda store: stock.release(command, store=store, clock=self.clock))
        return {"released": True}

    @subscribe("ordering", *consumed.TYPES)
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        store = SqlStore(tx)
        payments = self._payments.get(tx)
        if payments is None:
            payments = self._payments[tx] = []
            # However many messages share the transaction, their payments are recorded at once: before the
            # stock moves, which is asked for later and so done after them.
            tx.before_commit(partial(stock.record_payments, payments, store=store, clock=self.clock))
        for told in consumed.facts_of(event.type, event.data):
            match told:
                case commands.RecordPayment() as fact:
                    payments.append(fact)
                case commands.RecordExpiry() as fact:
                    stock.record_expiry(fact, store=store, clock=self.clock)
                case commands.RecordCancellation() as fact:
                    stock.record_cancellation(fact, store=store, clock=self.clock)
                case commands.RecordReturn() as fact:
                    stock.record_return(fact, store=store, clock=self.clock)
                case commands.RecordMove() as fact:
                    preparing.record_move(fact, store=store)
                case commands.RecordRejection() as fact:
                    preparing.record_rejection(fact, store=store)

    @every(seconds=1.0)
    def expire_reservations(self) -> None:
        grace = self.settings.expiry_grace(self.clock)
        while (
            self._do(lambda store: stock.expire_reservations(store=store, clock=self.clock, grace=grace))
            == stock.TIMED_OUT_AT_ONCE
        ):
            pass

    def _do(self, work: Callable[[SqlStore], Result]) -> Result:
        return self.database.run(lambda tx: work(SqlStore(tx)))
