"""Paying and paying back, on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import Gauge

from services.ordering.adapters.queries_sql import QueriesSql
from services.ordering.application import paying, refunds
from services.ordering.application.ports import Transactions
from services.ordering.contracts import payment_views, requests, views
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import MethodNotOffered, NotForThisRole, UnknownProvider
from services.ordering.domain.payment import CASH
from services.ordering.domain.provider_refund import RefundState
from services.ordering.entrypoints.dependencies import PaymentProviders
from services.ordering.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database

Wire = dict[str, Any]

_WAITING = Gauge("linli_refunds_waiting", "Refunds whose money is not back yet, by how far it is", ["state"])
_OLDEST = Gauge("linli_refund_oldest_waiting_seconds", "Age of the oldest of them, business time", ["state"])


class TakesPayments:
    """Part of ordering: attempts at providers, money at the door, and what becomes of refunds."""

    database: Database
    clock: Clock
    settings: Settings
    payments: PaymentProviders

    @property
    def _transactions(self) -> Transactions:
        raise NotImplementedError

    # -- the customer --------------------------------------------------------------------------------

    @answer
    def payment_methods(self, **request: Any) -> Wire:
        """How one may pay here."""
        requests.load(requests.ACTOR_ONLY, request)
        return payment_views.methods(
            self.payments.by_method, self.settings.rules.cash_maximum if self.payments.cash else None
        )

    @answer
    def pay(self, **request: Any) -> Wire:
        command = requests.load(requests.PAY, request)
        if command.method != CASH:
            return payment_views.begun(
                paying.pay(
                    command,
                    transactions=self._transactions,
                    providers=self.payments.by_method,
                    clock=self.clock,
                )
            )
        if not self.payments.cash:
            raise MethodNotOffered
        return payment_views.begun(
            paying.confirm_cash(
                command,
                transactions=self._transactions,
                providers=self.payments.by_method,
                clock=self.clock,
                rules=self.settings.rules,
            )
        )

    @answer
    def refunds(self, **request: Any) -> Wire:
        """The order's refunds and where the money is, for its customer and for operators."""
        asked = requests.load(requests.ORDER, request)
        order, items = refunds.refunds_of_order(
            asked["actor"],
            asked["order_id"],
            transactions=self._transactions,
            providers=self.payments.by_method,
        )
        return payment_views.refunds(order, items)

    # -- the courier ---------------------------------------------------------------------------------

    @answer
    def collections(self, **request: Any) -> Wire:
        """What the courier has to collect at the doors ahead, and to hand back at those behind."""
        actor: Actor = requests.load(requests.ACTOR_ONLY, request)["actor"]
        with self.database.read() as connection:
            queries = QueriesSql(connection)
            ahead = queries.to_collect(actor.account_id)
            back = queries.to_hand_back(actor.account_id)
        return payment_views.collections(ahead, back)

    @answer
    def hand_back_refund(self, **request: Any) -> Wire:
        command = requests.load(requests.HAND_BACK, request)
        return payment_views.progress(
            refunds.hand_back(command, transactions=self._transactions, clock=self.clock)
        )

    # -- the provider, and who looks after it --------------------------------------------------------

    @answer
    def payment_notification(self, provider: str, headers: Mapping[str, str], body: str) -> Wire:
        """Takes what a provider posted, once its signature is verified over the very bytes of ``body``."""
        if provider not in self.payments.by_method:
            raise UnknownProvider
        for notice in self.payments.by_method[provider].notices(headers, body):
            paying.take_notice(notice, transactions=self._transactions, clock=self.clock)
        return {"accepted": True}

    @answer
    def provider_refunds(self, **request: Any) -> Wire:
        """Refunds in one state, or all that are not confirmed; those that wait longest first."""
        asked = requests.load(requests.PROVIDER_REFUNDS, request)
        _operators_only(asked["actor"])
        with self.database.read() as connection:
            found = QueriesSql(connection).provider_refunds(asked["state"], asked["limit"])
        return views.page([payment_views.progress(each) for each in found], None)

    @answer
    def provider_statement(self, **request: Any) -> Wire:
        """The provider's own file of a day of UTC."""
        return self._statement(request)

    @answer
    def provider_statement_file(self, **request: Any) -> Wire:
        """The same as CSV."""
        return payment_views.statement_file(self._statement(request))

    def _statement(self, request: Wire) -> Wire:
        asked = requests.load(requests.STATEMENT, request)
        _operators_only(asked["actor"])
        provider = self.payments.by_method.get(asked["method"])
        if provider is None:
            raise UnknownProvider
        return payment_views.statement(asked["method"], asked["day"], provider.statement(asked["day"]))

    # -- what the clock does -------------------------------------------------------------------------

    @every(seconds=0.5)
    def send_refunds(self) -> None:
        paying.send_refunds(
            transactions=self._transactions, providers=self.payments.by_method, clock=self.clock
        )

    @every(seconds=15.0)
    def watch_refunds(self) -> None:
        with self._transactions.single() as work:
            backlog = work.payments.refund_backlog()
        now = self.clock.now()
        for state in RefundState:
            waiting, oldest = backlog.get(state, (0, now))
            _WAITING.labels(state.value).set(waiting)
            _OLDEST.labels(state.value).set(max(0.0, (now - oldest).total_seconds()))


def _operators_only(actor: Actor) -> None:
    if not actor.is_operator:
        raise NotForThisRole
