"""Picking on a real database: missing, substituted and weighed goods, silent shops, and the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ordering.settings import Settings
from shared.kernel.errors import Refusal
from tests.ordering.builders import NOON
from tests.ordering.integration.conftest import (
    CUSTOMER,
    OPERATOR,
    RULES,
    Platform,
    Wire,
    merchant,
    part_of,
)
from tests.ordering.integration.test_fulfilment import accept, completed, pickup, reject

STRANGER = {"account_id": "somebody", "role": "customer"}


def bought(platform: Platform, **line: Any) -> Wire:
    """Three apples, as the rule says, and bread from the other shop; shops have half an hour."""
    rules = replace(RULES, accept_within=timedelta(minutes=30))
    platform.service.settings = replace(platform.service.settings, rules=rules)
    platform.rpc.storefront.list("pears", "shop-1", 1000)
    lines = [
        {"listing_id": "apples", "quantity": 3, "list_name": "for grandma"} | line,
        {"listing_id": "bread", "quantity": 2, "list_name": "for grandma"},
    ]
    return platform.paid(lines=lines)


def propose(platform: Platform, order: Wire, **what: Any) -> Wire:
    part = part_of(order, "shop-1")
    request = {
        "actor": merchant(1),
        "substitution_id": "substitution-1",
        "store_order_id": part["store_order_id"],
        "line_id": part["lines"][0]["line_id"],
        "quantity": 1,
        "listing_id": "pears",
    } | what
    return platform.service.propose_substitution(**request)


def answer(platform: Platform, accepted: bool, actor: Wire = CUSTOMER) -> Wire:
    return platform.service.answer_substitution(
        actor=actor, substitution_id="substitution-1", accepted=accepted
    )


def money_back(platform: Platform) -> list[tuple[str, int, list[int], bool]]:
    return [
        (told["reason"], told["amount"]["amount"], [x["quantity"] for x in told["lines"]], told["restock"])
        for told in platform.published("RefundIssued")
    ]


def later(platform: Platform, minutes: int) -> None:
    platform.clock.advance(timedelta(minutes=minutes))
    platform.service.keep_deadlines()
    platform.service.send_refunds()


def test_an_accepted_substitute_is_held_told_and_paid_back_in_part(platform: Platform) -> None:
    order = bought(platform, if_missing="substitute")
    shown = propose(platform, order)
    assert (shown["status"], shown["unit_price"]["amount"]) == ("proposed", 1000)
    assert platform.rpc.storefront.reserved["substitution-1"] == {"pears": 1}
    assert propose(platform, order) == shown
    assert answer(platform, True)["status"] == "accepted"
    assert answer(platform, True)["decided_by"] == "customer"
    assert money_back(platform) == [("substituted", 250, [0], False)]
    (told,) = platform.published("SubstitutionAnswered")
    assert (told["status"], told["substitute_listing_id"]) == ("accepted", "pears")
    seen = platform.order(order["order_id"])
    assert seen["refunded"]["amount"] == 250
    line = part_of(seen, "shop-1")["lines"][0]
    assert (line["price_fallen"]["amount"], line["substituted_quantity"]) == (250, 1)
    platform.service.send_refunds()
    assert platform.money_taken() == seen["total"]["amount"] - 250


def test_a_declined_substitute_is_paid_back(platform: Platform) -> None:
    order = bought(platform, if_missing="call")
    propose(platform, order, listing_id=None, name="梨", unit_price={"amount": 2000, "currency": "CNY"})
    assert answer(platform, False)["status"] == "declined"
    assert money_back(platform) == [("missing", 1250, [1], False)]


@pytest.mark.parametrize(
    ("rule", "price", "back"),
    [
        ("substitute", 1000, ("substituted", 250, [0], False)),
        ("substitute", 2000, ("missing", 1250, [1], False)),
        ("call", 1000, ("missing", 1250, [1], False)),
    ],
)
def test_without_an_answer_the_rule_of_the_line_decides(
    platform: Platform, rule: str, price: int, back: tuple[str, int, list[int], bool]
) -> None:
    order = bought(platform, if_missing=rule)
    propose(platform, order, listing_id=None, name="梨", unit_price={"amount": price, "currency": "CNY"})
    later(platform, 9)
    assert money_back(platform) == []
    later(platform, 1)
    later(platform, 1)
    assert money_back(platform) == [back]
    (told,) = platform.published("SubstitutionAnswered")
    assert told["decided_by"] == "clock"


def test_only_those_concerned_see_and_answer_a_proposal(platform: Platform) -> None:
    order = bought(platform, if_missing="substitute")
    propose(platform, order)
    for actor in (CUSTOMER, merchant(1), OPERATOR):
        seen = platform.service.substitution(actor=actor, substitution_id="substitution-1")
        assert seen["status"] == "proposed"
    for actor in (STRANGER, merchant(2)):
        with pytest.raises(Refusal):
            platform.service.substitution(actor=actor, substitution_id="substitution-1")
    for actor in (STRANGER, merchant(1)):
        with pytest.raises(Refusal):
            answer(platform, True, actor)
    with pytest.raises(Refusal):
        propose(platform, order, actor=merchant(2), substitution_id="substitution-2")


def test_a_substitute_is_of_the_same_shop_and_there(platform: Platform) -> None:
    order = bought(platform, if_missing="substitute")
    platform.rpc.storefront.list("gone", "shop-1", 1000, stock=0)
    refused = {"bread": "substitute-unfit", "apples": "substitute-unfit", "gone": "out-of-stock"}
    for listing_id, code in refused.items():
        with pytest.raises(Refusal) as refusal:
            propose(platform, order, listing_id=listing_id)
        assert refusal.value.code == code
    assert platform.published("SubstitutionProposed") == []


def test_a_hold_for_a_proposal_that_did_not_come_about_is_given_back(platform: Platform) -> None:
    order = bought(platform, if_missing="substitute")

    def cancelled_meanwhile(service: str, method: str) -> None:
        if method == "reserve":
            platform.rpc.before = lambda *_: None
            platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="late")

    platform.rpc.before = cancelled_meanwhile
    with pytest.raises(Refusal) as refusal:
        propose(platform, order)
    assert refusal.value.code == "wrong-state"
    assert "substitution-1" not in platform.rpc.storefront.reserved


def test_missing_units_are_paid_back_once(platform: Platform) -> None:
    order = bought(platform)
    part = part_of(order, "shop-1")
    request: dict[str, Any] = {
        "actor": merchant(1),
        "refund_id": "refund-1",
        "store_order_id": part["store_order_id"],
        "line_id": part["lines"][0]["line_id"],
        "quantity": 2,
    }
    assert platform.service.report_missing(**request) == platform.service.report_missing(**request)
    assert money_back(platform) == [("missing", 2500, [2], False)]


def test_weighed_goods_are_settled_when_they_are_ready(platform: Platform) -> None:
    platform.rpc.storefront.list("apples", "shop-1", 1250, unit_grams=500)
    order = bought(platform)
    accept(platform, order, 1)
    part = part_of(order, "shop-1")
    (line,) = part["lines"]
    assert line["unit_grams"] == 500
    lines = [{"line_id": line["line_id"], "grams": 1380}]
    ready = platform.service.ready(actor=merchant(1), store_order_id=part["store_order_id"], lines=lines)
    assert (ready["status"], ready["lines"][0]["grams"]) == ("ready", 1380)
    assert money_back(platform) == [("weighed", 300, [0], False)]
    platform.service.weigh(actor=merchant(1), store_order_id=part["store_order_id"], lines=lines)
    assert len(money_back(platform)) == 1
    (told,) = platform.published("LineWeighed")
    assert (told["grams"], told["estimated_grams"]) == (1380, 1500)


def test_a_shop_that_stays_silent_is_rejected_and_the_other_goes_on(platform: Platform) -> None:
    order = bought(platform)
    assert part_of(order, "shop-1")["accept_by"] is not None
    accept(platform, order, 2)
    later(platform, 14)
    assert platform.published("StoreOrderReminded") == []
    later(platform, 1)
    later(platform, 1)
    (told,) = platform.published("StoreOrderReminded")
    assert told["shop_id"] == "shop-1"
    later(platform, 14)
    (rejected,) = platform.published("StoreOrderRejected")
    assert (rejected["shop_id"], rejected["reason"]) == ("shop-1", "no-answer")
    later(platform, 60)
    seen = platform.order(order["order_id"])
    assert [part["status"] for part in seen["store_orders"]] == ["rejected", "accepted"]
    assert money_back(platform) == [("no-answer", 3750, [3], True)]
    rest = platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="late")
    assert rest["refunded"] == rest["total"]


def test_a_shop_may_have_a_time_of_its_own(platform: Platform) -> None:
    platform.rpc.storefront.shops["shop-2"]["accept_minutes"] = 5
    order = bought(platform)
    accept(platform, order, 1)
    later(platform, 5)
    assert [part["status"] for part in platform.order(order["order_id"])["store_orders"]] == [
        "accepted",
        "rejected",
    ]


def test_the_history_says_what_happened_to_whom_it_concerns_and_nothing_twice(platform: Platform) -> None:
    order = bought(platform, if_missing="substitute")
    propose(platform, order)
    answer(platform, True)
    answer(platform, True)
    for _ in range(2):
        accept(platform, order, 1)
    for _ in range(2):
        reject(platform, order, 2)
    # Couriers' messages come twice, and the pickup once more after the delivery.
    for _ in range(2):
        pickup(platform, order, 1)
        completed(platform, order)
    key = order["order_id"]
    told = platform.service.history(actor=CUSTOMER, order_id=key)["items"]
    assert [(step["subject"], step["after"], step["by"]) for step in told] == [
        ("order", "pending_payment", "customer"),
        ("store_order", "placed", "provider"),
        ("store_order", "placed", "provider"),
        ("order", "paid", "provider"),
        ("substitution", "proposed", "merchant"),
        ("substitution", "accepted", "customer"),
        ("store_order", "accepted", "merchant"),
        ("order", "in_fulfilment", "merchant"),
        ("store_order", "rejected", "merchant"),
        ("store_order", "picked_up", "courier"),
        ("store_order", "delivered", "courier"),
        ("order", "delivered", "courier"),
    ]
    assert {step["account_id"] for step in told} == {None}
    assert told[8]["reason"] == "sold out"
    assert told[9]["at"] == "2026-01-05T10:25:00.000Z"
    own = platform.service.store_history(
        actor=merchant(2), store_order_id=part_of(order, "shop-2")["store_order_id"]
    )["items"]
    assert [step["after"] for step in own] == ["placed", "rejected"]
    seen = platform.service.history(actor=OPERATOR, order_id=key)["items"]
    assert seen[8]["account_id"] == "merchant-2"
    for actor in (merchant(1), STRANGER):
        with pytest.raises(Refusal):
            platform.service.history(actor=actor, order_id=key)
    with pytest.raises(Refusal):
        platform.service.store_history(
            actor=merchant(1), store_order_id=part_of(order, "shop-2")["store_order_id"]
        )


def test_the_history_is_written_for_good(platform: Platform) -> None:
    bought(platform)
    for statement in ("UPDATE order_history SET reason = 'x'", "DELETE FROM order_history"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            platform.database.transaction() as transaction,
        ):
            transaction.connection.execute(text(statement))


def test_lists_stay_together_from_the_quote_on(platform: Platform) -> None:
    order = bought(platform)
    (grandma,) = platform.order(order["order_id"])["lists"]
    assert grandma["name"] == "for grandma"
    assert len(grandma["line_ids"]) == 2
    (own,) = platform.service.store_order(
        actor=merchant(1), store_order_id=part_of(order, "shop-1")["store_order_id"]
    )["lists"]
    assert len(own["line_ids"]) == 1
    quote = platform.quoted(lines=[{"listing_id": "milk", "quantity": 1, "list_name": "me"}])
    assert [item["name"] for item in quote["lists"]] == ["me"]


def test_a_delivery_that_was_free_says_who_bears_it(platform: Platform) -> None:
    fee = replace(RULES.delivery_fee, free_from=5000)
    rules = replace(RULES, delivery_fee=fee)
    platform.service.settings = Settings(rules=rules, webhook_secret="whsec_", webhook_url="http://unused")
    order = platform.paid()
    assert (order["delivery_fee"]["amount"], order["free_delivery"]["waived"]["amount"]) == (0, 700)
    assert order["free_delivery"]["borne_by"] is None
    reject(platform, order, 1)
    seen = platform.order(order["order_id"])
    assert (seen["delivery_fee"]["amount"], seen["free_delivery"]["borne_by"]) == (0, "platform")
    assert seen["total"] == order["total"]
    assert platform.clock.now() >= NOON
