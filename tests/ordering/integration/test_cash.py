"""Paying at the door: confirmed by the customer, collected by the courier, handed back by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ordering.domain.delivery import delivery_id_of
from services.ordering.entrypoints.dependencies import PaymentProviders
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, merchant, part_of

COURIER = {"account_id": "courier-1", "role": "courier"}
Wire = dict[str, Any]


def confirm(platform: Platform, order_id: str, payment_id: str = "cash-1") -> Wire:
    return platform.service.pay(actor=CUSTOMER, order_id=order_id, payment_id=payment_id, method="cash")


def confirmed(platform: Platform, **changes: Any) -> Wire:
    order = platform.placed(**changes)
    confirm(platform, order["order_id"], platform.an_id("cash"))
    return platform.order(order["order_id"])


def assign(platform: Platform, order_id: str) -> None:
    platform.hears(
        platform.event(
            "dispatch",
            "CourierAssigned",
            order_id,
            order_id=order_id,
            delivery_id=delivery_id_of(order_id),
            courier_id="courier-1",
            eta=None,
        )
    )


def deliver(platform: Platform, order_id: str) -> Wire:
    platform.hears(
        platform.event(
            "dispatch",
            "DeliveryCompleted",
            order_id,
            sequence=2,
            order_id=order_id,
            delivery_id=delivery_id_of(order_id),
            courier_id="courier-1",
            completed_at=to_wire(platform.clock.now()),
        )
    )
    return platform.order(order_id)


def refunds(platform: Platform, order_id: str) -> list[Wire]:
    return list(platform.service.refunds(actor=CUSTOMER, order_id=order_id)["items"])


def test_a_confirmed_order_goes_to_its_shops_and_nobody_is_charged(platform: Platform) -> None:
    order = platform.placed()
    begun = confirm(platform, order["order_id"])
    assert (begun["status"], begun["method"], begun["action"]) == ("due", "cash", None)
    assert confirm(platform, order["order_id"]) == begun
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_status"], seen["payment_method"]) == ("paid", "due", "cash")
    assert seen["to_collect"] == order["total"]
    (paid,) = platform.published("OrderPaid")
    assert paid["method"] == "cash"
    assert len(platform.published("StoreOrderSplit")) == 2
    assert platform.sql("SELECT count(*) FROM charge") == [(0,)]


def test_the_courier_sees_what_to_collect_and_it_is_collected_once(platform: Platform) -> None:
    order = confirmed(platform)
    assert platform.service.collections(actor=COURIER)["to_collect"] == []
    assign(platform, order["order_id"])
    (ahead,) = platform.service.collections(actor=COURIER)["to_collect"]
    assert (ahead["order_id"], ahead["amount"]) == (order["order_id"], order["total"])
    platform.clock.advance(timedelta(minutes=30))
    seen = deliver(platform, order["order_id"])
    assert deliver(platform, order["order_id"])["payment_status"] == "succeeded"
    assert (seen["status"], seen["to_collect"]["amount"]) == ("delivered", 0)
    (told,) = platform.published("OrderDelivered")
    assert told["collected"] == order["total"]
    assert platform.sql("SELECT amount, captured FROM charge") == [(order["total"]["amount"], True)]
    assert platform.service.collections(actor=COURIER) == {"to_collect": [], "to_hand_back": []}
    assert [attempt["status"] for attempt in seen["payments"]] == ["succeeded"]


def test_what_a_shop_gives_back_before_is_not_collected(platform: Platform) -> None:
    order = confirmed(platform)
    part = part_of(order, "shop-2")
    assign(platform, order["order_id"])
    platform.service.reject(actor=merchant(2), store_order_id=part["store_order_id"], reason="sold out")
    due = order["total"]["amount"] - part["paid"]["amount"]
    (ahead,) = platform.service.collections(actor=COURIER)["to_collect"]
    assert ahead["amount"]["amount"] == due
    (refund,) = refunds(platform, order["order_id"])
    assert (refund["state"], refund["expected_at"]) == ("not_due", None)
    deliver(platform, order["order_id"])
    (told,) = platform.published("OrderDelivered")
    assert told["collected"]["amount"] == due
    assert platform.sql("SELECT count(*) FROM provider_refund") == [(0,)]


def refunded_after_delivery(platform: Platform) -> tuple[Wire, Wire]:
    order = confirmed(platform)
    assign(platform, order["order_id"])
    deliver(platform, order["order_id"])
    platform.clock.advance(timedelta(hours=1))
    part = part_of(order, "shop-1")
    platform.service.refund(
        actor=merchant(1),
        refund_id="0c9f1b3e-0000-4000-8000-000000000001",
        store_order_id=part["store_order_id"],
        lines=[{"line_id": part["lines"][0]["line_id"], "quantity": 1}],
        reason="bruised",
    )
    (refund,) = refunds(platform, order["order_id"])
    return order, refund


@pytest.mark.parametrize(("actor", "courier_id"), [(COURIER, "courier-1"), (OPERATOR, None)])
def test_what_is_refunded_afterwards_is_handed_back_and_confirmed(
    platform: Platform, actor: Wire, courier_id: str | None
) -> None:
    order, refund = refunded_after_delivery(platform)
    assert refund["state"] == "to_hand_back"
    platform.service.send_refunds()
    (waiting,) = platform.service.collections(actor=COURIER)["to_hand_back"]
    assert (waiting["refund_id"], waiting["amount"]) == (refund["refund_id"], refund["amount"])
    for _ in range(2):
        done = platform.service.hand_back_refund(actor=actor, refund_id=refund["refund_id"])
        assert done["state"] == "confirmed"
    (told,) = platform.published("RefundHandedBack")
    assert (told["courier_id"], told["amount"]) == (courier_id, refund["amount"])
    assert [each["state"] for each in refunds(platform, order["order_id"])] == ["confirmed"]


def test_only_who_collected_it_and_operators_hand_it_back(platform: Platform) -> None:
    _, refund = refunded_after_delivery(platform)
    for actor in (CUSTOMER, {"account_id": "courier-2", "role": "courier"}):
        with pytest.raises(Refusal) as caught:
            platform.service.hand_back_refund(actor=actor, refund_id=refund["refund_id"])
        assert caught.value.code == "refund-not-found"


def test_what_went_through_a_provider_is_not_handed_back(platform: Platform) -> None:
    order = platform.paid()
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    refund = refunds(platform, order["order_id"])[0]
    with pytest.raises(Refusal) as caught:
        platform.service.hand_back_refund(actor=OPERATOR, refund_id=refund["refund_id"])
    assert caught.value.code == "wrong-state"


def test_a_failed_delivery_leaves_nothing_due(platform: Platform) -> None:
    order = confirmed(platform)
    platform.hears(
        platform.event(
            "dispatch",
            "DeliveryFailed",
            order["order_id"],
            order_id=order["order_id"],
            delivery_id=delivery_id_of(order["order_id"]),
            reason="customer-absent",
            failed_at=to_wire(platform.clock.now()),
        )
    )
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_status"], seen["refunded"]) == (
        "cancelled",
        "waived",
        order["total"],
    )
    assert [attempt["status"] for attempt in seen["payments"]] == ["waived"]
    platform.service.send_refunds()
    assert platform.sql("SELECT count(*) FROM provider_refund") == [(0,)]


def test_an_attempt_at_a_provider_is_closed_before_cash_is_agreed_on(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], "silent", "payment-a")
    confirm(platform, order["order_id"])
    assert platform.sql("SELECT closed_at IS NOT NULL FROM sandbox_attempt") == [(True,)]


def test_a_charge_that_is_found_then_pays_instead(platform: Platform) -> None:
    order = platform.placed()
    platform.pay(order["order_id"], payment_id="payment-a")
    with pytest.raises(Refusal) as caught:
        confirm(platform, order["order_id"])
    assert caught.value.code == "order-not-payable"
    seen = platform.order(order["order_id"])
    assert (seen["status"], seen["payment_method"]) == ("paid", "sandbox")


def test_a_success_that_comes_after_cash_was_agreed_on_goes_back(platform: Platform) -> None:
    """Rule 7: one payment wins."""
    order = platform.placed()
    platform.pay(order["order_id"], "late_success", "payment-a")
    platform.clock.advance(timedelta(seconds=1))
    confirm(platform, order["order_id"])
    platform.tell(at_once=True)
    platform.service.send_refunds()
    assert platform.money_taken() == 0
    seen = platform.order(order["order_id"])
    assert (seen["payment_status"], seen["payment_method"]) == ("due", "cash")
    assert [attempt["status"] for attempt in seen["payments"]] == ["refunded", "due"]
    (surplus,) = refunds(platform, order["order_id"])
    assert (surplus["reason"], surplus["state"], surplus["amount"]) == (
        "paid-twice",
        "confirmed",
        order["total"],
    )


def test_too_much_is_not_paid_at_the_door(platform: Platform) -> None:
    rules = replace(platform.service.settings.rules, cash_maximum=1000)
    platform.service.settings = replace(platform.service.settings, rules=rules)
    order = platform.placed()
    with pytest.raises(Refusal) as caught:
        confirm(platform, order["order_id"])
    assert caught.value.code == "too-much-for-cash"
    methods = platform.service.payment_methods(actor=CUSTOMER)["items"]
    assert methods == [{"method": "sandbox", "maximum": None}, {"method": "cash", "maximum": 1000}]


@pytest.mark.parametrize("method", ["cash", "wechat"])
def test_what_is_not_configured_is_not_offered(platform: Platform, method: str) -> None:
    platform.service.payments = PaymentProviders(by_method={"sandbox": platform.sandbox}, cash=False)
    order = platform.placed()
    with pytest.raises(Refusal) as caught:
        platform.service.pay(
            actor=CUSTOMER, order_id=order["order_id"], payment_id="payment-a", method=method
        )
    assert caught.value.code == "payment-method-not-offered"


def test_a_payment_id_is_one_attempt_of_one_order(platform: Platform) -> None:
    first, second = platform.placed(), platform.placed()
    confirm(platform, first["order_id"])
    with pytest.raises(Refusal) as caught:
        confirm(platform, second["order_id"])
    assert caught.value.code == "command-id-used"
    with pytest.raises(Refusal) as caught:
        platform.service.pay(
            actor={"account_id": "somebody", "role": "customer"},
            order_id=second["order_id"],
            payment_id="cash-2",
            method="cash",
        )
    assert caught.value.code == "order-not-found"


def test_a_tip_is_paid_shown_and_given_back_when_nothing_is_delivered(platform: Platform) -> None:
    quote = platform.quoted(tip={"amount": 300, "currency": "CNY"})
    plain = platform.quoted()
    assert quote["total"]["amount"] == plain["total"]["amount"] + 300
    order = platform.place(quote["quote_id"], platform.an_id("order"))
    assert (order["tip"]["amount"], order["total"]) == (300, quote["total"])
    platform.pay(order["order_id"])
    platform.tell()
    (paid,) = platform.published("OrderPaid")
    assert paid["tip"]["amount"] == 300
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    platform.service.send_refunds()
    assert platform.money_taken() == 0
    assert [each["tip"]["amount"] for each in refunds(platform, order["order_id"])].count(300) == 1


def test_a_tip_said_when_placing_takes_the_place_of_the_quotes(platform: Platform) -> None:
    quote = platform.quoted(tip={"amount": 300, "currency": "CNY"})
    order = platform.service.place(
        actor=CUSTOMER,
        order_id="order-a",
        quote_id=quote["quote_id"],
        tip={"amount": 500, "currency": "CNY"},
    )
    assert order["total"]["amount"] == quote["total"]["amount"] + 200
    with pytest.raises(Refusal) as caught:
        platform.quoted(tip={"amount": 300, "currency": "EUR"})
    assert caught.value.code == "tip-in-another-currency"
