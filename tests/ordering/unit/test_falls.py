"""Prices that fall after the payment: rules 5, 15 and 16 as laws over random lives of a line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ordering.domain.errors import PriceWouldRise
from services.ordering.domain.falls import mirrored
from services.ordering.domain.lines import Discount, Line, LinePart


@st.composite
def lines(draw: st.DrawFn, most: int = 9) -> Line:
    quantity, price = draw(st.integers(1, most)), draw(st.integers(0, 4000))
    left, discounts = quantity * price, []
    for number in range(draw(st.integers(0, 3))):
        amount = draw(st.integers(0, left))
        left -= amount
        funder = draw(st.sampled_from(["shop", "platform"]))
        discounts.append(Discount(campaign_id=f"c{number}", name="c", funder=funder, amount=amount))
    return Line(
        line_id="l", listing_id="g", name="n", unit="500 g", category=None, sourced=False, quantity=quantity,
        unit_price=price, discounts=tuple(discounts), unit_grams=500,
    )  # fmt: skip


@dataclass
class Life:
    """A line and everything that ever came back of it."""

    line: Line
    parts: list[LinePart] = field(default_factory=list)

    def refund(self, units: int) -> None:
        while units:
            alike = min(units, self.line.alike)
            self.line, part = self.line.give_back(alike)
            self.parts.append(part)
            units -= alike

    def substitute(self, units: int, price: int) -> None:
        name = f"s{len(self.parts)}"
        self.line, part = self.line.substitute(units, price, substitution_id=name, listing_id=None)
        self.parts.append(part)

    def fall_to(self, goods: int) -> None:
        self.line, part = self.line.fall_to(goods)
        self.parts.append(part)

    @property
    def back(self) -> int:
        return sum(part.amount for part in self.parts)

    def given(self) -> list[int]:
        return [sum(part.discounts[n].amount for part in self.parts) for n in range(len(self.line.discounts))]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    life = Life(draw(lines()))
    for _ in range(draw(st.integers(0, 6))):
        line = life.line
        what = draw(st.sampled_from(["refund", "substitute", "weigh"]))
        if what == "refund" and line.left:
            life.refund(draw(st.integers(1, line.left)))
        elif what == "substitute" and line.as_ordered:
            life.substitute(draw(st.integers(1, line.as_ordered)), draw(st.integers(0, 5000)))
        elif what == "weigh" and line.left and not line.substituted:
            try:
                life.fall_to(draw(st.integers(0, line.unit_price * line.left)))
            except PriceWouldRise:
                assert life.line == line
    return life


@given(lives())
def test_falls_and_refunds_in_any_order_never_exceed_what_was_paid(life: Life) -> None:
    line = life.line
    assert 0 <= line.refunded <= line.paid
    assert life.back == line.refunded
    for part in life.parts:
        assert part.amount >= 0
        assert all(discount.amount >= 0 for discount in part.discounts)
    for back, discount in zip(life.given(), line.discounts, strict=True):
        assert 0 <= back <= discount.amount


@given(lives())
def test_when_every_unit_is_back_so_is_every_share_of_every_funder(life: Life) -> None:
    if life.line.left:
        life.refund(life.line.left)
    assert life.back == life.line.paid == life.line.refunded
    assert life.given() == [discount.amount for discount in life.line.discounts]


@given(lives())
def test_what_is_left_refunded_in_parts_ends_where_one_refund_would(life: Life) -> None:
    at_once, in_parts = Life(life.line), Life(life.line)
    if not life.line.left:
        return
    at_once.refund(life.line.left)
    while in_parts.line.left:
        in_parts.refund(1)
    assert (in_parts.back, in_parts.given()) == (at_once.back, at_once.given())
    assert in_parts.line == at_once.line


@given(lines(), st.data())
def test_a_price_that_falls_in_steps_ends_where_one_fall_would(line: Line, data: st.DataObject) -> None:
    full = line.unit_price * line.quantity
    first = data.draw(st.integers(0, full))
    second = data.draw(st.integers(0, first))
    steps, once = Life(line), Life(line)
    steps.fall_to(first)
    steps.fall_to(second)
    once.fall_to(second)
    assert (steps.back, steps.given(), steps.line) == (once.back, once.given(), once.line)


@given(lines(), st.data())
def test_a_fall_is_divided_like_the_price_it_is_of(line: Line, data: st.DataObject) -> None:
    goods = data.draw(st.integers(0, line.goods))
    amount, shares = mirrored(goods, line.paid, [discount.amount for discount in line.discounts])
    assert amount + sum(shares) == goods
    assert 0 <= amount * line.goods - goods * line.paid < line.goods or not line.goods
    for share, discount in zip(shares, line.discounts, strict=True):
        assert 0 <= share <= discount.amount


@given(lives())
def test_a_price_never_rises(life: Life) -> None:
    line = life.line
    if not line.left or line.substituted:
        return
    worth = line.paid - line.refunded
    after = Life(line)
    try:
        after.fall_to(line.unit_price * line.left)
    except PriceWouldRise:
        return
    assert after.line.paid - after.line.refunded <= worth


@given(lines(most=6), st.data())
def test_a_dearer_substitute_costs_what_was_paid_and_a_cheaper_one_less(
    line: Line, data: st.DataObject
) -> None:
    units, price = data.draw(st.integers(1, line.quantity)), data.draw(st.integers(0, 6000))
    after, part = line.substitute(units, price, substitution_id="s", listing_id="other")
    whole = part.amount + sum(discount.amount for discount in part.discounts)
    # What the units were sold at, before discounts, to the fen by which units differ.
    assert whole == max(units * (line.unit_price - price), 0)
    assert (after.quantity, after.left, after.as_ordered) == (line.quantity, line.left, line.left - units)


def test_goods_and_what_came_in_their_place_are_parts_of_their_own() -> None:
    line = replace(_line(3, 1000), if_missing="substitute")
    line, _ = line.substitute(1, 700, substitution_id="s", listing_id="pears")
    life = Life(line)
    life.refund(3)
    told = [(part.listing_id, part.quantity, part.amount, part.substitution_id) for part in life.parts]
    assert told == [("g", 2, 2000, None), ("pears", 1, 700, "s")]


def test_what_was_weighed_lighter_is_not_made_heavier_again() -> None:
    line, _ = _line(1, 1000).fall_to(900)
    with pytest.raises(PriceWouldRise):
        line.fall_to(950)


def _line(quantity: int, price: int) -> Line:
    return Line(
        line_id="l", listing_id="g", name="n", unit="份", category=None, sourced=False, quantity=quantity,
        unit_price=price,
    )  # fmt: skip
