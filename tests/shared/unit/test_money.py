"""Money adds up, whatever is done to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import InvalidInput
from shared.kernel.money import CurrencyMismatch, Money, rate_of, share, share_capped, share_of_part

amounts = st.integers(0, 10**9)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=20)


@given(amounts, weights.filter(sum))
def test_shares_add_up_and_none_is_a_unit_off(amount: int, given_weights: list[int]) -> None:
    parts = share(amount, given_weights)
    whole = sum(given_weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, given_weights, strict=True):
        assert abs(part * whole - amount * weight) < whole
        assert part >= 0
        assert weight or part == 0


def test_ties_go_to_the_lower_index() -> None:
    assert share(10, [1, 1, 1]) == [4, 3, 3]
    assert share(1, [5, 5]) == [1, 0]


def test_nothing_can_be_shared_by_zero_weights_but_nothing() -> None:
    assert share(0, [0, 0]) == [0, 0]
    with pytest.raises(ValueError, match="nothing to share by"):
        share(1, [0, 0])


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1000)), min_size=1, max_size=12), st.data())
def test_capped_shares_add_up_under_their_caps(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    given_weights = [weight for weight, _ in pairs]
    caps = [cap for _, cap in pairs]
    amount = data.draw(st.integers(0, sum(caps)))
    parts = share_capped(amount, given_weights, caps)
    assert sum(parts) == amount
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


def test_more_than_the_caps_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        share_capped(11, [1, 1], [5, 5])


@given(amounts, st.lists(st.integers(0, 50), min_size=1, max_size=10))
def test_taking_in_parts_gives_what_taking_at_once_gives(total: int, takings: list[int]) -> None:
    whole, before, given_back = sum(takings), 0, 0
    for part in takings:
        amount = share_of_part(total, whole, before, part)
        assert amount >= 0
        given_back += amount
        before += part
    assert given_back == (total if whole else 0)


def test_more_than_the_whole_cannot_be_taken() -> None:
    with pytest.raises(ValueError, match="cannot take"):
        share_of_part(100, 3, 2, 2)


@pytest.mark.parametrize(
    ("amount", "basis_points", "expected"),
    [(100, 500, 5), (1, 5000, 1), (1, 4999, 0), (999, 1000, 100), (0, 9, 0)],
)
def test_a_rate_is_rounded_half_up_once(amount: int, basis_points: int, expected: int) -> None:
    assert rate_of(amount, basis_points) == expected


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "CNY") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "CNY") < Money(2, "EUR")


@pytest.mark.parametrize(
    "wire", [{"amount": 1.5, "currency": "CNY"}, {"amount": True, "currency": "CNY"}, {"amount": 1}, {}, None]
)
def test_what_is_not_money_is_refused_with_its_field(wire: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Money.from_wire(wire, field="price")  # type: ignore[arg-type]
    assert refusal.value.errors[0]["field"] == "price"


@given(st.integers(-(10**12), 10**12))
def test_money_survives_the_wire(amount: int) -> None:
    assert Money.from_wire(Money(amount, "CNY").to_wire()) == Money(amount, "CNY")
