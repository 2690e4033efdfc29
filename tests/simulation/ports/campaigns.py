"""The store of campaigns, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.campaigns.application.ports import Taking
from services.campaigns.contracts import published
from services.campaigns.domain.campaign import Campaign, CampaignAccount, Usage
from services.campaigns.domain.commands import Redeem, RefundFact, ShopFact
from services.campaigns.domain.errors import CodeTaken
from services.campaigns.domain.events import CampaignsEvent
from services.campaigns.domain.redemption import Correction, OrderRedemption, Taken
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


@dataclass(frozen=True, kw_only=True)
class KeptOrder:
    customer_id: str | None = None
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    closed: tuple[datetime, str] | None = None
    lapsed_at: datetime | None = None


class MemoryCampaigns:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def add(self, campaign: Campaign, at: datetime) -> bool:
        rows = self._connection.rows("campaigns")
        if campaign.campaign_id in rows:
            return False
        if campaign.code and any(other.campaign.code == campaign.code for other in rows.values()):
            raise CodeTaken(f"Another campaign uses the code {campaign.code}.")
        account = CampaignAccount(campaign=campaign, usage=Usage())
        self._connection.put("campaigns", campaign.campaign_id, account)
        return True

    def find(self, campaign_id: str) -> CampaignAccount | None:
        return self._connection.rows("campaigns").get(campaign_id)

    def end(self, campaign_id: str, at: datetime) -> bool:
        known = self.find(campaign_id)
        if known is None or known.campaign.ended_at is not None:
            return False
        ended = replace(known, campaign=replace(known.campaign, ended_at=at))
        self._connection.put("campaigns", campaign_id, ended)
        return True

    def page(self, shop_id: str | None, after: str | None, limit: int) -> list[CampaignAccount]:
        rows = self._connection.rows("campaigns")
        ids = [
            key for key in rows if rows[key].campaign.shop_id == shop_id and (after is None or key < after)
        ]
        return [rows[key] for key in sorted(ids, reverse=True)[:limit]]

    def offers(
        self, customer_id: str, shop_ids: Collection[str], codes: Collection[str], now: datetime
    ) -> list[CampaignAccount]:
        rows = self._connection.rows("campaigns").values()
        return [self._for(account, customer_id) for account in rows if _offers(account, shop_ids, codes, now)]

    def accounts(self, campaign_ids: Collection[str], customer_id: str) -> dict[str, CampaignAccount]:
        rows = self._connection.rows("campaigns")
        return {key: self._for(rows[key], customer_id) for key in sorted(campaign_ids) if key in rows}

    def _for(self, account: CampaignAccount, customer_id: str) -> CampaignAccount:
        uses = self._connection.rows("customer_uses").get((account.campaign.campaign_id, customer_id), 0)
        return replace(account, usage=replace(account.usage, uses_by_customer=uses))


def _offers(
    account: CampaignAccount, shop_ids: Collection[str], codes: Collection[str], now: datetime
) -> bool:
    campaign = account.campaign
    if campaign.shop_id is not None and campaign.shop_id not in shop_ids:
        return False
    if campaign.code is not None:
        return campaign.code in codes
    return campaign.runs_at(now) is None


class MemoryShops:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def owner_of(self, shop_id: str) -> str | None:
        kept = self._connection.rows("shops").get(shop_id)
        return None if kept is None else kept[1]

    def record(self, fact: ShopFact) -> None:
        kept = self._connection.rows("shops").get(fact.shop_id)
        if kept is None or kept < (fact.at, fact.owner_id):
            self._connection.put("shops", fact.shop_id, (fact.at, fact.owner_id))


class MemoryRedemptions:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def open(self, command: Redeem) -> bool:
        if command.order_id in self._connection.rows("orders"):
            return False
        kept = KeptOrder(customer_id=command.customer_id, expires_at=command.expires_at)
        self._connection.put("orders", command.order_id, kept)
        return True

    def take(self, command: Redeem, now: datetime) -> Taking:
        counted = {key for key in sorted(command.amounts) if self._count_customer(key, command.customer_id)}
        granted = {key for key in sorted(counted) if self._grant(command, key, now)}
        taken = {
            key: Taken(campaign_id=key, amount=amount, counted=amount.amount, uses=1)
            for key, amount in sorted(command.amounts.items())
        }
        self._connection.put("taken", command.order_id, taken)
        return Taking(counted=counted, granted=granted)

    def _count_customer(self, campaign_id: str, customer_id: str) -> bool:
        account = self._connection.rows("campaigns").get(campaign_id)
        if account is None:
            return False
        key = (campaign_id, customer_id)
        uses, limit = self._connection.rows("customer_uses").get(key, 0), account.campaign.per_customer_limit
        if key in self._connection.rows("customer_uses") and limit is not None and uses >= limit:
            return False
        self._connection.put("customer_uses", key, uses + 1)
        return True

    def _grant(self, command: Redeem, campaign_id: str, now: datetime) -> bool:
        account = self._connection.rows("campaigns")[campaign_id]
        campaign, usage, amount = account.campaign, account.usage, command.amounts[campaign_id]
        fits = (
            campaign.currency == amount.currency
            and amount.amount <= campaign.rule.off.amount
            and campaign.runs_at(now) is None
            and usage.spent + amount.amount <= campaign.budget.amount
            and (campaign.total_limit is None or usage.uses < campaign.total_limit)
        )
        if fits:
            self._move(campaign_id, amount.amount, 1)
        return fits

    def load(self, order_id: str) -> OrderRedemption | None:
        kept = self._connection.rows("orders").get(order_id)
        if kept is None:
            return None
        taken = self._connection.rows("taken").get(order_id, {})
        refunds = self._connection.rows("refunds").get(order_id, {})
        returned: dict[str, int] = {}
        for (_, campaign_id), amount in refunds.items():
            returned[campaign_id] = returned.get(campaign_id, 0) + amount
        return OrderRedemption(
            order_id=order_id,
            customer_id=kept.customer_id,
            paid_at=kept.paid_at,
            closed_at=kept.closed and kept.closed[0],
            lapsed_at=kept.lapsed_at,
            taken=tuple(replace(one, returned=returned.get(key, 0)) for key, one in sorted(taken.items())),
        )

    def mark_paid(self, order_id: str, at: datetime) -> OrderRedemption | None:
        kept = self._connection.rows("orders").get(order_id)
        if kept is not None:
            self._change(order_id, paid_at=min(kept.paid_at or at, at))
        return self.load(order_id)

    def mark_closed(self, order_id: str, at: datetime, reason: str) -> None:
        kept = self._connection.rows("orders").get(order_id, KeptOrder())
        if kept.closed is None or kept.closed > (at, reason):
            self._change(order_id, closed=(at, reason))

    def lapse(self, before: datetime, now: datetime, limit: int) -> Sequence[str]:
        rows = self._connection.rows("orders")
        due = [
            key
            for key, kept in rows.items()
            if kept.expires_at
            and kept.expires_at < before
            and not (kept.paid_at or kept.closed or kept.lapsed_at)
        ]
        due = sorted(due, key=lambda key: rows[key].expires_at)[:limit]
        for order_id in due:
            self._change(order_id, lapsed_at=now)
        return sorted(due)

    def record_refund(self, fact: RefundFact) -> None:
        refunds = dict(self._connection.rows("refunds").get(fact.order_id, {}))
        for campaign_id, amount in sorted(fact.returned.items()):
            refunds.setdefault((fact.refund_key, campaign_id), amount)
        self._connection.put("refunds", fact.order_id, refunds)

    def correct(self, order: OrderRedemption, corrections: Sequence[Correction]) -> None:
        taken = dict(self._connection.rows("taken")[order.order_id])
        for one in corrections:
            known = taken[one.campaign_id]
            taken[one.campaign_id] = replace(
                known,
                counted=known.counted + one.add_spent,
                uses=known.uses + one.add_uses,
                told_redeemed=known.told_redeemed or one.tell_redeemed,
                told_returned=known.told_returned or one.tell_returned,
            )
            key = (one.campaign_id, order.customer_id)
            if one.counts and key in self._connection.rows("customer_uses"):
                uses = self._connection.rows("customer_uses")[key] + one.add_uses
                self._connection.put("customer_uses", key, uses)
            if one.counts:
                self._move(one.campaign_id, one.add_spent, one.add_uses)
        self._connection.put("taken", order.order_id, taken)

    def _move(self, campaign_id: str, spent: int, uses: int) -> None:
        account = self._connection.rows("campaigns")[campaign_id]
        usage = replace(account.usage, spent=account.usage.spent + spent, uses=account.usage.uses + uses)
        budget = account.campaign.budget.amount
        if not 0 <= usage.spent <= budget or usage.uses < 0:
            raise ValueError(f"campaign {campaign_id} cannot have spent {usage.spent} of {budget}")
        self._connection.put("campaigns", campaign_id, replace(account, usage=usage))

    def _change(self, order_id: str, **facts: Any) -> None:
        kept = self._connection.rows("orders").get(order_id, KeptOrder())
        self._connection.put("orders", order_id, replace(kept, **facts))


class MemoryStore:
    """:class:`services.campaigns.application.ports.Store`; announcements commit with what they announce."""

    def __init__(self, transaction: Transaction) -> None:
        connection: MemoryConnection = transaction.connection  # type: ignore[assignment]
        self._transaction = transaction
        self.campaigns = MemoryCampaigns(connection)
        self.shops = MemoryShops(connection)
        self.redemptions = MemoryRedemptions(connection)
        self.events = self

    def announce(self, event: CampaignsEvent) -> None:
        message = published.message(event)
        self._transaction.publish(message.type, message.subject, message.data)
