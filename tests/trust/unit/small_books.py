"""Small books in which everything is as it must be, to be falsified one entry at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.trust.books import (
    BookedOrder,
    Books,
    Campaign,
    Charge,
    Delivery,
    Entry,
    Level,
    Line,
    Part,
    Published,
    Refund,
    Returned,
    Taken,
    Told,
)
from tests.trust.client_log import Wish
from tests.trust.oracle import Case
from tests.trust.unit.small_history import small_history

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PAID_AT = NOW - timedelta(minutes=30)
ORDER, PART, SHOP, CUSTOMER, COURIER = "order-1", "part-1", "shop-1", "customer-1", "courier-1"
FEE = 300


def small_case() -> Case:
    """One order of three units for 1,000, of which one went back after the delivery."""
    return Case(
        wishes=[
            _wish(0, "POST /v1/quotes", {"quote_id": "quote-1"}),
            _wish(1, "POST /v1/orders", {"order_id": ORDER}, {"quote_id": "quote-1"}),
            _wish(2, "POST /v1/orders/{id}/payments", {"payment_id": "payment-1"}),
            _wish(3, "POST /v1/store-orders/{id}/refunds", {"refund_id": "refund-1"}),
        ],
        books=_books(),
        supplied={"listing-1": 10},
        now=NOW,
        deadline=timedelta(minutes=60),
    )


def _wish(number: int, call: str, answer: dict[str, object], body: dict[str, object] | None = None) -> Wish:
    return Wish(
        number=number,
        call=call,
        path="",
        key=f"key-{number}",
        who=CUSTOMER,
        asked_at=float(number),
        body=body or {},
        outcome="ok",
        answer=answer,
        took=0.1,
    )


def _books() -> Books:
    line = Line(line_id="line-1", listing_id="listing-1", quantity=3, paid=1_000, refunded_quantity=1)
    part = Part(
        store_order_id=PART, shop_id=SHOP, status="delivered", paid=1_000, refunded=333, lines=(line,)
    )
    order = BookedOrder(
        order_id=ORDER,
        quote_id="quote-1",
        customer_id=CUSTOMER,
        status="delivered",
        discount=200,
        total=1_300,
        refunded=333,
        delivery_fee=FEE,
        paid_at=PAID_AT,
        parts=(part,),
    )
    refund = Refund(
        refund_id="refund-1",
        command_id="refund-1",
        order_id=ORDER,
        store_order_id=PART,
        goods=333,
        delivery_fee=0,
        lines=(("line-1", 1, 333),),
    )
    charge = Charge(charge_id="charge-1", payment_id="payment-1", order_id=ORDER, amount=1_300)
    back = Returned(refund_id="back-1", charge_id="charge-1", amount=333)
    events = {
        "event-1": Published(source="ordering", type="OrderPaid", subject=ORDER, sequence=1),
        "event-2": Published(source="ordering", type="RefundIssued", subject=ORDER, sequence=2),
        "event-3": Published(source="ordering", type="StoreOrderSplit", subject=PART, sequence=1),
        "event-4": Published(source="dispatch", type="CourierAssigned", subject="d-1", sequence=1),
        "event-5": Published(source="dispatch", type="DeliveryCompleted", subject="d-1", sequence=2),
        "event-6": Published(source="commission", type="SettlementPosted", subject=PART, sequence=1),
        "event-7": Published(source="commission", type="SettlementPosted", subject=ORDER, sequence=1),
        "event-8": Published(source="commission", type="SettlementPosted", subject="c-1", sequence=1),
    }
    return Books(
        orders={ORDER: order},
        charges=[charge],
        refunds=[refund],
        returns=[back],
        provider_charges=[charge],
        provider_returns=[back],
        entries=_entries(),
        deliveries={
            ORDER: Delivery(
                order_id=ORDER, status="delivered", courier_id=COURIER, slot_id="slot-1", slot_taken=True
            )
        },
        recorded_plans={"zone-1": 1},
        history=small_history(ORDER, COURIER),
        levels={"listing-1": Level(stock=7)},
        campaigns={"campaign-1": Campaign(campaign_id="campaign-1", budget=500, spent=200, uses=1)},
        taken=[
            Taken(
                order_id=ORDER,
                campaign_id="campaign-1",
                customer_id=CUSTOMER,
                amount=200,
                counted=200,
                uses=1,
            )
        ],
        outbox=events,
        inbox={"crm.from.ordering": {"event-2", "event-3"}},
        subscriptions={"crm.from.ordering": ("ordering", frozenset({"RefundIssued", "StoreOrderSplit"}))},
        tallies={(SHOP, CUSTOMER): (1_000, 333)},
        stream=_stream(events),
        depths={"unrouted": 0, "dead-letters": 0},
    )


def _entries() -> list[Entry]:
    def moved(number: int, debit: str, credit: str, kind: str, amount: int, part: str | None) -> list[Entry]:
        return [
            Entry(
                transaction_id=f"transaction-{number}",
                order_id=ORDER,
                store_order_id=part,
                account=account,
                kind=kind,
                currency="CNY",
                amount=signed,
            )
            for account, signed in ((debit, amount), (credit, -amount))
        ]

    shop = f"payable:shop:{SHOP}"
    return [
        *moved(1, "cash:provider", "liability:orders", "payment", 1_300, None),
        *moved(2, "liability:orders", "cash:provider", "refund", 333, PART),
        *moved(3, "liability:orders", shop, "sale", 667, PART),
        *moved(3, shop, "revenue:take_rate", "take_rate", 33, PART),
        *moved(3, "liability:orders", "revenue:delivery_fee", "delivery_fee", FEE, None),
        *moved(4, "expense:courier_pay", f"payable:courier:{COURIER}", "courier_pay", 350, None),
    ]


def _stream(events: dict[str, Published]) -> dict[str, Told]:
    def money(amount: int) -> dict[str, object]:
        return {"amount": amount, "currency": "CNY"}

    data: dict[str, dict[str, object]] = {
        "event-1": {"order_id": ORDER, "total": money(1_300)},
        "event-2": {
            "order_id": ORDER,
            "store_order_id": PART,
            "shop_id": SHOP,
            "customer_id": CUSTOMER,
            "amount": money(333),
        },
        "event-3": {"shop_id": SHOP, "customer_id": CUSTOMER, "paid": money(1_000)},
        "event-4": {"order_id": ORDER, "courier_id": COURIER, "plan_version": 1},
        "event-5": {"order_id": ORDER, "courier_id": COURIER},
        "event-6": {"payee": {"kind": "shop", "id": SHOP}, "amount": money(634)},
        "event-7": {"payee": {"kind": "platform", "id": None}, "amount": money(FEE)},
        "event-8": {"payee": {"kind": "courier", "id": COURIER}, "amount": money(350)},
    }
    return {
        event_id: Told(source=event.source, type=event.type, data=data[event_id])
        for event_id, event in events.items()
    }
