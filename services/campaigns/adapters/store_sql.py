"""The ports of campaigns over one transaction, and its events into that transaction's outbox."""

from __future__ import annotations

from services.campaigns.adapters.campaigns_sql import CampaignsSql, ShopsSql
from services.campaigns.adapters.redemptions_sql import RedemptionsSql
from services.campaigns.contracts import published
from services.campaigns.domain.events import CampaignsEvent
from shared.persistence import Transaction


class StoreSql:
    """:class:`services.campaigns.application.ports.Store` over ``transaction``."""

    def __init__(self, transaction: Transaction) -> None:
        self.campaigns = CampaignsSql(transaction.connection)
        self.shops = ShopsSql(transaction.connection)
        self.redemptions = RedemptionsSql(transaction.connection)
        self.events = EventsToOutbox(transaction)


class EventsToOutbox:
    """Announcements become rows that commit with what they announce."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def announce(self, event: CampaignsEvent) -> None:
        message = published.message(event)
        self._transaction.publish(message.type, message.subject, message.data)
