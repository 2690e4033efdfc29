"""One story: Lan buys from Ning's fruit shop and Bao's bakery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event as sqlalchemy_event

from services.crm.entrypoints.service import CrmService
from shared.kernel.clock import to_wire
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from shared.persistence import Database

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FRUIT, BAKERY = "fruit-shop", "bakery"
NING, BAO, LAN = "ning", "bao", "lan"
OPERATOR = {"account_id": "operator", "role": "operator"}
MERCHANT = {"account_id": NING, "role": "merchant"}


def wire(amount: int, currency: str = "CNY") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def minutes(number: int) -> str:
    return to_wire(NOON + timedelta(minutes=number))


def a_service(database: Database) -> CrmService:
    service = CrmService()
    service.database = database
    return service


def take_in(service: CrmService, *events: Event) -> None:
    for source in ("ordering", "storefront"):
        chosen = [event for event in events if event.source == source]
        method = getattr(CrmService, f"on_{source}").handle
        if chosen:
            consume(
                service.database,
                f"crm.from.{source}",
                lambda tx, event, method=method: method(service, tx, event),
                chosen,
            )


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """What is said to PostgreSQL meanwhile."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sqlalchemy_event.remove(database.engine, "before_cursor_execute", hear)


def an_event(type: str, data: dict[str, Any], source: str = "ordering", **envelope: Any) -> Event:
    key = [type] + [
        str(data[name]) for name in ("order_id", "store_order_id", "refund_id", "shop_id") if name in data
    ]
    return Event(
        id=envelope.get("id", "/".join(key)),
        type=type,
        source=source,
        subject=key[1],
        time=envelope.get("time", minutes(0)),
        version=1,
        sequence=1,
        data=data,
    )


def shop_opened(shop_id: str = FRUIT, owner_id: str = NING, **envelope: Any) -> Event:
    return an_event("ShopOpened", {"shop_id": shop_id, "owner_id": owner_id}, "storefront", **envelope)


def placed(order_id: str, at: int = 0) -> Event:
    return an_event("OrderPlaced", {"order_id": order_id, "customer_id": LAN, "placed_at": minutes(at)})


def bought(
    order_id: str,
    shop_id: str = FRUIT,
    paid: int = 5000,
    at: int = 1,
    customer_id: str = LAN,
    currency: str = "CNY",
) -> Event:
    data = {
        "order_id": order_id,
        "store_order_id": f"{order_id}-{shop_id}",
        "shop_id": shop_id,
        "customer_id": customer_id,
        "paid_at": minutes(at),
        "paid": wire(paid, currency),
    }
    return an_event("StoreOrderSplit", data)


def delivered(order_id: str, *shop_ids: str, at: int = 30) -> Event:
    parts = [f"{order_id}-{shop_id}" for shop_id in shop_ids]
    return an_event(
        "OrderDelivered", {"order_id": order_id, "store_order_ids": parts, "delivered_at": minutes(at)}
    )


def cancelled(order_id: str, at: int = 5) -> Event:
    return an_event("OrderCancelled", {"order_id": order_id, "cancelled_at": minutes(at)})


def refunded(
    order_id: str, refund_id: str, shop_id: str | None = FRUIT, goods: int = 1000, at: int = 40
) -> Event:
    data = {
        "refund_id": refund_id,
        "order_id": order_id,
        "store_order_id": f"{order_id}-{shop_id}" if shop_id else None,
        "shop_id": shop_id,
        "customer_id": LAN,
        "goods": wire(goods),
        "amount": wire(goods + 300),
        "issued_at": minutes(at),
    }
    return an_event("RefundIssued", data)
