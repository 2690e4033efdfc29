"""Distribution on the wire: offers, virtual storefronts, clicks, and what promoters see of them."""

from __future__ import annotations

from typing import Any

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.market_sql import SqlMarket
from services.commission.application import following, offers, promotion
from services.commission.contracts import market_requests, requests
from services.commission.contracts.published_offers import offer_message
from services.commission.domain.announcements import OfferNews
from services.commission.entrypoints import market_answers as answers
from shared.kernel.clock import Clock
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

CURRENCY = promotion.DEFAULT_CURRENCY


def _telling(tx: Transaction) -> offers.Tell:
    """Publishes what is news about offers, with what made it true."""

    def tell(news: OfferNews) -> None:
        message = offer_message(news)
        tx.publish(message.type, message.subject, message.data, partitionkey=message.partitionkey)

    return tell


class Distribution:
    """Who promotes what, and what comes of it."""

    database: Database = DatabaseProvider("commission")
    clock: Clock = ClockProvider()

    @answer
    def create_promotion_link(self, **request: Any) -> dict[str, Any]:
        command = requests.create_link(request)
        with self.database.transaction() as tx:
            made = promotion.create_link(
                command,
                catalogue=SqlCatalogue(tx.connection),
                market=SqlMarket(tx.connection),
                clock=self.clock,
                tell=_telling(tx),
            )
            return answers.link(made)

    @answer
    def promotion_link(self, **request: Any) -> dict[str, Any]:
        code = requests.code(request)
        with self.database.read() as connection:
            found = promotion.link_by_code(
                code, catalogue=SqlCatalogue(connection), market=SqlMarket(connection), clock=self.clock
            )
            return answers.link(found)

    @answer
    def withdraw_promotion_link(self, **request: Any) -> dict[str, Any]:
        command = market_requests.withdraw_link(request)
        with self.database.transaction() as tx:
            catalogue, market = SqlCatalogue(tx.connection), SqlMarket(tx.connection)
            held = offers.withdraw(
                command, catalogue=catalogue, market=market, clock=self.clock, tell=_telling(tx)
            )
            return answers.held(held, CURRENCY)

    @answer
    def publish_offer(self, **request: Any) -> dict[str, Any]:
        command = market_requests.publish_offer(request)
        with self.database.transaction() as tx:
            catalogue, market = SqlCatalogue(tx.connection), SqlMarket(tx.connection)
            made = offers.publish_offer(
                command, catalogue=catalogue, market=market, clock=self.clock, tell=_telling(tx)
            )
            return answers.offer_to_operator(made)

    @answer
    def change_offer(self, **request: Any) -> dict[str, Any]:
        command = market_requests.change_offer(request)
        with self.database.transaction() as tx:
            market = SqlMarket(tx.connection)
            made = offers.change_offer(command, market=market, clock=self.clock, tell=_telling(tx))
            return answers.offer_to_operator(made)

    @answer
    def end_offer(self, **request: Any) -> dict[str, Any]:
        command = market_requests.end_offer(request)
        with self.database.transaction() as tx:
            market = SqlMarket(tx.connection)
            ended = offers.end_offer(command, market=market, clock=self.clock, tell=_telling(tx))
            return answers.offer_to_operator(ended)

    @answer
    def offers(self, **request: Any) -> dict[str, Any]:
        actor = requests.actor(request)
        with self.database.read() as connection:
            return answers.offers(offers.all_offers(actor, market=SqlMarket(connection)))

    @answer
    def offers_to_shop(self, **request: Any) -> dict[str, Any]:
        actor, shop_id = market_requests.of_shop(request)
        with self.database.read() as connection:
            found = offers.offers_to_shop(
                actor,
                shop_id,
                catalogue=SqlCatalogue(connection),
                market=SqlMarket(connection),
                clock=self.clock,
            )
            return answers.offers_to_shop(found)

    @answer
    def virtual_storefront(self, shop_id: str) -> dict[str, Any]:
        """The links of a shop that goods may be bought through now."""
        with self.database.read() as connection:
            catalogue, market = SqlCatalogue(connection), SqlMarket(connection)
            found = offers.shown(shop_id, catalogue=catalogue, market=market, clock=self.clock)
            return answers.shown(shop_id, found, CURRENCY)

    @answer
    def follow_promotion_link(self, **request: Any) -> dict[str, Any]:
        command = market_requests.follow_link(request)
        with self.database.transaction() as tx:
            catalogue, market = SqlCatalogue(tx.connection), SqlMarket(tx.connection)
            following.follow(command, catalogue=catalogue, market=market, clock=self.clock)
        return {"visitor": command.visitor}

    @answer
    def join_clicks(self, **request: Any) -> dict[str, Any]:
        actor, visitor = market_requests.join(request)
        with self.database.transaction() as tx:
            joined = following.join(actor, visitor, market=SqlMarket(tx.connection), clock=self.clock)
        return {"joined": joined}

    @answer
    def name_recruiter(self, **request: Any) -> dict[str, Any]:
        command = market_requests.name_recruiter(request)
        with self.database.transaction() as tx:
            catalogue, market = SqlCatalogue(tx.connection), SqlMarket(tx.connection)
            named = following.name_recruiter(command, catalogue=catalogue, market=market, clock=self.clock)
        return {"shop_id": named.shop_id, "recruiter_shop_id": named.recruiter_shop_id}

    @answer
    def relate_account(self, **request: Any) -> dict[str, Any]:
        command = market_requests.relate(request)
        with self.database.transaction() as tx:
            catalogue, market = SqlCatalogue(tx.connection), SqlMarket(tx.connection)
            found = following.relate(command, catalogue=catalogue, market=market, clock=self.clock)
        return answers.related(command.shop_id, found)

    @answer
    def related_accounts(self, **request: Any) -> dict[str, Any]:
        actor, shop_id = market_requests.of_shop(request)
        with self.database.read() as connection:
            catalogue, market = SqlCatalogue(connection), SqlMarket(connection)
            return answers.related(
                shop_id, following.related(actor, shop_id, catalogue=catalogue, market=market)
            )

    @answer
    def promoter_binding(self, **request: Any) -> dict[str, Any]:
        actor, customer_id = market_requests.of_customer(request)
        with self.database.read() as connection:
            shop_id = following.binding(actor, customer_id, market=SqlMarket(connection), clock=self.clock)
        return {"customer_id": customer_id, "shop_id": shop_id}

    @answer
    def unbind_promoter(self, **request: Any) -> dict[str, Any]:
        actor, customer_id = market_requests.of_customer(request)
        with self.database.transaction() as tx:
            following.unbind(actor, customer_id, market=SqlMarket(tx.connection), clock=self.clock)
        return {"customer_id": customer_id, "shop_id": None}

    @answer
    def promoter_page(self, **request: Any) -> dict[str, Any]:
        ask = market_requests.promoter_page(request)
        with self.database.read() as connection:
            found = following.promoter_page(
                ask,
                catalogue=SqlCatalogue(connection),
                market=SqlMarket(connection),
                ledger=SqlLedger(connection),
                clock=self.clock,
            )
        return answers.promoter_page(found)

    @every(seconds=3600.0)
    def forget_clicks(self) -> None:
        with self.database.transaction() as tx:
            following.forget_clicks(market=SqlMarket(tx.connection), clock=self.clock)
