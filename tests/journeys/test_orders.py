"""Orders from the basket to the ledger, and every way they can end otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Refused, eventually

pytestmark = pytest.mark.timeout(240)


def amount(money: Any) -> int:
    return int(money["amount"])


def stock_of(town: Neighbourhood, number: int) -> tuple[int, int]:
    """Stock and reserved units of the first listing of a shop."""
    listing = town.shops[number].merchant.get(f"/v1/listings/{town.shops[number].listing_ids[0]}")
    return listing["stock"], listing["reserved"]


def until_ledger(town: Neighbourhood, order: Any, settled: bool = True) -> dict[str, int]:
    """The order's books once the ledger has caught up with the order."""

    def caught_up() -> dict[str, int] | None:
        seen, books = town.order(order), town.ledger_of(order)
        kept = amount(seen["total"]) - amount(seen["refunded"])
        if books.get("cash:provider", 0) != kept:
            return None
        return books if not settled or books.get("liability:orders", 0) == 0 else None

    return eventually(caught_up, 30, "the ledger to have caught up")


def test_an_order_over_three_shops_is_collected_on_one_route_and_settled_to_the_cent(town: Neighbourhood):
    order = town.place()
    assert len(order["store_orders"]) == 3
    assert amount(order["total"]) == amount(order["goods"]) + amount(order["delivery_fee"])
    assert [stock_of(town, n) for n in range(3)] == [(50, 2)] * 3
    town.pay(order)
    paid = town.until_status(order, "paid")
    town.accept_and_pack(paid)
    visited = town.deliver(paid)
    assert visited.count("pickup") == 3
    assert visited[-1] == "drop_off"
    delivered = town.until_status(order, "delivered", "completed")
    assert {part["status"] for part in delivered["store_orders"]} <= {"delivered", "completed"}
    eventually(
        lambda: True if [stock_of(town, n) for n in range(3)] == [(48, 0)] * 3 else None,
        15,
        "stock to be sold",
    )
    books = eventually(
        lambda: (
            found
            if f"payable:courier:{town.courier.account_id}" in (found := until_ledger(town, order))
            else None
        ),
        15,
        "the courier's pay",
    )
    assert sum(books.values()) == 0
    for part in delivered["store_orders"]:
        assert -amount(part["paid"]) < books[f"payable:shop:{part['shop_id']}"] < 0
    assert books["revenue:take_rate"] < 0
    assert books["revenue:delivery_fee"] == -amount(order["delivery_fee"])
    shop = town.shops[0]
    statement = shop.merchant.get(f"/v1/shops/{shop.shop_id}/statements")
    balance = shop.merchant.get(f"/v1/shops/{shop.shop_id}/balance")
    assert statement["closing"] == balance["payable"]
    assert amount(balance["payable"]) == -books[f"payable:shop:{shop.shop_id}"]
    profile = eventually(lambda: _profile(town, shop.shop_id), 15, "the shop to know its customer")
    assert profile["order_count"] == 1


def _profile(town: Neighbourhood, shop_id: str) -> Any:
    try:
        path = f"/v1/shops/{shop_id}/customers/{town.customer.account_id}"
        found = town.shops[0].merchant.get(path)
    except Refused:
        return None
    return found if found["order_count"] else None


def test_a_shop_that_rejects_does_not_sink_the_others(town: Neighbourhood):
    order = town.place_and_pay()
    first, *others = order["store_orders"]
    town.merchant_of(first).post(
        f"/v1/store-orders/{first['store_order_id']}/reject", {"reason": "sold out on the shelf"}
    )
    seen = town.order(order)
    assert amount(seen["refunded"]) == amount(first["paid"])
    town.accept_and_pack({**seen, "store_orders": others})
    assert town.deliver(seen).count("pickup") == 2
    books = until_ledger(town, order)
    assert sum(books.values()) == 0
    assert f"payable:shop:{first['shop_id']}" not in books
    number = next(n for n, shop in enumerate(town.shops) if shop.shop_id == first["shop_id"])
    eventually(lambda: True if stock_of(town, number) == (50, 0) else None, 15, "the stock to be back")


def test_a_payment_that_fails_may_be_followed_by_one_that_succeeds(town: Neighbourhood):
    order = town.place()
    town.pay(order, "failure")
    eventually(lambda: True if town.order(order)["payment_status"] == "failed" else None, 15, "the failure")
    assert town.order(order)["status"] == "pending_payment"
    town.pay(order, "success")
    paid = town.until_status(order, "paid")
    assert paid["payment_status"] == "succeeded"
    assert until_ledger(town, order, settled=False)["cash:provider"] == amount(order["total"])


def test_money_that_arrives_too_late_goes_back_by_itself(town: Neighbourhood):
    order = town.place()
    town.pay(order, "late_success")
    ended = town.until_status(order, "expired", "cancelled", "paid", patience=60)
    if ended["status"] == "paid":
        assert amount(ended["refunded"]) == 0
        return
    eventually(
        lambda: True if [stock_of(town, n) for n in range(3)] == [(50, 0)] * 3 else None,
        20,
        "the stock to be back",
    )
    assert sum(town.ledger_of(order).values()) == 0


def test_paying_twice_pays_once(town: Neighbourhood):
    order = town.place()
    town.pay(order, "double_success")
    town.until_status(order, "paid")
    assert until_ledger(town, order, settled=False)["cash:provider"] == amount(order["total"])


def test_a_paid_order_may_be_cancelled_before_it_is_collected(town: Neighbourhood):
    order = town.place_and_pay()
    path = f"/v1/orders/{order['order_id']}/cancel"
    town.customer.post(path, {"reason": "changed my mind"})
    again = town.customer.post(path, {"reason": "changed my mind"})
    assert again["status"] == "cancelled"
    seen = town.until_status(order, "cancelled")
    assert seen["refunded"] == seen["total"]
    books = until_ledger(town, order)
    assert all(balance == 0 for balance in books.values())
    eventually(
        lambda: True if [stock_of(town, n) for n in range(3)] == [(50, 0)] * 3 else None,
        15,
        "the stock to be back once",
    )


def test_a_refund_in_parts_gives_back_what_was_paid_for_them(town: Neighbourhood):
    order = town.place_and_pay(town.basket(shops=2, quantity=3))
    town.accept_and_pack(order)
    town.deliver(order)
    until_ledger(town, order)
    part = order["store_orders"][0]
    merchant = town.merchant_of(part)
    line = part["lines"][0]
    for _ in range(3):
        merchant.post(
            f"/v1/store-orders/{part['store_order_id']}/refunds",
            {"lines": [{"line_id": line["line_id"], "quantity": 1}], "reason": "bruised"},
        )
    seen = town.order(order)
    assert amount(seen["refunded"]) == amount(part["paid"])
    with pytest.raises(Refused) as caught:
        merchant.post(
            f"/v1/store-orders/{part['store_order_id']}/refunds",
            {"lines": [{"line_id": line["line_id"], "quantity": 1}], "reason": "bruised"},
        )
    assert caught.value.status == 422
    books = until_ledger(town, order)
    assert sum(books.values()) == 0
    assert books.get(f"payable:shop:{part['shop_id']}", 0) == 0


def test_the_same_wish_under_the_same_key_is_granted_once(town: Neighbourhood):
    quote = town.customer.post("/v1/quotes", town.basket())
    first = town.customer.post("/v1/orders", {"quote_id": quote["quote_id"]}, key="my-order")
    second = town.customer.post("/v1/orders", {"quote_id": quote["quote_id"]}, key="my-order")
    assert first == second
    assert len(town.customer.get("/v1/orders")["items"]) == 1


def test_nobody_sees_what_is_not_theirs(town: Neighbourhood):
    order = town.place_and_pay()
    stranger = town.register("customer")
    with pytest.raises(Refused) as caught:
        stranger.get(f"/v1/orders/{order['order_id']}")
    assert caught.value.status == 404
    rival = town.register("merchant")
    for path in (
        f"/v1/store-orders/{order['store_orders'][0]['store_order_id']}",
        f"/v1/shops/{town.shops[0].shop_id}/balance",
    ):
        with pytest.raises(Refused) as caught:
            rival.get(path)
        assert caught.value.status in {403, 404}
    shown = town.shops[0].merchant.get(f"/v1/shops/{town.shops[0].shop_id}/store-orders")
    assert "drop_off" not in shown["items"][0]
