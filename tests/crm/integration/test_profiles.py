"""Profiles on a real PostgreSQL: what they hold, and who sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event as sqlalchemy_event

from services.crm.domain.errors import CustomerNotFound, ShopNotFound
from services.crm.entrypoints.service import CrmService
from shared.messaging.envelope import Event
from shared.persistence import Database
from tests.crm.builders import (
    BAKERY,
    BAO,
    FRUIT,
    LAN,
    MERCHANT,
    OPERATOR,
    a_service,
    bought,
    cancelled,
    delivered,
    minutes,
    placed,
    refunded,
    shop_opened,
    take_in,
    wire,
)

STRANGER = {"account_id": BAO, "role": "merchant"}


@pytest.fixture
def service(service_database: Callable[[str], Database]) -> CrmService:
    service = a_service(service_database("crm"))
    take_in(service, shop_opened(), shop_opened(BAKERY, BAO))
    return service


def test_a_profile_holds_what_was_bought_less_what_went_back(service: CrmService) -> None:
    take_in(
        service,
        placed("o1"),
        bought("o1", paid=5000, at=1),
        bought("o1", BAKERY, paid=900, at=1),
        bought("o2", paid=3000, at=60),
        delivered("o1", FRUIT, BAKERY),
        refunded("o1", "r1", goods=1200),
        cancelled("o2", at=61),
    )
    profile = service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN)
    timeline = profile.pop("timeline")
    assert profile == {
        "shop_id": FRUIT,
        "customer_id": LAN,
        "order_count": 2,
        "refund_count": 1,
        "delivered_count": 1,
        "cancelled_count": 1,
        "spend": wire(6800),
        "refunded": wire(1200),
        "spend_elsewhere": [],
        "first_seen": minutes(1),
        "last_seen": minutes(60),
        "next_cursor": None,
    }
    assert [(moment["kind"], moment["at"]) for moment in timeline] == [
        ("cancelled", minutes(61)),
        ("paid", minutes(60)),
        ("refunded", minutes(40)),
        ("delivered", minutes(30)),
        ("paid", minutes(1)),
        ("placed", minutes(0)),
    ]
    assert timeline[2]["amount"] == wire(1200)
    assert timeline[2]["refund_id"] == "r1"


def test_a_refund_of_the_delivery_fee_alone_concerns_no_shop(service: CrmService) -> None:
    take_in(service, bought("o1"), refunded("o1", "r1", shop_id=None))
    assert service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN)["refund_count"] == 0


def test_one_refund_over_two_shops_lowers_both(service: CrmService) -> None:
    take_in(
        service,
        bought("o1", paid=5000),
        bought("o1", BAKERY, paid=2000),
        refunded("o1", "r1", FRUIT, goods=500),
        refunded("o1", "r1", BAKERY, goods=2000),
    )
    assert service.profile(actor=OPERATOR, shop_id=FRUIT, customer_id=LAN)["spend"] == wire(4500)
    assert service.profile(actor=OPERATOR, shop_id=BAKERY, customer_id=LAN)["spend"] == wire(0)


def test_a_part_that_did_not_arrive_is_not_delivered(service: CrmService) -> None:
    take_in(service, bought("o1"), bought("o1", BAKERY), delivered("o1", BAKERY))
    assert service.profile(actor=OPERATOR, shop_id=FRUIT, customer_id=LAN)["delivered_count"] == 0
    assert service.profile(actor=OPERATOR, shop_id=BAKERY, customer_id=LAN)["delivered_count"] == 1


def test_who_bought_nothing_is_no_customer(service: CrmService) -> None:
    take_in(service, placed("o1"), cancelled("o1"), refunded("o9", "r9"))
    with pytest.raises(CustomerNotFound):
        service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN)
    assert service.customers(actor=MERCHANT, shop_id=FRUIT)["items"] == []
    assert service.shop_profile(actor=MERCHANT, shop_id=FRUIT)["customer_count"] == 0


def test_only_the_owner_the_customer_and_operators_see_a_profile(service: CrmService) -> None:
    take_in(service, bought("o1"))
    for actor in (MERCHANT, OPERATOR, {"account_id": LAN, "role": "customer"}):
        assert service.profile(actor=actor, shop_id=FRUIT, customer_id=LAN)["order_count"] == 1
    for actor in (STRANGER, {"account_id": "neighbour", "role": "customer"}):
        with pytest.raises(ShopNotFound):
            service.profile(actor=actor, shop_id=FRUIT, customer_id=LAN)
        with pytest.raises(ShopNotFound):
            service.customers(actor=actor, shop_id=FRUIT)
        with pytest.raises(ShopNotFound):
            service.shop_profile(actor=actor, shop_id=FRUIT)
    with pytest.raises(ShopNotFound):
        service.customers(actor={"account_id": LAN, "role": "customer"}, shop_id=FRUIT)


def test_a_merchant_sees_nothing_of_what_a_customer_bought_elsewhere(service: CrmService) -> None:
    take_in(service, bought("o1"), bought("o1", BAKERY, paid=77_700))
    profile = service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN)
    assert BAKERY not in str(profile)
    assert "77700" not in str(profile)


def test_a_shop_nobody_told_of_is_not_there(service: CrmService) -> None:
    with pytest.raises(ShopNotFound):
        service.shop_profile(actor=OPERATOR, shop_id="nowhere")


def test_customers_are_listed_last_seen_first_page_by_page(service: CrmService) -> None:
    take_in(service, *(bought(f"o{n}", customer_id=f"c{n}", at=n // 2) for n in range(7)))
    seen, cursor = [], None
    while True:
        page = service.customers(actor=MERCHANT, shop_id=FRUIT, limit=2, cursor=cursor)
        seen += [item["customer_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]


def test_customers_are_found_by_how_their_id_begins(service: CrmService) -> None:
    take_in(
        service,
        bought("o1", customer_id="abc"),
        bought("o2", customer_id="abd"),
        bought("o3", customer_id="a%"),
    )
    found = service.customers(actor=MERCHANT, shop_id=FRUIT, q="ab")["items"]
    assert {item["customer_id"] for item in found} == {"abc", "abd"}
    found = service.customers(actor=MERCHANT, shop_id=FRUIT, q="a%")["items"]
    assert [item["customer_id"] for item in found] == ["a%"]


def test_a_long_timeline_comes_page_by_page_without_gaps(service: CrmService) -> None:
    take_in(service, *(event for n in range(6) for event in (placed(f"o{n}"), bought(f"o{n}", at=n // 3))))
    seen, cursor = [], None
    while True:
        page = service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN, limit=5, cursor=cursor)
        seen += [(moment["order_id"], moment["kind"]) for moment in page["timeline"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 12


def test_a_shop_is_summed_up(service: CrmService) -> None:
    take_in(
        service,
        bought("o1", paid=1000, at=1),
        bought("o2", paid=2000, at=2),
        bought("o3", paid=4000, at=3, customer_id="hua"),
        refunded("o1", "r1", goods=300),
    )
    assert service.shop_profile(actor=MERCHANT, shop_id=FRUIT) == {
        "shop_id": FRUIT,
        "customer_count": 2,
        "returning_customer_count": 1,
        "order_count": 3,
        "refund_count": 1,
        "spend": wire(6700),
        "refunded": wire(300),
        "spend_elsewhere": [],
        "first_seen": minutes(1),
        "last_seen": minutes(3),
    }


def test_money_of_two_currencies_is_never_added_up(service: CrmService) -> None:
    take_in(service, bought("o1"), bought("o2"), bought("o3", currency="USD", paid=700))
    profile = service.profile(actor=MERCHANT, shop_id=FRUIT, customer_id=LAN)
    assert (profile["order_count"], profile["spend"], profile["spend_elsewhere"]) == (
        3,
        wire(10_000),
        [wire(700, "USD")],
    )
    summary = service.shop_profile(actor=MERCHANT, shop_id=FRUIT)
    assert (summary["customer_count"], summary["spend_elsewhere"]) == (1, [wire(700, "USD")])


@pytest.mark.parametrize(
    "event",
    [placed("o"), bought("o"), delivered("o", FRUIT), cancelled("o"), refunded("o", "r"), shop_opened("s")],
    ids=lambda event: event.type,
)
def test_every_event_takes_one_statement(service: CrmService, event: Event) -> None:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "inbox" not in statement:
            seen.append(statement)

    engine = service.database.engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    try:
        take_in(service, event)
    finally:
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
    assert len(seen) == 1
