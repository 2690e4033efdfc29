"""Orders paid through WeChat Pay: what it signs takes effect once, what it owes is asked for again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.ordering.adapters.wechat_pay import trade_no, wechat_pay
from services.ordering.entrypoints.dependencies import PaymentProviders
from shared.kernel.errors import Refusal
from tests.ordering import wechat
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform

Wire = dict[str, Any]
PAYMENT = "019b8c2e-1003-7a10-8b20-5f0c1d2e3a4b"


@pytest.fixture
def books(platform: Platform) -> Iterator[wechat.Books]:
    """The platform's one provider is WeChat Pay on loopback."""
    with wechat.serving() as (address, books):
        provider = wechat_pay(wechat.settings(address))
        platform.service.payments = PaymentProviders(
            by_method={"wechat": provider, "sandbox": platform.sandbox}
        )
        yield books


def begun(platform: Platform) -> Wire:
    order = platform.placed()
    answer = platform.service.pay(
        actor=CUSTOMER, order_id=order["order_id"], payment_id=PAYMENT, method="wechat"
    )
    assert answer["action"]["kind"] == "code_url"
    return order


def tell(platform: Platform, event_type: str, resource: Wire, headers: Wire | None = None) -> None:
    body = wechat.notification(event_type, resource)
    platform.service.payment_notification(
        provider="wechat", headers=headers or wechat.signed(body), body=body
    )


def success(order: Wire, **changes: Any) -> Wire:
    return wechat.transaction(PAYMENT, trade_no(PAYMENT), order["total"]["amount"]) | changes


def test_a_signed_success_pays_the_order_however_often_it_is_played(
    platform: Platform, books: wechat.Books
) -> None:
    order = begun(platform)
    body = wechat.notification("TRANSACTION.SUCCESS", success(order))
    headers = wechat.signed(body)
    for _ in range(3):
        platform.service.payment_notification(provider="wechat", headers=headers, body=body)
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_method"]) == ("paid", "wechat")
    assert platform.sql("SELECT count(*) FROM charge") == [(1,)]
    late = wechat.signed(body, at=time.time() - 3600)
    with pytest.raises(Refusal) as caught:
        platform.service.payment_notification(provider="wechat", headers=late, body=body)
    assert caught.value.code == "bad-signature"


def test_a_success_of_another_amount_is_refused(platform: Platform, books: wechat.Books) -> None:
    order = begun(platform)
    with pytest.raises(Refusal) as caught:
        tell(platform, "TRANSACTION.SUCCESS", success(order, amount={"total": 1, "currency": "CNY"}))
    assert caught.value.code == "amount-mismatch"
    assert platform.order(order["order_id"])["status"] == "pending_payment"


def test_a_provider_believes_no_other_providers_signature(platform: Platform, books: wechat.Books) -> None:
    order = begun(platform)
    body = wechat.notification("TRANSACTION.SUCCESS", success(order))
    with pytest.raises(Refusal) as caught:
        platform.service.payment_notification(provider="sandbox", headers=wechat.signed(body), body=body)
    assert caught.value.code == "bad-signature"


def test_a_payment_that_was_never_notified_is_found_before_the_order_expires(
    platform: Platform, books: wechat.Books
) -> None:
    """Rule 7: the attempt is closed at the provider before an unpaid order ends."""
    order = begun(platform)
    books.trades[trade_no(PAYMENT)]["trade_state"] = "SUCCESS"
    platform.clock.advance(timedelta(minutes=15))
    platform.service.expire_unpaid()
    assert platform.order(order["order_id"])["status"] == "paid"


def test_an_unpaid_attempt_is_closed_and_what_still_comes_goes_back(
    platform: Platform, books: wechat.Books
) -> None:
    order = begun(platform)
    platform.clock.advance(timedelta(minutes=15))
    platform.service.expire_unpaid()
    assert platform.order(order["order_id"])["status"] == "expired"
    assert books.trades[trade_no(PAYMENT)]["trade_state"] == "CLOSED"
    tell(platform, "TRANSACTION.SUCCESS", success(order))
    platform.service.send_refunds()
    ((asked),) = [given for _, path, given in books.asked if path == "/v3/refund/domestic/refunds"]
    assert asked["amount"]["refund"] == order["total"]["amount"]


def test_an_order_may_be_paid_otherwise_after_wechat_pay_did_not_answer(
    platform: Platform, books: wechat.Books
) -> None:
    order = platform.placed()
    books.instead["/v3/pay"] = 503, {"code": "SYSTEM_ERROR"}
    with pytest.raises(Refusal) as caught:
        platform.service.pay(actor=CUSTOMER, order_id=order["order_id"], payment_id=PAYMENT, method="wechat")
    assert caught.value.code == "payment-provider-unavailable"
    platform.clock.advance(timedelta(seconds=1))
    platform.pay(order["order_id"])
    platform.tell()
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_method"]) == ("paid", "sandbox")
    assert [(each["method"], each["status"]) for each in seen["payments"]] == [
        ("wechat", "pending"),
        ("sandbox", "succeeded"),
    ]


def test_a_refund_goes_from_sent_over_abnormal_to_confirmed(platform: Platform, books: wechat.Books) -> None:
    order = begun(platform)
    tell(platform, "TRANSACTION.SUCCESS", success(order))
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")

    def states() -> set[str]:
        page = platform.service.refunds(actor=CUSTOMER, order_id=order["order_id"])
        return {item["state"] for item in page["items"]}

    platform.service.send_refunds()
    assert states() == {"sent"}
    for refund_id in list(books.refunds):
        tell(platform, "REFUND.ABNORMAL", wechat.refund_resource(refund_id, "ABNORMAL"))
    assert states() == {"failed"}
    waiting = platform.service.provider_refunds(actor=OPERATOR, state="failed")["items"]
    assert {item["failure"] for item in waiting} == {"ABNORMAL"}
    for refund_id in list(books.refunds):
        tell(platform, "REFUND.SUCCESS", wechat.refund_resource(refund_id, "SUCCESS"))
    assert states() == {"confirmed"}
    assert sum(refund["amount"]["refund"] for refund in books.refunds.values()) == order["total"]["amount"]
