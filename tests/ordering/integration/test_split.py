"""An order that two couriers bring: what its customer, its shops and their money see of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant, part_of
from tests.ordering.integration.test_convergence import (
    brought_by_two,
    first_fails_before_the_second_is_there,
    second_is_lost_after_the_first_was_there,
    split,
    tell,
    trip_of,
)

FIRST_DOOR, LAST_DOOR = "2026-01-05T10:40:00.000Z", "2026-01-05T11:40:00.000Z"


def statuses(platform: Platform, order: Wire) -> tuple[str, str, list[str]]:
    """Of the order, of its delivery and of its parts."""
    seen = platform.order(order["order_id"])
    return seen["status"], seen["delivery"]["status"], [part["status"] for part in seen["store_orders"]]


def history(platform: Platform, order: Wire) -> list[tuple[str, str]]:
    told = platform.service.history(actor=CUSTOMER, order_id=order["order_id"])["items"]
    return [(step["subject"], step["after"]) for step in told][4:]


def test_the_order_shows_both_couriers_and_comes_when_the_last_of_it_does(platform: Platform) -> None:
    order = platform.paid()
    first, late = (part["store_order_id"] for part in order["store_orders"])
    events = brought_by_two(platform, order)
    platform.hears(*events[:6])
    seen = platform.order(order["order_id"])["delivery"]
    assert (seen["courier_id"], seen["eta"]) == ("courier-1", "2026-01-05T11:10:00.000Z")
    assert [
        (trip["courier_id"], trip["eta"], trip["status"], trip["store_order_ids"]) for trip in seen["trips"]
    ] == [
        ("courier-1", FIRST_DOOR, "delivering", [first]),
        ("courier-3", "2026-01-05T11:10:00.000Z", "assigned", [late]),
    ]
    assert seen["trips"][1]["delivery_id"] == trip_of(order)
    platform.hears(events[6])
    assert statuses(platform, order) == ("in_fulfilment", "assigned", ["delivered", "placed"])
    assert platform.published("OrderDelivered") == []
    platform.hears(*events[7:])
    assert statuses(platform, order) == ("delivered", "delivered", ["delivered", "delivered"])
    seen = platform.order(order["order_id"])
    assert [trip["handed_over_at"] for trip in seen["delivery"]["trips"]] == [FIRST_DOOR, LAST_DOOR]
    assert [trip["courier_id"] for trip in seen["delivery"]["trips"]] == ["courier-1", "courier-3"]
    (told,) = platform.published("OrderDelivered")
    assert (told["delivery_id"], told["courier_id"], told["delivered_at"]) == (
        trip_of(order),
        "courier-3",
        LAST_DOOR,
    )
    assert told["store_order_ids"] == [first, late]


def test_the_history_tells_of_the_split_and_of_each_door(platform: Platform) -> None:
    order = platform.paid()
    platform.hears(*brought_by_two(platform, order))
    platform.hears(*brought_by_two(platform, order))
    assert history(platform, order) == [
        ("delivery", "split"),
        ("store_order", "picked_up"),
        ("order", "in_fulfilment"),
        ("store_order", "delivered"),
        ("delivery", "handed_over"),
        ("store_order", "picked_up"),
        ("store_order", "delivered"),
        ("order", "delivered"),
    ]
    late = part_of(order, "shop-2")["store_order_id"]
    own = platform.service.store_history(actor=merchant(2), store_order_id=late)["items"]
    moved = own[1]
    assert (moved["after"], moved["subject_id"], moved["reason"], moved["by"]) == (
        "split",
        trip_of(order),
        "shop-late",
        "dispatch",
    )
    other = part_of(order, "shop-1")["store_order_id"]
    own = platform.service.store_history(actor=merchant(1), store_order_id=other)["items"]
    assert [step["after"] for step in own] == ["placed", "picked_up", "delivered"]
    assert own[-1]["at"] == FIRST_DOOR


def test_an_order_that_one_courier_brings_shows_no_trips(platform: Platform) -> None:
    order = platform.paid()
    platform.hears(tell(platform, order, "CourierAssigned", 1, courier_id="courier-1", eta=None))
    assert platform.order(order["order_id"])["delivery"]["trips"] == []


def test_what_the_second_courier_lost_is_paid_back_and_the_rest_stays_delivered(platform: Platform) -> None:
    order = platform.paid(tip={"amount": 500, "currency": "CNY"})
    platform.hears(*second_is_lost_after_the_first_was_there(platform, order))
    assert statuses(platform, order) == ("delivered", "delivered", ["delivered", "rejected"])
    (refunded,) = platform.published("RefundIssued")
    lost = part_of(order, "shop-2")
    assert refunded["store_order_id"] == lost["store_order_id"]
    # Nothing of it is on a shelf again, and fee and tip stay: somebody came.
    assert refunded["restock"] is False
    assert (refunded["amount"], refunded["delivery_fee"]["amount"]) == (lost["paid"], 0)
    (told,) = platform.published("OrderDelivered")
    assert told["store_order_ids"] == [part_of(order, "shop-1")["store_order_id"]]
    assert (told["courier_id"], told["delivered_at"]) == ("courier-1", FIRST_DOOR)
    platform.clock.advance(timedelta(hours=49))
    platform.service.complete_delivered()
    assert statuses(platform, order)[0::2] == ("completed", ["completed", "rejected"])


def test_a_trip_that_nobody_took_at_the_door_goes_back_while_the_other_goes_on(platform: Platform) -> None:
    order = platform.paid()
    *before, brought = first_fails_before_the_second_is_there(platform, order)
    platform.hears(*before[:6])
    seen = platform.order(order["order_id"])["delivery"]
    assert (seen["status"], seen["choose_by"]) == ("second_try", "2026-01-05T11:00:00.000Z")
    platform.hears(before[6])
    seen = platform.order(order["order_id"])["delivery"]
    assert [trip["status"] for trip in seen["trips"]] == ["returning", "assigned"]
    assert (seen["status"], seen["choose_by"]) == ("assigned", None)
    platform.hears(*before[7:])
    (refunded,) = platform.published("RefundIssued")
    assert refunded["restock"] is True
    assert statuses(platform, order) == ("in_fulfilment", "delivering", ["rejected", "picked_up"])
    platform.hears(brought)
    assert statuses(platform, order) == ("delivered", "delivered", ["rejected", "delivered"])
    (told,) = platform.published("OrderDelivered")
    assert told["store_order_ids"] == [part_of(order, "shop-2")["store_order_id"]]


def test_when_both_trips_fail_everything_is_paid_back(platform: Platform) -> None:
    order = platform.paid(tip={"amount": 500, "currency": "CNY"})
    first = part_of(order, "shop-1")["store_order_id"]
    gone = {"store_order_id": first, "reason": "lost", "failed_at": "2026-01-05T10:40:00Z"}
    platform.hears(
        *split(platform, order),
        tell(platform, order, "PickupFailed", 6, **gone),
        tell(
            platform,
            order,
            "DeliveryFailed",
            7,
            second=True,
            reason="no-courier",
            failed_at="2026-01-05T11:00:00Z",
        ),
    )
    seen = platform.order(order["order_id"])
    assert statuses(platform, order) == ("cancelled", "failed", ["rejected", "cancelled"])
    assert seen["refunded"] == seen["total"]
    assert platform.types_published().count("OrderCancelled") == 1
    restocked = {refund["store_order_id"]: refund["restock"] for refund in platform.published("RefundIssued")}
    assert (restocked[first], restocked[part_of(order, "shop-2")["store_order_id"]]) == (False, True)


def test_the_customer_cannot_cancel_what_one_courier_has_handed_over(platform: Platform) -> None:
    order = platform.paid()
    platform.hears(*brought_by_two(platform, order)[:7])
    for actor in (CUSTOMER, OPERATOR):
        with pytest.raises(Refusal) as refused:
            platform.service.cancel(actor=actor, order_id=order["order_id"], reason="too late")
        assert refused.value.code == "too-late-to-cancel"
    assert platform.published("RefundIssued") == []


def test_an_order_that_was_cancelled_before_its_first_door_was_heard_of_stays_so(platform: Platform) -> None:
    """As with one courier: what nobody had told of could be withdrawn."""
    order = platform.paid()
    events = brought_by_two(platform, order)
    platform.hears(*events[:5])
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    platform.hears(*events[5:])
    assert statuses(platform, order) == ("cancelled", "cancelled", ["cancelled", "cancelled"])
    seen = platform.order(order["order_id"])
    assert seen["refunded"] == seen["total"]


def test_a_shop_that_drops_out_of_the_second_trip_leaves_what_was_handed_over(platform: Platform) -> None:
    order = platform.paid()
    events = brought_by_two(platform, order)
    platform.hears(*events[:7])
    late = part_of(order, "shop-2")["store_order_id"]
    platform.service.reject(actor=merchant(2), store_order_id=late, reason="sold out")
    # Dispatch has no more to bring, and says again what has come.
    again = {"courier_id": "courier-1", "completed_at": FIRST_DOOR, "pickups": 1}
    platform.hears(tell(platform, order, "DeliveryCompleted", 8, **again))
    assert statuses(platform, order) == ("delivered", "delivered", ["delivered", "rejected"])
    (told,) = platform.published("OrderDelivered")
    assert told["store_order_ids"] == [part_of(order, "shop-1")["store_order_id"]]


def test_nobody_refuses_goods_that_a_courier_has(platform: Platform) -> None:
    order = platform.paid()
    platform.hears(*brought_by_two(platform, order)[:6])
    with pytest.raises(Refusal) as refused:
        platform.service.reject(
            actor=merchant(1), store_order_id=part_of(order, "shop-1")["store_order_id"], reason="sold out"
        )
    assert refused.value.code == "wrong-state"


def test_cases_and_reviews_open_as_their_goods_have_come(platform: Platform) -> None:
    order = platform.paid()
    events = brought_by_two(platform, order)
    platform.hears(*events[:7])
    first, late = (part["store_order_id"] for part in order["store_orders"])
    platform.service.review_store_order(actor=CUSTOMER, store_order_id=first, stars=5, words="Warm.")
    for store_order_id in (late, None):
        with pytest.raises(Refusal, match=re.compile("receiv|come|arriv", re.IGNORECASE)):
            if store_order_id is None:
                platform.service.review_delivery(actor=CUSTOMER, order_id=order["order_id"], stars=4)
            else:
                platform.service.review_store_order(actor=CUSTOMER, store_order_id=late, stars=4)
    platform.hears(*events[7:])
    platform.service.review_store_order(actor=CUSTOMER, store_order_id=late, stars=4)
    platform.service.review_delivery(actor=CUSTOMER, order_id=order["order_id"], stars=4)
