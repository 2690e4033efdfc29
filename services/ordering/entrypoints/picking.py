"""Ordering on the wire while orders are picked: what is missing, substituted, weighed; and the history."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.queries_sql import QueriesSql
from services.ordering.application import fulfilment, picking
from services.ordering.application.ports import Peers, Transactions
from services.ordering.contracts import picking_requests, picking_views, requests, views
from services.ordering.domain import picking as rules_of_picking
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import SubstitutionNotFound
from services.ordering.domain.history import first_step
from services.ordering.domain.order import Order
from services.ordering.domain.seeing import seen_order, seen_store
from services.ordering.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.persistence import Database

Wire = dict[str, Any]


class PicksOrders:
    """What shops tell and customers answer while an order is picked."""

    database: Database
    clock: Clock
    settings: Settings

    @property
    def _transactions(self) -> Transactions:
        raise NotImplementedError

    @property
    def _peers(self) -> Peers:
        raise NotImplementedError

    @answer
    def ready(self, **request: Any) -> Wire:
        command = requests.load(picking_requests.READY, request)
        return _part(*fulfilment.ready(command, transactions=self._transactions, clock=self.clock))

    @answer
    def weigh(self, **request: Any) -> Wire:
        command = requests.load(picking_requests.WEIGH, request)
        return _part(*picking.weigh(command, transactions=self._transactions, clock=self.clock))

    @answer
    def report_missing(self, **request: Any) -> Wire:
        command = requests.load(picking_requests.MISSING, request)
        done = picking.report_missing(command, transactions=self._transactions, clock=self.clock)
        return views.refund(done.refund_id, done.refunds, done.order)

    @answer
    def propose_substitution(self, **request: Any) -> Wire:
        command = requests.load(picking_requests.PROPOSE, request)
        order = picking.propose(
            command,
            transactions=self._transactions,
            peers=self._peers,
            clock=self.clock,
            rules=self.settings.rules,
        )
        return _substitution(order, command.substitution_id)

    @answer
    def answer_substitution(self, **request: Any) -> Wire:
        command = requests.load(picking_requests.ANSWER, request)
        order = picking.answer(command, transactions=self._transactions, clock=self.clock)
        return _substitution(order, command.substitution_id)

    @answer
    def substitution(self, **request: Any) -> Wire:
        """A proposal, for its shop, its customer and operators."""
        asked = requests.load(picking_requests.SUBSTITUTION, request)
        actor: Actor = asked["actor"]
        with self.database.read() as connection:
            order = QueriesSql(connection).order_of_substitution(asked["substitution_id"])
        if order is None:
            raise SubstitutionNotFound
        store, _ = rules_of_picking.find(order, asked["substitution_id"])
        if not actor.is_operator and actor.account_id not in {order.customer_id, store.merchant_id}:
            raise SubstitutionNotFound
        return _substitution(order, asked["substitution_id"])

    @answer
    def history(self, **request: Any) -> Wire:
        """Everything that an order went through, for its customer and for operators."""
        asked = requests.load(requests.ORDER, request)
        actor: Actor = asked["actor"]
        with self._transactions.single() as work:
            order = seen_order(work.orders.find(asked["order_id"]), actor)
            steps = [first_step(order), *work.orders.steps_of(order.order_id)]
        return picking_views.history(steps, with_accounts=actor.is_operator)

    @answer
    def store_history(self, **request: Any) -> Wire:
        """What one shop's part went through, for its merchant, the order's customer and operators."""
        asked = requests.load(requests.STORE_ORDER, request)
        actor: Actor = asked["actor"]
        with self.database.read() as connection:
            found = QueriesSql(connection).order_with(asked["store_order_id"])
        order, store = seen_store(found, asked["store_order_id"], actor)
        with self._transactions.single() as work:
            steps = work.orders.steps_of(order.order_id)
        own = [step for step in steps if step.store_order_id == store.store_order_id]
        return picking_views.history(own, with_accounts=actor.is_operator)


def _part(order: Order, store: Any) -> Wire:
    return views.store_order(store, order.order_id, order.currency)


def _substitution(order: Order, substitution_id: str) -> Wire:
    store, proposal = rules_of_picking.find(order, substitution_id)
    return picking_views.substitution(proposal, store, order.order_id, order.currency)
