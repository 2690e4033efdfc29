"""Shops, couriers and customers working on one order."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from shared.kernel.errors import Refusal
from shared.kernel.ids import derived_id
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant, part_of

READY_AT = "2026-01-05T10:20:00Z"


def accept(platform: Platform, order: Wire, shop: int) -> Wire:
    part = part_of(order, f"shop-{shop}")
    return platform.service.accept(
        actor=merchant(shop), store_order_id=part["store_order_id"], ready_at=READY_AT
    )


def reject(platform: Platform, order: Wire, shop: int, reason: str = "sold out") -> Wire:
    part = part_of(order, f"shop-{shop}")
    return platform.service.reject(actor=merchant(shop), store_order_id=part["store_order_id"], reason=reason)


def pickup(platform: Platform, order: Wire, shop: int) -> None:
    order_id = order["order_id"]
    platform.hears(
        platform.event(
            "dispatch",
            "PickupCompleted",
            derived_id("delivery", order_id),
            order_id=order_id,
            delivery_id=derived_id("delivery", order_id),
            store_order_id=part_of(order, f"shop-{shop}")["store_order_id"],
            shop_id=f"shop-{shop}",
            courier_id="courier-1",
            picked_up_at="2026-01-05T10:25:00Z",
        )
    )


def completed(platform: Platform, order: Wire) -> None:
    order_id = order["order_id"]
    platform.hears(
        platform.event(
            "dispatch",
            "DeliveryCompleted",
            derived_id("delivery", order_id),
            order_id=order_id,
            delivery_id=derived_id("delivery", order_id),
            courier_id="courier-1",
            completed_at="2026-01-05T10:40:00Z",
        )
    )


def failed(platform: Platform, order: Wire, reason: str) -> None:
    order_id = order["order_id"]
    platform.hears(
        platform.event(
            "dispatch",
            "DeliveryFailed",
            derived_id("delivery", order_id),
            order_id=order_id,
            delivery_id=derived_id("delivery", order_id),
            courier_id=None,
            reason=reason,
            failed_at="2026-01-05T10:40:00Z",
        )
    )


def pickup_failed(platform: Platform, order: Wire, shop: int, reason: str = "shop-closed") -> None:
    order_id = order["order_id"]
    platform.hears(
        platform.event(
            "dispatch",
            "PickupFailed",
            derived_id("delivery", order_id),
            order_id=order_id,
            delivery_id=derived_id("delivery", order_id),
            store_order_id=part_of(order, f"shop-{shop}")["store_order_id"],
            shop_id=f"shop-{shop}",
            courier_id="courier-1",
            reason=reason,
            failed_at="2026-01-05T10:26:00Z",
        )
    )


def refunds(platform: Platform) -> list[tuple[str | None, int]]:
    return [(event["shop_id"], event["amount"]["amount"]) for event in platform.published("RefundIssued")]


def test_an_order_goes_all_the_way(platform: Platform) -> None:
    order = platform.paid()
    assert accept(platform, order, 1)["status"] == "accepted"
    part = part_of(order, "shop-1")["store_order_id"]
    assert platform.service.ready(actor=merchant(1), store_order_id=part)["status"] == "ready"
    accept(platform, order, 2)
    assert platform.order(order["order_id"])["status"] == "in_fulfilment"
    pickup(platform, order, 1)
    assert platform.order(order["order_id"])["delivery"]["status"] == "collecting"
    pickup(platform, order, 2)
    assert platform.order(order["order_id"])["delivery"]["status"] == "delivering"
    completed(platform, order)
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["delivery"]["courier_id"]) == ("delivered", "courier-1")
    (event,) = platform.published("OrderDelivered")
    assert event["store_order_ids"] == [item["store_order_id"] for item in order["store_orders"]]
    platform.service.complete_delivered()
    assert platform.order(order["order_id"])["status"] == "delivered"
    platform.clock.advance(timedelta(hours=49))
    platform.service.complete_delivered()
    platform.service.complete_delivered()
    assert platform.order(order["order_id"])["status"] == "completed"
    assert platform.types_published().count("OrderCompleted") == 1
    assert refunds(platform) == []


def test_a_part_that_no_courier_could_collect_is_paid_back_and_the_rest_is_brought(
    platform: Platform,
) -> None:
    order = platform.paid()
    pickup(platform, order, 1)
    pickup_failed(platform, order, 2)
    pickup_failed(platform, order, 2)
    left_out = part_of(order, "shop-2")
    completed(platform, order)
    seen = platform.order(order["order_id"])
    assert seen["status"] == "delivered"
    assert part_of(seen, "shop-2")["status"] == "rejected"
    (refunded,) = platform.published("RefundIssued")
    assert (refunded["store_order_id"], refunded["restock"]) == (left_out["store_order_id"], True)
    (event,) = platform.published("OrderDelivered")
    assert event["store_order_ids"] == [part_of(order, "shop-1")["store_order_id"]]


def test_a_failed_part_is_paid_back_the_same_when_it_is_heard_of_last(platform: Platform) -> None:
    order = platform.paid()
    pickup(platform, order, 1)
    completed(platform, order)
    pickup_failed(platform, order, 2)
    (refunded,) = platform.published("RefundIssued")
    assert refunded["store_order_id"] == part_of(order, "shop-2")["store_order_id"]
    assert platform.order(order["order_id"])["status"] == "delivered"


def test_commands_of_a_shop_repeat_without_effect(platform: Platform) -> None:
    order = platform.paid()
    assert accept(platform, order, 1) == accept(platform, order, 1)
    part = part_of(order, "shop-1")["store_order_id"]
    platform.service.ready(actor=merchant(1), store_order_id=part)
    platform.service.ready(actor=merchant(1), store_order_id=part)
    reject(platform, order, 2)
    reject(platform, order, 2)
    types = platform.types_published()
    assert [types.count(f"StoreOrder{what}") for what in ("Accepted", "Ready", "Rejected")] == [1, 1, 1]
    assert len(refunds(platform)) == 1
    with pytest.raises(Refusal) as caught:
        accept(platform, order, 2)
    assert caught.value.code == "wrong-state"


def test_a_shop_works_on_its_own_paid_parts_alone(platform: Platform) -> None:
    order, unpaid = platform.paid(), platform.placed()
    part = part_of(order, "shop-1")["store_order_id"]
    with pytest.raises(Refusal) as caught:
        platform.service.reject(actor=merchant(2), store_order_id=part, reason="mischief")
    assert caught.value.code == "store-order-not-found"
    with pytest.raises(Refusal) as caught:
        accept(platform, unpaid, 1)
    assert caught.value.code == "store-order-not-found"


def test_a_rejected_part_is_refunded_at_once_and_its_sibling_goes_on(platform: Platform) -> None:
    order = platform.paid(coupon_codes=["WELCOME"])
    accept(platform, order, 1)
    reject(platform, order, 2)
    seen = platform.order(order["order_id"])
    paid = part_of(order, "shop-2")["paid"]["amount"]
    assert seen["status"] == "in_fulfilment"
    assert seen["refunded"]["amount"] == paid
    assert refunds(platform) == [("shop-2", paid)]
    platform.service.send_refunds()
    assert platform.money_taken() == order["total"]["amount"] - paid
    completed(platform, order)
    (event,) = platform.published("OrderDelivered")
    assert event["store_order_ids"] == [part_of(order, "shop-1")["store_order_id"]]


def test_when_every_shop_rejects_the_delivery_fee_comes_back_too(platform: Platform) -> None:
    order = platform.paid()
    reject(platform, order, 1)
    reject(platform, order, 2)
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_status"]) == ("cancelled", "refunded")
    assert seen["refunded"] == seen["total"]
    assert refunds(platform) == [("shop-1", 4430), ("shop-2", 1800), (None, 700)]
    assert platform.types_published()[-1] == "OrderCancelled"
    platform.service.send_refunds()
    assert platform.money_taken() == 0


def test_two_shops_that_answer_side_by_side_both_count(platform: Platform) -> None:
    order = platform.paid()
    barrier, failures = threading.Barrier(2), []

    def answer(shop: int) -> None:
        barrier.wait()
        try:
            reject(platform, order, shop)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=answer, args=(shop,)) for shop in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["refunded"]) == ("cancelled", seen["total"])


def test_a_paid_order_is_cancelled_free_of_charge_before_the_first_pickup(platform: Platform) -> None:
    order = platform.paid()
    accept(platform, order, 1)
    for _ in range(2):
        platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="changed my mind")
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["refunded"]) == ("cancelled", seen["total"])
    assert len(refunds(platform)) == 3
    assert {event["restock"] for event in platform.published("RefundIssued") if event["shop_id"]} == {True}


def test_after_a_rejection_the_rest_may_still_be_cancelled(platform: Platform) -> None:
    order = platform.paid()
    reject(platform, order, 2)
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="then not")
    assert refunds(platform) == [("shop-2", 1800), ("shop-1", 4430), (None, 700)]


def test_after_the_first_pickup_it_is_too_late_to_cancel(platform: Platform) -> None:
    order = platform.paid()
    pickup(platform, order, 1)
    with pytest.raises(Refusal) as caught:
        platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    assert caught.value.code == "too-late-to-cancel"


@pytest.mark.parametrize(
    ("reason", "fee", "restock"),
    [("customer-absent", 0, True), ("lost", 700, False), ("no-courier", 700, True), ("a meteor", 700, True)],
)
def test_a_failed_delivery_is_refunded_by_fault(
    platform: Platform, reason: str, fee: int, restock: bool
) -> None:
    order = platform.paid()
    pickup(platform, order, 1)
    failed(platform, order, reason)
    failed(platform, order, reason)
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["delivery"]["status"]) == ("cancelled", "failed")
    assert seen["refunded"]["amount"] == 6230 + fee
    goods = [event for event in platform.published("RefundIssued") if event["shop_id"]]
    assert {event["restock"] for event in goods} == {restock}
    assert platform.types_published().count("OrderCancelled") == 1


def test_lines_are_refunded_in_parts_and_never_twice(platform: Platform) -> None:
    order = platform.paid(coupon_codes=["WELCOME"])
    completed(platform, order)
    part = part_of(order, "shop-1")
    apples = part["lines"][0]

    def refund(refund_id: str) -> Wire:
        return platform.service.refund(
            actor=merchant(1),
            refund_id=refund_id,
            store_order_id=part["store_order_id"],
            lines=[{"line_id": apples["line_id"], "quantity": 1}],
            reason="bruised",
        )

    answers = [refund(f"refund-{n}") for n in range(3)]
    assert sum(answer["amount"]["amount"] for answer in answers) == apples["paid"]["amount"]
    assert refund("refund-0") == answers[0]
    with pytest.raises(Refusal) as caught:
        refund("refund-3")
    assert caught.value.code == "refund-exceeds-line"
    seen = platform.order(order["order_id"])
    assert seen["refunded"] == apples["paid"]
    assert seen["status"] == "delivered"
    discounts = [
        discount["amount"]["amount"]
        for event in platform.published("RefundIssued")
        for line in event["lines"]
        for discount in line["discounts"]
    ]
    assert sum(discounts) == apples["discount"]["amount"]
    platform.service.send_refunds()
    assert platform.money_taken() == order["total"]["amount"] - apples["paid"]["amount"]


def test_an_operator_refunds_what_is_left_of_an_order(platform: Platform) -> None:
    order = platform.paid()
    completed(platform, order)
    part = part_of(order, "shop-2")
    platform.service.refund(
        actor=merchant(2), refund_id="refund-a", store_order_id=part["store_order_id"], reason="stale"
    )
    for _ in range(2):
        answer = platform.service.refund(
            actor=OPERATOR,
            refund_id="refund-b",
            order_id=order["order_id"],
            reason="spoilt",
            return_delivery_fee=True,
        )
        assert answer["amount"]["amount"] == 4430 + 700
    assert refunds(platform) == [("shop-2", 1800), ("shop-1", 4430), (None, 700)]
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_status"]) == ("delivered", "refunded")
    with pytest.raises(Refusal) as caught:
        platform.service.refund(
            actor=OPERATOR, refund_id="refund-c", order_id=order["order_id"], reason="again"
        )
    assert caught.value.code == "nothing-to-refund"


def test_what_is_given_back_whole_before_its_pickup_drops_out(platform: Platform) -> None:
    order = platform.paid()
    part = part_of(order, "shop-2")
    platform.service.refund(
        actor=merchant(2), refund_id="refund-a", store_order_id=part["store_order_id"], reason="stale"
    )
    seen = platform.order(order["order_id"])
    assert [item["status"] for item in seen["store_orders"]] == ["placed", "rejected"]
    assert platform.types_published()[-2:] == ["RefundIssued", "StoreOrderRejected"]


def test_a_refund_that_ends_its_order_is_answered_alike_whenever_it_is_asked_for(platform: Platform) -> None:
    order = platform.paid()
    answers = [
        platform.service.refund(
            actor=OPERATOR, refund_id="refund-a", order_id=order["order_id"], reason="closed today"
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["amount"] == order["total"]
    assert [part["store_order_id"] is None for part in answers[0]["parts"]] == [False, False, True]
    assert platform.order(order["order_id"])["status"] == "cancelled"


def test_refunds_are_for_those_who_may(platform: Platform) -> None:
    order = platform.paid()
    part = part_of(order, "shop-1")["store_order_id"]
    for actor, named, code in (
        (CUSTOMER, {"store_order_id": part}, "store-order-not-found"),
        (merchant(2), {"store_order_id": part}, "store-order-not-found"),
        (merchant(1), {"order_id": order["order_id"]}, "not-for-this-role"),
        (merchant(1), {"store_order_id": part, "return_delivery_fee": True}, "not-for-this-role"),
        (OPERATOR, {"order_id": "unknown"}, "order-not-found"),
        (OPERATOR, {"order_id": platform.placed()["order_id"]}, "wrong-state"),
        (OPERATOR, {}, "invalid-input"),
    ):
        with pytest.raises(Refusal) as caught:
            platform.service.refund(actor=actor, refund_id="refund-x", reason="r", **named)
        assert caught.value.code == code
