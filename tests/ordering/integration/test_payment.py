"""Paying: exactly once, whatever the provider tells, when, and how often."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import pytest

from services.ordering.adapters import standard_webhooks
from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, Platform

SPLIT_TYPES = ["OrderPlaced", "OrderPaid", "StoreOrderSplit", "StoreOrderSplit"]


def test_a_success_pays_the_order_and_splits_it(platform: Platform) -> None:
    order = platform.placed()
    payment = platform.pay(order["order_id"])
    assert (payment["status"], payment["amount"]) == ("pending", order["total"])
    assert platform.order(order["order_id"])["payment_status"] == "pending"
    platform.tell()
    paid = platform.order(order["order_id"])
    assert (paid["status"], paid["payment_status"]) == ("paid", "succeeded")
    assert [part["status"] for part in paid["store_orders"]] == ["placed", "placed"]
    assert platform.types_published() == SPLIT_TYPES
    splits = platform.published("StoreOrderSplit")
    assert sum(split["paid"]["amount"] for split in splits) + 700 == order["total"]["amount"]
    assert {split["parts"] for split in splits} == {2}


def test_a_notification_told_many_times_pays_once(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    platform.tell(times=3)
    assert platform.types_published() == SPLIT_TYPES
    assert platform.service.send_refunds() is None
    assert platform.money_taken() == order["total"]["amount"]


def test_a_notification_told_side_by_side_pays_once(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    (notification,) = platform.sandbox.exchange([], 10)
    barrier, failures = threading.Barrier(5), []

    def tell() -> None:
        barrier.wait()
        try:
            platform.notify(notification.body)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=tell) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert platform.types_published() == SPLIT_TYPES


def test_paying_again_with_the_same_id_is_one_attempt(platform: Platform) -> None:
    order = platform.placed()
    first = platform.pay(order["order_id"], payment_id="payment-a")
    assert platform.pay(order["order_id"], payment_id="payment-a") == first
    assert platform.tell() == 1
    again = platform.pay(order["order_id"], payment_id="payment-a")
    assert again["status"] == "succeeded"
    with pytest.raises(Refusal) as caught:
        platform.pay(order["order_id"], payment_id="payment-b")
    assert caught.value.code == "order-not-payable"
    with pytest.raises(Refusal) as caught:
        platform.pay(platform.placed()["order_id"], payment_id="payment-a")
    assert caught.value.code == "command-id-used"


def test_a_second_success_goes_back_by_itself(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "double_success")
    platform.tell()
    platform.tell(at_once=True)
    assert platform.money_taken() == 2 * order["total"]["amount"]
    platform.service.send_refunds()
    assert platform.money_taken() == order["total"]["amount"]
    assert platform.order(order["order_id"])["payment_status"] == "succeeded"
    assert platform.published("RefundIssued") == []


def test_a_second_success_told_side_by_side_goes_back_once(platform: Platform) -> None:
    """The charge decides: whoever comes second with it changes and queues nothing."""
    order = platform.placed()
    platform.pay(order["order_id"], "double_success")
    platform.tell()
    platform.sql("UPDATE sandbox_notification SET due_at = clock_timestamp() WHERE delivered_at IS NULL")
    (second,) = platform.sandbox.exchange([], 10)
    barrier, failures = threading.Barrier(5), []

    def tell() -> None:
        barrier.wait()
        try:
            platform.notify(second.body)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=tell) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert platform.sql("SELECT count(*) FROM charge") == [(2,)]
    assert platform.sql("SELECT count(*), sum(amount) FROM provider_refund") == [
        (1, order["total"]["amount"])
    ]
    assert platform.types_published() == SPLIT_TYPES


def test_two_attempts_that_both_succeed_pay_once(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], payment_id="payment-a")
    platform.pay(order["order_id"], payment_id="payment-b")
    platform.tell()
    platform.service.send_refunds()
    assert platform.money_taken() == order["total"]["amount"]
    assert sorted(platform.sql("SELECT status FROM payment")) == [("refunded",), ("succeeded",)]


def test_a_failure_leaves_the_order_to_be_paid_otherwise(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "failure")
    platform.tell()
    failed = platform.order(order["order_id"])
    assert (failed["status"], failed["payment_status"]) == ("pending_payment", "failed")
    platform.pay(order["order_id"])
    platform.tell()
    assert platform.order(order["order_id"])["status"] == "paid"


def test_an_unpaid_order_expires(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "silent")
    platform.service.expire_unpaid()
    assert platform.order(order["order_id"])["status"] == "pending_payment"
    platform.clock.advance(timedelta(minutes=15))
    platform.service.expire_unpaid()
    platform.service.expire_unpaid()
    assert platform.order(order["order_id"])["status"] == "expired"
    assert platform.types_published() == ["OrderPlaced", "OrderExpired"]
    with pytest.raises(Refusal) as caught:
        platform.pay(order["order_id"])
    assert caught.value.code == "order-not-payable"


def test_a_late_success_of_an_expired_order_goes_back(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "late_success")
    assert platform.tell() == 0
    platform.clock.advance(timedelta(minutes=16))
    platform.service.expire_unpaid()
    assert platform.tell(at_once=True) == 1
    assert platform.order(order["order_id"])["status"] == "expired"
    platform.service.send_refunds()
    assert platform.money_taken() == 0
    seen = platform.order(order["order_id"])
    assert (seen["payment_status"], seen["refunded"]["amount"]) == ("refunded", 0)
    assert platform.types_published() == ["OrderPlaced", "OrderExpired"]


def test_a_success_told_after_the_expiry_expires_the_order_even_before_the_timer(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    platform.clock.advance(timedelta(minutes=16))
    platform.tell()
    platform.service.send_refunds()
    assert platform.order(order["order_id"])["status"] == "expired"
    assert platform.money_taken() == 0


def test_a_charge_whose_notification_got_lost_is_found_before_the_order_expires(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    platform.clock.advance(timedelta(minutes=15))
    platform.service.expire_unpaid()
    assert platform.order(order["order_id"])["status"] == "paid"
    platform.tell()
    platform.service.send_refunds()
    assert platform.types_published() == SPLIT_TYPES
    assert platform.money_taken() == order["total"]["amount"]


def test_a_success_of_a_cancelled_order_goes_back(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "late_success")
    cancelled = platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="changed my mind")
    assert cancelled["status"] == "cancelled"
    platform.tell(at_once=True)
    platform.service.send_refunds()
    assert platform.money_taken() == 0
    (event,) = platform.published("OrderCancelled")
    assert event["was_paid"] is False


def test_cancelling_finds_a_charge_that_was_not_told_yet(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="changed my mind")
    platform.tell()
    platform.service.send_refunds()
    assert platform.money_taken() == 0
    (event,) = platform.published("OrderCancelled")
    assert event["was_paid"] is True
    assert (
        sum(refund["amount"]["amount"] for refund in platform.published("RefundIssued"))
        == (order["total"]["amount"])
    )


def test_a_provider_that_was_never_told_is_told_by_the_next_attempt(platform: Platform) -> None:
    order = platform.placed()
    start = platform.sandbox.start

    def die(*_: object) -> None:
        raise SystemExit

    platform.sandbox.start = die  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        platform.pay(order["order_id"], payment_id="payment-a")
    platform.sandbox.start = start  # type: ignore[method-assign]
    platform.pay(order["order_id"], payment_id="payment-a")
    assert platform.tell() == 1


def test_nobody_pays_for_somebody_else(platform: Platform) -> None:
    order = platform.placed()
    with pytest.raises(Refusal) as caught:
        platform.service.pay(
            actor={"account_id": "somebody", "role": "customer"},
            order_id=order["order_id"],
            payment_id="payment-a",
            method="sandbox",
            scenario="success",
        )
    assert caught.value.code == "order-not-found"


def test_only_what_the_provider_signed_is_believed(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    (notification,) = platform.sandbox.exchange([], 10)
    headers = standard_webhooks.sign(platform.key, "message-1", int(time.time()), notification.body)
    old = standard_webhooks.sign(platform.key, "message-1", int(time.time()) - 3600, notification.body)
    body = json.loads(notification.body)
    body["data"]["amount"]["amount"] = 1
    for spoilt_headers, spoilt_body in (
        (headers, json.dumps(body)),
        (headers | {"webhook-id": "message-2"}, notification.body),
        (old, notification.body),
        ({}, notification.body),
    ):
        with pytest.raises(Refusal) as caught:
            platform.service.payment_notification(
                provider="sandbox", headers=spoilt_headers, body=spoilt_body
            )
        assert caught.value.code == "bad-signature"
    with pytest.raises(Refusal) as caught:
        platform.service.payment_notification(provider="other", headers=headers, body=notification.body)
    assert caught.value.code == "payment-provider-not-found"
    assert platform.order(order["order_id"])["status"] == "pending_payment"


def test_another_amount_than_the_payments_is_refused(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"])
    (notification,) = platform.sandbox.exchange([], 10)
    body = json.loads(notification.body)
    body["data"]["amount"]["amount"] += 1
    with pytest.raises(Refusal) as caught:
        platform.notify(json.dumps(body))
    assert caught.value.code == "amount-mismatch"


def test_the_provider_does_not_pay_back_more_than_it_took(platform: Platform) -> None:
    order = platform.paid()
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    platform.sql("UPDATE provider_refund SET amount = amount + 1")
    with pytest.raises(ValueError, match="exceed"):
        platform.service.send_refunds()
    assert platform.money_taken() == order["total"]["amount"]
    platform.sql("UPDATE provider_refund SET amount = amount - 1, next_at = clock_timestamp()")
    platform.service.send_refunds()
    assert platform.money_taken() == 0
