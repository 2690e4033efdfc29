"""Sourced goods from an offer to a commission: promoted, clicked, bought days later, given back in part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from linli.day.starting import private_platform
from linli.stack.platform import Platform
from shared.kernel.clock import AcceleratedClock
from tests.journeys.conftest import SPEED
from tests.journeys.people import Neighbourhood, Person, Refused, eventually, open_neighbourhood

pytestmark = pytest.mark.timeout(240)

# Half a minute of the wall: enough to give something back before commissions are released.
AFTER_SALE_SECONDS = 30 * SPEED


@pytest.fixture
def platform() -> Iterator[Platform]:
    """One of its own, for its clock is put forward."""
    settings = {"LINLI_ORDERING_AFTER_SALE_WINDOW_SECONDS": str(int(AFTER_SALE_SECONDS))}
    with private_platform("embedded", "journeys-distribution", speed=SPEED, settings=settings) as made:
        yield made


@pytest.fixture
def town(platform: Platform) -> Iterator[Neighbourhood]:
    with open_neighbourhood(platform) as opened:
        yield opened


def yuan(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def put_forward(platform: Platform, by: timedelta) -> None:
    """The platform goes on that much later, with all it knows."""
    later = platform.clock.now() + by
    platform.stop()
    clock = AcceleratedClock(later, time.time(), SPEED)
    platform.wish = replace(platform.wish, clock=clock.to_environment())
    platform.start()


def known(ask: Any, what: str) -> Any:
    """An answer that waits until one service has heard of what happened in another."""

    def look() -> Any:
        try:
            return ask()
        except Refused as refusal:
            if refusal.status in {404, 422}:
                return None
            raise

    return eventually(look, 20, what)


def a_promoter(town: Neighbourhood) -> tuple[Person, str]:
    merchant = town.register("merchant")
    body = {"name": "Corner fruit", "category": "fruit", **town.place_at(0.002, 0.002)}
    shop_id = merchant.post("/v1/shops", body)["shop_id"]
    town.operator.post(f"/v1/shops/{shop_id}/approve")
    return merchant, shop_id


def rare_fruit(town: Neighbourhood) -> str:
    body = {"name": "Rare fruit", "price": yuan(1000), "stock": 50, "category": "fruit", "sourced": True}
    return str(town.operator.post(f"/v1/shops/{town.shops[0].shop_id}/listings", body)["listing_id"])


def start_a_shift(town: Neighbourhood) -> None:
    body = {"zone_id": town.zone_id, "ends_at": town.in_minutes(24 * 60), "position": town.place_at(0.0, 0.0)}
    town.courier.post("/v1/courier/shift", body)


def accrual(merchant: Person, shop_id: str, order: Any, status: str) -> Any:
    def look() -> Any:
        found = merchant.get(f"/v1/shops/{shop_id}/accruals")["items"]
        return next(
            (one for one in found if one["order_id"] == order["order_id"] and one["status"] == status), None
        )

    return eventually(look, 60, f"the commission to be {status}")


def test_a_click_without_buying_earns_on_the_order_of_days_later(town: Neighbourhood):
    merchant, shop_id = a_promoter(town)
    listing_id = rare_fruit(town)
    offered = {
        "listing_id": listing_id,
        "rate_min_bp": 500,
        "rate_max_bp": 1500,
        "supplier_cost": yuan(600),
        "price_min": yuan(900),
        "price_max": yuan(1100),
        "exclusive": True,
        "territory": {**town.place_at(0.0, 0.0), "radius_m": 5000},
        "caps": {"units": 1000},
    }
    known(lambda: town.operator.post("/v1/distribution-offers", offered), "the listing to be known")

    def seen_offer() -> Any:
        return next(iter(merchant.get(f"/v1/shops/{shop_id}/distribution-offers")["items"]), None)

    offer = eventually(lambda: known(seen_offer, "the shop to be known"), 20, "the offer")
    assert "supplier_cost" not in offer
    path = f"/v1/shops/{shop_id}/promotion-links"
    with pytest.raises(Refused) as caught:
        merchant.post(path, {"listing_id": listing_id, "rate_bp": 1501})
    assert caught.value.code == "rate-out-of-bounds"
    code = merchant.post(path, {"listing_id": listing_id, "rate_bp": 1500, "unit_price": yuan(950)})["code"]
    rival, rivals_shop = a_promoter(town)
    with pytest.raises(Refused) as caught:
        known(
            lambda: rival.post(f"/v1/shops/{rivals_shop}/promotion-links", {"listing_id": listing_id}),
            "the rival to be known",
        )
    assert caught.value.code == "distribution-offer-taken"

    # Somebody browses and follows the link without an account, then signs in, and buys nothing.
    (goods,) = town.http.get(f"/v1/shops/{shop_id}/virtual-storefront").json()["items"]
    assert (goods["promotion_code"], goods["price"], goods["listing_price"]) == (code, yuan(950), yuan(1000))
    visitor = town.http.post(f"/v1/promotion-links/{code}/clicks", json={}).json()["visitor"]
    assert town.customer.post("/v1/me/clicks", {"visitor": visitor}) == {"joined": 1}

    put_forward(town.platform, timedelta(days=3))
    start_a_shift(town)
    basket = town.basket() | {"lines": [{"listing_id": listing_id, "quantity": 2}]}
    order = town.place_and_pay(basket)
    town.accept_and_pack(order)
    town.deliver(order)
    earned = accrual(merchant, shop_id, order, "accrued")
    assert (earned["attributed_by"], earned["amount"]) == ("click", yuan(300))
    (part,) = order["store_orders"]
    assert town.ledger_of(order) | {
        f"payable:shop:{part['shop_id']}": -1200,
        "revenue:distribution_margin": -800 + 300,
        f"frozen:promoter:{shop_id}": -300,
    } == town.ledger_of(order)

    (line,) = part["lines"]
    town.merchant_of(part).post(
        f"/v1/store-orders/{part['store_order_id']}/refunds",
        {"lines": [{"line_id": line["line_id"], "quantity": 1}], "reason": "bruised"},
    )
    released = accrual(merchant, shop_id, order, "released")
    assert (released["amount"], released["full"]) == (yuan(150), yuan(300))
    books = town.ledger_of(order)
    assert books[f"payable:promoter:{shop_id}"] == -150
    assert (books[f"payable:shop:{part['shop_id']}"], sum(books.values())) == (-600, 0)

    page = merchant.get(f"/v1/shops/{shop_id}/promoter-page")
    assert (page["total"]["clicks"], page["total"]["orders"], page["payable"]) == (1, 1, yuan(150))
    assert sum(day["orders"] for day in page["days"]) == 1
    assert (
        town.operator.get(f"/v1/customers/{town.customer.account_id}/promoter-binding")["shop_id"] == shop_id
    )

    # With the code the customer pays the promoter's price.
    basket["lines"] = [{"listing_id": listing_id, "quantity": 1, "promotion_code": code}]
    quote = town.customer.post("/v1/quotes", basket)
    assert quote["shops"][0]["lines"][0]["unit_price"] == yuan(950)
    assert "promoter.js" in town.http.get("/promoter").text
