"""Ordering on the wire: parse, hand over, answer."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.peers_rpc import PeersRpc
from services.ordering.adapters.queries_sql import QueriesSql
from services.ordering.adapters.slot_desk_rpc import SlotDeskRpc
from services.ordering.adapters.unit_of_work import TransactionsSql, UnitOfWorkSql
from services.ordering.application import after_sale, deadlines, fulfilment, placing, quoting
from services.ordering.contracts import consumed, payment_views, requests, views
from services.ordering.domain.commands import Actor
from services.ordering.domain.seeing import seen_order, seen_store
from services.ordering.entrypoints.after_sale import HandlesCases
from services.ordering.entrypoints.couriers import take_dispatch_event
from services.ordering.entrypoints.customers import ServesCustomers
from services.ordering.entrypoints.dependencies import PaymentProviders, PaymentsProvider, SettingsProvider
from services.ordering.entrypoints.payments import TakesPayments
from services.ordering.entrypoints.picking import PicksOrders
from services.ordering.entrypoints.slots import ChoosesSlots
from services.ordering.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import RpcClient, RpcProvider, answer
from shared.messaging.subscription import subscribe
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

Wire = dict[str, Any]


class OrderingService(
    ChoosesSlots, TakesPayments, PicksOrders, HandlesCases, ServesCustomers, ShowsDeadLetters
):
    """One order over many shops: priced, placed, paid, split, fulfilled, refunded, and what comes after."""

    name = "ordering"

    database: Database = DatabaseProvider("ordering")
    clock: Clock = ClockProvider()
    settings: Settings = SettingsProvider()
    payments: PaymentProviders = PaymentsProvider()
    rpc: RpcClient = RpcProvider()

    # -- the customer --------------------------------------------------------------------------------

    @answer
    def quote(self, **request: Any) -> Wire:
        command = requests.load(requests.QUOTE, request)
        return views.quote(
            quoting.quote(
                command,
                transactions=self._transactions,
                peers=self._peers,
                desk=SlotDeskRpc(self.rpc),
                clock=self.clock,
                rules=self.settings.rules,
            )
        )

    @answer
    def place(self, **request: Any) -> Wire:
        command = requests.load(requests.PLACE, request)
        return views.order(
            placing.place(
                command,
                transactions=self._transactions,
                peers=self._peers,
                clock=self.clock,
                rules=self.settings.rules,
            )
        )

    @answer
    def cancel(self, **request: Any) -> Wire:
        command = requests.load(requests.CANCEL, request)
        return views.order(
            after_sale.cancel(
                command,
                transactions=self._transactions,
                providers=self.payments.by_method,
                clock=self.clock,
            )
        )

    @answer
    def order(self, **request: Any) -> Wire:
        """The whole order, for its customer and for operators."""
        asked = requests.load(requests.ORDER, request)
        actor: Actor = asked["actor"]
        with self._transactions.single() as work:
            order = seen_order(work.orders.find(asked["order_id"]), actor)
            attempts = work.payments.of_order(order.order_id)
        return views.order(order) | {"payments": payment_views.attempts(order, attempts)}

    @answer
    def orders(self, **request: Any) -> Wire:
        """The actor's own orders, newest first."""
        asked = requests.load(requests.PAGE, request)
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found, following = QueriesSql(connection).orders_of(
                asked["actor"].account_id, asked["status"], asked["limit"], after
            )
        return views.page([views.order(order) for order in found], following)

    # -- the shops -----------------------------------------------------------------------------------

    @answer
    def store_orders(self, **request: Any) -> Wire:
        """The paid store orders of a shop, newest first; a merchant sees only own ones."""
        asked = requests.load(requests.SHOP_PAGE, request)
        actor: Actor = asked["actor"]
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found, following = QueriesSql(connection).store_orders_of(
                asked["shop_id"],
                None if actor.is_operator else actor.account_id,
                asked["status"],
                asked["limit"],
                after,
            )
        items = [
            views.store_order(item.store, item.order_id, item.currency)
            | views.placed(item.placed_at, item.slot)
            for item in found
        ]
        return views.page(items, following)

    @answer
    def store_order(self, **request: Any) -> Wire:
        """One shop's part, for its merchant, the order's customer and operators."""
        asked = requests.load(requests.STORE_ORDER, request)
        actor: Actor = asked["actor"]
        with self.database.read() as connection:
            found = QueriesSql(connection).order_with(asked["store_order_id"])
        order, store = seen_store(found, asked["store_order_id"], actor)
        return views.store_order(store, order.order_id, order.currency) | views.placed(
            order.placed_at, order.slot
        )

    @answer
    def accept(self, **request: Any) -> Wire:
        command = requests.load(requests.ACCEPT, request)
        return self._part(fulfilment.accept(command, transactions=self._transactions, clock=self.clock))

    @answer
    def reject(self, **request: Any) -> Wire:
        command = requests.load(requests.REJECT, request)
        return self._part(fulfilment.reject(command, transactions=self._transactions, clock=self.clock))

    @answer
    def refund(self, **request: Any) -> Wire:
        command = requests.load(requests.REFUND, request)
        done = after_sale.refund(command, transactions=self._transactions, clock=self.clock)
        return views.refund(done.refund_id, done.refunds, done.order)

    # -- what others have done -----------------------------------------------------------------------

    @subscribe("dispatch", *consumed.FROM_DISPATCH)
    def on_dispatch(self, tx: Transaction, event: Event) -> None:
        take_dispatch_event(tx, event, self.settings)

    @subscribe("campaigns", *consumed.FROM_CAMPAIGNS)
    def on_campaigns(self, tx: Transaction, event: Event) -> None:
        take_campaigns_event(tx, event)

    # -- what the clock does -------------------------------------------------------------------------

    @every(seconds=0.5)
    def expire_unpaid(self) -> None:
        deadlines.expire_unpaid(
            transactions=self._transactions, providers=self.payments.by_method, clock=self.clock
        )

    @every(seconds=1.0)
    def keep_deadlines(self) -> None:
        deadlines.keep_deadlines(transactions=self._transactions, clock=self.clock)

    @every(seconds=5.0)
    def complete_delivered(self) -> None:
        deadlines.complete_delivered(transactions=self._transactions, clock=self.clock)

    @every(seconds=5.0)
    def release_abandoned(self) -> None:
        placing.release_abandoned(transactions=self._transactions, peers=self._peers)

    @every(seconds=600.0)
    def forget_quotes(self) -> None:
        placing.forget_quotes(transactions=self._transactions, clock=self.clock)

    # -- where ports meet adapters -------------------------------------------------------------------

    @property
    def _transactions(self) -> TransactionsSql:
        return TransactionsSql(self.database)

    @property
    def _peers(self) -> PeersRpc:
        return PeersRpc(self.rpc)

    def _part(self, part: fulfilment.Part) -> Wire:
        order, store = part
        return views.store_order(store, order.order_id, order.currency)


def take_campaigns_event(tx: Transaction, event: Event) -> None:
    fact = consumed.read(event.type, event.data)
    work = UnitOfWorkSql.over(tx)
    if event.type == "CampaignLaunched":
        work.campaigns.launched(**fact)
    else:
        work.campaigns.ended(fact["campaign_id"])
