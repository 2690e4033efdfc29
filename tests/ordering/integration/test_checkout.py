"""Quote and place: exact prices, all holds or none, one order however often it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.kernel.errors import Refusal
from tests.ordering.fakes import FakeRpc, undisturbed
from tests.ordering.integration.conftest import CUSTOMER, RULES, Platform, Wire, merchant, part_of


def refused(platform: Platform, quote_id: str, order_id: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        platform.place(quote_id, order_id)
    return caught.value


def amounts(wire: Wire, *names: str) -> tuple[int, ...]:
    return tuple(wire[name]["amount"] for name in names)


def test_a_quote_prices_a_basket_over_two_shops(platform: Platform) -> None:
    quote = platform.quoted()
    assert amounts(quote, "goods", "discount", "delivery_fee", "total") == (6230, 0, 700, 6930)
    assert [shop["shop_id"] for shop in quote["shops"]] == ["shop-1", "shop-2"]
    assert [line["name"] for line in quote["shops"][0]["lines"]] == ["apples", "milk"]
    assert amounts(quote["shops"][0], "goods", "paid") == (4430, 4430)


def test_the_same_quote_id_gives_the_same_quote(platform: Platform) -> None:
    basket = platform.basket()
    first = platform.service.quote(**basket)
    platform.rpc.storefront.listings["apples"]["price"] = 9999
    assert platform.service.quote(**basket) == first


def test_campaigns_are_asked_only_when_they_can_matter(platform: Platform) -> None:
    platform.quoted()
    assert platform.rpc.campaigns.asked == 0
    platform.hears(
        platform.event(
            "campaigns",
            "CampaignLaunched",
            "campaign-1",
            campaign_id="campaign-1",
            shop_id="shop-2",
            kind="full_reduction",
            starts_at="2026-01-05T00:00:00Z",
            ends_at="2026-01-06T00:00:00Z",
        )
    )
    platform.quoted()
    assert platform.rpc.campaigns.asked == 1
    platform.quoted(lines=[{"listing_id": "apples", "quantity": 1}])
    assert platform.rpc.campaigns.asked == 1
    platform.hears(platform.event("campaigns", "CampaignEnded", "campaign-1", 2, campaign_id="campaign-1"))
    platform.quoted()
    assert platform.rpc.campaigns.asked == 1


@pytest.mark.parametrize("tells_shares", [True, False])
def test_a_coupon_is_shared_over_all_lines_and_redeemed_with_the_order(
    platform: Platform, tells_shares: bool
) -> None:
    platform.rpc.campaigns.tells_shares = tells_shares
    order = platform.placed(coupon_codes=["WELCOME", "OTHER"])
    assert amounts(order, "goods", "discount", "delivery_fee", "total") == (6230, 1000, 700, 5930)
    lines = [line for part in order["store_orders"] for line in part["lines"]]
    assert sum(line["discount"]["amount"] for line in lines) == 1000
    assert all(discount["funder"] == "platform" for line in lines for discount in line["discounts"])
    (redeemed,) = platform.rpc.campaigns.redeemed.values()
    assert redeemed == [{"campaign_id": "welcome", "amount": {"amount": 1000, "currency": "CNY"}}]


def test_a_promotion_code_marks_the_line_it_promotes(platform: Platform) -> None:
    platform.rpc.commission.links["CODE"] = {"link_id": "link-1", "listing_id": "bread"}
    order = platform.placed(lines=[{"listing_id": "bread", "quantity": 1, "promotion_code": "CODE"}])
    assert order["store_orders"][0]["lines"][0]["promotion_link_id"] == "link-1"
    with pytest.raises(Refusal) as caught:
        platform.quoted(lines=[{"listing_id": "milk", "quantity": 1, "promotion_code": "CODE"}])
    assert caught.value.code == "promotion-code-unknown"
    assert caught.value.errors[0]["field"] == "lines.0.promotion_code"


def test_a_promoters_own_price_holds_whatever_the_listing_says(platform: Platform) -> None:
    price = {"amount": 777, "currency": "CNY"}
    link = {"link_id": "link-1", "listing_id": "bread", "unit_price": price}
    platform.rpc.commission.links["CODE"] = link
    quote = platform.quoted(
        lines=[
            {"listing_id": "bread", "quantity": 2, "promotion_code": "CODE"},
            {"listing_id": "milk", "quantity": 1},
        ]
    )
    platform.rpc.storefront.listings["bread"]["price"] += 1
    order = platform.place(quote["quote_id"], platform.an_id("order"))
    (line,) = [
        line
        for part in order["store_orders"]
        for line in part["lines"]
        if line["promotion_link_id"] == "link-1"
    ]
    assert (line["unit_price"], line["paid"]["amount"]) == (price, 2 * 777)


def test_a_quote_refuses_more_than_there_is_over_all_lists(platform: Platform) -> None:
    platform.rpc.storefront.listings["milk"]["stock"] = 3
    lines = [
        {"listing_id": "milk", "quantity": 2, "list_name": "for grandma"},
        {"listing_id": "milk", "quantity": 2, "list_name": "for us"},
    ]
    with pytest.raises(Refusal) as caught:
        platform.quoted(lines=lines)
    assert caught.value.code == "out-of-stock"
    assert caught.value.errors[0]["field"] == "lines.1.quantity"


def test_an_order_is_placed_with_everything_held(platform: Platform) -> None:
    order = platform.placed()
    order_id = order["order_id"]
    assert order["status"] == "pending_payment"
    assert order["zone_id"] == "zone-1"
    assert platform.rpc.storefront.reserved[order_id] == {"apples": 3, "bread": 2, "milk": 1}
    pickups = platform.rpc.dispatch.held[order_id]
    assert [p["store_order_id"] for p in pickups] == [s["store_order_id"] for s in order["store_orders"]]
    (event,) = platform.published("OrderPlaced")
    assert event["total"] == order["total"]
    assert [part["merchant_id"] for part in event["store_orders"]] == ["merchant-1", "merchant-2"]
    assert "Lotus" not in str(event)


def test_what_is_held_outlasts_the_order(platform: Platform) -> None:
    order = platform.placed()
    assert order["expires_at"] == "2026-01-05T10:15:00.000Z"
    assert platform.rpc.storefront.expiries[order["order_id"]] == "2026-01-05T10:30:00.000Z"
    assert RULES.hold_grace > RULES.quote_validity


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda rpc: rpc.storefront.listings["apples"].update(stock=1), "out-of-stock"),
        (lambda rpc: rpc.storefront.listings["apples"].update(price=1), "price-changed"),
        (lambda rpc: setattr(rpc.dispatch, "capacity", 0), "slot-full"),
        (lambda rpc: setattr(rpc.campaigns, "uses", 0), "refused"),
    ],
)
def test_a_refusal_of_one_releases_the_others(
    platform: Platform, spoil: Callable[[FakeRpc], None], code: str
) -> None:
    quote = platform.quoted(coupon_codes=["WELCOME"])
    spoil(platform.rpc)
    assert refused(platform, quote["quote_id"], "order-a").code == code
    assert platform.rpc.storefront.reserved == {}
    assert platform.rpc.dispatch.held == {}
    assert platform.rpc.campaigns.redeemed == {}
    assert platform.types_published() == []
    # The same attempt gives the same answer, and asks nobody.
    platform.rpc.log.clear()
    assert refused(platform, quote["quote_id"], "order-a").code == code
    assert platform.rpc.log == []


def test_a_refused_quote_may_be_ordered_under_another_id(platform: Platform) -> None:
    quote = platform.quoted()
    platform.rpc.dispatch.capacity = 0
    refused(platform, quote["quote_id"], "order-a")
    platform.rpc.dispatch.capacity = 1
    assert platform.place(quote["quote_id"], "order-b")["status"] == "pending_payment"
    assert refused(platform, quote["quote_id"], "order-a").code == "quote-used"


@pytest.mark.parametrize("works", [True, False])
def test_an_attempt_that_met_silence_can_be_repeated(platform: Platform, works: bool) -> None:
    quote = platform.quoted()
    platform.rpc.mute, platform.rpc.works_when_mute = {("dispatch", "hold")}, works
    refusal = refused(platform, quote["quote_id"], "order-a")
    assert (refusal.code, refusal.kind) == ("holds-unavailable", "unavailable")
    assert platform.sql("SELECT count(*) FROM orders") == [(0,)]
    platform.rpc.mute = set()
    assert platform.place(quote["quote_id"], "order-a")["order_id"] == "order-a"
    assert platform.rpc.storefront.available("apples") == 97


def test_an_attempt_that_nobody_repeats_is_released(platform: Platform) -> None:
    quote = platform.quoted(coupon_codes=["WELCOME"])
    platform.rpc.mute = {("dispatch", "hold")}
    refused(platform, quote["quote_id"], "order-a")
    platform.service.release_abandoned()
    assert platform.rpc.storefront.reserved
    platform.sql("UPDATE quote SET claimed_at = claimed_at - interval '1 minute'")
    platform.service.release_abandoned()
    assert platform.rpc.storefront.reserved == {}
    assert platform.rpc.dispatch.held == {}
    assert platform.rpc.campaigns.redeemed == {}
    assert refused(platform, quote["quote_id"], "order-a").code == "placement-gave-up"


def test_a_release_that_is_not_confirmed_is_asked_for_again(platform: Platform) -> None:
    quote = platform.quoted()
    platform.rpc.dispatch.capacity = 0
    platform.rpc.mute, platform.rpc.works_when_mute = {("storefront", "release")}, False
    refused(platform, quote["quote_id"], "order-a")
    assert platform.rpc.storefront.reserved
    platform.rpc.mute = set()
    platform.sql("UPDATE quote SET claimed_at = claimed_at - interval '1 minute'")
    platform.service.release_abandoned()
    assert platform.rpc.storefront.reserved == {}
    assert platform.sql("SELECT placement FROM quote") == [("released",)]


def test_a_crash_after_holding_is_healed_by_asking_again(platform: Platform) -> None:
    quote = platform.quoted()

    def die(service: str, method: str) -> None:
        if method == "hold":
            raise SystemExit

    platform.rpc.before = die
    with pytest.raises(SystemExit):
        platform.place(quote["quote_id"], "order-a")
    platform.rpc.before = undisturbed
    order = platform.place(quote["quote_id"], "order-a")
    assert platform.rpc.storefront.available("apples") == 97
    assert platform.place(quote["quote_id"], "order-a") == order


def test_an_attempt_that_began_in_time_is_not_too_late_when_repeated(platform: Platform) -> None:
    """Refused while the first attempt may yet keep the order, its customer would be told a falsehood."""
    quote = platform.quoted()
    platform.rpc.mute = {("dispatch", "hold")}
    assert refused(platform, quote["quote_id"], "order-a").code == "holds-unavailable"
    platform.rpc.mute = set()
    platform.clock.advance(timedelta(minutes=11))
    assert platform.place(quote["quote_id"], "order-a")["order_id"] == "order-a"
    later = platform.quoted()
    platform.clock.advance(timedelta(minutes=11))
    assert refused(platform, later["quote_id"], "order-b").code == "quote-expired"


def test_an_order_that_lost_to_its_release_is_not_placed(platform: Platform) -> None:
    """The claim was given up while the peers were being asked: what they hold now goes back."""
    quote = platform.quoted()

    def give_up(service: str, method: str) -> None:
        if method == "hold":
            platform.sql("UPDATE quote SET placement = 'refused'")

    platform.rpc.before = give_up
    assert refused(platform, quote["quote_id"], "order-a").code == "placement-gave-up"
    assert platform.rpc.storefront.reserved == {}
    assert platform.sql("SELECT count(*) FROM orders") == [(0,)]


def test_concurrent_attempts_make_one_order(platform: Platform) -> None:
    quote = platform.quoted()
    barrier = threading.Barrier(6)
    answers: list[object] = []

    def attempt() -> None:
        barrier.wait()
        try:
            answers.append(platform.place(quote["quote_id"], "order-a"))
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [answers[0]] * 6
    assert platform.types_published() == ["OrderPlaced"]
    assert platform.rpc.storefront.available("apples") == 97


def test_two_orders_of_one_quote_are_not_placed(platform: Platform) -> None:
    quote = platform.quoted()
    platform.place(quote["quote_id"], "order-a")
    assert refused(platform, quote["quote_id"], "order-b").code == "quote-used"


def test_an_order_id_belongs_to_one_quote(platform: Platform) -> None:
    platform.place(platform.quoted()["quote_id"], "order-a")
    assert refused(platform, platform.quoted()["quote_id"], "order-a").code == "order-id-used"


def test_a_quote_expires_and_is_nobody_elses(platform: Platform) -> None:
    quote = platform.quoted()
    with pytest.raises(Refusal) as caught:
        platform.place(quote["quote_id"], "order-a", {"account_id": "somebody", "role": "customer"})
    assert caught.value.code == "quote-not-found"
    platform.clock.advance(timedelta(minutes=11))
    assert refused(platform, quote["quote_id"], "order-a").code == "quote-expired"


def test_an_order_is_seen_by_its_customer_alone(platform: Platform) -> None:
    order = platform.placed()
    stranger = {"account_id": "somebody", "role": "customer"}
    with pytest.raises(Refusal) as caught:
        platform.service.order(actor=stranger, order_id=order["order_id"])
    assert caught.value.code == "order-not-found"
    assert platform.service.orders(actor=stranger)["items"] == []
    assert platform.service.orders(actor=CUSTOMER)["items"] == [order]


def test_orders_are_listed_page_by_page(platform: Platform) -> None:
    placed = []
    for _ in range(3):
        placed.append(platform.placed()["order_id"])
        platform.clock.advance(timedelta(seconds=1))
    first = platform.service.orders(actor=CUSTOMER, limit=2)
    second = platform.service.orders(actor=CUSTOMER, limit=2, cursor=first["next_cursor"])
    assert [order["order_id"] for order in first["items"] + second["items"]] == placed[::-1]
    assert second["next_cursor"] is None
    with pytest.raises(Refusal):
        platform.service.orders(actor=CUSTOMER, cursor="never given")


def test_a_shop_sees_its_paid_parts_without_the_door(platform: Platform) -> None:
    platform.placed()
    order = platform.paid()
    seen = platform.service.store_orders(actor=merchant(1), shop_id="shop-1")
    (item,) = seen["items"]
    assert item["store_order_id"] == part_of(order, "shop-1")["store_order_id"]
    assert "drop_off" not in item
    other = platform.service.store_orders(actor=merchant(2), shop_id="shop-1")
    assert other["items"] == []


def test_requests_name_their_fields_at_fault(platform: Platform) -> None:
    with pytest.raises(Refusal) as caught:
        platform.quoted(lines=[{"listing_id": "apples", "quantity": 0}], surprise=1)
    fields = {error["field"] for error in caught.value.errors}
    assert fields == {"lines.0.quantity", "surprise"}


def test_checkout_needs_few_statements(platform: Platform) -> None:
    with platform.statements() as quoting:
        quote = platform.quoted()
    with platform.statements() as placing:
        order = platform.place(quote["quote_id"], "order-a")
    with platform.statements() as paying:
        platform.pay(order["order_id"])
    (notification,) = platform.sandbox.exchange([], 10)
    with platform.statements() as hearing:
        platform.notify(notification.body)
    assert [len(seen) for seen in (quoting, placing, paying, hearing)] == [1, 2, 2, 2]
