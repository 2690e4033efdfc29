"""Money is conserved from the order to the unit, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.errors import InconsistentAnswer, RefundExceedsLine
from services.ordering.domain.lines import Line
from services.ordering.domain.order import Order
from services.ordering.domain.places import DropOff, Position, Slot
from services.ordering.domain.pricing import CampaignDiscount, apply_discounts
from services.ordering.domain.quote import Quote, QuotedShop, Shop, order_from
from tests.ordering import builders as b

HERE = Position(lat=30.27, lon=120.15)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[QuotedShop, ...]:
    """One to four shops with one to four lines each, not yet discounted."""
    shops = []
    for shop in range(draw(st.integers(1, 4))):
        lines = tuple(
            Line(
                line_id=f"line-{shop}-{number}",
                listing_id=f"listing-{shop}-{number}",
                name="n",
                unit="份",
                category=None,
                sourced=False,
                quantity=draw(st.integers(1, 12)),
                unit_price=draw(st.integers(0, 5000)),
            )
            for number in range(draw(st.integers(1, 4)))
        )
        terms = Shop(
            shop_id=f"shop-{shop}",
            name="s",
            category=None,
            position=HERE,
            preparation_minutes=10,
            merchant_id=f"merchant-{shop}",
        )
        shops.append(QuotedShop(shop=terms, lines=lines))
    return tuple(shops)


@st.composite
def discounted(draw: st.DrawFn) -> tuple[QuotedShop, ...]:
    """A basket from which up to four campaigns have taken what was still there to take."""
    shops = draw(baskets())
    for number in range(draw(st.integers(0, 4))):
        scope = draw(st.sampled_from([None, *(quoted.shop.shop_id for quoted in shops)]))
        left = sum(quoted.paid for quoted in shops if scope in {None, quoted.shop.shop_id})
        discount = CampaignDiscount(
            campaign_id=f"campaign-{number}",
            name="c",
            funder=draw(st.sampled_from(["shop", "platform"])),
            shop_id=scope,
            amount=draw(st.integers(0, left)),
        )
        before = sum(quoted.discount for quoted in shops)
        shops = apply_discounts(shops, [discount])
        assert sum(quoted.discount for quoted in shops) == before + discount.amount
    return shops


def an_order(shops: tuple[QuotedShop, ...], delivery_fee: int = 700) -> Order:
    quote = Quote(
        quote_id="quote",
        customer_id="customer",
        currency="CNY",
        shops=shops,
        delivery_fee=delivery_fee,
        slot_id=None,
        drop_off=DropOff(position=HERE, address="a", contact="c"),
        expires_at=b.NOON,
    )
    order = order_from(
        quote, order_id="order", zone_id="zone", slot=Slot(), placed_at=b.NOON, expires_at=b.NOON
    )
    assert (order.goods, order.discount, order.total) == (quote.goods, quote.discount, quote.total)
    order.pay("payment", "charge", b.NOON)
    return order


@given(discounted())
def test_figures_are_equal_at_every_level_and_never_negative(shops: tuple[QuotedShop, ...]) -> None:
    order = an_order(shops)
    assert order.total == order.goods - order.discount + order.delivery_fee
    assert order.total == sum(store.paid for store in order.stores) + order.delivery_fee
    for store in order.stores:
        assert store.paid == sum(line.paid for line in store.lines)
        assert store.discount == sum(store.discount_by_funder.values())
        for line in store.lines:
            assert 0 <= line.paid <= line.goods
            left, units = line, []
            while left.left:
                left, unit = left.give_back(1)
                units.append(unit)
            assert sum(unit.amount for unit in units) == line.paid
            for unit in units:
                assert 0 <= unit.amount <= line.unit_price
                taken = [discount.amount for discount in unit.discounts]
                assert all(amount >= 0 for amount in taken)
                assert unit.amount + sum(taken) == line.unit_price
            for nth, discount in enumerate(line.discounts):
                assert sum(unit.discounts[nth].amount for unit in units) == discount.amount


@given(discounted(), st.data())
def test_a_line_refunded_in_parts_gives_what_it_gives_at_once(
    shops: tuple[QuotedShop, ...], data: st.DataObject
) -> None:
    line = data.draw(st.sampled_from([line for quoted in shops for line in quoted.lines]))
    total = data.draw(st.integers(1, line.quantity))
    _, at_once = line.give_back(total)
    amount, taken, rest, left = 0, [0] * len(line.discounts), line, total
    while left:
        step = data.draw(st.integers(1, left))
        rest, part = rest.give_back(step)
        amount += part.amount
        taken = [sum_ + discount.amount for sum_, discount in zip(taken, part.discounts, strict=True)]
        left -= step
    assert amount == at_once.amount == rest.refunded
    assert taken == [discount.amount for discount in at_once.discounts]


@given(discounted(), st.data())
def test_any_refunds_end_on_exactly_what_was_paid(shops: tuple[QuotedShop, ...], data: st.DataObject) -> None:
    order = an_order(shops)
    for number in range(data.draw(st.integers(0, 5))):
        store = data.draw(st.sampled_from(order.stores))
        wanted = {
            line.line_id: data.draw(st.integers(1, line.left))
            for line in store.lines
            if line.left and data.draw(st.booleans())
        }
        if wanted:
            order.refund(
                refund_id=f"refund-{number}",
                store_order_id=store.store_order_id,
                lines=wanted,
                reason="r",
                return_delivery_fee=False,
                at=b.NOON,
            )
    if order.refunded < order.total and any(store.is_live for store in order.stores):
        order.fail_delivery("no-courier", b.NOON)
    assert order.refunded == order.total == sum(refund.amount for refund in order.new_refunds)
    ids = [refund.refund_id for refund in order.new_refunds]
    assert len(set(ids)) == len(ids)
    for store in order.stores:
        issued = [refund for refund in order.new_refunds if refund.store_order_id == store.store_order_id]
        assert sum(refund.goods for refund in issued) == store.paid
        funded = sum(d.amount for refund in issued for part in refund.lines for d in part.discounts)
        assert funded == store.discount


def test_more_than_is_left_is_never_given_back() -> None:
    line = replace(b.the_stores()[0].lines[0], refunded_quantity=2)
    with pytest.raises(RefundExceedsLine):
        line.give_back(2)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 99_999},
        {"amount": -1},
        {"funder": "nobody"},
        {"line_shares": {"line-a": 99}},
        {"line_shares": {"line-a": 50, "unknown": 50}},
        {"line_shares": {"line-a": 150, "line-b": -50}},
        {"line_shares": {"line-a": 0, "line-b": 100}},
    ],
)
def test_a_discount_that_does_not_add_up_is_not_believed(change: dict[str, object]) -> None:
    lines = tuple(
        replace(b.a_line(0, "fruit", 1, price), line_id=line_id)
        for line_id, price in (("line-a", 1000), ("line-b", 10))
    )
    shop = Shop(shop_id="s", name="s", category=None, position=HERE, preparation_minutes=1, merchant_id="m")
    discount = {
        "campaign_id": "c",
        "name": "c",
        "funder": "shop",
        "shop_id": None,
        "amount": 100,
        "line_shares": None,
    }
    with pytest.raises(InconsistentAnswer):
        apply_discounts(
            [QuotedShop(shop=shop, lines=lines)],
            [CampaignDiscount(**discount | change)],  # type: ignore[arg-type]
        )


def test_the_delivery_fee_grows_with_pickups_and_distance() -> None:
    rule = DeliveryFeeRule(base=300, per_extra_pickup=150, included_m=2000, per_km=100, free_from=10_000)
    near = Position(lat=30.271, lon=120.15)
    far = Position(lat=30.27 + 3.5 / 111.2, lon=120.15)
    assert rule.fee([near], HERE, 100) == 300
    assert rule.fee([near, near, near], HERE, 100) == 600
    assert rule.fee([near, far], HERE, 100) == 300 + 150 + 200
    assert rule.fee([near, far], HERE, 10_000) == 0
