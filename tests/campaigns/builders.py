"""One story: Ning's fruit shop, Bao's bakery, and the customers around the corner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.campaigns.domain.campaign import Campaign, CampaignAccount, Funder, Kind, Rule, Usage
from services.campaigns.domain.pipeline import Line
from services.campaigns.entrypoints.service import CampaignsService
from shared.kernel.clock import to_wire
from shared.kernel.money import Money
from shared.messaging.envelope import Event
from shared.persistence import Database
from shared.testing.clock import StoppedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FRUIT, BAKERY = "fruit-shop", "bakery"
NING, BAO, CUSTOMER = "ning", "bao", "customer"
OPERATOR = {"account_id": "operator", "role": "operator"}
MERCHANT = {"account_id": NING, "role": "merchant"}


def yuan(amount: int) -> Money:
    return Money(amount, "CNY")


def wire(amount: int, currency: str = "CNY") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def a_campaign(campaign_id: str = "campaign", **changes: Any) -> Campaign:
    off, threshold = changes.pop("off", 1000), changes.pop("threshold", 5000)
    terms: dict[str, Any] = {
        "campaign_id": campaign_id,
        "shop_id": FRUIT,
        "kind": Kind.FULL_REDUCTION,
        "funder": Funder.SHOP,
        "name": "Over 50, 10 off",
        "rule": Rule(threshold=yuan(threshold), off=yuan(off)),
        "budget": yuan(100_000),
        "per_customer_limit": None,
        "total_limit": None,
        "starts_at": NOON - timedelta(days=1),
        "ends_at": NOON + timedelta(days=1),
        "code": None,
    }
    return Campaign(**(terms | changes))


def an_account(campaign: Campaign, **usage: int) -> CampaignAccount:
    return CampaignAccount(campaign=campaign, usage=Usage(**usage))


def a_line(line_id: str, amount: int, shop_id: str = FRUIT) -> Line:
    return Line(line_id=line_id, shop_id=shop_id, goods=yuan(amount))


def launch_request(campaign_id: str = "campaign", **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "actor": OPERATOR,
        "campaign_id": campaign_id,
        "shop_id": None,
        "kind": "coupon",
        "funder": "platform",
        "name": "Ten off",
        "rule": {"threshold": wire(0), "off": wire(1000)},
        "budget": wire(10_000),
        "starts_at": to_wire(NOON - timedelta(hours=1)),
        "ends_at": to_wire(NOON + timedelta(days=7)),
        "code": campaign_id,
    }
    return request | changes


def redeem_request(order_id: str, customer_id: str = CUSTOMER, **amounts: int) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": customer_id,
        "discounts": [
            {"campaign_id": campaign_id, "amount": wire(amount)}
            for campaign_id, amount in (amounts or {"campaign": 1000}).items()
        ],
        "expires_at": to_wire(NOON + timedelta(minutes=15)),
    }


def a_service(database: Database, clock: StoppedClock | None = None) -> CampaignsService:
    service = CampaignsService()
    service.database = database
    service.clock = clock or StoppedClock(NOON)
    return service


def an_event(type: str, data: dict[str, Any], event_id: str | None = None, source: str = "ordering") -> Event:
    subject = data.get("order_id") or data.get("shop_id") or "subject"
    return Event(
        id=event_id or f"{type}-{subject}-{data.get('refund_id', '')}-{data.get('store_order_id', '')}",
        type=type,
        source=source,
        subject=subject,
        time=to_wire(NOON),
        version=1,
        sequence=1,
        data=data,
    )


def paid(order_id: str, discount: int = 1000) -> Event:
    return an_event(
        "OrderPaid",
        {"order_id": order_id, "paid_at": to_wire(NOON), "discount": wire(discount), "store_orders": []},
    )


def cancelled(order_id: str) -> Event:
    return an_event("OrderCancelled", {"order_id": order_id, "cancelled_at": to_wire(NOON), "was_paid": True})


def expired(order_id: str) -> Event:
    return an_event("OrderExpired", {"order_id": order_id, "expired_at": to_wire(NOON)})


def refunded(order_id: str, refund_id: str, store_order_id: str | None = "store", **shares: int) -> Event:
    lines = [
        {
            "line_id": f"line-{campaign_id}",
            "discounts": [{"campaign_id": campaign_id, "amount": wire(amount)}],
        }
        for campaign_id, amount in shares.items()
    ]
    return an_event(
        "RefundIssued",
        {"refund_id": refund_id, "order_id": order_id, "store_order_id": store_order_id, "lines": lines},
    )


def shop_opened(shop_id: str = FRUIT, owner_id: str = NING) -> Event:
    return an_event("ShopOpened", {"shop_id": shop_id, "owner_id": owner_id}, source="storefront")
