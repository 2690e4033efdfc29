"""Ordering on a real database, among fakes of the services it asks."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy import event as sqlalchemy_event

from services.ordering.adapters import standard_webhooks
from services.ordering.adapters.sandbox_provider import SandboxProvider
from services.ordering.application.ports import Rules
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.entrypoints.dependencies import PaymentProviders
from services.ordering.entrypoints.service import OrderingService
from services.ordering.settings import Settings
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.ordering.builders import NOON
from tests.ordering.fakes import FakeRpc

Wire = dict[str, Any]
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
RULES = Rules(
    quote_validity=timedelta(minutes=10),
    payment_window=timedelta(minutes=15),
    hold_grace=timedelta(minutes=15),
    after_sale_window=timedelta(hours=48),
    delivery_fee=DeliveryFeeRule(base=500, per_extra_pickup=200, included_m=3000, per_km=100),
)
CUSTOMER = {"account_id": "customer-1", "role": "customer"}
OPERATOR = {"account_id": "operator-1", "role": "operator"}


def merchant(number: int) -> Wire:
    return {"account_id": f"merchant-{number}", "role": "merchant"}


class Platform:
    """Two shops: apples (12.50) and milk (6.80) at the first, bread (9.00) at the second."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StoppedClock(NOON)
        self.rpc = FakeRpc()
        for number in (1, 2):
            self.rpc.storefront.open(f"shop-{number}", f"merchant-{number}")
        self.rpc.storefront.list("apples", "shop-1", 1250)
        self.rpc.storefront.list("milk", "shop-1", 680)
        self.rpc.storefront.list("bread", "shop-2", 900)
        self.key = standard_webhooks.key_of(SECRET)
        self.sandbox = SandboxProvider(database, self.clock, key=self.key)
        self.service = OrderingService()
        self.service.database = database
        self.service.clock = self.clock
        self.service.rpc = self.rpc
        self.service.payments = PaymentProviders(by_method={"sandbox": self.sandbox})
        self.service.settings = Settings(rules=RULES, webhook_secret=SECRET, webhook_url="http://unused")
        self._ids = count(1)
        self._events = count(1)

    def an_id(self, what: str) -> str:
        return f"{what}-{next(self._ids)}"

    # -- a customer's way

    def basket(self, **changes: Any) -> Wire:
        return {
            "actor": CUSTOMER,
            "quote_id": self.an_id("quote"),
            "lines": [
                {"listing_id": "apples", "quantity": 3},
                {"listing_id": "bread", "quantity": 2},
                {"listing_id": "milk", "quantity": 1},
            ],
            "drop_off": {"lat": 30.2712, "lon": 120.1512, "address": "Lotus lane 7", "contact": "138"},
            "slot_id": "asap",
            "coupon_codes": [],
        } | changes

    def quoted(self, **changes: Any) -> Wire:
        return self.service.quote(**self.basket(**changes))

    def placed(self, **changes: Any) -> Wire:
        quote = self.quoted(**changes)
        return self.place(quote["quote_id"], self.an_id("order"))

    def place(self, quote_id: str, order_id: str, actor: Wire | None = None) -> Wire:
        return self.service.place(actor=actor or CUSTOMER, order_id=order_id, quote_id=quote_id)

    def pay(self, order_id: str, scenario: str = "success", payment_id: str | None = None) -> Wire:
        return self.service.pay(
            actor=CUSTOMER,
            order_id=order_id,
            payment_id=payment_id or self.an_id("payment"),
            method="sandbox",
            scenario=scenario,
        )

    def paid(self, **changes: Any) -> Wire:
        order = self.placed(**changes)
        self.pay(order["order_id"])
        self.tell()
        return self.order(order["order_id"])

    def order(self, order_id: str) -> Wire:
        return self.service.order(actor=OPERATOR, order_id=order_id)

    # -- the provider

    def tell(self, *, at_once: bool = False, times: int = 1) -> int:
        """Deliver the provider's notifications that are due (or all), each so many times."""
        if at_once:
            self.sql("UPDATE sandbox_notification SET due_at = clock_timestamp() WHERE delivered_at IS NULL")
            self.sql("UPDATE sandbox_charge SET charged_at = least(charged_at, clock_timestamp())")
        notifications = self.sandbox.exchange([], 100)
        for notification in notifications:
            for _ in range(times):
                self.notify(notification.body, notification.notification_id)
        self.sandbox.exchange([notification.notification_id for notification in notifications], 0)
        return len(notifications)

    def notify(self, body: str, message_id: str = "message-1") -> Wire:
        headers = standard_webhooks.sign(self.key, message_id, int(time.time()), body)
        return self.service.payment_notification(provider="sandbox", headers=headers, body=body)

    def money_taken(self) -> int:
        """What the provider keeps of its charges."""
        return int(
            self.sql(
                "SELECT (SELECT COALESCE(sum(amount), 0) FROM sandbox_charge)"
                " - (SELECT COALESCE(sum(amount), 0) FROM sandbox_refund)"
            )[0][0]
        )

    # -- the other services

    def hears(self, *events: Event) -> None:
        for event in events:
            self.hears_at_once(event)
        assert self.sql("SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked") == []

    def hears_at_once(self, *events: Event) -> None:
        source = events[0].source
        handler = getattr(OrderingService, f"on_{source}").handle
        consume(
            self.database,
            f"ordering.from.{source}",
            lambda tx, event: handler(self.service, tx, event),
            list(events),
        )

    def event(self, source: str, type: str, subject: str, sequence: int = 1, **data: Any) -> Event:
        return Event(
            id=f"event-{next(self._events)}",
            type=type,
            source=source,
            subject=subject,
            time="2026-01-05T10:30:00.000Z",
            version=1,
            sequence=sequence,
            data=data,
        )

    # -- looking inside

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            result = connection.execute(text(statement), parameters)
            return [tuple(row) for row in result] if result.returns_rows else []

    def published(self, *types: str) -> list[Wire]:
        return [
            row[0]
            for row in self.sql(
                "SELECT data::jsonb FROM outbox WHERE type = ANY(:types) ORDER BY position", types=list(types)
            )
        ]

    def types_published(self) -> list[str]:
        return [row[0] for row in self.sql("SELECT type FROM outbox ORDER BY position")]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL that runs in the block, without what the outbox needs."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "outbox" not in statement:
                seen.append(statement)

        # Of every engine: a database has more than one, and the sandbox provider counts as well.
        sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            sqlalchemy_event.remove(Engine, "before_cursor_execute", note)


def part_of(order: Wire, shop_id: str) -> Wire:
    found: Sequence[Wire] = [part for part in order["store_orders"] if part["shop_id"] == shop_id]
    return found[0]


@pytest.fixture
def platform(service_database: Callable[[str], Database]) -> Platform:
    return Platform(service_database("ordering"))
