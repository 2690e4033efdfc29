"""What shops find while they pick, over HTTP: rejections, substitutes, weights, silence; and the history."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Refused, eventually
from tests.journeys.test_orders import amount, until_ledger

pytestmark = pytest.mark.timeout(300)


def basket(town: Neighbourhood, if_missing: str, shops: int = 2) -> dict[str, Any]:
    wanted = town.basket(shops=shops)
    for line in wanted["lines"]:
        line |= {"if_missing": if_missing, "list_name": "for grandma"}
    return wanted


def first_part(order: Any, town: Neighbourhood) -> Any:
    shop_id = town.shops[0].shop_id
    return next(part for part in order["store_orders"] if part["shop_id"] == shop_id)


def propose(town: Neighbourhood, part: Any, **what: Any) -> Any:
    body = {"line_id": part["lines"][0]["line_id"], "quantity": 1} | what
    path = f"/v1/store-orders/{part['store_order_id']}/substitutions"
    return town.shops[0].merchant.post(path, body)


def moves(town: Neighbourhood, order: Any) -> list[tuple[str, str, str]]:
    steps = town.customer.get(f"/v1/orders/{order['order_id']}/history")["items"]
    return [(step["subject"], step["after"], step["by"]) for step in steps]


def other_stock(town: Neighbourhood) -> tuple[int, int]:
    """Of the second listing of the first shop, which takes the place of the first one."""
    listing = town.shops[0].merchant.get(f"/v1/listings/{town.shops[0].listing_ids[1]}")
    return listing["stock"], listing["reserved"]


def until_stock(town: Neighbourhood, stock: int, reserved: int = 0) -> None:
    wanted = (stock, reserved)
    eventually(lambda: True if other_stock(town) == wanted else None, 20, f"stock to be {wanted}")


def test_a_rejected_part_leaves_its_siblings_to_be_delivered_and_is_in_the_history(town: Neighbourhood):
    order = town.place_and_pay()
    first = first_part(order, town)
    path = f"/v1/store-orders/{first['store_order_id']}"
    for _ in range(2):
        town.shops[0].merchant.post(f"{path}/reject", {"reason": "sold out on the shelf"})
    rest = [part for part in order["store_orders"] if part["shop_id"] != first["shop_id"]]
    town.accept_and_pack({**order, "store_orders": rest})
    town.deliver(order)
    seen = town.until_status(order, "delivered", "completed")
    assert amount(seen["refunded"]) == amount(first["paid"])
    told = moves(town, order)
    assert told[0] == ("order", "pending_payment", "customer")
    assert told.count(("store_order", "rejected", "merchant")) == 1
    assert told.count(("store_order", "delivered", "courier")) == 2
    own = town.shops[0].merchant.get(f"{path}/history")["items"]
    assert [(step["after"], step["reason"]) for step in own] == [
        ("placed", None),
        ("rejected", "sold out on the shelf"),
    ]
    with pytest.raises(Refused):
        town.shops[0].merchant.get(f"/v1/store-orders/{rest[0]['store_order_id']}/history")


def test_a_substitute_that_is_taken_is_sold_delivered_and_cheaper(town: Neighbourhood):
    merchant, listing = town.shops[0].merchant, town.shops[0].listing_ids[1]
    found = merchant.get(f"/v1/listings/{listing}")
    order = town.place_and_pay(basket(town, "substitute"))
    (grandma,) = order["lists"]
    assert len(grandma["line_ids"]) == 2
    part = first_part(order, town)
    offered = {"name": "梨", "unit_price": {"amount": 900, "currency": "CNY"}}
    photo = "https://pictures.example.org/pears.jpg"
    named = propose(town, part, **offered, photo_url=photo)
    listed = propose(town, part, listing_id=listing)
    until_stock(town, found["stock"], 1)
    assert town.customer.get(f"/v1/substitutions/{named['substitution_id']}")["photo_url"] == photo
    for one in (named, listed):
        taken = town.customer.post(f"/v1/substitutions/{one['substitution_id']}/accept")
        assert (taken["status"], taken["decided_by"]) == ("accepted", "customer")
    until_stock(town, found["stock"] - 1)
    # The listing is dearer, so it costs what was paid; what was named is 1.00 cheaper.
    seen = town.order(order)
    assert amount(seen["refunded"]) == 100
    assert first_part(seen, town)["lines"][0]["substituted_quantity"] == 2
    town.accept_and_pack(order)
    town.deliver(order)
    town.until_status(order, "delivered", "completed")
    books = until_ledger(town, order)
    assert sum(books.values()) == 0
    assert books["cash:provider"] == amount(order["total"]) - 100


def test_a_substitute_that_is_declined_or_not_answered_is_money_back(town: Neighbourhood):
    stock = other_stock(town)[0]
    order = town.place_and_pay(basket(town, "call"))
    part = first_part(order, town)
    price = amount(part["lines"][0]["unit_price"])
    one = propose(town, part, listing_id=town.shops[0].listing_ids[1])
    until_stock(town, stock, 1)
    town.customer.post(f"/v1/substitutions/{one['substitution_id']}/decline")
    until_stock(town, stock)
    assert amount(town.order(order)["refunded"]) == price
    other = propose(town, part, listing_id=town.shops[0].listing_ids[1])
    path = f"/v1/store-orders/{part['store_order_id']}"
    town.shops[0].merchant.post(f"{path}/accept", {"ready_at": town.in_minutes(0)})
    with pytest.raises(Refused) as refusal:
        town.shops[0].merchant.post(f"{path}/ready")
    assert refusal.value.code == "substitution-open"

    def decided() -> Any:
        seen = town.customer.get(f"/v1/substitutions/{other['substitution_id']}")
        return seen if seen["status"] != "proposed" else None

    late = eventually(decided, 60, "the clock to decide")
    assert (late["status"], late["decided_by"]) == ("declined", "clock")
    until_stock(town, stock)
    assert amount(first_part(town.order(order), town)["refunded"]) == 2 * price


def test_weighed_goods_cost_what_they_weigh_and_never_more(town: Neighbourhood):
    shop = town.shops[0]
    goods = {
        "name": "Apples",
        "price": {"amount": 1000, "currency": "CNY"},
        "unit": "500 g",
        "unit_grams": 500,
    }
    listing = shop.merchant.post(f"/v1/shops/{shop.shop_id}/listings", {**goods, "stock": 10})
    assert listing["unit_grams"] == 500
    wanted = basket(town, "refund", shops=2)
    wanted["lines"][0]["listing_id"] = listing["listing_id"]
    order = town.place_and_pay(wanted)
    part = first_part(order, town)
    path = f"/v1/store-orders/{part['store_order_id']}"
    lines = [{"line_id": part["lines"][0]["line_id"], "grams": 940}]
    shop.merchant.post(f"{path}/accept", {"ready_at": town.in_minutes(0)})
    ready = shop.merchant.post(f"{path}/ready", {"lines": lines})
    assert (ready["lines"][0]["grams"], amount(ready["refunded"])) == (940, 120)
    with pytest.raises(Refused) as refusal:
        shop.merchant.post(f"{path}/weights", {"lines": [{**lines[0], "grams": 990}]})
    assert refusal.value.code == "price-would-rise"
    others = [one for one in order["store_orders"] if one["shop_id"] != shop.shop_id]
    town.accept_and_pack({**order, "store_orders": others})
    town.deliver(order)
    town.until_status(order, "delivered", "completed")
    books = until_ledger(town, order)
    assert books["cash:provider"] == amount(order["total"]) - 120
    assert sum(books.values()) == 0


def test_a_shop_that_says_nothing_is_rejected_and_the_rest_may_be_cancelled(town: Neighbourhood):
    order = town.place_and_pay(basket(town, "refund"))
    silent = first_part(order, town)
    assert silent["accept_by"] is not None
    other = next(part for part in order["store_orders"] if part is not silent)
    path = f"/v1/store-orders/{other['store_order_id']}"
    town.merchant_of(other).post(f"{path}/accept", {"ready_at": town.in_minutes(60)})

    def rejected() -> Any:
        seen = first_part(town.order(order), town)
        return seen if seen["status"] == "rejected" else None

    assert eventually(rejected, 120, "the silent shop to be rejected")["reason"] == "no-answer"
    assert ("store_order", "rejected", "clock") in moves(town, order)
    seen = town.order(order)
    assert (seen["status"], amount(seen["refunded"])) == ("in_fulfilment", amount(silent["paid"]))
    rest = town.customer.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": "late"})
    assert (rest["status"], rest["refunded"]) == ("cancelled", rest["total"])
