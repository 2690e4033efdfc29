"""The oracle names what is wrong with an order that two couriers brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.kernel.ids import derived_id
from tests.trust.booked_orders import BookedOrder, Part
from tests.trust.books import Books, ByHand, Delivery, Entry, Plan, Published, Told
from tests.trust.oracle import judge
from tests.trust.oracle.trips import shared_by_parts
from tests.trust.unit.small_books import DELIVERED_AT, NOW, PAID_AT, small_case

Falsify = Callable[[Books], None]
ORDER, KEY = "order-2", derived_id("trip", "order-2", "2")
ONE, OTHER = "delivery-1", "delivery-2"
RULES = {
    "split-orders-come-together",
    "trips-are-paid",
    "one-courier-per-delivery",
    "one-hand-at-a-time",
    "nobody-is-given-unasked",
    "tips-are-the-couriers",
}


def part(name: str) -> Part:
    return Part(
        store_order_id=name, shop_id=f"shop-of-{name}", status="delivered", paid=500, refunded=0, lines=()
    )


def entry(account: str, kind: str, amount: int) -> Entry:
    return Entry(
        transaction_id="transaction-1",
        order_id=ORDER,
        store_order_id=None,
        account=account,
        kind=kind,
        currency="CNY",
        amount=amount,
    )


def door(delivery_id: str, courier_id: str, minute: int, pickups: int, distance_m: int) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id,
        "courier_id": courier_id,
        "completed_at": f"2026-01-05T11:{minute}:00.000Z",
        "pickups": pickups,
        "distance_m": distance_m,
    }


def split_books() -> Books:
    """Three parts, of which an operator gave the last to a second courier, who came last."""
    books = Books(stream={})
    books.orders[ORDER] = BookedOrder(
        order_id=ORDER,
        quote_id="quote-2",
        customer_id="customer-1",
        status="delivered",
        discount=0,
        total=1_601,
        refunded=0,
        delivery_fee=0,
        paid_at=PAID_AT,
        parts=(part("a"), part("b"), part("c")),
        tip=101,
        method="sandbox",
        charge_id="charge-2",
        delivered_at=DELIVERED_AT,
        completed_at=None,
    )
    books.deliveries = {
        ORDER: Delivery(order_id=ORDER, status="delivered", courier_id="courier-1", delivery_id=ONE),
        KEY: Delivery(
            order_id=KEY, status="delivered", courier_id="courier-2", delivery_id=OTHER, split_from=ORDER
        ),
    }
    books.by_hand = [
        ByHand(order_id=ORDER, kind="assign", from_courier_id=None, to_courier_id=who, reason="busy")
        for who in ("courier-1", "courier-2")
    ]
    books.by_hand.append(
        ByHand(
            order_id=ORDER,
            kind="split",
            from_courier_id="courier-1",
            to_courier_id=None,
            reason="late",
        )
    )
    given = {"plan_version": 0, "reason": "operator"}
    tell(books, "CourierAssigned", delivery_id=ONE, courier_id="courier-1", **given)
    tell(books, "DeliverySplit", delivery_id=ONE, trip_id=OTHER, store_order_ids=["c"], reason="operator")
    tell(books, "CourierAssigned", delivery_id=OTHER, courier_id="courier-2", **given)
    for name, delivery_id, courier_id in (
        ("a", ONE, "courier-1"),
        ("b", ONE, "courier-1"),
        ("c", OTHER, "courier-2"),
    ):
        tell(books, "PickupCompleted", delivery_id=delivery_id, courier_id=courier_id, store_order_id=name)
    tell(books, "TripCompleted", **door(ONE, "courier-1", 20, 2, 1_000), store_order_ids=["a", "b"])
    tell(books, "DeliveryCompleted", **door(OTHER, "courier-2", 40, 1, 2_500))
    books.plans = {
        1: Plan(
            take_rate_bp=0,
            take_rate_base="paid",
            distribution_bp=0,
            distribution_min_bp=0,
            distribution_max_bp=0,
            trip=(300, 100, 80),
        )
    }
    books.plan_of = {ORDER: 1}
    books.entries = [
        entry("payable:courier:courier-1", "courier_pay", -480),
        entry("payable:courier:courier-2", "courier_pay", -500),
        entry("payable:courier:courier-1", "tip", -67),
        entry("payable:courier:courier-2", "tip", -34),
    ]
    return books


def tell(books: Books, type_: str, **data: Any) -> None:
    event_id, subject = f"told-{len(books.outbox)}", str(data.get("delivery_id"))
    sequence = len(books.outbox) + 1
    books.outbox[event_id] = Published(source="dispatch", type=type_, subject=subject, sequence=sequence)
    assert books.stream is not None
    books.stream[event_id] = Told(source="dispatch", type=type_, data={"order_id": ORDER, **data})


def told(type_: str, **data: Any) -> Falsify:
    return lambda books: tell(books, type_, **data)


def retell(type_: str, nth: int = 0, **changes: Any) -> Falsify:
    """Another thing in the place of what was told."""

    def falsify(books: Books) -> None:
        assert books.stream is not None
        event_id = [each for each, event in books.stream.items() if event.type == type_][nth]
        event = books.stream[event_id]
        books.stream[event_id] = replace(event, data={**event.data, **changes})

    return falsify


def unsaid(type_: str) -> Falsify:
    def falsify(books: Books) -> None:
        assert books.stream is not None
        for event_id in [each for each, event in books.stream.items() if event.type == type_]:
            del books.stream[event_id], books.outbox[event_id]

    return falsify


def of_order(**changes: Any) -> Falsify:
    def falsify(books: Books) -> None:
        books.orders[ORDER] = replace(books.orders[ORDER], **changes)

    return falsify


def booked(account: str, kind: str, amount: int) -> Falsify:
    return lambda books: books.entries.append(entry(account, kind, amount))


def second_unpaid(books: Books) -> None:
    books.entries = [one for one in books.entries if one.amount != -500]


def tip_for_the_last_alone(books: Books) -> None:
    books.entries = [one for one in books.entries if one.kind != "tip"]
    booked("payable:courier:courier-2", "tip", -101)(books)


def second_trip_is_gone(books: Books) -> None:
    del books.deliveries[KEY]


def split_by_nobody(books: Books) -> None:
    books.by_hand = [act for act in books.by_hand if act.kind != "split"]


def second_was_somebody_else(books: Books) -> None:
    books.deliveries[KEY] = replace(books.deliveries[KEY], courier_id="courier-3")


TOGETHER, PAID, ONE_EACH = "split-orders-come-together", "trips-are-paid", "one-courier-per-delivery"
CASES: list[tuple[Falsify, str]] = [
    (told("DeliverySplit", trip_id=OTHER, store_order_ids=["b"], reason="shop-late"), TOGETHER),
    (of_order(method="cash"), TOGETHER),
    (told("DeliveryFailed", delivery_id=ONE, reason="lost"), TOGETHER),
    (told("DeliveryCompleted", **door(ONE, "courier-1", 20, 2, 1_000)), TOGETHER),
    (told("DeliveryCompleted", **door(ONE, "courier-1", 20, 2, 1_000)), ONE_EACH),
    (unsaid("DeliveryCompleted"), TOGETHER),
    (unsaid("DeliverySplit"), TOGETHER),
    (told("TripCompleted", **door(OTHER, "courier-2", 40, 1, 2_500), store_order_ids=["c"]), TOGETHER),
    (told("PickupCompleted", delivery_id=OTHER, courier_id="courier-2", store_order_id="a"), TOGETHER),
    (retell("PickupCompleted", 2, delivery_id=ONE), TOGETHER),
    (retell("TripCompleted", store_order_ids=["a"]), TOGETHER),
    (retell("TripCompleted", store_order_ids=["a", "b", "c"]), TOGETHER),
    (of_order(parts=(part("a"), part("b"), part("c"), part("d"))), TOGETHER),
    (retell("DeliverySplit", trip_id="delivery-3"), TOGETHER),
    (second_trip_is_gone, TOGETHER),
    (split_by_nobody, TOGETHER),
    (retell("DeliverySplit", reason="shop-late"), TOGETHER),
    (second_unpaid, PAID),
    (booked("payable:courier:courier-1", "courier_pay", -480), PAID),
    (booked("payable:courier:courier-3", "courier_pay", -300), PAID),
    (retell("DeliveryCompleted", distance_m=9_000), PAID),
    (tip_for_the_last_alone, "tips-are-the-couriers"),
    (booked("payable:courier:courier-2", "tip", -101), "tips-are-the-couriers"),
    (second_was_somebody_else, ONE_EACH),
    (retell("DeliveryCompleted", courier_id="courier-1"), ONE_EACH),
    (told("CourierAssigned", delivery_id=OTHER, courier_id="courier-3", plan_version=0), ONE_EACH),
    (retell("PickupCompleted", 2, courier_id="courier-1"), "one-hand-at-a-time"),
    (second_was_somebody_else, "one-hand-at-a-time"),
    (retell("CourierAssigned", 1, plan_version=7), "nobody-is-given-unasked"),
]


def broken(books: Books) -> set[str]:
    case = replace(small_case(), books=books, wishes=(), supplied={}, now=NOW)
    return {verdict.name for verdict in judge(case) if not verdict.holds} & RULES


def test_an_order_that_two_couriers_brought_breaks_no_rule() -> None:
    assert broken(split_books()) == set()


@pytest.mark.parametrize(("falsify", "name"), CASES, ids=[f"{n}-{name}" for n, (_, name) in enumerate(CASES)])
def test_falsified_trips_break_the_invariant_that_names_the_fault(falsify: Falsify, name: str) -> None:
    books = split_books()
    falsify(books)
    assert name in broken(books)


def test_a_trip_that_is_told_of_again_as_all_that_came_is_one_trip() -> None:
    """The second courier lost what they had."""
    books = split_books()
    unsaid("DeliveryCompleted")(books)
    tell(books, "DeliveryCompleted", **door(ONE, "courier-1", 20, 2, 1_000))
    books.deliveries[KEY] = replace(books.deliveries[KEY], status="failed")
    lost = replace(part("c"), status="rejected", refunded=500)
    of_order(parts=(part("a"), part("b"), lost), refunded=500)(books)
    books.entries = [
        entry("payable:courier:courier-1", "courier_pay", -480),
        entry("payable:courier:courier-1", "tip", -101),
    ]
    assert broken(books) == set()


def test_a_tip_is_shared_by_parts_and_the_last_has_the_rest() -> None:
    trips = [door(ONE, "courier-1", 20, 2, 0), door(OTHER, "courier-2", 40, 1, 0)]
    assert shared_by_parts(trips, 101) == [("courier-1", 67), ("courier-2", 34)]
