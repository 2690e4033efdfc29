"""Small books in which everything is as it must be, to be falsified one entry at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.kernel.ids import derived_id
from tests.trust.booked_orders import (
    AfterSale,
    Back,
    BookedOrder,
    Claim,
    Discount,
    Fall,
    Line,
    Part,
    Proposal,
    Refund,
)
from tests.trust.books import (
    Accrual,
    Books,
    Campaign,
    Charge,
    Delivery,
    Entry,
    Level,
    Link,
    Plan,
    Published,
    Returned,
    Statement,
    Taken,
    Told,
)
from tests.trust.client_log import Wish
from tests.trust.oracle import Case
from tests.trust.unit.small_history import small_history

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PAID_AT = NOW - timedelta(minutes=30)
DELIVERED_AT = NOW - timedelta(minutes=10)
ORDER, PART, SHOP, CUSTOMER, COURIER = "order-1", "part-1", "shop-1", "customer-1", "courier-1"
FEE, TIP = 300, 50
OF_CASE = derived_id("refund", "case", "case-1")


def small_case() -> Case:
    """One order of three units for 1,000, with a tip, through a promoter's link, paid by a provider.

    The last unit became something else that is cheaper, the first went back by a case about it.
    """
    return Case(
        wishes=[
            _wish(0, "POST /v1/quotes", {"quote_id": "quote-1"}),
            _wish(1, "POST /v1/orders", {"order_id": ORDER}, {"quote_id": "quote-1"}),
            _wish(2, "POST /v1/orders/{id}/payments", {"payment_id": "payment-1"}),
            _wish(3, "POST /v1/store-orders/{id}/refunds", {"refund_id": OF_CASE}),
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
    line = Line(
        line_id="line-1",
        listing_id="listing-1",
        quantity=3,
        paid=1_000,
        refunded_quantity=1,
        unit_price=400,
        category="fruit",
        discounts=(Discount("campaign-1", "shop", 200),),
        # Of the 100 that it costs less, 334 of 400 parts were the customer's.
        falls=(Fall(first=2, units=1, goods=100, amount=84, discounts=(16,), substitution_id="swap-1"),),
        promotion_link_id="link-1",
    )
    proposal = Proposal(
        substitution_id="swap-1", line_id="line-1", quantity=1, unit_price=300, status="accepted"
    )
    part = Part(
        store_order_id=PART,
        shop_id=SHOP,
        status="completed",
        paid=1_000,
        refunded=417,
        lines=(line,),
        merchant_id="owner-1",
        proposals=(proposal,),
    )
    order = BookedOrder(
        order_id=ORDER,
        quote_id="quote-1",
        customer_id=CUSTOMER,
        status="completed",
        discount=200,
        total=1_350,
        refunded=417,
        delivery_fee=FEE,
        paid_at=PAID_AT,
        parts=(part,),
        tip=TIP,
        method="sandbox",
        charge_id="charge-1",
        delivered_at=DELIVERED_AT,
        completed_at=NOW,
    )
    swap = Refund(
        refund_id=derived_id("refund", "substitution", "swap-1"),
        command_id="swap-1",
        order_id=ORDER,
        store_order_id=PART,
        goods=84,
        delivery_fee=0,
        lines=(Back("line-1", 0, 84, (Discount("campaign-1", "shop", 16),), "swap-1"),),
        reason="substituted",
        issued_at=PAID_AT,
    )
    refund = Refund(
        refund_id=OF_CASE,
        command_id=OF_CASE,
        order_id=ORDER,
        store_order_id=PART,
        goods=333,
        delivery_fee=0,
        lines=(Back("line-1", 1, 333, (Discount("campaign-1", "shop", 67),)),),
        reason="damaged",
        issued_at=DELIVERED_AT + timedelta(minutes=2),
    )
    charge = Charge(charge_id="charge-1", payment_id="payment-1", order_id=ORDER, amount=1_350)
    backs = [
        Returned(refund_id="back-1", charge_id="charge-1", amount=333),
        Returned(refund_id="back-2", charge_id="charge-1", amount=84),
    ]
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
        refunds=[refund, swap],
        returns=list(backs),
        provider_charges=[charge],
        provider_returns=list(backs),
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
        tallies={(SHOP, CUSTOMER): (1_000, 417)},
        stream=_stream(events),
        depths={"unrouted": 0, "dead-letters": 0},
        cases=[
            AfterSale(
                case_id="case-1",
                order_id=ORDER,
                store_order_id=PART,
                status="refunded",
                claims=(Claim(line_id="line-1", quantity=1, left=1),),
                steps=(
                    (DELIVERED_AT + timedelta(minutes=1), "open"),
                    (DELIVERED_AT + timedelta(minutes=2), "refunded"),
                ),
                borne_by="shop",
                refunded=333,
            )
        ],
        plans={
            1: Plan(
                take_rate_bp=500,
                take_rate_base="after_shop_discount",
                distribution_bp=1_000,
                distribution_min_bp=0,
                distribution_max_bp=2_000,
            )
        },
        plan_of={ORDER: 1},
        links={
            "link-1": Link(
                link_id="link-1", shop_id="shop-2", owner_id="owner-2", listing_id="listing-1", rate_bp=None
            )
        },
        attributed={"line-1": ("link-1", "link")},
        accruals=[
            Accrual(order_id=ORDER, store_order_id=PART, link_id="link-1", status="released", amount=58)
        ],
        statements=[
            Statement(
                statement_id="statement-1",
                opening=0,
                earned=496,
                paid_out=0,
                closing=496,
                lines=3,
                listed=3,
                moved=496,
            )
        ],
        sealed=6,
    )


def _entries() -> list[Entry]:
    def moved(
        number: int,
        debit: str,
        credit: str,
        kind: str,
        amount: int,
        part: str | None,
        link_id: str | None = None,
    ) -> list[Entry]:
        return [
            Entry(
                transaction_id=f"transaction-{number}",
                order_id=ORDER,
                store_order_id=part,
                account=account,
                kind=kind,
                currency="CNY",
                amount=signed,
                link_id=link_id,
            )
            for account, signed in ((debit, amount), (credit, -amount))
        ]

    shop, courier = f"payable:shop:{SHOP}", f"payable:courier:{COURIER}"
    frozen, released = "frozen:promoter:shop-2", "payable:promoter:shop-2"
    return [
        *moved(1, "cash:provider", "liability:orders", "payment", 1_350, None),
        *moved(2, "liability:orders", "cash:provider", "refund", 417, PART),
        *moved(3, "liability:orders", shop, "sale", 583, PART),
        *moved(3, shop, "revenue:take_rate", "take_rate", 29, PART),
        *moved(3, shop, frozen, "distribution_commission", 58, PART, "link-1"),
        *moved(5, frozen, released, "commission_release", 58, PART, "link-1"),
        *moved(3, "liability:orders", courier, "tip", TIP, None),
        *moved(3, "liability:orders", "revenue:delivery_fee", "delivery_fee", FEE, None),
        *moved(4, "expense:courier_pay", courier, "courier_pay", 350, None),
    ]


def _stream(events: dict[str, Published]) -> dict[str, Told]:
    def money(amount: int) -> dict[str, object]:
        return {"amount": amount, "currency": "CNY"}

    data: dict[str, dict[str, object]] = {
        "event-1": {"order_id": ORDER, "total": money(1_350)},
        "event-2": {
            "order_id": ORDER,
            "store_order_id": PART,
            "shop_id": SHOP,
            "customer_id": CUSTOMER,
            "amount": money(417),
        },
        "event-3": {"shop_id": SHOP, "customer_id": CUSTOMER, "paid": money(1_000)},
        "event-4": {"order_id": ORDER, "courier_id": COURIER, "plan_version": 1},
        "event-5": {"order_id": ORDER, "courier_id": COURIER},
        "event-6": {"payee": {"kind": "shop", "id": SHOP}, "amount": money(496)},
        "event-7": {"payee": {"kind": "platform", "id": None}, "amount": money(FEE)},
        "event-8": {"payee": {"kind": "courier", "id": COURIER}, "amount": money(400)},
    }
    return {
        event_id: Told(source=event.source, type=event.type, data=data[event_id])
        for event_id, event in events.items()
    }
