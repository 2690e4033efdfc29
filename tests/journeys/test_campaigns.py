"""Campaigns from their launch to the ledger, and back to the customer when an order comes to nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Person, Refused, eventually

pytestmark = pytest.mark.timeout(240)


def yuan(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def terms(town: Neighbourhood, **changes: Any) -> dict[str, Any]:
    campaign = {
        "kind": "coupon",
        "name": "Three off",
        "rule": {"threshold": yuan(100), "off": yuan(300)},
        "budget": yuan(30_000),
        "per_customer_limit": 100,
        "total_limit": 100,
        "starts_at": town.in_minutes(-60),
        "ends_at": town.in_minutes(60 * 24 * 30),
        "code": f"C{uuid.uuid4().hex[:10]}",
    }
    return {name: value for name, value in (campaign | changes).items() if value is not None}


def with_code(town: Neighbourhood, code: str) -> dict[str, Any]:
    return town.basket() | {"coupon_codes": [code]}


def uses(town: Neighbourhood, merchant: Person, campaign: Any) -> tuple[int, int]:
    path = f"/v1/shops/{campaign['shop_id']}/campaigns" if campaign["shop_id"] else "/v1/campaigns"
    asker = merchant if campaign["shop_id"] else town.operator
    seen = next(c for c in asker.get(path)["items"] if c["campaign_id"] == campaign["campaign_id"])
    return seen["uses"], seen["spent"]["amount"]


def test_who_pays_for_a_discount_is_settled_to_the_cent(town: Neighbourhood) -> None:
    shop = town.shops[0]
    reduction = shop.merchant.post(
        f"/v1/shops/{shop.shop_id}/campaigns", terms(town, kind="full_reduction", code=None,
                                                     rule={"threshold": yuan(500), "off": yuan(200)})
    )  # fmt: skip
    coupon = town.operator.post("/v1/campaigns", terms(town))
    quote = town.customer.post("/v1/quotes", with_code(town, coupon["code"]))
    assert quote["discount"] == yuan(500)
    own = [
        discount
        for quoted in quote["shops"]
        for line in quoted["lines"]
        for discount in line["discounts"]
        if discount["campaign_id"] == reduction["campaign_id"]
    ]
    assert sum(discount["amount"]["amount"] for discount in own) == 200

    order = town.customer.post("/v1/orders", {"quote_id": quote["quote_id"]})
    town.pay(order)
    paid = town.until_status(order, "paid")
    assert uses(town, shop.merchant, reduction) == (1, 200)
    assert uses(town, shop.merchant, coupon) == (1, 300)
    town.accept_and_pack(paid)
    town.deliver(paid)

    def settled() -> dict[str, int] | None:
        books = town.ledger_of(order)
        return books if books and books.get("liability:orders", 0) == 0 else None

    books = eventually(settled, 30, "the order to be settled")
    assert sum(books.values()) == 0
    assert books["expense:platform_discount"] == 300
    assert books["cash:provider"] == order["total"]["amount"]


def test_a_coupon_comes_back_when_its_order_is_cancelled_and_not_before(town: Neighbourhood) -> None:
    coupon = town.operator.post("/v1/campaigns", terms(town, total_limit=1))
    order = town.place(with_code(town, coupon["code"]))
    neighbour = town.register("customer")
    late = neighbour.post("/v1/quotes", with_code(town, coupon["code"]))
    assert late["discount"] == yuan(0)

    town.customer.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": "changed-my-mind"})
    eventually(lambda: uses(town, neighbour, coupon) == (0, 0) or None, 15, "the coupon to come back")
    again = neighbour.post("/v1/quotes", with_code(town, coupon["code"]))
    assert again["discount"] == yuan(300)


def test_the_last_coupon_goes_to_one_of_two_who_hold_a_quote(town: Neighbourhood) -> None:
    coupon = town.operator.post("/v1/campaigns", terms(town, budget=yuan(500)))
    neighbour = town.register("customer")
    quotes = [
        person.post("/v1/quotes", with_code(town, coupon["code"])) for person in (town.customer, neighbour)
    ]
    town.customer.post("/v1/orders", {"quote_id": quotes[0]["quote_id"]})
    with pytest.raises(Refused) as refusal:
        neighbour.post("/v1/orders", {"quote_id": quotes[1]["quote_id"]})
    assert (refusal.value.status, refusal.value.code) == (422, "campaigns-refused")
    assert uses(town, neighbour, coupon) == (1, 300)


def test_a_campaign_that_was_ended_gives_nothing_any_more(town: Neighbourhood) -> None:
    shop, stranger = town.shops[0], town.shops[1].merchant
    coupon = shop.merchant.post(f"/v1/shops/{shop.shop_id}/campaigns", terms(town))
    with pytest.raises(Refused) as refusal:
        stranger.post(f"/v1/campaigns/{coupon['campaign_id']}/end")
    assert refusal.value.status == 404
    ended = shop.merchant.post(f"/v1/campaigns/{coupon['campaign_id']}/end")
    assert ended["status"] == "ended"
    quote = town.customer.post("/v1/quotes", with_code(town, coupon["code"]))
    assert quote["discount"] == yuan(0)
