"""Money at the door, tips, and refunds that take two tries: from the customer's wish to the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, eventually

pytestmark = pytest.mark.timeout(240)


def amount(money: Any) -> int:
    return int(money["amount"])


def confirm_cash(town: Neighbourhood, order: Any) -> Any:
    begun = town.customer.post(f"/v1/orders/{order['order_id']}/payments", {"method": "cash"})
    assert begun["status"] == "due"
    return town.until_status(order, "paid", "in_fulfilment")


def until_books(town: Neighbourhood, order: Any, wanted: dict[str, int]) -> dict[str, int]:
    """The order's books once these of its accounts, and nothing in clearing, stand in them."""

    def caught_up() -> dict[str, int] | None:
        books = town.ledger_of(order)
        clear = {"liability:orders": 0, "receivable:cash_on_delivery": 0}
        there = {account: books.get(account, 0) for account in clear | wanted}
        return books if there == clear | wanted else None

    return eventually(caught_up, 30, f"the ledger to show {wanted}")


def refunds(town: Neighbourhood, order: Any) -> list[Any]:
    return list(town.customer.get(f"/v1/orders/{order['order_id']}/refunds")["items"])


def collections(town: Neighbourhood) -> Any:
    return town.courier.get("/v1/courier/collections")


def test_a_cash_order_is_collected_at_the_door_and_a_later_refund_handed_back(town: Neighbourhood):
    methods = {each["method"]: each["maximum"] for each in town.customer.get("/v1/payment-methods")["items"]}
    order = town.place(town.basket(shops=2))
    assert amount(order["total"]) <= methods["cash"]
    paid = confirm_cash(town, order)
    assert (paid["payment_status"], paid["to_collect"]) == ("due", order["total"])
    kept, dropped = paid["store_orders"]
    town.merchant_of(dropped).post(
        f"/v1/store-orders/{dropped['store_order_id']}/reject", {"reason": "sold out"}
    )
    due = amount(order["total"]) - amount(dropped["paid"])
    town.accept_and_pack({**paid, "store_orders": [kept]})
    town.deliver(paid)
    held = f"cash:courier:{town.courier.account_id}"
    books = until_books(town, order, {held: due, "cash:provider": 0})
    assert sum(books.values()) == 0
    assert [item["state"] for item in refunds(town, order)] == ["not_due"]
    town.merchant_of(kept).post(
        f"/v1/store-orders/{kept['store_order_id']}/refunds",
        {"lines": [{"line_id": kept["lines"][0]["line_id"], "quantity": 1}], "reason": "bruised"},
    )
    (back,) = collections(town)["to_hand_back"]
    until_books(town, order, {held: due, "liability:cash_refunds": -amount(back["amount"])})
    town.courier.post(f"/v1/refunds/{back['refund_id']}/hand-back")
    books = until_books(town, order, {held: due - amount(back["amount"]), "liability:cash_refunds": 0})
    assert sum(books.values()) == 0
    assert [item["state"] for item in refunds(town, order)] == ["not_due", "confirmed"]
    assert collections(town)["to_hand_back"] == []


def test_the_courier_sees_what_to_collect(town: Neighbourhood):
    order = town.place(town.basket(shops=1))
    paid = confirm_cash(town, order)
    town.accept_and_pack(paid)

    def ahead() -> Any:
        for offer in town.courier.get("/v1/courier/route")["offers"]:
            town.courier.post(f"/v1/offers/{offer['offer_id']}/accept")
        return collections(town)["to_collect"] or None

    (door,) = eventually(ahead, 60, "the courier to know what to collect")
    assert (door["order_id"], door["amount"]) == (order["order_id"], order["total"])
    town.deliver(paid)
    eventually(lambda: True if collections(town)["to_collect"] == [] else None, 15, "it to be collected")


def test_a_refund_that_first_fails_comes_back_and_its_customer_sees_how_far_it_is(town: Neighbourhood):
    order = town.place(town.basket(shops=1))
    town.pay(order, "refund_fails_first")
    town.until_status(order, "paid")
    town.customer.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": "changed my mind"})
    seen: set[str] = set()

    def all_back() -> list[Any] | None:
        items = refunds(town, order)
        seen.update(item["state"] for item in items)
        return items if {item["state"] for item in items} == {"confirmed"} else None

    items = eventually(all_back, 30, "the money to be back")
    assert "failed" in seen
    assert sum(amount(item["amount"]) for item in items) == amount(order["total"])
    until_books(town, order, {"cash:provider": 0})


def test_a_tip_reaches_the_couriers_statement(town: Neighbourhood):
    tip = {"amount": 450, "currency": "CNY"}
    order = town.place({**town.basket(shops=1), "tip": tip})
    assert order["tip"] == tip
    town.pay(order)
    paid = town.until_status(order, "paid")
    town.accept_and_pack(paid)
    town.deliver(paid)

    def earned() -> Any:
        found = town.courier.get("/v1/courier/earnings")
        return found if "tip" in found["total_by_kind"] else None

    earnings = eventually(earned, 30, "the tip to be the courier's")
    assert earnings["total_by_kind"]["tip"] == tip
    (line,) = [line for line in earnings["lines"] if line["kind"] == "tip"]
    assert line["order_id"] == order["order_id"]
    assert amount(earnings["payable"]) > 450
    check = town.operator.get("/v1/ledger/check")
    assert check["per_order_mismatches"] == []
