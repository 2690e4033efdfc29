"""After the sale: cases to their three ends, an order that waits for them, and what the books say then."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from linli.day.starting import private_platform
from shared.testing.pictures import WHERE_IT_WAS, a_jpeg
from tests.journeys.people import Neighbourhood, Person, Refused, eventually, open_neighbourhood

pytestmark = pytest.mark.timeout(300)
# Business seconds; the clock runs a hundred times as fast as the wall.
SETTINGS = {
    "LINLI_ORDERING_AFTER_SALE_WINDOW_SECONDS": "2000",
    "LINLI_ORDERING_CASE_ANSWER_SECONDS": "2500",
    "LINLI_ORDERING_CASE_APPEAL_SECONDS": "9000",
}


@pytest.fixture(scope="module")
def quick_platform(state_of_platforms: Path) -> Iterator[Any]:
    assert state_of_platforms.exists()
    with private_platform("embedded", "after-sale", speed=100.0, settings=SETTINGS) as made:
        yield made


@pytest.fixture
def quick_town(quick_platform: Any) -> Iterator[Neighbourhood]:
    with open_neighbourhood(quick_platform) as opened:
        yield opened


def amount(money: Any) -> int:
    return int(money["amount"])


def a_promoted_basket(town: Neighbourhood) -> dict[str, Any]:
    """Of each shop two of what it sells; the first one's are the platform's, promoted by the second shop."""
    seller, promoter = town.shops[0], town.shops[1]
    goods = {
        "name": "Rare cake",
        "category": "bakery",
        "price": {"amount": 2000, "currency": "CNY"},
        "stock": 50,
        "sourced": True,
    }
    rare = town.operator.post(f"/v1/shops/{seller.shop_id}/listings", goods)["listing_id"]

    def link() -> Any:
        try:
            path = f"/v1/shops/{promoter.shop_id}/promotion-links"
            return promoter.merchant.post(path, {"listing_id": rare})
        except Refused as refused:
            if refused.code not in {"listing-not-found", "shop-not-found"}:
                raise
            return None

    code = eventually(link, 20, "commission to know the listing")["code"]
    basket = town.basket()
    basket["lines"][0] = {"listing_id": rare, "quantity": 2, "promotion_code": code}
    return basket


def open_case(town: Neighbourhood, part: Any, **changes: Any) -> Any:
    body = {
        "lines": [{"line_id": part["lines"][0]["line_id"], "quantity": 1}],
        "reason": "damaged",
        **changes,
    }
    return town.customer.post(f"/v1/orders/{part['order_id']}/after-sale-cases", body)


def move(who: Person, case: Any, what: str, **body: Any) -> Any:
    return who.post(f"/v1/after-sale-cases/{case['case_id']}/{what}", body)


def seen(who: Person, case: Any) -> Any:
    return who.get(f"/v1/after-sale-cases/{case['case_id']}")


def test_three_cases_end_in_three_ways_and_the_order_is_completed_after_the_last(
    quick_town: Neighbourhood,
) -> None:
    town = quick_town
    order = town.place_and_pay(a_promoted_basket(town))
    town.accept_and_pack(order)
    town.deliver(order)
    delivered = town.until_status(order, "delivered")
    by_shop = {part["shop_id"]: part for part in delivered["store_orders"]}
    rare, bread, greens = (by_shop[shop.shop_id] for shop in town.shops)
    merchants = [shop.merchant for shop in town.shops]

    given_in, silent, disputed = (open_case(town, part) for part in (rare, bread, greens))
    photo = f"/v1/after-sale-cases/{disputed['case_id']}/photos/{uuid.uuid4()}"
    town.customer.send(photo, a_jpeg(), "image/jpeg")
    assert WHERE_IT_WAS not in merchants[2].fetch(photo).content
    with pytest.raises(Refused) as refused:
        merchants[0].fetch(photo)
    assert refused.value.status == 404

    # The first shop pays back at once; the second says nothing; the third says no.
    assert move(merchants[0], given_in, "answer", decision="refund")["status"] == "refunded"
    move(merchants[2], disputed, "answer", decision="reject", words="It was whole.")
    appealed = move(town.customer, disputed, "appeal", words="It was not, look.")
    assert appealed["status"] == "appealed"

    decided = eventually(
        lambda: found if (found := seen(town.customer, silent))["status"] != "open" else None,
        60,
        "the deadline to decide",
    )
    assert (decided["status"], decided["steps"][-1]["by"]) == ("refunded", "clock")
    # The window has closed by now, and an appeal still waits.
    assert town.order(order)["status"] == "delivered"
    waiting = town.operator.get("/v1/after-sale-cases/waiting", limit=200)["items"]
    assert disputed["case_id"] in [case["case_id"] for case in waiting]
    with pytest.raises(Refused) as refused:
        open_case(town, rare)
    assert refused.value.code == "after-sale-window-closed"
    promoter = f"promoter:{town.shops[1].shop_id}"
    assert town.ledger_of(order)[f"frozen:{promoter}"] < 0

    ruled = move(
        town.operator, disputed, "arbitrate", decision="refund", borne_by="courier", words="It fell."
    )
    assert ruled["refunded"] == {"amount": amount(greens["paid"]) // 2, "currency": "CNY"}
    completed = town.until_status(order, "completed", patience=40)
    books = eventually(
        lambda: found if f"payable:{promoter}" in (found := town.ledger_of(order)) else None,
        30,
        "the commission to be released",
    )
    assert books.get(f"frozen:{promoter}", 0) == 0
    assert sum(books.values()) == 0
    assert books["cash:provider"] == amount(completed["total"]) - amount(completed["refunded"])
    assert books["expense:goodwill"] == amount(ruled["refunded"])
    assert books.get("liability:orders", 0) == 0
    sold = {shop.shop_id: -books[f"payable:shop:{shop.shop_id}"] for shop in town.shops}
    # Five in a hundred are the platform's; the third shop keeps its whole sale.
    assert sold[town.shops[2].shop_id] == amount(greens["paid"]) - round(amount(greens["paid"]) * 0.05)
    assert sold[town.shops[1].shop_id] < amount(bread["paid"]) // 2
    assert town.operator.get("/v1/ledger/check")["sound"]


def test_what_was_bought_is_said_well_of_and_bought_again(quick_town: Neighbourhood) -> None:
    town = quick_town
    order = town.place_and_pay(town.basket(shops=2))
    town.accept_and_pack(order)
    town.deliver(order)
    part = order["store_orders"][0]
    path = f"/v1/store-orders/{part['store_order_id']}/review"
    said = town.customer.put(path, {"stars": 5, "words": "Sweet"})
    town.customer.put(path, {"stars": 4, "words": "Sweet, mostly"})
    town.customer.put(f"/v1/orders/{order['order_id']}/delivery-review", {"stars": 3})
    town.merchant_of(part).post(f"/v1/reviews/{said['review_id']}/answer", {"words": "Thank you"})
    shown = httpx.get(f"{town.platform.base_url}/v1/shops/{part['shop_id']}/reviews").json()
    assert (shown["average"], shown["count"], shown["items"][0]["answer"]) == (4.0, 1, "Thank you")
    assert town.customer.account_id not in str(shown)
    assert len(town.customer.get(f"/v1/orders/{order['order_id']}/reviews")["items"]) == 2

    gone = town.shops[1].listing_ids[0]
    again = eventually(
        lambda: found if _withdrawn(town, gone) and (found := _reorder(town, order))["gone"] else None,
        15,
        "the listing to be gone",
    )
    assert [item["listing_id"] for item in again["gone"]] == [gone]
    basket = town.basket(shops=1) | {"lines": again["lines"]}
    assert town.customer.post("/v1/quotes", basket)["shops"][0]["shop_id"] == town.shops[0].shop_id

    wanted = {
        "name": "for grandma",
        "lines": [{"listing_id": town.shops[0].listing_ids[0], "quantity": 2}],
        "recurrence": {"days": ["mon"], "at": "18:00"},
    }
    kept = town.customer.post("/v1/shopping-lists", wanted)
    assert kept["next_at"] is not None
    lines = town.customer.get(f"/v1/shopping-lists/{kept['list_id']}/basket")["lines"]
    assert town.customer.post("/v1/quotes", basket | {"lines": lines})["shops"]
    town.customer.delete(f"/v1/shopping-lists/{kept['list_id']}")
    assert town.customer.get("/v1/shopping-lists")["items"] == []


def _withdrawn(town: Neighbourhood, listing_id: str) -> bool:
    http, headers = town.shops[1].merchant._http, town.shops[1].merchant._headers
    done = http.patch(f"/v1/listings/{listing_id}", json={"status": "withdrawn"}, headers=headers)
    return done.is_success


def _reorder(town: Neighbourhood, order: Any) -> Any:
    return town.customer.get(f"/v1/orders/{order['order_id']}/reorder")
