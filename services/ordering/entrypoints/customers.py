"""Reviews, reordering and shopping lists on the wire."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.reviews_sql import ReviewsSql
from services.ordering.adapters.shelf_rpc import ShelfRpc
from services.ordering.application import pictures, reviews, shopping
from services.ordering.application.ports import Transactions
from services.ordering.contracts import case_requests, case_views, customer_views, requests, views
from services.ordering.contracts import customer_requests as asking
from services.ordering.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.rpc import RpcClient, answer
from shared.messaging.timer import every
from shared.persistence import Database

Wire = dict[str, Any]


class ServesCustomers:
    """Part of ordering: what customers say afterwards, and how they buy again."""

    database: Database
    clock: Clock
    settings: Settings
    rpc: RpcClient

    @property
    def _transactions(self) -> Transactions:
        raise NotImplementedError

    # -- reviews -------------------------------------------------------------------------------------

    @answer
    def review_store_order(self, **request: Any) -> Wire:
        command = requests.load(asking.REVIEW_SHOP, request)
        return customer_views.review(
            reviews.of_shop(
                command,
                transactions=self._transactions,
                clock=self.clock,
                rules=self.settings.rules,
            )
        )

    @answer
    def review_delivery(self, **request: Any) -> Wire:
        command = requests.load(asking.REVIEW_DELIVERY, request)
        return customer_views.review(
            reviews.of_delivery(
                command,
                transactions=self._transactions,
                clock=self.clock,
                rules=self.settings.rules,
            )
        )

    @answer
    def answer_review(self, **request: Any) -> Wire:
        command = requests.load(asking.ANSWER_REVIEW, request)
        return customer_views.public_review(
            reviews.answer(command, transactions=self._transactions, clock=self.clock)
        )

    @answer
    def hide_review(self, **request: Any) -> Wire:
        command = requests.load(asking.HIDE_REVIEW, request)
        return customer_views.review(reviews.hide(command, transactions=self._transactions, clock=self.clock))

    @answer
    def reviews_of_shop(self, **request: Any) -> Wire:
        """What is said of a shop, for everybody: its average, how many there are, and the newest."""
        asked = requests.load(asking.REVIEWS_OF_SHOP, request)
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found = ReviewsSql(connection, None)
            shown, following = found.of_shop(asked["shop_id"], asked["limit"], after)
            rating = found.rating(asked["shop_id"])
        return customer_views.reviews_of_shop(shown, rating, views.page([], following))

    @answer
    def reviews_of_order(self, **request: Any) -> Wire:
        asked = requests.load(requests.ORDER, request)
        with self._transactions.single() as work:
            order = work.orders.find(asked["order_id"])
        found = reviews.of_order(order, asked["actor"], transactions=self._transactions)
        return views.page([customer_views.review(item) for item in found], None)

    @answer
    def keep_review_photo(self, **request: Any) -> Wire:
        command = requests.load(case_requests.KEEP_PICTURE, request)
        picture = reviews.keep_picture(command, transactions=self._transactions, clock=self.clock)
        return case_views.kept_picture(command.photo_id, picture)

    @answer
    def review_photo(self, **request: Any) -> Wire:
        """A picture of a review of a shop, for everybody while it is shown."""
        asked = requests.load(asking.REVIEW_PHOTO, request)
        reviews.seen(asked["owner_id"], None, transactions=self._transactions)
        return case_views.photo(
            pictures.picture(asked["owner_id"], asked["photo_id"], transactions=self._transactions)
        )

    # -- buying again --------------------------------------------------------------------------------

    @answer
    def reorder(self, **request: Any) -> Wire:
        asked = requests.load(requests.ORDER, request)
        found = shopping.reorder(
            asked["actor"], asked["order_id"], transactions=self._transactions, shelf=self._shelf
        )
        return customer_views.basket(found)

    @answer
    def create_list(self, **request: Any) -> Wire:
        command = requests.load(asking.CREATE_LIST, request)
        return customer_views.shopping_list(
            shopping.create(command, transactions=self._transactions, clock=self.clock)
        )

    @answer
    def change_list(self, **request: Any) -> Wire:
        command = requests.load(asking.CHANGE_LIST, request)
        return customer_views.shopping_list(
            shopping.change(command, transactions=self._transactions, clock=self.clock)
        )

    @answer
    def delete_list(self, **request: Any) -> Wire:
        asked = requests.load(asking.LIST, request)
        shopping.delete(asked["actor"], asked["list_id"], transactions=self._transactions)
        return {"deleted": True}

    @answer
    def shopping_list(self, **request: Any) -> Wire:
        asked = requests.load(asking.LIST, request)
        return customer_views.shopping_list(
            shopping.one(asked["actor"], asked["list_id"], transactions=self._transactions)
        )

    @answer
    def shopping_lists(self, **request: Any) -> Wire:
        asked = requests.load(asking.LISTS, request)
        with self._transactions.single() as work:
            found = work.lists.of_customer(asked["actor"].account_id)
        return views.page([customer_views.shopping_list(item) for item in found], None)

    @answer
    def basket_of_list(self, **request: Any) -> Wire:
        asked = requests.load(asking.LIST, request)
        found = shopping.basket_of(
            asked["actor"], asked["list_id"], transactions=self._transactions, shelf=self._shelf
        )
        return customer_views.basket(found)

    # -- what the clock does -------------------------------------------------------------------------

    @every(seconds=10.0)
    def remind_of_lists(self) -> None:
        shopping.remind(transactions=self._transactions, clock=self.clock)

    @property
    def _shelf(self) -> ShelfRpc:
        return ShelfRpc(self.rpc)
