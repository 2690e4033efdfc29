"""Campaigns on the wire: parse, hand over, answer."""

from __future__ import annotations

from typing import Any

from services.campaigns.adapters.store_sql import StoreSql
from services.campaigns.application import campaigns, redemptions
from services.campaigns.contracts import answers, consumed, requests
from services.campaigns.domain.commands import OrderClosed, OrderPaid, RefundFact
from shared.kernel.clock import Clock
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

LAPSE_BATCH = 50


class CampaignsService(ShowsDeadLetters):
    """Coupons and full reductions: their terms, their budgets, and what orders take of them."""

    name = "campaigns"

    database: Database = DatabaseProvider("campaigns")
    clock: Clock = ClockProvider()

    @answer
    def launch(self, **request: Any) -> dict[str, Any]:
        command = requests.launch(request)
        account = self.database.run(
            lambda tx: campaigns.launch(command, store=StoreSql(tx), clock=self.clock)
        )
        return answers.campaign(account, self.clock.now())

    @answer
    def end(self, **request: Any) -> dict[str, Any]:
        command = requests.one_campaign(request)
        account = self.database.run(lambda tx: campaigns.end(command, store=StoreSql(tx), clock=self.clock))
        return answers.campaign(account, self.clock.now())

    @answer
    def campaign(self, **request: Any) -> dict[str, Any]:
        query = requests.one_campaign(request)
        account = self.database.run(
            lambda tx: campaigns.campaign_of(query.actor, query.campaign_id, store=StoreSql(tx))
        )
        return answers.campaign(account, self.clock.now())

    @answer
    def campaigns_of(self, **request: Any) -> dict[str, Any]:
        query = requests.campaigns_of(request)
        accounts = self.database.run(lambda tx: campaigns.campaigns_of(query, store=StoreSql(tx)))
        return answers.page(accounts, query.limit, self.clock.now())

    @answer
    def evaluate(self, **request: Any) -> dict[str, Any]:
        query = requests.evaluate(request)
        result = self.database.run(
            lambda tx: redemptions.evaluate(query, store=StoreSql(tx), clock=self.clock)
        )
        return answers.evaluation(result)

    @answer
    def redeem(self, **request: Any) -> dict[str, Any]:
        command = requests.redeem(request)
        self.database.run(lambda tx: redemptions.redeem(command, store=StoreSql(tx), clock=self.clock))
        return {"redeemed": True}

    @answer
    def release(self, **request: Any) -> dict[str, Any]:
        command = requests.release(request)
        self.database.run(lambda tx: redemptions.release(command, store=StoreSql(tx), clock=self.clock))
        return {"released": True}

    @subscribe("ordering", *consumed.FROM_ORDERING)
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        fact = consumed.FROM_ORDERING[event.type](event.data)
        store = StoreSql(tx)
        match fact:
            case OrderPaid():
                redemptions.confirm(fact, store=store)
            case OrderClosed():
                redemptions.close(fact, store=store)
            case RefundFact():
                redemptions.refund(fact, store=store)
            case None:
                pass

    @subscribe("storefront", "ShopOpened")
    def on_storefront(self, tx: Transaction, event: Event) -> None:
        campaigns.learn_shop(consumed.shop_opened(event.data, event.time), store=StoreSql(tx))

    @every(seconds=5.0)
    def lapse_holds(self) -> None:
        while self._lapse_some() == LAPSE_BATCH:
            pass

    def _lapse_some(self) -> int:
        return self.database.run(
            lambda tx: redemptions.lapse(store=StoreSql(tx), clock=self.clock, limit=LAPSE_BATCH)
        )
